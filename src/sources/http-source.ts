import { compile, type JSONValue, TreeInterpreter } from "@jmespath-community/jmespath";
import type { SourceConfig } from "../model/config.ts";
import { HearthError, usageError } from "../model/errors.ts";
import { toNumber } from "../model/parse.ts";
import type { GetJson, Sample, Source } from "../model/source.ts";
import { unitConversion } from "./units.ts";

type Expression = ReturnType<typeof compile>;

/** A polled thermometer may be called fresh no longer than this, s (sources.md §2). */
const THERMOMETER_MAX_AGE_S = 900;

/** A source read by HTTP GET of JSON, with a JMESPath choice of the number in it. */
export function createHttpSource(config: SourceConfig, get: GetJson): Source {
  const { url } = config;
  if (url === null || !/^https?:\/\//.test(url)) {
    throw usageError("SOURCE_URL_INVALID", `The source ${config.name} needs a web address (http://…).`, {
      hint: `Set sources.${config.name}.url`,
    });
  }
  const expression = config.select === null ? null : compileSelect(config);
  const convert = unitConversion(config.role, config.unit, config.name);
  const sign = config.invert ? -1 : 1;
  const isThermometer = config.role === "room" || config.role === "outdoor";
  return {
    name: config.name,
    role: config.role,
    zone: config.zone,
    everyS: config.every_s,
    maxAgeS: config.max_age_s ?? (isThermometer ? THERMOMETER_MAX_AGE_S : null),
    async read(signal) {
      const sample = pick(await get(url, signal), expression);
      if (sample.value === null) return sample;
      const value = sign * convert(sample.value * config.scale);
      return Number.isFinite(value)
        ? { value: value === 0 ? 0 : value, reason: null }
        : unknown("VALUE_NOT_A_NUMBER");
    },
  };
}

function compileSelect(config: SourceConfig): Expression {
  try {
    return compile(config.select ?? "@");
  } catch (cause) {
    throw usageError(
      "SOURCE_SELECT_INVALID",
      `The choice "${config.select}" of ${config.name} is no JMESPath.`,
      {
        cause,
        hint: "Write it as a path into the answer, such as emeters[0].power",
      },
    );
  }
}

function pick(body: unknown, expression: Expression | null): Sample {
  let chosen: unknown = body;
  if (expression !== null) {
    try {
      // A sum over nothing would be 0, and 0 looks like "balanced" (sources.md §0).
      if (isSumOfNothing(expression, body)) return unknown("VALUE_MISSING");
      chosen = TreeInterpreter.search(expression, body as JSONValue);
    } catch (error) {
      if (error instanceof HearthError) throw error;
      return unknown("VALUE_NOT_SELECTABLE");
    }
  }
  if (chosen === null || chosen === undefined) return unknown("VALUE_MISSING");
  const value = toNumber(chosen);
  return value === null ? unknown("VALUE_NOT_A_NUMBER") : { value, reason: null };
}

function isSumOfNothing(expression: Expression, body: unknown): boolean {
  if (expression.type !== "Function" || !["sum", "avg"].includes(expression.name)) return false;
  const argument = expression.children[0];
  const summed = argument && TreeInterpreter.search(argument, body as JSONValue);
  return !Array.isArray(summed) || summed.length === 0;
}

function unknown(reason: string): Sample {
  return { value: null, reason };
}
