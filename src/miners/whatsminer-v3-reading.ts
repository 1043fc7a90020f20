import type { MinerIdentity, MinerReading, PoolReading, PoolState } from "../model/miner.ts";
import { field, flag, list, number, text, toMac, toNumber } from "../model/parse.ts";
import { toPools, withScheme } from "./cgminer.ts";
import { errorWords, hasFanError, stateOf, toErrors } from "./whatsminer-errors.ts";
import { type PowerView, toLimitW, toPercent } from "./whatsminer-power.ts";

/** `msg` of each answer of API v3 (miners.md §11.2); null where it did not tell. */
export interface V3Answers {
  /** `get.device.info` */
  device: unknown;
  /** `get.miner.status` with `summary` and with `pools`. */
  summary: unknown;
  pools: unknown;
  /** `get.miner.setting` */
  setting: unknown;
  /** Sections of `pools` on the old port: only there the work is counted. */
  oldPools: unknown;
}

/** No sensor, or no power. */
const NO_SENSOR = [0, -273];
const TEMPERATURE = { unknownWhen: NO_SENSOR, min: -60, max: 200 };

export function toV3Identity(device: unknown): MinerIdentity | null {
  const model = text(field(device, "miner"), "type");
  const mac = toMac(text(field(device, "network"), "mac"));
  const serial = text(field(device, "miner"), "miner-sn");
  const id = mac ?? (serial === null ? null : `serial:${serial}`);
  if (id === null || model === null) return null;
  return {
    ...{ id, mac, serial, make: "MicroBT", model },
    ...{ firmware: "whatsminer", firmwareVersion: text(field(device, "system"), "fwversion") ?? "" },
  };
}

/** `working` is text, `"true"` while the mining process runs. */
export function toIsWorking(device: unknown): boolean | null {
  return flag(field(device, "miner"), "working");
}

/** False when the owner has not allowed changes; null when the firmware does not tell. */
export function toIsApiOn(device: unknown): boolean | null {
  return flag(field(device, "system"), "apiswitch");
}

/** The limit that rules stands in the summary, the one that was set in the settings, where it may be 99999 for none. */
export function toV3Power(setting: unknown, status: unknown): PowerView {
  const summary = field(status, "summary");
  const storedLimitW = toLimitW(setting, "power-limit");
  return {
    limitW: toLimitW(summary, "power-limit") ?? storedLimitW,
    storedLimitW,
    percent: toV3Percent(setting),
    powerW: number(summary, "power-realtime", { min: 0 }),
    isOff: null,
    elapsedS: number(summary, "elapsed", { min: 0 }),
    isFastBoot: text(setting, "fast-boot") === "enable",
  };
}

export function toV3Percent(setting: unknown): number | null {
  return toPercent(setting, "power-percent");
}

/** Shortest live rate, TH/s. */
export function toV3RateThs(status: unknown): number | null {
  const summary = field(status, "summary");
  return number(summary, "hash-realtime", { min: 0 }) ?? number(summary, "hash-1min", { min: 0 });
}

/** One snapshot; `powerTargetW` is worked out where the notes of the driver are. */
export function toV3Reading(answers: V3Answers, powerTargetW: number | null): MinerReading {
  const { device, setting } = answers;
  const summary = field(answers.summary, "summary");
  const isWorking = toIsWorking(device);
  const errors = toErrors(field(device, "error-code"));
  const hashrateThs = toV3RateThs(answers.summary);
  // A supply that feeds working boards never shows 0.
  const powerW = number(summary, "power-realtime", {
    min: 0,
    ...(isWorking === false ? {} : { unknownWhen: 0 }),
  });
  return {
    state: stateOf({
      isOff: isWorking === null ? null : !isWorking,
      isTuned: flag(summary, "up-freq-finish"),
      hashrateThs,
      errors,
    }),
    stateDetail: errorWords(errors),
    powerW,
    powerSource: powerW === null ? null : "measured",
    hashrateThs,
    chipMaxC: number(summary, "chip-temp-max", TEMPERATURE),
    boardC: hottest(list(summary, "board-temperature")),
    inletC: number(summary, "environment-temperature", TEMPERATURE),
    outletC: null,
    fans: ["fan-speed-in", "fan-speed-out"]
      .filter((key) => field(summary, key) !== undefined)
      .map((key) => ({ rpm: number(summary, key, { min: 0 }), percent: null })),
    hasFanFault: hasFanError(errors),
    // Of the mining process, with which the counters start again.
    uptimeS: number(summary, "elapsed", { min: 0 }),
    powerTargetW,
    mode: text(setting, "power-mode")?.toLowerCase() ?? null,
    stepIndex: null,
    pools: toV3Pools(answers.pools, answers.oldPools),
  };
}

/**
 * Destinations without counters of work, which are taken from the old port where it answers; the whole list, where a
 * stopped mining process does not tell it.
 */
export function toV3Pools(pools: unknown, oldPools: unknown): PoolReading[] {
  const counted = toPools(oldPools).filter(({ url }) => url !== "");
  if (!Array.isArray(field(pools, "pools"))) return counted;
  return list(pools, "pools")
    .map((pool) => {
      const reading = toV3Pool(pool);
      const place = counted.findIndex(({ url, user }) => url === reading.url && user === reading.user);
      // Each counter is one pool's, also where two slots lead to the same place.
      const [same] = place < 0 ? [] : counted.splice(place, 1);
      if (same === undefined) return reading;
      const { acceptedDifficulty, accepted, rejected, stale, shareDifficulty } = same;
      return { ...reading, acceptedDifficulty, accepted, rejected, stale, shareDifficulty };
    })
    .filter(({ url }) => url !== "");
}

function toV3Pool(pool: unknown): PoolReading {
  const state = text(pool, "status")?.toLowerCase() ?? "";
  return {
    url: withScheme(text(pool, "url") ?? ""),
    user: text(pool, "account") ?? "",
    role: "unknown",
    state: POOL_STATES.find((known) => known === state) ?? "unknown",
    acceptedDifficulty: null,
    accepted: null,
    rejected: null,
    stale: null,
    shareDifficulty: null,
    isActive: flag(pool, "stratum-active"),
    sharePpm: null,
  };
}

const POOL_STATES: readonly PoolState[] = ["alive", "dead", "disabled", "rejecting"];

function hottest(temperatures: readonly unknown[]): number | null {
  const known = temperatures
    .map((value) => toNumber(value, TEMPERATURE))
    .filter((value): value is number => value !== null);
  return known.length > 0 ? Math.max(...known) : null;
}
