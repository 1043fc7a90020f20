import { isKnown, UNKNOWN } from "./format.ts";

/** An instant: epoch milliseconds or RFC 3339; null and text that is no time are unknown. */
export type Instant = number | string | null | undefined;

/** Epoch milliseconds of an instant; null when unknown. */
export function toMs(instant: Instant): number | null {
  const ms = typeof instant === "string" ? Date.parse(instant) : instant;
  // Intl refuses what lies outside the range of Date.
  return isKnown(ms) && Math.abs(ms) <= 8.64e15 ? ms : null;
}

/** Local time of day in an IANA zone: `17:04`. */
export function formatTime(instant: Instant, tz: string): string {
  return localParts(instant, tz, { hour: "2-digit", minute: "2-digit" });
}

/** Local time of day with seconds: `17:04:10`. */
export function formatTimeSeconds(instant: Instant, tz: string): string {
  return localParts(instant, tz, { hour: "2-digit", minute: "2-digit", second: "2-digit" });
}

/** Local day and time: `Fri 16 Jan 17:04`. */
export function formatDayTime(instant: Instant, tz: string): string {
  const day = formatDay(instant, tz);
  return day === UNKNOWN ? UNKNOWN : `${day} ${formatTime(instant, tz)}`;
}

/** Local day: `Fri 16 Jan`. */
export function formatDay(instant: Instant, tz: string): string {
  const ms = toMs(instant);
  if (ms === null) return UNKNOWN;
  const parts = formatter(tz, { weekday: "short", day: "numeric", month: "short" }).formatToParts(ms);
  const part = (type: string) => parts.find((one) => one.type === type)?.value ?? "";
  return `${part("weekday")} ${part("day")} ${part("month")}`;
}

/** Local calendar day for lists: `2026-01-16`. */
export function formatDate(instant: Instant, tz: string): string {
  const ms = toMs(instant);
  if (ms === null) return UNKNOWN;
  const parts = formatter(tz, { year: "numeric", month: "2-digit", day: "2-digit" }).formatToParts(ms);
  const part = (type: string) => parts.find((one) => one.type === type)?.value ?? "";
  return `${part("year")}-${part("month")}-${part("day")}`;
}

/** Abbreviation of the zone at that instant, so that the repeated hour of autumn has two names: `MST`, `MDT`. */
export function zoneName(instant: Instant, tz: string): string {
  const ms = toMs(instant);
  if (ms === null) return "";
  const parts = formatter(tz, { hour: "2-digit", timeZoneName: "short" }).formatToParts(ms);
  return parts.find((one) => one.type === "timeZoneName")?.value ?? "";
}

/** Minutes since local midnight on the clock on the wall; null when unknown. */
export function minuteOfDay(instant: Instant, tz: string): number | null {
  const [hour, minute] = formatTime(instant, tz).split(":").map(Number);
  return isKnown(hour) && isKnown(minute) ? hour * 60 + minute : null;
}

/** A length of time in its two largest units: `45 s`, `4 min 10 s`, `1 h 55 min`, `3 d 4 h`. Negative counts as 0. */
export function formatDuration(seconds: number | null | undefined): string {
  if (!isKnown(seconds)) return UNKNOWN;
  const total = Math.max(0, Math.round(seconds));
  if (total < 60) return `${total} s`;
  if (total < 3600) return pair(Math.floor(total / 60), "min", total % 60, "s");
  const minutes = Math.floor(total / 60);
  if (minutes < 1440) return pair(Math.floor(minutes / 60), "h", minutes % 60, "min");
  const hours = Math.floor(minutes / 60);
  return pair(Math.floor(hours / 24), "d", hours % 24, "h");
}

function pair(large: number, largeUnit: string, small: number, smallUnit: string): string {
  return small === 0 ? `${large} ${largeUnit}` : `${large} ${largeUnit} ${small} ${smallUnit}`;
}

function localParts(instant: Instant, tz: string, options: Intl.DateTimeFormatOptions): string {
  const ms = toMs(instant);
  return ms === null ? UNKNOWN : formatter(tz, options).format(ms);
}

/** A zone that this machine does not know is shown in UTC, and `zoneName` says so. */
function formatter(tz: string, options: Intl.DateTimeFormatOptions): Intl.DateTimeFormat {
  const full: Intl.DateTimeFormatOptions = { ...options, hourCycle: "h23" };
  try {
    return new Intl.DateTimeFormat("en-US", { ...full, timeZone: tz });
  } catch {
    return new Intl.DateTimeFormat("en-US", { ...full, timeZone: "UTC" });
  }
}
