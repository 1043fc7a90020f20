import { field } from "../model/parse.ts";
import { isCivilDay } from "./civil-day.ts";
import { normalPoolUrl } from "./pool-url.ts";
import { isMemberCode } from "./worker-code.ts";

/** Whole of a payout, ppm. */
const WHOLE_PPM = 1_000_000;

/** Characters that every firmware passes on unchanged; a comma or bar would end a field in some dialects. */
const USER = /^[A-Za-z0-9._~@:+/=-]{1,191}$/;
const WORKER = /^[A-Za-z0-9_.~-]{1,63}$/;
const NAME = /^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$/;
const SHA256 = /^[0-9a-f]{64}$/;
const INSTANT = /^\d{4}-\d{2}-\d{2}(T\d{2}:\d{2}:\d{2}Z)?$/;

/** The first thing wrong with the shape of split terms, in words; null when it is sound (settlement.md §8). */
export function termsProblem(value: unknown): string | null {
  if (typeof value !== "object" || value === null || Array.isArray(value)) return "they are no object";
  const fraction = fractionIn(value);
  if (fraction !== null) return `the number ${fraction} is not a whole number`;
  return (
    firstProblem([
      [field(value, "type") === "split-terms/v1", "type is not split-terms/v1"],
      [matches(field(value, "coop"), NAME), "coop is no name"],
      [isCode(field(value, "member")), "member is no member code"],
      [isWhole(field(value, "version"), 1), "version is not 1 or more"],
      [isNullOr(field(value, "prev"), SHA256), "prev is no SHA-256"],
      [isCivilDay(field(value, "effective_from")), "effective_from is no day"],
    ]) ??
    legsProblem(field(value, "legs")) ??
    optionsProblem(value)
  );
}

function legsProblem(legs: unknown): string | null {
  if (!Array.isArray(legs) || legs.length < 1 || legs.length > 2) return "there must be one or two legs";
  for (const leg of legs) {
    const problem = legProblem(leg);
    if (problem !== null) return problem;
  }
  if (new Set(legs.map((leg) => field(leg, "role"))).size !== legs.length) return "two legs have one role";
  const sum = legs.reduce((total: number, leg) => total + Number(field(leg, "share_ppm")), 0);
  return sum === WHOLE_PPM ? null : `the shares add up to ${sum} ppm, not ${WHOLE_PPM}`;
}

function legProblem(leg: unknown): string | null {
  const pool = field(leg, "pool");
  return firstProblem([
    [["coop", "member"].includes(String(field(leg, "role"))), "a leg has no known role"],
    [typeof pool === "string" && normalPoolUrl(pool) !== null, "a leg's pool is no stratum address"],
    [isWhole(field(leg, "share_ppm"), 0, WHOLE_PPM), "a leg's share is not 0 to 1,000,000 ppm"],
    [matches(field(leg, "user"), USER), "a leg's user has characters that firmware changes"],
    [matches(field(leg, "worker"), WORKER), "a leg's worker has characters that firmware changes"],
  ]);
}

function optionsProblem(terms: unknown): string | null {
  const catchUp = field(terms, "catch_up");
  const isCatchUpSound =
    catchUp === undefined ||
    (isWhole(field(catchUp, "max_share_ppm"), 0, WHOLE_PPM) && isWhole(field(catchUp, "horizon_hours"), 0));
  const coolOff = field(terms, "cool_off_hours");
  return firstProblem([
    [isCatchUpSound, "catch_up is not a share and a number of hours"],
    [isOneOf(field(terms, "excess"), ["carry", "pay_out"]), "excess is not carry or pay_out"],
    [isOneOf(field(terms, "scope"), ["heater", "account"]), "scope is not heater or account"],
    [isOptional(field(terms, "expires"), INSTANT), "expires is no time"],
    [coolOff === undefined || isWhole(coolOff, 0), "cool_off_hours is no number of hours"],
  ]);
}

function firstProblem(rules: [boolean, string][]): string | null {
  return rules.find(([isSound]) => !isSound)?.[1] ?? null;
}

/** The first number anywhere in the value that is no safe integer; null when all are. */
function fractionIn(value: unknown): number | null {
  const open: unknown[] = [value];
  while (open.length > 0) {
    const next = open.pop();
    if (typeof next === "number" && !Number.isSafeInteger(next)) return next;
    if (typeof next === "object" && next !== null) open.push(...Object.values(next));
  }
  return null;
}

function matches(value: unknown, pattern: RegExp): boolean {
  return typeof value === "string" && pattern.test(value);
}

function isNullOr(value: unknown, pattern: RegExp): boolean {
  return value === null || matches(value, pattern);
}

function isOptional(value: unknown, pattern: RegExp): boolean {
  return value === undefined || matches(value, pattern);
}

function isOneOf(value: unknown, words: string[]): boolean {
  return value === undefined || words.includes(String(value));
}

function isCode(value: unknown): boolean {
  return typeof value === "string" && isMemberCode(value);
}

function isWhole(value: unknown, min: number, max: number = Number.MAX_SAFE_INTEGER): boolean {
  return Number.isSafeInteger(value) && Number(value) >= min && Number(value) <= max;
}
