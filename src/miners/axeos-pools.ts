import { usageError } from "../model/errors.ts";
import type { JsonLink, PoolTarget, WriteResult } from "../model/miner.ts";
import { field, flag, number } from "../model/parse.ts";
import { proveWrite } from "../model/prove-write.ts";
import { type AxeosPool, hasSlots, poolsOf, poolUrl } from "./axeos-reading.ts";

const INFO = "/api/system/info";
const SYSTEM = "/api/system";
/** Primary and fallback; other slots never get work. */
const USED_POOLS = 2;
const SLOTS = 8;

interface Endpoint {
  host: string;
  port: number;
  isTls: boolean;
}

/** Sets primary and fallback by the way this firmware understands; the device works for them after a restart. */
export async function writeAxeosPools(
  link: JsonLink,
  pools: readonly PoolTarget[],
  signal: AbortSignal,
): Promise<WriteResult> {
  if (pools.length > USED_POOLS) {
    throw usageError(
      "MINER_TOO_MANY_POOLS",
      `This miner uses ${USED_POOLS} pools; ${pools.length} were given.`,
    );
  }
  const wanted = pools.map((pool) => ({ pool, endpoint: toEndpoint(pool) }));
  const info = await link.get(INFO, signal);
  return proveWrite(
    {
      async send() {
        if (hasSlots(info)) await sendSlots(link, info, wanted, signal);
        else await link.send("PATCH", SYSTEM, legacyPatch(wanted), signal);
        return "sent";
      },
      async isEffective() {
        const stored = poolsOf(await link.get(INFO, signal));
        return wanted.every(({ pool }, place) => isStored(stored[place], pool));
      },
    },
    signal,
  );
}

/**
 * Makes primary (0) or fallback (1) the working pool: the choice is stored, read back, and applied by a restart.
 * Where the choice did not stick nothing is restarted.
 */
export async function selectAxeosPool(
  link: JsonLink,
  index: number,
  signal: AbortSignal,
): Promise<WriteResult> {
  const info = await link.get(INFO, signal);
  const used = poolsOf(info).filter((pool) => pool.role !== "spare");
  if (used[index] === undefined) {
    throw usageError(
      "MINER_POOL_UNKNOWN",
      `The miner has ${used.length} pools; there is no number ${index}.`,
      {
        left: "It works for the same pool as before",
      },
    );
  }
  const isWanted = (seen: unknown, key: string) => flag(seen, key) === (index === 1);
  if (isWanted(info, "useFallbackStratum") && isWanted(info, "isUsingFallbackStratum")) return "effective";
  const stored = await proveWrite(
    {
      async send() {
        await link.send("PATCH", SYSTEM, { useFallbackStratum: index }, signal);
        return "sent";
      },
      isEffective: async () => isWanted(await link.get(INFO, signal), "useFallbackStratum"),
    },
    signal,
  );
  if (stored !== "effective") return stored === "pending" ? "unknown" : stored;
  return restartAxeos(link, signal);
}

/** Restarts the device; it is back after 10-30 s, with counters at zero. */
export async function restartAxeos(link: JsonLink, signal: AbortSignal): Promise<WriteResult> {
  return proveWrite(
    {
      async send() {
        await link.send("POST", "/api/system/restart", {}, signal);
        return "sent";
      },
      isEffective: async () => false,
    },
    signal,
  );
}

async function sendSlots(
  link: JsonLink,
  info: unknown,
  wanted: readonly { pool: PoolTarget; endpoint: Endpoint }[],
  signal: AbortSignal,
): Promise<void> {
  const slots = chooseSlots(info);
  const stored = poolsOf(info);
  for (const [place, { pool, endpoint }] of wanted.entries()) {
    const slot = slots[place];
    const former = stored.find((entry) => entry.slot === slot);
    await link.send("PUT", `/api/system/pools/${slot}`, slotBody(former, pool, endpoint), signal);
  }
  const [primary, secondary] = slots;
  const isChosen =
    number(info, "primaryPoolIndex") === primary &&
    (wanted.length < USED_POOLS || number(info, "secondaryPoolIndex") === secondary);
  if (isChosen) return;
  const choice = {
    primaryPoolIndex: primary,
    ...(wanted.length < USED_POOLS ? {} : { secondaryPoolIndex: secondary }),
  };
  await link.send("PATCH", SYSTEM, choice, signal);
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
  endpoint: Endpoint,
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

function legacyPatch(wanted: readonly { pool: PoolTarget; endpoint: Endpoint }[]): Record<string, unknown> {
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

function toEndpoint(pool: PoolTarget): Endpoint {
  const match = /^stratum2?\+(tcp|ssl|tls):\/\/(\[[^\]]+\]|[^/:\s]+):(\d{1,5})\/?$/i.exec(pool.url);
  const [, transport, host, port] = match ?? [];
  if (transport === undefined || host === undefined || /[\u0000-\u001f]/.test(pool.user + pool.password)) {
    throw usageError("POOL_TEXT_INVALID", "A pool needs an address like stratum+tcp://pool.example:3333.", {
      left: "No pool was changed",
    });
  }
  return { host, port: Number(port), isTls: transport.toLowerCase() !== "tcp" };
}
