import type { HearthPaths } from "../config/paths.ts";
import { openStateStore } from "../ledger/state-store.ts";
import { toInstant } from "../model/clock.ts";
import type { MinerConfig } from "../model/config.ts";
import { HearthError } from "../model/errors.ts";

/** When the loop last had an answer of a miner, RFC 3339; null: never. */
export function lastSeen(paths: HearthPaths): (miner: Pick<MinerConfig, "name" | "id">) => string | null {
  try {
    const store = openStateStore(paths.state, { readOnly: true });
    return ({ name, id }) => {
      const learnt = store.get<{ id?: string; lastSeenMs?: number | null }>(`rungs:${name}`);
      // Another device of that name may have been adopted since.
      const lastSeenMs = learnt?.id === id ? (learnt.lastSeenMs ?? null) : null;
      return lastSeenMs === null ? null : toInstant(lastSeenMs);
    };
  } catch (error) {
    if (error instanceof HearthError) return () => null;
    throw error;
  }
}
