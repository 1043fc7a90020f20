import type { FindOptions, MinerPlace } from "../app/follow-miner.ts";
import { type MinerPlaces, openAt } from "../app/miner-places.ts";
import type { MinerPort } from "../app/miner-port.ts";
import type { AdoptedOptions } from "../app/open-adopted.ts";
import type { Clock } from "../model/clock.ts";
import { createLimiter } from "../net/limit.ts";
import type { MinerKeeper } from "./miner-keeper.ts";

/** Misses after which a device is looked for elsewhere; a restart takes fewer. */
const MISSES_UNTIL_SOUGHT = 9;
/** Waits between two searches for one device, ms: a house that is off for a day is not scanned all day. */
const WAITS_MS = [0, 60_000, 300_000, 900_000, 3_600_000];
/** A search asks the old place too, and may show it the password that it has just refused (miners.md §1 rule 9), ms. */
const REFUSED_WAIT_MS = 900_000;

/** A search for one device; null where it is nowhere, or may not be looked for. */
export type FindMiner = (options: FindOptions) => Promise<MinerPlace | null>;

export interface FinderOptions {
  clock: Clock;
  ground: AdoptedOptions;
  places: MinerPlaces;
  find: FindMiner;
}

/**
 * Follows a miner that answers no more, or whose address another device has taken, to where it stands now: by its
 * identity alone, with reads alone, ever more seldom while it stays away (requirements DISC-3).
 */
export function createMinerFinder({ clock, ground, places, find }: FinderOptions) {
  // A house that lost several miners at once is scanned for one after the other, not for all at the same time.
  const inTurn = createLimiter(1);
  const searches = new Map<MinerKeeper, { count: number; lastMono: number }>();

  return {
    /** Called after each poll. Answers the new place, or null when nothing changed. */
    async follow(
      keeper: MinerKeeper,
      problem: string | null,
      signal: AbortSignal,
    ): Promise<MinerPlace | null> {
      if (problem === null) {
        searches.delete(keeper);
        return null;
      }
      const isTaken = problem === "MINER_IDENTITY_CHANGED";
      if (!isTaken && keeper.snapshot().missedPolls < MISSES_UNTIL_SOUGHT) return null;
      const search = searches.get(keeper) ?? { count: 0, lastMono: Number.NEGATIVE_INFINITY };
      const usualMs = WAITS_MS[Math.min(search.count, WAITS_MS.length - 1)] ?? 0;
      const waitMs = problem === "MINER_PASSWORD_WRONG" ? Math.max(usualMs, REFUSED_WAIT_MS) : usualMs;
      if (clock.monoMs() - search.lastMono < waitMs) return null;
      searches.set(keeper, { count: search.count + 1, lastMono: clock.monoMs() });
      const { id, allow_public: allowPublic } = keeper.config;
      const place = await inTurn(() => find({ id, allowPublic, signal }));
      if (place === null) return null;
      const port: MinerPort = await openAt(keeper.config, place, ground);
      keeper.moveTo(port);
      places.keep(keeper.config, place);
      searches.delete(keeper);
      return place;
    },
  };
}

export type MinerFinder = ReturnType<typeof createMinerFinder>;
