import type { PoolTarget, WriteResult } from "../model/miner.ts";
import { minerIncomplete, splitUnsupported } from "../model/miner-errors.ts";
import type { DeviceLink } from "../model/miner-link.ts";
import { field, flag, list, number, text } from "../model/parse.ts";
import { proveWrite, type Seen } from "../model/prove-write.ts";
import {
  BOARD_POOLS,
  type BoardPool,
  checkTls,
  flatPatch,
  hasFlatTls,
  isStored,
  readFlatPool,
  tellsFlatPools,
  toWanted,
  type WantedPool,
} from "./esp-pools.ts";
import { askWritable } from "./nerdqaxe-access.ts";
import { NERD_MODE, type NerdSplit, splitOf } from "./nerdqaxe-reading.ts";
import { checkCount } from "./pool-target.ts";

export const NERD_SETTINGS = "/api/v2/settings";
/** Settings read back at once, ms. */
const STORED_WITHIN_MS = 3_000;

/** Pools and split as stored, in the API of this firmware. */
interface StoredSettings {
  /** First and second; empty when not told. */
  pools: BoardPool[];
  split: NerdSplit;
  canTls(place: number): boolean;
}

/**
 * Makes these the pools: with shares in dual mode by the nearest whole percent, without them in failover mode. Another
 * mode than the one that runs applies after a restart and is `pending` until then; another balance in dual mode
 * applies at once (miners.md §5.2).
 */
export async function writeNerdPools(
  link: DeviceLink,
  pools: readonly PoolTarget[],
  hasV2: boolean,
  signal: AbortSignal,
): Promise<WriteResult> {
  checkCount(pools, BOARD_POOLS);
  const percent = balanceOf(link.where, pools);
  const targets = toWanted(link.where, pools);
  const info = await askWritable(link, signal);
  const stored = await askStored(link, info, hasV2, signal);
  const hasDual = stored.split.activeMode !== null;
  // Pools in order of failover would share the work if the dual mode runs unseen.
  if (!hasDual && (hasV2 || field(info, "stratum") !== undefined)) {
    throw minerIncomplete(link.where, "pool mode");
  }
  if (percent !== null && !hasDual) {
    throw splitUnsupported(link.where, "its firmware knows pools by failover only");
  }
  if (stored.pools.length < BOARD_POOLS) throw minerIncomplete(link.where, "pools");
  const wanted = inBothPlaces(targets, percent !== null || stored.pools[1]?.host !== "");
  checkTls(link.where, wanted, stored.canTls);
  const wish = { wanted, percent };
  const choice = hasDual ? choiceOf(percent) : {};
  return proveWrite(
    {
      async send() {
        if (hasV2) {
          await link.http.send("PATCH", NERD_SETTINGS, { ...choice, pools: wanted.map(toEntry) }, signal);
        } else
          await link.http.send("PATCH", "/api/system", { ...choice, ...flatPatch(info, wanted) }, signal);
        return "sent";
      },
      look: async () =>
        seenPools(await askStored(link, await askWritable(link, signal), hasV2, signal), wish),
      withinMs: STORED_WITHIN_MS,
    },
    link.pace,
    signal,
  );
}

/** Percent for the first pool; null without shares. Two pools that both have a share each keep at least one percent. */
function balanceOf(where: string, pools: readonly PoolTarget[]): number | null {
  const shares = pools.map(({ sharePpm }) => sharePpm);
  if (shares.every((share) => share === null)) return null;
  const sum = shares.reduce<number>((total, share) => total + (share ?? 0), 0);
  if (shares.some((share) => share === null || share < 0) || sum <= 0) {
    throw splitUnsupported(where, "not every pool has a share of the work");
  }
  const [first = 0, second = 0] = shares as number[];
  const nearest = Math.round((first / sum) * 100);
  return first > 0 && second > 0 ? Math.min(99, Math.max(1, nearest)) : nearest;
}

/** A second pool that nobody named would get work too, so a single one is set in both places. */
function inBothPlaces(targets: WantedPool[], hasSecond: boolean): WantedPool[] {
  return targets.length === 1 && hasSecond ? [...targets, ...targets] : targets;
}

function choiceOf(percent: number | null): Record<string, number> {
  return percent === null
    ? { poolMode: NERD_MODE.failover }
    : { poolMode: NERD_MODE.dual, poolBalance: percent };
}

/** What is left out of an entry stays as it is: the coinbase check and the extranonce (miners.md §5.2). */
function toEntry({ pool, endpoint }: WantedPool): Record<string, unknown> {
  return {
    url: endpoint.host,
    port: endpoint.port,
    user: pool.user,
    password: pool.password,
    tls: endpoint.isTls,
    protocol: 0,
  };
}

async function askStored(
  link: DeviceLink,
  info: unknown,
  hasV2: boolean,
  signal: AbortSignal,
): Promise<StoredSettings> {
  if (!hasV2) {
    return {
      pools: tellsFlatPools(info) ? [readFlatPool(info, 0), readFlatPool(info, 1)] : [],
      split: splitOf(info),
      canTls: (place) => hasFlatTls(info, place),
    };
  }
  const settings = await link.http.get(NERD_SETTINGS, signal);
  const pools = list(settings, "pools").map(toBoardPool);
  return {
    pools,
    split: { ...splitOf({ stratum: settings }), activeMode: splitOf(info).activeMode },
    canTls: (place) => pools[place]?.isTls !== null,
  };
}

function toBoardPool(entry: unknown): BoardPool {
  return {
    host: text(entry, "url") ?? "",
    port: number(entry, "port", { min: 1, max: 65_535 }),
    user: text(entry, "user") ?? "",
    isTls: flag(entry, "tls"),
    isV2: number(entry, "protocol") === 1,
  };
}

/**
 * Stored is not at work: the mode that runs decides. While the failover mode runs, some firmware keeps the balance to
 * itself, so it counts as stored with the mode.
 */
function seenPools(
  { pools, split }: StoredSettings,
  { wanted, percent }: { wanted: readonly WantedPool[]; percent: number | null },
): Seen {
  if (!wanted.every((pool, place) => isStored(pools[place], pool))) return "unchanged";
  if (split.activeMode === null) return "effective";
  const mode = percent === null ? NERD_MODE.failover : NERD_MODE.dual;
  const isBalanced = percent === null || split.balancePercent === percent;
  const isKeptBack = split.balancePercent === null && split.activeMode !== NERD_MODE.dual;
  if (split.mode !== mode || !(isBalanced || isKeptBack)) return "unchanged";
  return split.activeMode === mode ? "effective" : "taken";
}

/** Pool mode and balance beside the pools, for a restore; null before the dual mode. */
export function splitSettings(info: unknown): { poolMode: unknown; poolBalance: unknown } | null {
  const stratum = field(info, "stratum");
  if (number(stratum, "poolMode") === null) return null;
  return { poolMode: field(stratum, "poolMode"), poolBalance: field(stratum, "poolBalance") ?? null };
}
