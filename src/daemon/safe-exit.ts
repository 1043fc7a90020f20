import { inTime } from "./in-time.ts";
import type { MinerKeeper } from "./miner-keeper.ts";

/** Deadline of the one attempt per device on exit (control.md §12). */
const ATTEMPT_MS = 5000;
/** Mean outdoor temperature of a day below which heating is wanted (control.md §12). */
const SEASON_C = 15;

/** Heating season by the mean outdoor temperature of the last day; unknown: October to April. */
export function isHeatingSeason(meanOutdoorC: number | null, wallMs: number): boolean {
  if (meanOutdoorC !== null) return meanOutdoorC < SEASON_C;
  const month = new Date(wallMs).getUTCMonth() + 1;
  return month >= 10 || month <= 4;
}

/**
 * One attempt per device, all at once, to leave it as configured; over within seconds whatever the devices do.
 * Answers what came of it, by miner.
 */
export async function leaveMiners(
  keepers: readonly MinerKeeper[],
  isSeason: boolean,
): Promise<Record<string, string>> {
  const results = await Promise.all(
    keepers.map(async (keeper) => {
      const how = keeper.config.on_exit ?? (isSeason ? "pmin" : "off");
      const never = new AbortController().signal;
      const result = await inTime(ATTEMPT_MS, never, (signal) => keeper.leave(how, signal)).catch(
        () => "unknown" as const,
      );
      return [keeper.config.name, `${how}: ${result}`] as const;
    }),
  );
  return Object.fromEntries(results);
}
