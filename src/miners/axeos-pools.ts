import type { PoolTarget, WriteResult } from "../model/miner.ts";
import { minerIncomplete } from "../model/miner-errors.ts";
import type { DeviceLink } from "../model/miner-link.ts";
import { field, flag, number } from "../model/parse.ts";
import { proveWrite } from "../model/prove-write.ts";
import { type AxeosPool, hasSlots, poolsOf } from "./axeos-reading.ts";
import { askBoard, restartBoard } from "./esp-board.ts";
import {
  BOARD_POOLS,
  checkTls,
  flatPatch,
  hasFlatTls,
  isStored,
  tellsFlatPools,
  tlsValue,
  toWanted,
  type WantedPool,
} from "./esp-pools.ts";
import { checkFailover, noSuchPool } from "./pool-target.ts";

const SYSTEM = "/api/system";
const SLOTS = 8;
/** Settings read back at once, ms. */
const STORED_WITHIN_MS = 3_000;

/**
 * Sets primary and fallback by the way this firmware understands; the device works for them after a restart. A
 * fallback that nobody named would get work when the primary is gone, so a single pool is set in both places.
 */
export async function writeAxeosPools(
  link: DeviceLink,
  pools: readonly PoolTarget[],
  signal: AbortSignal,
): Promise<WriteResult> {
  checkFailover(link.where, pools, BOARD_POOLS);
  const info = await askBoard(link, signal);
  const hasFallback = poolsOf(info).some(({ role }) => role === "fallback");
  const wanted = toWanted(link.where, pools.length === 1 && hasFallback ? [...pools, ...pools] : pools);
  // Which way the firmware wants is seen by its keys alone: the wrong one is answered with yes (miners.md §4.4).
  const patch = hasSlots(info) ? slotPatch(link, info, wanted) : legacyPatch(link, info, wanted);
  return proveWrite(
    {
      async send() {
        await link.http.send("PATCH", SYSTEM, patch, signal);
        return "sent";
      },
      async look() {
        const stored = poolsOf(await askBoard(link, signal));
        return wanted.every((pool, place) => isStored(stored[place], pool)) ? "effective" : "unchanged";
      },
      withinMs: STORED_WITHIN_MS,
    },
    link.pace,
    signal,
  );
}

/**
 * Makes primary (0) or fallback (1) the working pool: the choice is stored, read back, and applied by a restart.
 * Where the choice did not stick nothing is restarted.
 */
export async function selectAxeosPool(
  link: DeviceLink,
  index: number,
  signal: AbortSignal,
): Promise<WriteResult> {
  const info = await askBoard(link, signal);
  const used = poolsOf(info).filter(({ role }) => role === "primary" || role === "fallback");
  if (used[index] === undefined) throw noSuchPool(index, used.length);
  const isWanted = (seen: unknown, key: string) => flag(seen, key) === (index === 1);
  if (isWanted(info, "useFallbackStratum") && isWanted(info, "isUsingFallbackStratum")) return "effective";
  const stored = await proveWrite(
    {
      async send() {
        await link.http.send("PATCH", SYSTEM, { useFallbackStratum: index }, signal);
        return "sent";
      },
      look: async () =>
        isWanted(await askBoard(link, signal), "useFallbackStratum") ? "effective" : "unchanged",
      withinMs: STORED_WITHIN_MS,
    },
    link.pace,
    signal,
  );
  return stored === "effective" ? restartBoard(link, signal) : stored;
}

/** Both slots and the choice of them in one request, which the device takes whole or not at all. */
function slotPatch(link: DeviceLink, info: unknown, wanted: readonly WantedPool[]): Record<string, unknown> {
  const primary = number(info, "primaryPoolIndex", { min: 0, max: SLOTS - 1 });
  if (primary === null) throw minerIncomplete(link.where, "choice of pools");
  const stored = poolsOf(info);
  const canTls = stored.length === 0 || stored.some(({ isTls }) => isTls !== null);
  checkTls(link.where, wanted, () => canTls);
  const slots = [primary, fallbackSlot(info, primary)];
  const isChosen =
    wanted.length < BOARD_POOLS || number(info, "secondaryPoolIndex") === slots[1]
      ? {}
      : { primaryPoolIndex: primary, secondaryPoolIndex: slots[1] };
  return {
    pools: wanted.map((pool, place) => {
      const former = stored.find(({ slot }) => slot === slots[place]);
      return { id: slots[place], ...slotBody(former, pool, canTls) };
    }),
    ...isChosen,
  };
}

/** The slot of the fallback; where it shares the primary's, or there is none, the first other one. */
function fallbackSlot(info: unknown, primary: number): number {
  const secondary = number(info, "secondaryPoolIndex", { min: 0, max: SLOTS - 1 });
  if (secondary !== null && secondary !== primary) return secondary;
  return primary === 0 ? 1 : 0;
}

/** Other settings of the slot stay; a password that is left out would be reset (miners.md §4.4). */
function slotBody(
  former: AxeosPool | undefined,
  { pool, endpoint }: WantedPool,
  canTls: boolean,
): Record<string, unknown> {
  const suggested = number(former?.raw, "stratumSuggestedDifficulty");
  return {
    ...(field(former?.raw, "stratumProtocol") === undefined ? {} : { stratumProtocol: "SV1" }),
    stratumURL: endpoint.host,
    stratumPort: endpoint.port,
    stratumUser: pool.user,
    stratumPassword: pool.password,
    ...(suggested === null ? {} : { stratumSuggestedDifficulty: suggested }),
    ...(canTls ? { stratumTLS: tlsValue(field(former?.raw, "stratumTLS"), endpoint.isTls) } : {}),
  };
}

function legacyPatch(
  link: DeviceLink,
  info: unknown,
  wanted: readonly WantedPool[],
): Record<string, unknown> {
  if (!tellsFlatPools(info)) throw minerIncomplete(link.where, "pools");
  checkTls(link.where, wanted, (place) => hasFlatTls(info, place));
  return flatPatch(info, wanted);
}
