import { usageError } from "../model/errors.ts";
import { toNumber } from "../model/parse.ts";
import type { Sample } from "../model/source.ts";
import type { SourceConfig } from "../model/source-config.ts";
import { compileSelect, type Select } from "./select.ts";
import { unitConversion } from "./units.ts";

/** A polled thermometer may be called fresh no longer than this, s (sources.md §2). */
const THERMOMETER_MAX_AGE_S = 900;
/** An inverter draws a little at night; more than this is a sign that is wrong, W (sources.md §0). */
const NIGHT_DRAW_W = 100;

/** What all sources of any kind have in common, from their configuration. */
export function sourceHead(config: SourceConfig) {
  const isThermometer = config.role === "room" || config.role === "outdoor";
  return {
    name: config.name,
    role: config.role,
    zone: config.zone,
    everyS: config.every_s,
    maxAgeS: config.max_age_s ?? (isThermometer ? THERMOMETER_MAX_AGE_S : null),
  };
}

/** An answer as a device gave it, to be turned into a sample. */
export interface Normalizer {
  /** Of a whole answer: `valid`, `select`, `regex`, then as `number`. */
  answer(body: unknown): Sample;
  /**
   * Of a value already chosen. `unit` is what the device said beside it and wins over the configuration's: null where it
   * said none.
   */
  number(value: unknown, unit?: string | null): Sample;
}

/**
 * The one way from what a device says to the normal form (sources.md §0): unit, sign and plausible range. Throws with
 * exit 2 `SOURCE_SELECT_INVALID`, `SOURCE_UNIT_INVALID`, `SOURCE_REGEX_INVALID`.
 */
export function createNormalizer(config: SourceConfig): Normalizer {
  const { name, role } = config;
  const select = config.select === null ? null : compileSelect(config.select, name);
  const valid = config.valid === null ? null : compileSelect(config.valid, name);
  const asleep = config.asleep === null || role !== "pv" ? null : compileSelect(config.asleep, name);
  const regex = config.regex === null ? null : compileRegex(config.regex, name);
  const convert = unitConversion(role, config.unit, name);

  const number = (value: unknown, unit: string | null = null): Sample => {
    const read = toNumber(regex ? matched(regex, value) : value);
    if (read === null) return unknown(value === null ? "VALUE_MISSING" : "VALUE_NOT_A_NUMBER");
    try {
      const told = unit === null ? convert : unitConversion(role, unit, name);
      return normal(config, told(read * config.scale + config.offset));
    } catch {
      return unknown("UNIT_NOT_OF_THE_ROLE");
    }
  };
  return {
    number,
    answer(body) {
      if (valid && !isTrue(valid(body).value)) return unknown("DEVICE_SAYS_INVALID");
      const chosen = select ? select(body) : { value: body, reason: null };
      const sample = chosen.reason === null ? number(chosen.value) : unknown(chosen.reason);
      const isAsleep = sample.value === null && asleep !== null && isTrue(asleep(body).value);
      return isAsleep ? { value: 0, reason: "INVERTER_ASLEEP" } : sample;
    },
  };
}

/** A sample that says nothing but why. */
export function unknown(reason: string): Sample {
  return { value: null, reason };
}

/** A path to something that is not the value itself; null when none was given. */
export function optionalSelect(path: string | null, name: string): Select | null {
  return path === null ? null : compileSelect(path, name);
}

function normal({ role, invert, min, max }: SourceConfig, converted: number): Sample {
  if (!Number.isFinite(converted)) return unknown("VALUE_NOT_A_NUMBER");
  const signed = invert ? -converted : converted;
  const value = signed === 0 ? 0 : signed;
  if ((min !== null && value < min) || (max !== null && value > max)) return unknown("VALUE_NOT_PLAUSIBLE");
  if (role === "pv" && value < 0) {
    return value < -NIGHT_DRAW_W ? unknown("SIGN_WRONG") : { value: 0, reason: null, rawValue: value };
  }
  return role === "load" && value < 0 ? unknown("SIGN_WRONG") : { value, reason: null };
}

function matched(regex: RegExp, value: unknown): unknown {
  const found = typeof value === "string" || typeof value === "number" ? regex.exec(String(value)) : null;
  return found ? (found[1] ?? found[0]) : null;
}

function compileRegex(pattern: string, name: string): RegExp {
  try {
    return new RegExp(pattern);
  } catch (cause) {
    throw usageError("SOURCE_REGEX_INVALID", `The regex "${pattern}" of ${name} cannot be used.`, {
      cause,
      hint: "Write it as for JavaScript, with one group around the number",
    });
  }
}

function isTrue(value: unknown): boolean {
  return value === true;
}
