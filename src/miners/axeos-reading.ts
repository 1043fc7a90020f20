import type { MinerReading, MinerState, PoolReading } from "../model/miner.ts";
import { field, flag, list, number, safeText, text } from "../model/parse.ts";

/** A configured clock within this of an option is that option, MHz. */
const CLOCK_TOLERANCE_MHZ = 2;
/** After a start the chip needs this long before its hash rate means anything, s (miners.md §4.3). */
const START_S = 60;

/** One entry of the pool settings as the device reads them; `slot` is null before firmware 2.15. */
export interface AxeosPool {
  slot: number | null;
  role: "primary" | "fallback" | "spare";
  host: string;
  port: number | null;
  user: string;
  scheme: string;
  /** The device's own object, for a write that must keep its other fields. */
  raw: unknown;
}

/** One snapshot from `/api/system/info`; `clocksMhz` are the rungs, empty when unknown. No I/O. */
export function toReading(info: unknown, clocksMhz: readonly number[]): MinerReading {
  const state = stateOf(info);
  const clockMhz = number(info, "frequency", { min: 1 });
  const chips = ["temp", "temp2"].map((key) => number(info, key, { unknownWhen: [-1, 0] }));
  const known = chips.filter((celsius) => celsius !== null);
  const powerW = number(info, "power", { min: 0 });
  return {
    state,
    stateDetail: faultText(info),
    // Board input: the loss of the mains adapter, about 10-15 %, is not in it (miners.md §4.1).
    powerW,
    powerSource: powerW === null ? null : "measured",
    hashrateThs: number(info, "hashRate", { scale: 1e-3, min: 0 }),
    chipMaxC: known.length > 0 ? Math.max(...known) : null,
    boardC: null,
    inletC: null,
    outletC: null,
    fans: fansOf(info),
    hasFanFault: false,
    uptimeS: number(info, "uptimeSeconds", { min: 0 }),
    powerTargetW: null,
    mode: clockMhz === null ? null : `${clockMhz} MHz`,
    stepIndex: state === "paused" || state === "unknown" ? null : clockIndex(clocksMhz, clockMhz),
    pools: poolReadings(info),
  };
}

/** Index of the rung with this clock; null when it stands between the rungs. */
export function clockIndex(clocksMhz: readonly number[], clockMhz: number | null): number | null {
  if (clockMhz === null) return null;
  const index = clocksMhz.findIndex((option) => Math.abs(option - clockMhz) <= CLOCK_TOLERANCE_MHZ);
  return index < 0 ? null : index;
}

/** Every configured destination: primary first, then fallback, then spare slots that get no work. */
export function poolsOf(info: unknown): AxeosPool[] {
  if (!hasSlots(info)) return [legacyPool(info, "primary"), legacyPool(info, "fallback")].filter(isSet);
  const primary = number(info, "primaryPoolIndex");
  const fallback = number(info, "secondaryPoolIndex");
  const slots = list(info, "pools").map((raw, place): AxeosPool => {
    const slot = number(raw, "id") ?? place;
    const role = slot === primary ? "primary" : slot === fallback ? "fallback" : "spare";
    return { ...endpoint(raw, "stratum"), slot, role, raw };
  });
  const rank = { primary: 0, fallback: 1, spare: 2 };
  return slots.filter(isSet).sort((one, other) => rank[one.role] - rank[other.role]);
}

/** Firmware 2.15 and later keeps pools in slots and ignores the older keys (miners.md §4.4). */
export function hasSlots(info: unknown): boolean {
  return Array.isArray(field(info, "pools"));
}

/** `scheme://host:port` of an entry. */
export function poolUrl(pool: AxeosPool): string {
  return `${pool.scheme}://${pool.host}${pool.port === null ? "" : `:${pool.port}`}`;
}

function legacyPool(info: unknown, role: "primary" | "fallback"): AxeosPool {
  return {
    ...endpoint(info, role === "primary" ? "stratum" : "fallbackStratum"),
    slot: null,
    role,
    raw: null,
  };
}

