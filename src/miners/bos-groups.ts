import type { PoolRole, PoolTarget, StoredPool } from "../model/miner.ts";
import { splitUnsupported } from "../model/miner-errors.ts";
import { field, flag, text } from "../model/parse.ts";
import type { Seen } from "../model/prove-write.ts";
import { rawText } from "./cgminer.ts";
import { checkAddress, checkCount, isSameUrl } from "./pool-target.ts";

/** Pools of one group stand in for each other in order; groups share the work (miners.md §7.6). */
export interface BosGroup {
  name: string;
  /** Relative weight of this group among those with a quota; null where it has a fixed ratio instead. */
  quota: number | null;
  /** Fixed part of all work, 0 to 1; null where the group has a quota, or its ratio is not told. */
  ratio: number | null;
  pools: BosPool[];
}

export interface BosPool {
  url: string;
  user: string;
  /** Null where the firmware does not tell it. */
  password: string | null;
  isEnabled: boolean;
}

/** Pools that a device is given at most; the vendor names no limit. */
export const BOS_POOLS = 8;
const WHOLE_PPM = 1_000_000;

/** Weight of a group, which every interface tells in its own words. */
export type BosWeight = Pick<BosGroup, "quota" | "ratio">;

/** Groups as a device tells them; null when anything is missing, because half a list would look like another split. */
export function groupsFrom(told: unknown, weightOf: (group: unknown) => BosWeight): BosGroup[] | null {
  if (!Array.isArray(told)) return null;
  const groups = told.map((group): BosGroup | null => {
    const pools = field(group, "pools");
    const known = Array.isArray(pools) ? pools.map(poolFrom).filter((pool) => pool !== null) : [];
    if (!Array.isArray(pools) || known.length < pools.length) return null;
    return { name: text(group, "name") ?? "", ...weightOf(group), pools: known };
  });
  return groups.every((group) => group !== null) ? groups : null;
}

/** Part of the work that each pool is set to get, ppm, by group and pool; null where a group's own part is not told. */
export function sharesOf(groups: readonly BosGroup[]): (number | null)[][] {
  const isAlone = groups.length === 1;
  const isTold = isAlone || groups.every(({ quota, ratio }) => quota !== null || ratio !== null);
  const fixed = groups.reduce((sum, { quota, ratio }) => sum + (quota === null ? (ratio ?? 0) : 0), 0);
  const quotas = groups.reduce((sum, { quota }) => sum + (quota ?? 0), 0);
  return groups.map(({ quota, ratio, pools }) => {
    const quotaPart = quota !== null && quotas > 0 ? (quota / quotas) * Math.max(0, 1 - fixed) : 0;
    const part = isAlone ? 1 : quota === null ? (ratio ?? 0) : quotaPart;
    const first = pools.findIndex(({ isEnabled }) => isEnabled);
    return pools.map((_, index) => {
      if (!isTold || part > 1) return null;
      return index === first ? Math.round(part * WHOLE_PPM) : 0;
    });
  });
}

/**
 * Groups that make these destinations. Shares become quotas, reduced to the smallest whole numbers; a destination
 * with share 0 stands in for the one before it. Without shares there is one group in order of failover. Throws
 * `SPLIT_UNSUPPORTED`, `MINER_TOO_MANY_POOLS`, `POOL_TEXT_INVALID`; nothing was sent then.
 */
