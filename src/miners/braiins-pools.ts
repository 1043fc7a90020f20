import type { PoolTarget, WriteResult } from "../model/miner.ts";
import { minerIncomplete } from "../model/miner-errors.ts";
import type { DeviceLink } from "../model/miner-link.ts";
import { field, number } from "../model/parse.ts";
import { proveWrite } from "../model/prove-write.ts";
import {
  type BosGroup,
  type BosWeight,
  groupsFor,
  groupsFrom,
  isSameGroups,
  seenGroups,
} from "./bos-groups.ts";
import type { LoginLink } from "./login.ts";

const CONFIGURATION = "/api/v1/configuration/miner";
const BATCH = "/api/v1/pools/batch";
/** The configuration shows new groups at once, while the mining process starts anew with them, ms. */
const STORED_WITHIN_MS = 10_000;

/**
 * Groups as a device tells them: the strategy is `strategy` in `pools/` and `load_balance_strategy` in the
 * configuration (miners.md §7.6). Null when anything is missing.
 */
export function toGroups(told: unknown): BosGroup[] | null {
  return groupsFrom(told, weightOf);
}

/** The groups of `configuration/miner`, with passwords where it tells them. Throws `MINER_INCOMPLETE`. */
export function wholeGroups(configuration: unknown, where: string): BosGroup[] {
  const groups = ownGroups(configuration);
  // An empty list is what a miner tells that has not started yet.
  if (groups === null || groups.length === 0) throw minerIncomplete(where, "pools");
  return groups;
}

/** True for the group of the firmware's maker, which may stand beside the owner's (settlement.md §3). */
export function isFeeGroup(name: string): boolean {
  return /dev[\s_-]*fee/i.test(name);
}

/**
 * Replaces the owner's groups by those that make these destinations, and leaves the maker's its part of the work; the
 * mining process restarts with them.
 */
export async function writeBraiinsPools(
  rest: LoginLink,
  link: DeviceLink,
  pools: readonly PoolTarget[],
  signal: AbortSignal,
): Promise<WriteResult> {
  const configuration = await rest.get(link, CONFIGURATION, signal);
  const before = wholeGroups(configuration, link.where);
  const wanted = groupsFor(link.where, pools, before);
  if (isSameGroups(before, wanted, true)) return "effective";
  const body = withFees(wanted, before, configuration).map(toBody);
  return proveWrite(
    {
      async send() {
        await rest.send(link, "PUT", BATCH, body, signal);
        return "sent";
      },
      async look() {
        const seen = ownGroups(await rest.get(link, CONFIGURATION, signal));
        return seen === null ? "unchanged" : seenGroups(seen, wanted, before);
      },
      withinMs: STORED_WITHIN_MS,
      goesAway: true,
    },
    link.pace,
    signal,
  );
}

/** The groups that are the owner's to set. */
function ownGroups(configuration: unknown): BosGroup[] | null {
  return allGroups(configuration)?.filter(({ name }) => !isFeeGroup(name)) ?? null;
}

function allGroups(configuration: unknown): BosGroup[] | null {
  return toGroups(field(configuration, "pool_groups"));
}

/** Quotas are parts of their sum: both sides grow so that what the maker's groups get stays the same part. */
function withFees(
  wanted: readonly BosGroup[],
  before: readonly BosGroup[],
  configuration: unknown,
): readonly BosGroup[] {
  const fees = allGroups(configuration)?.filter(({ name }) => isFeeGroup(name)) ?? [];
  if (fees.length === 0) return wanted;
  const grown = (groups: readonly BosGroup[], factor: number) =>
    groups.map((group) => ({ ...group, quota: group.quota === null ? null : group.quota * factor }));
  return [...grown(wanted, Math.max(1, quotasOf(before))), ...grown(fees, quotasOf(wanted))];
}

function quotasOf(groups: readonly BosGroup[]): number {
  return groups.reduce((sum, { quota }) => sum + (quota ?? 0), 0);
}

function weightOf(group: unknown): BosWeight {
  const strategy = field(group, "load_balance_strategy") ?? field(group, "strategy");
  const ratio = number(field(strategy, "fixedshareratio"), "value", { min: 0, max: 100 });
  return {
    quota: number(field(strategy, "quota"), "value", { min: 0 }),
    // The vendor's type says 0 to 1, one of its examples 50 (miners.md §7.6).
    ratio: ratio !== null && ratio > 1 ? ratio / 100 : ratio,
  };
}

/** No `uid` in a write, and the other name of the strategy (miners.md §7.6). */
function toBody({ name, quota, ratio, pools }: BosGroup) {
  const isFixed = quota === null && ratio !== null;
  return {
    name,
    load_balance_strategy: isFixed ? { fixedshareratio: { value: ratio } } : { quota: { value: quota ?? 1 } },
    pools: pools.map(({ url, user, password, isEnabled }) => ({
      ...{ url, user },
      ...(password === null ? {} : { password }),
      enabled: isEnabled,
    })),
  };
}