function endpoint(raw: unknown, prefix: "stratum" | "fallbackStratum") {
  const isTls = (number(raw, `${prefix}TLS`) ?? 0) > 0 || flag(raw, `${prefix}TLS`) === true;
  const isV2 = text(raw, `${prefix}Protocol`) === "SV2";
  return {
    host: text(raw, `${prefix}URL`) ?? "",
    port: number(raw, `${prefix}Port`, { min: 1, max: 65_535 }),
    user: text(raw, `${prefix}User`) ?? "",
    scheme: `${isV2 ? "stratum2" : "stratum"}+${isTls ? "ssl" : "tcp"}`,
  };
}

function isSet(pool: AxeosPool): boolean {
  return pool.host !== "";
}

function poolReadings(info: unknown): PoolReading[] {
  const usesFallback = flag(info, "isUsingFallbackStratum");
  const isForced = flag(info, "useFallbackStratum") === true;
  const isHashing = (number(info, "hashRate") ?? 0) > 0;
  return poolsOf(info).map((pool) => {
    const isActive =
      pool.role === "spare"
        ? false
        : usesFallback === null
          ? null
          : usesFallback === (pool.role === "fallback");
    const counters = isActive === true ? countersOf(info) : NO_COUNTERS;
    return {
      url: poolUrl(pool),
      user: pool.user,
      role: "unknown",
      state: poolState(pool, isActive, isHashing, usesFallback === true && !isForced),
      ...counters,
      isActive,
      sharePpm: null,
    };
  });
}

function poolState(pool: AxeosPool, isActive: boolean | null, isHashing: boolean, hasFailedOver: boolean) {
  if (pool.role === "spare") return "disabled";
  if (isActive === true && isHashing) return "alive";
  return pool.role === "primary" && hasFailedOver ? "dead" : "unknown";
}

const NO_COUNTERS = {
  acceptedDifficulty: null,
  accepted: null,
  rejected: null,
  stale: null,
  shareDifficulty: null,
};

/** Session counters are one total for both pools, so they are told for the active one; there is no difficulty sum. */
function countersOf(info: unknown) {
  return {
    ...NO_COUNTERS,
    accepted: number(info, "sharesAccepted", { min: 0 }),
    rejected: number(info, "sharesRejected", { min: 0 }),
    shareDifficulty:
      number(info, "poolDifficulty", { unknownWhen: 0, min: 0 }) ??
      number(info, "stratumDiff", { unknownWhen: 0, min: 0 }),
  };
}

function stateOf(info: unknown): MinerState {
  if (faultText(info) !== null) return "fault";
  const isPaused = field(info, "miningPaused");
  if (isPaused === true) return "paused";
  const hashRate = number(info, "hashRate");
  const uptimeS = number(info, "uptimeSeconds");
  if (hashRate === 0 && uptimeS !== null && uptimeS < START_S) return "starting";
  if (isPaused === false) return "mining";
  // Firmware before 2.14 has no field for it: a live hash rate is the sign.
  return hashRate !== null && hashRate > 0 ? "mining" : "unknown";
}

/** The device's own words for a fault; it is never cleared from here (requirements DRV-8). */
function faultText(info: unknown): string | null {
  const words = ["hardware_fault", "power_fault"]
    .map((key) => text(info, key))
    .filter((word) => word !== null);
  if (flag(info, "overheat_mode") === true)
    words.push("overheated: reset it on the device when it has cooled");
  return words.length > 0 ? safeText(words.join(", "), 160) : null;
}

function fansOf(info: unknown): MinerReading["fans"] {
  const percent = number(info, "fanspeed", { min: 0, max: 100 });
  const first = number(info, "fanrpm", { min: 0 });
  const second = number(info, "fan2rpm", { unknownWhen: 0, min: 0 });
  const fans: MinerReading["fans"] = [];
  if (first !== null || percent !== null) fans.push({ rpm: first, percent });
  if (second !== null) fans.push({ rpm: second, percent });
  return fans;
}
