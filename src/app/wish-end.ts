import { toInstant } from "../model/clock.ts";
import { usageError } from "../model/errors.ts";
import { addDays, dayOf, instantOf } from "../settlement/day.ts";
import { openHome } from "./home-files.ts";

const UNITS_MS: Record<string, number> = { s: 1000, m: 60_000, h: 3_600_000 };
const LONGEST_MS = 24 * 3_600_000;

/**
 * End of a wish from `--for` or `--until`, RFC 3339; null: the usual end. A bare time of day is the next such moment in
 * the home's zone, in which a date without a zone is meant too. Throws `UNTIL_INVALID` (2) for what is no time, is past, or lies more than a day away.
 */
export function endOf(
  env: NodeJS.ProcessEnv,
  flags: { for?: string | undefined; until?: string | undefined },
  nowMs = Date.now(),
): string | null {
  if (flags.for === undefined && flags.until === undefined) return null;
  const endMs = flags.for === undefined ? untilMs(env, flags.until ?? "", nowMs) : nowMs + spanMs(flags.for);
  if (endMs > nowMs && endMs <= nowMs + LONGEST_MS) return toInstant(endMs);
  throw invalid(flags.for ?? flags.until ?? "");
}

/** `90m`, `2h`, `1h30m`, `45s`. NaN for what is none. */
function spanMs(text: string): number {
  if (!/^(\d{1,5}[smh]){1,3}$/.test(text)) return Number.NaN;
  let sum = 0;
  for (const [, count, unit] of text.matchAll(/(\d+)([smh])/g))
    sum += Number(count) * (UNITS_MS[unit ?? ""] ?? 0);
  return sum;
}

function untilMs(env: NodeJS.ProcessEnv, text: string, nowMs: number): number {
  if (/^\d{4}-\d\d-\d\dT.*(?:z|[+-]\d\d:\d\d)$/i.test(text)) return Date.parse(text);
  const [, day, time = ""] = /^(?:(\d{4}-\d\d-\d\d)T)?((?:[01]\d|2[0-3]):[0-5]\d)$/.exec(text) ?? [];
  if (time === "" || (day !== undefined && !isDay(day))) return Number.NaN;
  const tz = openHome(env).config?.home.tz ?? Intl.DateTimeFormat().resolvedOptions().timeZone;
  if (day !== undefined) return instantOf(day, time, tz);
  const today = dayOf(nowMs, tz);
  const moments = [today, addDays(today, 1)].map((date) => instantOf(date, time, tz));
  return moments.find((moment) => moment > nowMs) ?? Number.NaN;
}

/** Not 31 February, which is read as 3 March elsewhere. */
function isDay(day: string): boolean {
  const ms = Date.parse(day);
  return !Number.isNaN(ms) && new Date(ms).toISOString().startsWith(day);
}

function invalid(text: string) {
  return usageError("UNTIL_INVALID", `"${text.slice(0, 40)}" is no moment within the next 24 hours`, {
    left: "Nothing was changed",
    hint: "--for 90m, --for 2h, --until 18:30, or --until 2026-01-15T18:30:00Z",
  });
}
