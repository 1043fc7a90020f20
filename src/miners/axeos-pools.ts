import type { PoolTarget, WriteResult } from "../model/miner.ts";
import { minerIncomplete } from "../model/miner-errors.ts";
import type { DeviceLink } from "../model/miner-link.ts";
import { field, flag, number } from "../model/parse.ts";
import { proveWrite, sendUnproved } from "../model/prove-write.ts";
import { type AxeosPool, hasSlots, poolsOf, poolUrl } from "./axeos-reading.ts";
import { checkFailover, noSuchPool, type PoolEndpoint, toEndpoint } from "./pool-target.ts";

const INFO = "/api/system/info";
const SYSTEM = "/api/system";
/** Primary and fallback; other slots never get work. */
export const AXEOS_USED_POOLS = 2;
const SLOTS = 8;
/** Settings read back at once, ms. */
const STORED_WITHIN_MS = 3_000;

interface WantedPool {
  pool: PoolTarget;
  endpoint: PoolEndpoint;
}

/** Sets primary and fallback by the way this firmware understands; the device works for them after a restart. */
export async function writeAxeosPools(
  link: DeviceLink,
  pools: readonly PoolTarget[],
  signal: AbortSignal,
): Promise<WriteResult> {
  checkFailover(link.where, pools, AXEOS_USED_POOLS);
  const wanted = pools.map((pool) => ({ pool, endpoint: toEndpoint(pool) }));
  const info = await link.http.get(INFO, signal);
  // Without the old keys it is not known which way the firmware wants, and a wrong one is answered with yes.
  if (!hasSlots(info) && field(info, "stratumURL") === undefined) throw minerIncomplete(link.where, "pools");
  return proveWrite(
    {
      async send() {
        if (hasSlots(info)) await sendSlots(link, info, wanted, signal);
        else await link.http.send("PATCH", SYSTEM, legacyPatch(wanted), signal);
        return "sent";
      },
      async look() {
        const stored = poolsOf(await link.http.get(INFO, signal));
        return wanted.every(({ pool }, place) => isStored(stored[place], pool)) ? "effective" : "unchanged";
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
  const info = await link.http.get(INFO, signal);
  const used = poolsOf(info).filter((pool) => pool.role !== "spare");
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
        isWanted(await link.http.get(INFO, signal), "useFallbackStratum") ? "effective" : "unchanged",
      withinMs: STORED_WITHIN_MS,
    },
    link.pace,
    signal,
  );
  return stored === "effective" ? restartAxeos(link, signal) : stored;
}

/** Restarts the device; it is back after 10-30 s, with counters at zero. */
export async function restartAxeos(link: DeviceLink, signal: AbortSignal): Promise<WriteResult> {
  return sendUnproved(async () => {
    await link.http.send("POST", "/api/system/restart", {}, signal);
    return "sent";
  }, signal);
}

async function sendSlots(
  link: DeviceLink,
  info: unknown,
  wanted: readonly WantedPool[],
  signal: AbortSignal,
): Promise<void> {
  const slots = chooseSlots(info);
  const stored = poolsOf(info);
  for (const [place, { pool, endpoint }] of wanted.entries()) {
    const slot = slots[place];
    const former = stored.find((entry) => entry.slot === slot);
    await link.http.send("PUT", `/api/system/pools/${slot}`, slotBody(former, pool, endpoint), signal);
  }
  const [primary, secondary] = slots;
  const isChosen =
    number(info, "primaryPoolIndex") === primary &&
    (wanted.length < AXEOS_USED_POOLS || number(info, "secondaryPoolIndex") === secondary);
  if (isChosen) return;
  const choice = {
    primaryPoolIndex: primary,
    ...(wanted.length < AXEOS_USED_POOLS ? {} : { secondaryPoolIndex: secondary }),
  };
  await link.http.send("PATCH", SYSTEM, choice, signal);
}

/** The two slots in use; a fallback that shares the primary's slot, or has none, gets the first other one. */
function chooseSlots(info: unknown): [number, number] {
  const primary = number(info, "primaryPoolIndex", { min: 0, max: SLOTS - 1 }) ?? 0;
  const secondary = number(info, "secondaryPoolIndex", { min: 0, max: SLOTS - 1 });
  if (secondary !== null && secondary !== primary) return [primary, secondary];
  return [primary, primary === 0 ? 1 : 0];
}

/** Other settings of the slot stay; a password that is left out would be reset (miners.md §4.4). */
function slotBody(
  former: AxeosPool | undefined,
  pool: PoolTarget,
  endpoint: PoolEndpoint,
): Record<string, unknown> {
  const suggested = number(former?.raw, "stratumSuggestedDifficulty");
  const protocol = field(former?.raw, "stratumProtocol");
  return {
    ...(protocol === undefined ? {} : { stratumProtocol: protocol }),
    stratumURL: endpoint.host,
    stratumPort: endpoint.port,
    stratumUser: pool.user,
    stratumPassword: pool.password,
    ...(suggested === null ? {} : { stratumSuggestedDifficulty: suggested }),
    stratumTLS: endpoint.isTls ? 1 : 0,
  };
}

function legacyPatch(wanted: readonly WantedPool[]): Record<string, unknown> {
  const patch: Record<string, unknown> = {};
  for (const [place, { pool, endpoint }] of wanted.entries()) {
    const prefix = place === 0 ? "stratum" : "fallbackStratum";
    patch[`${prefix}URL`] = endpoint.host;
    patch[`${prefix}Port`] = endpoint.port;
    patch[`${prefix}User`] = pool.user;
    patch[`${prefix}Password`] = pool.password;
  }
  return patch;
}

function isStored(stored: AxeosPool | undefined, wanted: PoolTarget): boolean {
  if (stored === undefined || stored.user !== wanted.user) return false;
  const seen = toEndpoint({ ...wanted, url: poolUrl(stored) });
  const asked = toEndpoint(wanted);
  return seen.host === asked.host && seen.port === asked.port;
}
