import type { PoolTarget, WriteResult } from "../model/miner.ts";
import { minerIncomplete } from "../model/miner-errors.ts";
import type { DeviceLink } from "../model/miner-link.ts";
import { proveWrite } from "../model/prove-write.ts";
import { toSent } from "./cgminer.ts";
import { askTogether, type LuxosSections } from "./luxos-ask.ts";
import {
  groupsOf,
  hasWeights,
  isLaidOut,
  isSamePool,
  type LuxosGroup,
  type LuxosPool,
  type Pair,
  pairUp,
  toWantedGroups,
  type WantedGroup,
} from "./luxos-groups.ts";
import { checkCommaText, checkCount, toEndpoint } from "./pool-target.ts";

/** Most pools that are written; the firmware names no limit. */
export const LUXOS_SLOTS = 8;
/** Pools and quotas read back at once, ms. */
const SHOWN_WITHIN_MS = 2_000;
/** More changes than any layout needs: a device that takes them and does not keep them ends here. */
const MOST_CHANGES = 40;

/** One command and what it must change. */
interface Change {
  command: string;
  parameter: string;
  isDone(groups: readonly LuxosGroup[]): boolean;
}

/**
 * Makes these the destinations with their shares: what is new is added and read back first, then the old goes, one
 * command at a time (ids are used again after a removal), so that a failure half-way leaves a pool in every group
 * that works (miners.md §8.5). Needs no session. Throws `SPLIT_UNSUPPORTED`, `MINER_TOO_MANY_POOLS`,
 * `POOL_TEXT_INVALID`, `MINER_INCOMPLETE`: then nothing was sent.
 */
export async function writeLuxosPools(
  link: DeviceLink,
  pools: readonly PoolTarget[],
  signal: AbortSignal,
): Promise<WriteResult> {
  checkCount(pools, LUXOS_SLOTS);
  for (const pool of pools) toEndpoint(pool);
  checkCommaText(pools);
  const wanted = toWantedGroups(link.where, pools);
  let groups = wholeGroups(link, await askGroups(link, signal));
  const emptyBefore = new Set(groups.filter(isEmpty).map(({ id }) => id));
  for (let count = 0; count < MOST_CHANGES; count++) {
    if (isLaidOut(groups, wanted)) {
      await removeEmptied(link, groups, emptyBefore, signal);
      return "effective";
    }
    const change = nextChange(groups, wanted);
    if (change === null) return "rejected";
    const { result, seen } = await carryOut(link, change, groups, signal);
    if (result !== "effective") return result;
    groups = seen;
  }
  return "rejected";
}

/** Sections of `groups` and `pools`. */
export function askGroups(link: DeviceLink, signal: AbortSignal): Promise<LuxosSections> {
  return askTogether(link, ["groups", "pools"], signal);
}

/** Throws `MINER_INCOMPLETE`: a write built on half of the pools could lose the other half. */
export function wholeGroups(link: DeviceLink, sections: LuxosSections): LuxosGroup[] {
  const groups = Array.isArray(sections["POOLS"]) ? groupsOf(sections) : null;
  if (groups === null) throw minerIncomplete(link.where, "groups and pools");
  return groups;
}

/**
 * The next step from what the device has now; null when nothing of it is left to do. Groups and their weights come
 * before the pools, for an empty group gets no work: so no pool ever works with a weight that is not its own.
 */
function nextChange(groups: readonly LuxosGroup[], wanted: readonly WantedGroup[]): Change | null {
  const pairs = pairUp(groups, wanted);
  const kept = new Set(pairs.map(({ group }) => group?.id));
  const spare = groups.find(({ id, pools }) => !kept.has(id) && pools.length > 0);
  return (
    missingGroup(groups, pairs) ??
    otherQuota(pairs) ??
    firstOf(pairs, (pair) => missingPool(pair)) ??
    firstOf(pairs, (pair) => stalePool(pair)) ??
    (spare?.pools[0] ? removal(spare, spare.pools[0]) : null)
  );
}

function missingGroup(groups: readonly LuxosGroup[], pairs: readonly Pair[]): Change | null {
  const pair = pairs.find(({ group }) => group === null);
  if (!pair) return null;
  const before = groups.length;
  return {
    command: "addgroup",
    parameter: `${pair.want.name},${pair.want.weight}`,
    isDone: (seen) => seen.length > before,
  };
}

