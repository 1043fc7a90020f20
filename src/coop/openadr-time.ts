/** Times of OpenADR 3 as servers really send them (openadr3.md §4.7, §6). Milliseconds since the epoch. */

/** "Do it now": the date 0001-01-01 or, from older texts, 0000-00-00. */
export const NOW = "now";

const DURATION =
  /^(-?)P(?=\d|T\d)(?:(\d+)Y)?(?:(\d+)M)?(?:(\d+)([DW]))?(?:T(?:(\d+)H)?(?:(\d+)M)?(?:(\d+(?:\.\d+)?)S)?)?$/;

/** Milliseconds of an ISO 8601 duration; Infinity from 9999 years up; null when it is none. Years are 365 days, months 30. */
export function parseDuration(value: unknown): number | null {
  const match = typeof value === "string" ? DURATION.exec(value) : null;
  if (!match) return null;
  const [, sign, years, months, days, unit, hours, minutes, seconds] = match;
  if (Number(years ?? 0) >= 9999) return sign === "-" ? null : Number.POSITIVE_INFINITY;
  const totalDays =
    Number(years ?? 0) * 365 + Number(months ?? 0) * 30 + Number(days ?? 0) * (unit === "W" ? 7 : 1);
  const totalS =
    totalDays * 86_400 + Number(hours ?? 0) * 3_600 + Number(minutes ?? 0) * 60 + Number(seconds ?? 0);
  return (sign === "-" ? -1 : 1) * totalS * 1000;
}

/** A moment, `NOW`, or null when it is neither. Takes offsets, and a blank for `T` without zone as UTC. */
export function parseStart(value: unknown): number | typeof NOW | null {
  if (typeof value !== "string") return null;
  if (/^(0001-01-01|0000-00-00)/.test(value)) return NOW;
  const match = /^(\d{4}-\d\d-\d\d)[T ](\d\d:\d\d:\d\d(?:\.\d+)?)(Z|[+-]\d\d:\d\d)?$/.exec(value);
  if (!match) return null;
  const ms = Date.parse(`${match[1]}T${match[2]}${match[3] ?? "Z"}`);
  return Number.isNaN(ms) ? null : ms;
}

/** `PT…S` for a span in ms, `P9999Y` for Infinity; for servers. */
export function formatDuration(ms: number): string {
  return Number.isFinite(ms) ? `PT${Math.round(ms / 1000)}S` : "P9999Y";
}
