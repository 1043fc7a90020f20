import type { PoolTarget, WriteResult } from "../model/miner.ts";
import { minerIncomplete } from "../model/miner-errors.ts";
import type { DeviceLink } from "../model/miner-link.ts";
import { field, flag, number, text } from "../model/parse.ts";
import { proveWrite } from "../model/prove-write.ts";
import { type BosGroup, type BosPool, groupsFor, isSameGroups } from "./bos-groups.ts";
import { rawText } from "./cgminer.ts";
import type { LoginLink } from "./login.ts";

const CONFIGURATION = "/api/v1/configuration/miner";
const BATCH = "/api/v1/pools/batch";
/** The configuration shows new groups at once, while the mining process starts anew with them, ms. */
const STORED_WITHIN_MS = 10_000;

/**
 * Groups as a device tells them: the strategy is `strategy` in `pools/` and `load_balance_strategy` in the
 * configuration (miners.md §7.6). Null when anything is missing: half a list would look like another split.
 */
export function toGroups(told: unknown): BosGroup[] | null {
  if (!Array.isArray(told)) return null;
  const groups = told.map(toGroup);
  return groups.every((group) => group !== null) ? groups : null;
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

/** Replaces all groups by those that make these destinations; the mining process restarts with them. */
export async function writeBraiinsPools(
  rest: LoginLink,
  link: DeviceLink,
  pools: readonly PoolTarget[],
  signal: AbortSignal,
): Promise<WriteResult> {
  const before = wholeGroups(await rest.get(link, CONFIGURATION, signal), link.where);
  const wanted = groupsFor(link.where, pools, before);
  if (isSameGroups(before, wanted, true)) return "effective";
  return proveWrite(
    {
      async send() {
        await rest.send(link, "PUT", BATCH, wanted.map(toBody), signal);
        return "sent";
      },
      async look() {
        const seen = ownGroups(await rest.get(link, CONFIGURATION, signal));
        return seen !== null && isSameGroups(seen, wanted, false) ? "effective" : "unchanged";
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
  const groups = toGroups(field(configuration, "pool_groups"));
  return groups?.filter(({ name }) => !isFeeGroup(name)) ?? null;
}

function toGroup(told: unknown): BosGroup | null {
  const pools = field(told, "pools");
  const known = Array.isArray(pools) ? pools.map(toPool).filter((pool) => pool !== null) : [];
  if (!Array.isArray(pools) || known.length < pools.length) return null;
  const strategy = field(told, "load_balance_strategy") ?? field(told, "strategy");
  const quota = number(field(strategy, "quota"), "value", { min: 0 });
  const ratio = number(field(strategy, "fixedshareratio"), "value", { min: 0, max: 100 });
  return {
    name: text(told, "name") ?? "",
    quota,
    // The vendor's type says 0 to 1, one of its examples 50 (miners.md §7.6).
    ratio: ratio !== null && ratio > 1 ? ratio / 100 : ratio,
    pools: known,
  };
}

function toPool(told: unknown): BosPool | null {
  const url = text(told, "url");
  const user = text(told, "user");
  if (url === null || user === null) return null;
  return { url, user, password: rawText(told, "password"), isEnabled: flag(told, "enabled") !== false };
}

/** No `uid` in a write, and the other name of the strategy (miners.md §7.6). */
function toBody({ name, quota, pools }: BosGroup) {
  return {
    name,
    load_balance_strategy: { quota: { value: quota ?? 1 } },
    pools: pools.map(({ url, user, password }) => ({ url, user, password: password ?? "", enabled: true })),
  };
}
