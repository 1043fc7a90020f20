import type { PoolTarget } from "../model/miner.ts";
import { splitUnsupported } from "../model/miner-errors.ts";
import { list, number } from "../model/parse.ts";
import { rawText, withScheme } from "./cgminer.ts";
import { isSameUrl } from "./pool-target.ts";

/** A group of the device: jobs are shared between groups by quota; in a group the first living pool works (miners.md §8.5). */
export interface LuxosGroup {
  id: number;
  quota: number;
  pools: LuxosPool[];
}

export interface LuxosPool {
  /** Number of the pool in commands. */
  id: number;
  url: string;
  user: string;
  /** Where it stands in the answer to `pools`. */
  place: number;
  /** Lower is preferred. */
  priority: number;
}

/** A group as it shall be. */
export interface WantedGroup {
  /** Word for people on the device's own page; groups are told apart by id. */
  name: string;
  weight: number;
  pools: readonly PoolTarget[];
}

const MILLION = 1_000_000;
/** Weights are whole thousandths of the work: fine enough for any agreement, and a short cycle of jobs. */
export const SHARE_STEP_PPM = 1_000;

/**
 * Groups with their pools from the sections of `groups` and `pools`; null when they are not told whole, as when a
 * pool is of a group that is not told.
 */
export function groupsOf(sections: unknown): LuxosGroup[] | null {
  const rows = list(sections, "GROUPS");
  const groups: LuxosGroup[] = [];
  for (const row of rows) {
    const id = number(row, "GROUP", { min: 0 });
    const quota = number(row, "Quota", { min: 0 });
    if (id === null || quota === null) return null;
    groups.push({ id, quota, pools: [] });
  }
  for (const [place, row] of list(sections, "POOLS").entries()) {
    const id = number(row, "POOL", { min: 0 });
    const group = groups.find((candidate) => candidate.id === number(row, "GROUP"));
    const url = rawText(row, "URL");
    const user = rawText(row, "User");
    if (group === undefined || id === null || url === null || user === null) return null;
    const priority = number(row, "Priority", { min: 0 }) ?? place;
    group.pools.push({ id, url: withScheme(url), user, place, priority });
  }
  if (groups.length === 0) return null;
  for (const { pools } of groups) pools.sort((one, other) => one.priority - other.priority);
  return groups.sort((one, other) => one.id - other.id);
}

/**
 * Part of the work by pool id, ppm: a group's part stands at its first pool, the others only stand in for it (0).
 * Null for all of a single group: its pools are an order of failover.
 */
export function sharesOf(groups: readonly LuxosGroup[]): Map<number, number | null> {
  const working = groups.filter(({ pools }) => pools.length > 0);
  const sum = working.reduce((total, { quota }) => total + quota, 0);
  const shares = new Map<number, number | null>();
  for (const { quota, pools } of working) {
    const share = sum > 0 ? Math.round((quota / sum) * MILLION) : null;
    for (const [rank, { id }] of pools.entries()) {
      shares.set(id, working.length < 2 ? null : rank === 0 ? share : 0);
    }
  }
  return shares;
}

/**
 * One group for pools in order of failover, one for each share otherwise; a pool whose share is 0 stands in for the
 * one before it. Throws `SPLIT_UNSUPPORTED` for what is neither.
 */
export function toWantedGroups(where: string, pools: readonly PoolTarget[]): WantedGroup[] {
  const shared = pools.filter(({ sharePpm }) => sharePpm !== null);
  if (shared.length === 0) return [{ name: nameOf(pools[0]), weight: 1, pools }];
  if (shared.length < pools.length) throw splitUnsupported(where, "only some of its pools have a share");
  const working = pools.filter(({ sharePpm }) => (sharePpm ?? 0) > 0);
  if (working.length === 0) throw splitUnsupported(where, "no pool has a share");
  const weights = weightsOf(working.map(({ sharePpm }) => sharePpm ?? 0));
  const groups = working.map((pool, index) => ({
    name: nameOf(pool),
    weight: weights[index] ?? 1,
    pools: [pool],
  }));
  for (const [place, pool] of pools.entries()) {
    if ((pool.sharePpm ?? 0) > 0) continue;
    const before = pools.slice(0, place).filter(({ sharePpm }) => (sharePpm ?? 0) > 0).length;
    groups[Math.max(0, before - 1)]?.pools.push(pool);
  }
  return groups;
}

/** Small whole weights in the proportion of the shares, to the nearest thousandth; none falls to 0. */
export function weightsOf(sharesPpm: readonly number[]): number[] {
  const sum = sharesPpm.reduce((total, share) => total + share, 0);
  const steps = MILLION / SHARE_STEP_PPM;
  const weights = sharesPpm.map((share) => Math.max(1, Math.round((share / sum) * steps)));
  const divisor = weights.reduce(greatestCommonDivisor);
  return weights.map((weight) => weight / divisor);
}

/** Is the device set so already? Groups without a pool get no work and do not count. */
export function isLaidOut(groups: readonly LuxosGroup[], wanted: readonly WantedGroup[]): boolean {
  const working = groups.filter(({ pools }) => pools.length > 0);
  const pairs = pairUp(working, wanted);
  return (
    working.length === wanted.length &&
    pairs.every(({ group, want }) => group !== null && holds(group, want.pools)) &&
    hasWeights(pairs)
  );
}

/** A wanted group and the one of the device that is, or becomes, it. */
export interface Pair {
  want: WantedGroup;
  group: LuxosGroup | null;
}

/** First those that agree already, then the rest in order: an id in use is kept, so that nothing is ever empty. */
export function pairUp(groups: readonly LuxosGroup[], wanted: readonly WantedGroup[]): Pair[] {
  const free = [...groups];
  const take = (place: number) => (place < 0 ? null : (free.splice(place, 1)[0] ?? null));
  const agreeing = wanted.map((want) => take(free.findIndex((group) => holds(group, want.pools))));
  return wanted.map((want, index) => ({ want, group: agreeing[index] ?? take(free.length > 0 ? 0 : -1) }));
}

export function holds(group: LuxosGroup, pools: readonly PoolTarget[]): boolean {
  return (
    group.pools.length === pools.length && group.pools.every((pool, index) => isSamePool(pool, pools[index]))
  );
}

/** Passwords are not told by the device, so they cannot be compared. */
export function isSamePool(pool: LuxosPool, wanted: PoolTarget | undefined): boolean {
  return wanted !== undefined && isSameUrl(pool.url, wanted.url) && pool.user === wanted.user;
}

/** Quotas in the wanted proportion, whatever their scale. */
export function hasWeights(pairs: readonly Pair[]): boolean {
  if (pairs.length < 2) return true;
  const quotas = pairs.reduce((sum, { group }) => sum + (group?.quota ?? 0), 0);
  const weights = pairs.reduce((sum, { want }) => sum + want.weight, 0);
  return pairs.every(
    ({ group, want }) => Math.abs((group?.quota ?? 0) / quotas - want.weight / weights) < 1 / MILLION,
  );
}

function nameOf(pool: PoolTarget | undefined): string {
  return pool === undefined || pool.role === "unknown" ? "pool" : pool.role;
}

function greatestCommonDivisor(one: number, other: number): number {
  return other === 0 ? one : greatestCommonDivisor(other, one % other);
}
