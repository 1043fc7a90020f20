import { usageError } from "../model/errors.ts";
import type { PoolTarget, WriteResult } from "../model/miner.ts";
import { minerIncomplete } from "../model/miner-errors.ts";
import type { DeviceLink } from "../model/miner-link.ts";
import { field, flag, number } from "../model/parse.ts";
import { proveWrite } from "../model/prove-write.ts";
import { type AxeosPool, hasSlots, poolsOf } from "./axeos-reading.ts";
import { askBoard, type BoardWrites, checkWell, restartBoard } from "./esp-board.ts";
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
  board: BoardWrites,
  index: number,
  signal: AbortSignal,
): Promise<WriteResult> {
  const info = await board.read(signal);
  await checkWell(link, board, info, signal);
  const used = poolsOf(info).filter(({ role }) => role === "primary" || role === "fallback");
  const chosen = used[index];
  if (chosen === undefined) throw noSuchPool(index, used.length);
  const wantsFallback = chosen.role === "fallback";
  const isStored = (seen: unknown) => flag(seen, "useFallbackStratum") === wantsFallback;
  if (isStored(info) && flag(info, "isUsingFallbackStratum") === wantsFallback) return "effective";
  const stored = isStored(info) ? "effective" : await storeChoice(link, wantsFallback, isStored, signal);
  return stored === "effective" ? restartBoard(link, board, signal) : stored;
}

function storeChoice(
  link: DeviceLink,
  wantsFallback: boolean,
  isStored: (info: unknown) => boolean,
  signal: AbortSignal,
): Promise<WriteResult> {
  return proveWrite(
    {
      async send() {
        await link.http.send("PATCH", SYSTEM, { useFallbackStratum: wantsFallback ? 1 : 0 }, signal);
        return "sent";
      },
      look: async () => (isStored(await askBoard(link, signal)) ? "effective" : "unchanged"),
      withinMs: STORED_WITHIN_MS,
    },
    link.pace,
    signal,
  );
}

/** Both slots and the choice of them in one request, which the device takes whole or not at all. */
function slotPatch(link: DeviceLink, info: unknown, wanted: readonly WantedPool[]): Record<string, unknown> {
  const primary = chosenSlot(info, "primaryPoolIndex");
  const secondary = chosenSlot(info, "secondaryPoolIndex");
  if (primary === null || secondary === null) throw minerIncomplete(link.where, "choice of pools");
  const stored = poolsOf(info);
  const canTls = stored.length === 0 || stored.some(({ isTls }) => isTls !== null);
  checkTls(link.where, wanted, () => canTls);
  // A fallback that shares the primary's slot needs one of its own.
  const needsSlot = wanted.length === BOARD_POOLS && secondary === primary;
  const slots = [primary, needsSlot ? freeSlot(link, primary, stored) : secondary];
  return {
    pools: wanted.map((pool, place) => {
      const former = stored.find(({ slot }) => slot === slots[place]);
      return { id: slots[place], ...slotBody(former, pool, canTls) };
    }),
    ...(needsSlot ? { primaryPoolIndex: primary, secondaryPoolIndex: slots[1] } : {}),
  };
}

function chosenSlot(info: unknown, key: string): number | null {
  return number(info, key, { min: 0, max: SLOTS - 1 });
}

/** Throws `MINER_TOO_MANY_POOLS` (exit 2) rather than overwrite a pool that is kept in a spare slot. */
function freeSlot(link: DeviceLink, primary: number, stored: readonly AxeosPool[]): number {
  const isFree = (slot: number) => slot !== primary && stored.every((pool) => pool.slot !== slot);
  const free = Array.from({ length: SLOTS }, (_, slot) => slot).find(isFree);
  if (free !== undefined) return free;
  throw usageError("MINER_TOO_MANY_POOLS", `The miner at ${link.where} has no free slot for a second pool.`, {
    left: "No pool was changed",
    hint: "Delete a pool that is not used on the miner's own page",
  });
}

/** The device forgets each setting of a slot that is left out, also its certificate and its password (miners.md §4.4). */
function slotBody(
  former: AxeosPool | undefined,
  { pool, endpoint }: WantedPool,
  canTls: boolean,
): Record<string, unknown> {
  return {
    ...slotSettings(former?.raw),
    ...(field(former?.raw, "stratumProtocol") === undefined ? {} : { stratumProtocol: "SV1" }),
    stratumURL: endpoint.host,
    stratumPort: endpoint.port,
    stratumUser: pool.user,
    stratumPassword: pool.password,
    ...(canTls ? { stratumTLS: tlsValue(field(former?.raw, "stratumTLS"), endpoint.isTls) } : {}),
  };
}

/** What a slot tells of itself, whichever settings this firmware has; a value of no use would refuse the whole patch. */
function slotSettings(raw: unknown): Record<string, unknown> {
  if (typeof raw !== "object" || raw === null) return {};
  const isSetting = ([key, value]: [string, unknown]) =>
    key.startsWith("stratum") && ["string", "number", "boolean"].includes(typeof value);
  return Object.fromEntries(Object.entries(raw).filter(isSetting));
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
