import { usageError } from "../model/errors.ts";
import type { MinerReading, PoolTarget, StoredPool } from "../model/miner.ts";
import { splitUnsupported } from "../model/miner-errors.ts";

/** Host, port and transport of `stratum+tcp://host:port`. */
export interface PoolEndpoint {
  host: string;
  port: number;
  isTls: boolean;
}

/** A pool of Stratum V2 may name the pool's public key after its port: `stratum2+tcp://host:port/key`. */
const WITH_KEY = /^(stratum2\+(?:tcp|ssl|tls):\/\/[^/\s]+)\/[1-9A-HJ-NP-Za-km-z]{1,128}$/i;

/** The same check as of `toEndpoint`, for firmware that keeps the whole address, the key of Stratum V2 included. */
export function checkAddress(pool: Pick<PoolTarget, "url" | "user" | "password">): void {
  toEndpoint({ ...pool, url: pool.url.replace(WITH_KEY, "$1") });
}

/** Throws `POOL_TEXT_INVALID` (exit 2) for what is no pool address, or holds control characters. */
export function toEndpoint(pool: Pick<PoolTarget, "url" | "user" | "password">): PoolEndpoint {
  const match = /^stratum2?\+(tcp|ssl|tls):\/\/(\[[^\]]+\]|[^/:\s]+):(\d{1,5})\/?$/i.exec(pool.url);
  const [, transport, host, port] = match ?? [];
  if (
    transport === undefined ||
    host === undefined ||
    /[\u0000-\u001f\u007f]/.test(pool.user + pool.password)
  ) {
    throw usageError("POOL_TEXT_INVALID", "A pool needs an address like stratum+tcp://pool.example:3333.", {
      left: "No pool was changed",
    });
  }
  return { host, port: Number(port), isTls: transport.toLowerCase() !== "tcp" };
}

/**
 * Checks targets for a firmware without shares of its own. Throws `SPLIT_UNSUPPORTED` (miners.md §1 rule 3),
 * `MINER_TOO_MANY_POOLS`, `POOL_TEXT_INVALID`; nothing was sent then.
 */
export function checkFailover(where: string, pools: readonly PoolTarget[], slots: number): void {
  if (pools.some((pool) => pool.sharePpm !== null)) {
    throw splitUnsupported(where, "its firmware knows pools by failover only");
  }
  checkCount(pools, slots);
  for (const pool of pools) toEndpoint(pool);
}

/** Throws `MINER_TOO_MANY_POOLS` (exit 2). */
export function checkCount(pools: readonly PoolTarget[], slots: number): void {
  if (pools.length >= 1 && pools.length <= slots) return;
  throw usageError(
    "MINER_TOO_MANY_POOLS",
    `This miner holds 1 to ${slots} pools; ${pools.length} were given.`,
    {
      left: "No pool was changed",
    },
  );
}

/** Throws `POOL_TEXT_INVALID` for text that would break a comma-delimited command (miners.md §1 rule 8). */
export function checkCommaText(pools: readonly PoolTarget[]): void {
  for (const pool of pools) {
    if ([pool.url, pool.user, pool.password].some((part) => /[,|\u0000-\u001f\u007f]/.test(part))) {
      throw usageError(
        "POOL_TEXT_INVALID",
        "A pool address, user or password holds a comma, a bar or a control character.",
        { left: "No pool was changed" },
      );
    }
  }
}

/** Do both lead to the same place? The scheme counts, the spelling of the host does not; that of a key does. */
export function isSameUrl(one: string, other: string): boolean {
  const clean = (url: string) =>
    url
      .trim()
      .replace(/\/$/, "")
      .replace(/^([^/]*\/\/)?[^/]*/, (place) => place.toLowerCase());
  return clean(one) === clean(other);
}

/** For a backup where the firmware tells no passwords: the destinations as they were read. */
export function storedFrom(reading: Pick<MinerReading, "pools">): StoredPool[] {
  return reading.pools
    .filter((pool) => pool.url !== "" && pool.role !== "dev_fee")
    .map(({ url, user, sharePpm }) => ({ url, user, password: null, sharePpm }));
}

/** Throws `MINER_POOL_UNKNOWN` (exit 2). */
export function noSuchPool(index: number, count: number) {
  return usageError("MINER_POOL_UNKNOWN", `The miner has ${count} pools; there is no number ${index}.`, {
    left: "It works for the same pool as before",
  });
}

/** Throws `MINER_STEP_UNKNOWN` (exit 2). */
export function noSuchStep(index: number, count: number) {
  return usageError("MINER_STEP_UNKNOWN", `There is no step ${index}; this miner has ${count}.`, {
    left: "It runs as before",
  });
}