/** What the group keeps is the longest beginning of the wanted order that it has; the rest is appended behind. */
function missingPool({ group, want }: Pair): Change | null {
  if (group === null) return null;
  const kept = keptPools(group, want.pools);
  const next = want.pools[kept.length];
  if (next === undefined) return null;
  // It stands at another place: there it has to go first, where another pool holds the group meanwhile.
  const misplaced = group.pools.find((pool) => isSamePool(pool, next) && !kept.includes(pool));
  if (misplaced !== undefined && group.pools.length > 1) return removal(group, misplaced);
  const before = group.pools.length;
  return {
    command: "addpool",
    // The password's field is needed also when it is empty.
    parameter: [next.url, next.user, next.password, group.id].join(","),
    isDone: (seen) => {
      const pools = seen.find(({ id }) => id === group.id)?.pools ?? [];
      return pools.length > before && pools.some((pool) => isSamePool(pool, next));
    },
  };
}

function otherQuota(pairs: readonly Pair[]): Change | null {
  if (hasWeights(pairs)) return null;
  return firstOf(pairs, ({ group, want }) =>
    group === null || isAbout(group.quota, want.weight)
      ? null
      : {
          command: "groupquota",
          parameter: `${group.id},${want.weight}`,
          isDone: (seen) => isAbout(seen.find(({ id }) => id === group.id)?.quota, want.weight),
        },
  );
}

function stalePool({ group, want }: Pair): Change | null {
  if (group === null) return null;
  const kept = keptPools(group, want.pools);
  const stale = group.pools.find((pool) => !kept.includes(pool));
  return stale === undefined ? null : removal(group, stale);
}

function keptPools(group: LuxosGroup, wanted: readonly PoolTarget[]): LuxosPool[] {
  const kept: LuxosPool[] = [];
  for (const pool of group.pools) if (isSamePool(pool, wanted[kept.length])) kept.push(pool);
  return kept;
}

/** Done when the group has one fewer of it: the numbers of those behind may move up. */
function removal(group: LuxosGroup, { id, url, user }: LuxosPool): Change {
  const isSame = (pool: LuxosPool) => pool.url === url && pool.user === user;
  const before = group.pools.filter(isSame).length;
  return {
    command: "removepool",
    parameter: String(id),
    isDone: (seen) =>
      (seen.find(({ id: other }) => other === group.id)?.pools.filter(isSame).length ?? 0) < before,
  };
}

async function carryOut(
  link: DeviceLink,
  { command, parameter, isDone }: Change,
  before: readonly LuxosGroup[],
  signal: AbortSignal,
): Promise<{ result: WriteResult; seen: LuxosGroup[] }> {
  let seen = [...before];
  const result = await proveWrite(
    {
      send: async () => toSent(await link.cgminer.tell({ command, parameter }, signal)),
      async look() {
        seen = wholeGroups(link, await askGroups(link, signal));
        return isDone(seen) ? "effective" : "unchanged";
      },
      withinMs: SHOWN_WITHIN_MS,
    },
    link.pace,
    signal,
  );
  return { result, seen };
}

/** Groups that lost their last pool here are put away; one that the device keeps does no harm. */
async function removeEmptied(
  link: DeviceLink,
  groups: readonly LuxosGroup[],
  emptyBefore: ReadonlySet<number>,
  signal: AbortSignal,
): Promise<void> {
  let left = groups;
  for (;;) {
    const emptied = left.find((group) => isEmpty(group) && !emptyBefore.has(group.id));
    if (emptied === undefined) return;
    const before = left.length;
    const change: Change = {
      command: "removegroup",
      parameter: String(emptied.id),
      isDone: (seen) => seen.length < before,
    };
    const { result, seen } = await carryOut(link, change, left, signal);
    if (result !== "effective") return;
    left = seen;
  }
}

function isEmpty({ pools }: LuxosGroup): boolean {
  return pools.length === 0;
}

/** Quotas are told as floating point numbers. */
function isAbout(quota: number | undefined, weight: number): boolean {
  return quota !== undefined && Math.abs(quota - weight) < 1e-6;
}

function firstOf<T>(items: readonly T[], find: (item: T) => Change | null): Change | null {
  for (const item of items) {
    const change = find(item);
    if (change !== null) return change;
  }
  return null;
}
