/** Times of the demo, all from its first civil day in the co-op's zone (product.md §7). */
export interface DemoPlan {
  tz: string;
  /** Civil days in a row. */
  days: string[];
  /** The clock starts here, at local midnight of the first day. */
  startMs: number;
  /** Peak event of the last day. */
  event: { announceMs: number; startMs: number; endMs: number; limitW: number };
  meterSilent: { fromMs: number; toMs: number };
  poolOutage: { fromMs: number; toMs: number };
  /** When the co-op reads its meters and settles each day. */
  settleMs: number[];
  /** Both days confirmed or not, the demo ends here. */
  endMs: number;
}

export const DEMO_TZ = "America/Denver";
/** Mountain Standard Time; no clock change falls into the demo's days. */
const OFFSET_MS = 7 * 3_600_000;
const FIRST_DAY_MS = Date.UTC(2026, 0, 15) + OFFSET_MS;
const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;
const MINUTE_MS = 60_000;
/** Lowest mode of the Mini 3 and the small miner fit under it; the second mode does not. */
const EVENT_LIMIT_W = 500;

/** The plan for so many recorded days. */
export function planDemo(count: number): DemoPlan {
  const midnights = Array.from({ length: count }, (_, index) => FIRST_DAY_MS + index * DAY_MS);
  const lastMs = midnights.at(-1) ?? FIRST_DAY_MS;
  const at = (hours: number) => lastMs + hours * HOUR_MS;
  return {
    tz: DEMO_TZ,
    days: midnights.map((ms) => new Date(ms - OFFSET_MS).toISOString().slice(0, 10)),
    startMs: FIRST_DAY_MS,
    event: { announceMs: at(13), startMs: at(17), endMs: at(19), limitW: EVENT_LIMIT_W },
    meterSilent: { fromMs: at(11), toMs: at(11) + 10 * MINUTE_MS },
    poolOutage: { fromMs: at(8), toMs: at(8) + 40 * MINUTE_MS },
    // The pool's day is reckoned at 09:00 UTC, two hours after the energy day is over.
    settleMs: midnights.map((ms) => ms + DAY_MS + 2 * HOUR_MS + 10 * MINUTE_MS),
    endMs: lastMs + DAY_MS + 2 * HOUR_MS + 45 * MINUTE_MS,
  };
}
