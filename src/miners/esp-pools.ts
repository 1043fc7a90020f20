import { unsupportedError } from "../model/errors.ts";
import type { PoolReading, PoolTarget } from "../model/miner.ts";
import { field, flag, number, text } from "../model/parse.ts";
import { type PoolEndpoint, toEndpoint } from "./pool-target.ts";

/** Pools that these boards work for: the first and the one that stands in for it or shares with it. */
export const BOARD_POOLS = 2;

/** Keys of the first and the second pool where the settings are flat (miners.md §4.4). */
const PREFIXES = ["stratum", "fallbackStratum"] as const;
type Prefix = (typeof PREFIXES)[number];

/** One pool as a board tells it. */
export interface BoardPool {
  host: string;
  port: number | null;
  user: string;
  /** Null: not told. */
  isTls: boolean | null;
  isV2: boolean;
}

/** A pool as it shall stand, with its address taken apart. */
export interface WantedPool {
  pool: PoolTarget;
  endpoint: PoolEndpoint;
}

/** Targets with their endpoints. Throws `POOL_TEXT_INVALID`, or `MINER_POOL_UNSUPPORTED` for Stratum V2. */
export function toWanted(where: string, pools: readonly PoolTarget[]): WantedPool[] {
  return pools.map((pool) => {
    const endpoint = toEndpoint(pool);
    // It needs the pool's key, which no target carries.
    if (/^stratum2/i.test(pool.url)) throw poolUnsupported(where, "Stratum V2");
    return { pool, endpoint };
  });
}

/** Throws `MINER_POOL_UNSUPPORTED` (exit 1) when an encrypted pool is wanted and the firmware shows no key for it. */
export function checkTls(
  where: string,
  wanted: readonly WantedPool[],
  canTls: (place: number) => boolean,
): void {
  if (wanted.some(({ endpoint }, place) => endpoint.isTls && !canTls(place))) {
    throw poolUnsupported(where, "an encrypted connection (stratum+ssl)");
  }
}

/** Keys of a pool in an object of its own (`stratumURL` …), as in a slot of AxeOS 2.15. */
export function readPool(source: unknown, prefix: Prefix = "stratum"): BoardPool {
  const host = text(source, `${prefix}URL`) ?? "";
  return {
    // The pages of these boards take the scheme off; other programs may have left it there.
    host: host.replace(/^stratum2?\+(?:tcp|ssl|tls):\/\//i, ""),
    port: number(source, `${prefix}Port`, { min: 1, max: 65_535 }),
    user: text(source, `${prefix}User`) ?? "",
    isTls: tlsFlag(field(source, `${prefix}TLS`)),
    isV2: text(source, `${prefix}Protocol`) === "SV2",
  };
}

/** The flat keys of the first (0) or second (1) pool. */
export function readFlatPool(info: unknown, place: number): BoardPool {
  return readPool(info, prefixOf(place));
}

/** False when the flat keys are missing, and with them the proof of a write. */
export function tellsFlatPools(info: unknown): boolean {
  return PREFIXES.every((prefix) => field(info, `${prefix}URL`) !== undefined);
}

/** True when the firmware shows a flat key for encryption of this pool. */
export function hasFlatTls(info: unknown, place: number): boolean {
  return tlsFlag(field(info, `${prefixOf(place)}TLS`)) !== null;
}

/** The flat keys that make these the pools; the key for encryption only where the firmware has it. */
export function flatPatch(info: unknown, wanted: readonly WantedPool[]): Record<string, unknown> {
  const patch: Record<string, unknown> = {};
  for (const [place, { pool, endpoint }] of wanted.entries()) {
    const prefix = prefixOf(place);
    patch[`${prefix}URL`] = endpoint.host;
    patch[`${prefix}Port`] = endpoint.port;
    patch[`${prefix}User`] = pool.user;
    patch[`${prefix}Password`] = pool.password;
    if (readFlatPool(info, place).isV2) patch[`${prefix}Protocol`] = "SV1";
    if (hasFlatTls(info, place)) {
      patch[`${prefix}TLS`] = tlsValue(field(info, `${prefix}TLS`), endpoint.isTls);
    }
  }
  return patch;
}

/** In the type that the firmware tells; a way of encryption that the owner chose (2: own certificate) stays. */
export function tlsValue(told: unknown, isTls: boolean): unknown {
  if (typeof told === "boolean") return isTls;
  return isTls ? Math.max(1, Number(told) || 0) : 0;
}

/** True when the board tells this pool as wanted; what it does not tell of encryption cannot speak against it. */
export function isStored(stored: BoardPool | undefined, { pool, endpoint }: WantedPool): boolean {
  if (stored === undefined || stored.isV2 || stored.user !== pool.user) return false;
  if (stored.isTls !== null && stored.isTls !== endpoint.isTls) return false;
  return stored.host.toLowerCase() === endpoint.host.toLowerCase() && stored.port === endpoint.port;
}

/** `scheme://host:port`; plain where the board does not tell. */
export function boardPoolUrl(pool: Pick<BoardPool, "host" | "port" | "isTls" | "isV2">): string {
  const scheme = `${pool.isV2 ? "stratum2" : "stratum"}+${pool.isTls === true ? "ssl" : "tcp"}`;
  return `${scheme}://${pool.host}${pool.port === null ? "" : `:${pool.port}`}`;
}

/** Session counters of the whole board, told for the pool at work; there is no difficulty sum (miners.md §4.1). */
export function sessionCounters(info: unknown) {
  return {
    ...NO_COUNTERS,
    accepted: number(info, "sharesAccepted", { min: 0 }),
    rejected: number(info, "sharesRejected", { min: 0 }),
    shareDifficulty:
      number(info, "poolDifficulty", { unknownWhen: 0, min: 0 }) ??
      number(info, "stratumDiff", { unknownWhen: 0, min: 0 }),
  };
}

/** Of a pool that is not at work, or whose counters are not told. */
export const NO_COUNTERS = {
  acceptedDifficulty: null,
  accepted: null,
  rejected: null,
  stale: null,
  shareDifficulty: null,
} satisfies Partial<PoolReading>;

/** True, false, or the number of the way of encryption; null when none of them. */
function tlsFlag(value: unknown): boolean | null {
  const asFlag = flag({ value }, "value");
  return asFlag ?? (typeof value === "number" && value > 0 ? true : null);
}

function prefixOf(place: number): Prefix {
  return place === 0 ? "stratum" : "fallbackStratum";
}

function poolUnsupported(where: string, what: string) {
  return unsupportedError(
    "MINER_POOL_UNSUPPORTED",
    `The firmware of the miner at ${where} has no setting for ${what}.`,
    {
      left: "Its pools are as they were; nothing was sent",
      hint: "Use the pool's plain address (stratum+tcp://…), or update the miner's firmware",
    },
  );
}
