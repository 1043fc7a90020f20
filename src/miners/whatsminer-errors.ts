import type { MinerState } from "../model/miner.ts";
import { field, safeText, toNumber } from "../model/parse.ts";
import { rawText } from "./cgminer.ts";

/** Errors that a Whatsminer lists about itself (miners.md §11; meanings by the vendor's list of codes). */
export interface DeviceError {
  code: number;
  /** Words of the device; API v3 has them. */
  reason: string | null;
}

/** Speed of the two big fans, and the fan of the supply. */
const FAN_CODES = new Set([110, 111, 120, 121, 130, 131, 253, 254]);
/** Supply, boards or air too hot, by which the firmware stops or throttles the chips. */
const HEAT_CODES: readonly [from: number, to: number][] = [
  [203, 204],
  [233, 235],
  [243, 245],
  [350, 369],
  [600, 610],
];
const MOST_SHOWN = 5;

/**
 * Errors in whatever shape: a list of objects whose keys are codes, one such object, a list of bare codes. A code is
 * a key, its value a moment (miners.md §3.3 row 10).
 */
export function toErrors(value: unknown): DeviceError[] {
  const entries = Array.isArray(value) ? value : [value];
  const errors = entries.flatMap((entry) => {
    const bare = toCode(entry);
    if (bare !== null) return [{ code: bare, reason: null }];
    if (typeof entry !== "object" || entry === null) return [];
    const said = rawText(entry, "reason");
    const reason = said === null ? null : safeText(said, 80) || null;
    return Object.keys(entry).flatMap((key) => {
      const code = toCode(key);
      return code === null ? [] : [{ code, reason }];
    });
  });
  return errors.filter(({ code }, place) => errors.findIndex((other) => other.code === code) === place);
}

/** API v1 counts its errors in the summary: `Error Code Count`, `Error Code 0`, … */
export function toNumberedErrors(summary: unknown): DeviceError[] {
  const count = toNumber(field(summary, "Error Code Count"), { min: 0, max: 64 }) ?? 0;
  return toErrors(
    Array.from({ length: Math.floor(count) }, (_, place) => field(summary, `Error Code ${place}`)),
  );
}

/** For `stateDetail`: `error 350 SM0 temperature protecting, error 110`; null without errors. */
export function errorWords(errors: readonly DeviceError[]): string | null {
  if (errors.length === 0) return null;
  const shown = errors
    .slice(0, MOST_SHOWN)
    .map(({ code, reason }) => `error ${code}${reason ? ` ${reason}` : ""}`);
  const more = errors.length - shown.length;
  return [...shown, ...(more > 0 ? [`${more} more`] : [])].join(", ");
}

/** Words of the errors by which the firmware keeps the chips off; null without one. */
export function heatWords(errors: readonly DeviceError[]): string | null {
  return errorWords(errors.filter(isHeat));
}

export function hasFanError(errors: readonly DeviceError[]): boolean {
  return errors.some(({ code }) => FAN_CODES.has(code));
}

/** What the state is read from; null where the firmware does not tell. */
export interface StateSigns {
  /** The firmware says that mining is switched off. */
  isOff: boolean | null;
  /** False while it raises its clocks after a start. */
  isTuned: boolean | null;
  hashrateThs: number | null;
  errors: readonly DeviceError[];
}

/** By the field for on and off; errors alone do not end the mining, so a fault is one that goes with standing chips. */
export function stateOf({ isOff, isTuned, hashrateThs, errors }: StateSigns): MinerState {
  if (isOff === null) return "unknown";
  const isHot = errors.some(isHeat);
  if (isOff) return isHot ? "fault" : "paused";
  if (hashrateThs === 0 && (isHot || hasFanError(errors))) return "fault";
  return isTuned === false ? "starting" : "mining";
}

function isHeat({ code }: DeviceError): boolean {
  return HEAT_CODES.some(([from, to]) => code >= from && code <= to);
}

function toCode(value: unknown): number | null {
  if (typeof value === "string" && !/^\d{1,7}$/.test(value)) return null;
  const code = toNumber(value, { min: 1, max: 9_999_999 });
  return code !== null && Number.isInteger(code) ? code : null;
}
