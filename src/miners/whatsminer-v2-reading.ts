import type { MinerIdentity, MinerReading } from "../model/miner.ts";
import { field, flag, list, number, text, toMac } from "../model/parse.ts";
import { toPools } from "./cgminer.ts";
import { errorWords, hasFanError, stateOf, toErrors, toNumberedErrors } from "./whatsminer-errors.ts";
import { type PowerView, toLimitW, toPercent } from "./whatsminer-power.ts";

/** Sections of the answers of API v1 and v2 on port 4028 (miners.md §11.1). */
export interface V2Answers {
  status: unknown;
  summary: unknown;
  /** Undefined when the list was broken: no pools are told then. */
  pools: unknown;
  /** Undefined on API v1, which has its errors in the summary. */
  errors: unknown;
}

/** What `get_version` says. */
export interface V2Version {
  /** First number of the API version; null when it is not told. */
  api: number | null;
  firmware: string | null;
  /** Newer firmware speaks API v3 on its own port, and more of it there. */
  speaksFrames: boolean;
}

/** No sensor, or no power. */
const NO_SENSOR = [0, -273];
const MHS_TO_THS = 1e-6;
/** Since this build API v3 exists. */
const FIRST_FRAMES_BUILD = 20_240_501;

/** From the section `Msg` of `get_version`; `api_ver` is `2.0.5` or `whatsminer v1.4.0`. */
export function toVersion(sections: unknown): V2Version {
  const message = field(sections, "Msg");
  const major = /(\d+)\.\d/.exec(text(message, "api_ver") ?? "")?.[1];
  const api = major === undefined ? null : Number(major);
  const firmware = withoutQuotes(text(message, "fw_ver"));
  const build = Number(/^20\d{6}/.exec(firmware ?? "")?.[0] ?? 0);
  return { api, firmware, speaksFrames: (api ?? 0) >= 3 || build >= FIRST_FRAMES_BUILD };
}

/** Model by `devdetails`, only when its boards have the driver of this make. */
export function toModel(sections: unknown): string | null {
  const board = list(sections, "DEVDETAILS")[0];
  return /^(?:bitmicro|btminer)$/i.test(text(board, "Driver") ?? "") ? text(board, "Model") : null;
}

/** `owner` is the `Msg` of `get_miner_info`, or the summary of API v1. */
export function toV2Identity(owner: unknown, model: string, firmware: string | null): MinerIdentity | null {
  const mac = toMac(text(owner, "mac") ?? text(owner, "MAC"));
  const serial = text(owner, "minersn");
  const id = mac ?? (serial === null ? null : `serial:${serial}`);
  if (id === null) return null;
  return {
    ...{ id, mac, serial, make: "MicroBT", model },
    ...{ firmware: "whatsminer", firmwareVersion: firmware ?? "" },
  };
}

/** The row of `summary`, which some firmware puts into `Msg`. */
export function summaryRow(sections: unknown): unknown {
  return list(sections, "SUMMARY")[0] ?? field(sections, "Msg");
}

/** Firmware version as API v1 tells it, in `status`. */
export function statusVersion(sections: unknown): string | null {
  const message = field(sections, "Msg");
  return withoutQuotes(text(message, "FirmwareVersion") ?? text(message, "Firmware Version"));
}

export function toV2Power(status: unknown, summary: unknown): PowerView {
  const row = summaryRow(summary);
  const message = field(status, "Msg");
  const storedLimitW = toLimitW(message, "power_limit_set");
  return {
    limitW: toLimitW(row, "Power Limit") ?? storedLimitW,
    storedLimitW,
    percent: toV2Percent(status),
    powerW: number(row, "Power", { min: 0 }),
    isOff: toIsOff(status),
    elapsedS: number(row, "Elapsed", { min: 0 }),
    isFastBoot: text(row, "Btminer Fast Boot") === "enable",
  };
}

/** Percent of the limit where `status` tells it; `hash_percent` is one of the clock and says nothing of it. */
export function toV2Percent(status: unknown): number | null {
  return toPercent(field(status, "Msg"), "power_pct");
}

/** True when mining is switched off; API v1 calls it `btmineroff`. */
export function toIsOff(status: unknown): boolean | null {
  const message = field(status, "Msg");
  return flag(message, "mineroff") ?? flag(message, "btmineroff");
}

/** One snapshot; `powerTargetW` is worked out where the notes of the driver are. */
export function toV2Reading(answers: V2Answers, powerTargetW: number | null): MinerReading {
  const row = summaryRow(answers.summary);
  const isOff = toIsOff(answers.status);
  const hashrateThs = toV2RateThs(row);
  const errors =
    answers.errors === undefined
      ? toNumberedErrors(row)
      : toErrors(field(answers.errors, "Msg", "error_code"));
  const isTuned = flag(row, "Upfreq Complete");
  // A supply that feeds working boards never shows 0.
  const powerW = number(row, "Power", { min: 0, ...(isOff === true ? {} : { unknownWhen: 0 }) });
  return {
    state: stateOf({ isOff, isTuned, hashrateThs, errors }),
    stateDetail: errorWords(errors),
    powerW,
    powerSource: powerW === null ? null : "measured",
    hashrateThs,
    chipMaxC: number(row, "Chip Temp Max", { unknownWhen: NO_SENSOR, min: -60, max: 200 }),
    boardC: number(row, "Temperature", { unknownWhen: NO_SENSOR, min: -60, max: 200 }),
    inletC: number(row, "Env Temp", { unknownWhen: NO_SENSOR, min: -60, max: 200 }),
    outletC: null,
    fans: ["Fan Speed In", "Fan Speed Out"]
      .filter((key) => field(row, key) !== undefined)
      .map((key) => ({ rpm: number(row, key, { min: 0 }), percent: null })),
    hasFanFault: hasFanError(errors),
    // Of the mining process, with which the counters start again.
    uptimeS: number(row, "Elapsed", { min: 0 }),
    powerTargetW,
    mode: modeWord(answers),
    stepIndex: null,
    pools: toPools(answers.pools).filter(({ url }) => url !== ""),
  };
}

/** Shortest live rate of a summary, TH/s. */
export function toV2RateThs(row: unknown): number | null {
  for (const key of ["HS RT", "MHS 5s", "MHS 1m"]) {
    const ths = number(row, key, { scale: MHS_TO_THS, min: 0 });
    if (ths !== null) return ths;
  }
  return null;
}

function modeWord({ status, summary }: V2Answers): string | null {
  const word = text(summaryRow(summary), "Power Mode") ?? text(field(status, "Msg"), "power_mode");
  return word?.toLowerCase() ?? null;
}

function withoutQuotes(word: string | null): string | null {
  return word?.replaceAll("'", "") || null;
}
