import type { ReadingQuality } from "../model/settlement-record.ts";

/** Energy of one miner in one quarter hour, as it goes into the books. */
export interface ClosedInterval {
  miner: string;
  startMs: number;
  seconds: number;
  wh: number;
  quality: ReadingQuality;
  wattMax: number;
  /** Part of the interval's time with a reading, 0..1. */
  coverageRatio: number;
}

export const INTERVAL_S = 900;
/** A reading speaks for the time since the one before, but never for longer than this (control.md §2, telemetry STALE). */
const LONGEST_HOLD_MS = 60_000;

/** What a meter needs to go on after a restart. */
export interface SavedEnergy {
  open: OpenInterval | null;
  restWh: number;
}

interface OpenInterval {
  startMs: number;
  wattMs: number;
  knownMs: number;
  wattMax: number;
  isEstimated: boolean;
}

/**
 * Integrates a miner's watts into quarter hours. Time without a reading is not energy of 0 W: it is missing,
 * and the interval says how much of it is known. The rest below one Wh goes into the next interval.
 */
export function createEnergyMeter(miner: string, saved: SavedEnergy | null = null) {
  let open: OpenInterval | null = saved?.open ?? null;
  let last: { atMs: number; powerW: number } | null = null;
  let restWh = saved?.restWh ?? 0;

  const close = (interval: OpenInterval): ClosedInterval => {
    const exactWh = interval.wattMs / 3_600_000 + restWh;
    const wh = Math.floor(exactWh);
    restWh = exactWh - wh;
    return {
      miner,
      startMs: interval.startMs,
      seconds: INTERVAL_S,
      wh,
      quality: interval.isEstimated ? "estimated" : "derived",
      wattMax: Math.round(interval.wattMax),
      coverageRatio: Math.min(1, interval.knownMs / (INTERVAL_S * 1000)),
    };
  };

  return {
    /** One reading; answers the intervals that it closed, oldest first. */
    observe(atMs: number, powerW: number | null, isEstimated: boolean): ClosedInterval[] {
      const closed: ClosedInterval[] = [];
      // A miss alone loses nothing: the next reading speaks for the time since the last one, up to a minute.
      if (powerW === null) return closed;
      const from = last ? Math.max(last.atMs, atMs - LONGEST_HOLD_MS) : atMs;
      const meanW = last ? (last.powerW + powerW) / 2 : powerW;
      let cursor = from;
      while (cursor < atMs) {
        const startMs = Math.floor(cursor / (INTERVAL_S * 1000)) * INTERVAL_S * 1000;
        if (open && open.startMs !== startMs) {
          closed.push(close(open));
          open = null;
        }
        open ??= { startMs, wattMs: 0, knownMs: 0, wattMax: 0, isEstimated: false };
        const end = Math.min(atMs, startMs + INTERVAL_S * 1000);
        open.wattMs += meanW * (end - cursor);
        open.knownMs += end - cursor;
        open.wattMax = Math.max(open.wattMax, powerW);
        open.isEstimated ||= isEstimated;
        cursor = end;
      }
      last = { atMs, powerW };
      return closed;
    },
    /** The running interval, to go on with after a restart; a kill costs a minute at most. */
    saved: (): SavedEnergy => ({ open: open && { ...open }, restWh }),
    /** Energy of the running interval so far, Wh. */
    openWh: () => (open ? open.wattMs / 3_600_000 : 0),
    /** Closes what is open, at the end of a run. */
    flush(): ClosedInterval[] {
      const closed = open ? [close(open)] : [];
      open = null;
      return closed;
    },
  };
}

export type EnergyMeter = ReturnType<typeof createEnergyMeter>;