export function groupsFor(
  where: string,
  pools: readonly PoolTarget[],
  present: readonly BosGroup[],
): BosGroup[] {
  checkCount(pools, BOS_POOLS);
  for (const pool of pools) checkAddress(pool);
  const shares = pools.map(({ sharePpm }) => sharePpm);
  if (shares.every((share) => share === null)) {
    return [{ name: present[0]?.name || "Default", quota: 1, ratio: null, pools: pools.map(toPool) }];
  }
  // Thirds of a backup miss the whole by a millionth each.
  const isWhole = shares.every(isShare) && Math.abs(sumOf(shares) - WHOLE_PPM) <= shares.length;
  if (!isWhole) throw splitUnsupported(where, "the shares of its destinations are not whole");
  const divisor = shares.reduce(greatestCommonDivisor, 0);
  const groups: BosGroup[] = [];
  const standIns: BosPool[] = [];
  for (const [index, pool] of pools.entries()) {
    const share = shares[index] ?? 0;
    const latest = groups.at(-1);
    if (share > 0) {
      const name = nameFor(pool.role, groups);
      groups.push({ name, quota: share / divisor, ratio: null, pools: [toPool(pool)] });
    } else if (latest) latest.pools.push(toPool(pool));
    else standIns.push(toPool(pool));
  }
  groups[0]?.pools.push(...standIns);
  return groups;
}

/**
 * Do both share the same work between the same pools? A password that is not told counts as the same, unless
 * `mustKnowPasswords`: then nothing may be left unsure.
 */
export function isSameGroups(
  present: readonly BosGroup[],
  wanted: readonly BosGroup[],
  mustKnowPasswords: boolean,
): boolean {
  const shares = [sharesOf(present), sharesOf(wanted)] as const;
  return (
    present.length === wanted.length &&
    wanted.every(({ pools }, place) => {
      const seen = present[place]?.pools ?? [];
      return (
        seen.length === pools.length &&
        pools.every((pool, index) => {
          const share = shares[0][place]?.[index] ?? null;
          const isShareRight = share !== null && Math.abs(share - (shares[1][place]?.[index] ?? 0)) <= 1;
          return isShareRight && isSamePool(seen[index], pool, mustKnowPasswords);
        })
      );
    })
  );
}

/** What a read-back of groups shows, where a firmware may keep its passwords to itself. */
export function seenGroups(
  seen: readonly BosGroup[],
  wanted: readonly BosGroup[],
  before: readonly BosGroup[],
): Seen {
  if (!isSameGroups(seen, wanted, false)) return "unchanged";
  // Where only a password that is not told can have changed, nothing shows that it has.
  const isShown = isSameGroups(seen, wanted, true) || !isSameGroups(before, wanted, false);
  return isShown ? "effective" : "taken";
}

/** Every destination for a restore, with the parts of the work that they had. */
export function storedOf(groups: readonly BosGroup[]): StoredPool[] {
  const shares = sharesOf(groups);
  return groups.flatMap(({ pools }, place) =>
    pools.map(({ url, user, password }, index) => ({
      url,
      user,
      password,
      sharePpm: shares[place]?.[index] ?? null,
    })),
  );
}

function isSamePool(seen: BosPool | undefined, wanted: BosPool, mustKnowPasswords: boolean): boolean {
  if (seen === undefined || !seen.isEnabled || seen.user !== wanted.user) return false;
  if (!isSameUrl(seen.url, wanted.url)) return false;
  return seen.password === null ? !mustKnowPasswords : seen.password === wanted.password;
}

function poolFrom(told: unknown): BosPool | null {
  const url = text(told, "url");
  const user = text(told, "user");
  if (url === null || user === null) return null;
  return { url, user, password: rawText(told, "password"), isEnabled: flag(told, "enabled") !== false };
}

function toPool({ url, user, password }: Pick<PoolTarget, "url" | "user" | "password">): BosPool {
  return { url, user, password, isEnabled: true };
}

/** Named for the side that gets the work; a second one of a kind gets a number. */
function nameFor(role: PoolRole, groups: readonly BosGroup[]): string {
  const word = role === "unknown" ? "group" : role;
  const taken = groups.filter(({ name }) => name === word || name.startsWith(`${word}-`)).length;
  return taken === 0 ? word : `${word}-${taken + 1}`;
}

function isShare(share: number | null): share is number {
  return share !== null && Number.isInteger(share) && share >= 0 && share <= WHOLE_PPM;
}

function sumOf(shares: readonly number[]): number {
  return shares.reduce((sum, share) => sum + share, 0);
}

function greatestCommonDivisor(one: number, other: number): number {
  return other === 0 ? one : greatestCommonDivisor(other, one % other);
}
