import type { HearthPaths } from "../config/paths.ts";
import { openStateStore } from "../ledger/state-store.ts";
import { toInstant } from "../model/clock.ts";
import { HearthError } from "../model/errors.ts";

/** When the loop last had an answer, by name of the miner. */
export function lastSeen(paths: HearthPaths): (name: string) => string | null {
  try {
    const store = openStateStore(paths.state, { readOnly: true });
    return (name) => {
      const { lastSeenMs = null } = store.get<{ lastSeenMs?: number | null }>(`rungs:${name}`) ?? {};
      return lastSeenMs === null ? null : toInstant(lastSeenMs);
    };
  } catch (error) {
    if (error instanceof HearthError) return () => null;
    throw error;
  }
}
