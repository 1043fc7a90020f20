import { Temporal } from "temporal-polyfill";
import { usageError } from "../model/errors.ts";
import { dayOfNumber, isCivilDay, numberOfDay } from "./civil-day.ts";

const DAY_MS = 86_400_000;
const MINUTE_MS = 60_000;
/** Zones change their offset on whole quarters of an hour of UTC, so one quarter has one offset. */
const QUARTER_MS = 900_000;
/** Days of quarters kept before the memory is emptied. */
const MOST_REMEMBERED = 96 * 62;

/** Offsets met so far by zone and quarter: facts of the calendar, kept because every tick asks for them. */
const rememberedOffsets = new Map<string, Map<number, number>>();

/**
 * The civil day in a zone, local midnight to next local midnight, by the rules of the zone: 23, 24 or 25 hours
 * (settlement.md §11). The end is exclusive.
 *
 * @param tz IANA name of the co-op's zone.
 * @throws HearthError `DAY_INVALID` or `TZ_UNKNOWN`, exit 2.
 */
export function energyWindow(day: string, tz: string): { startMs: number; endMs: number; seconds: number } {
  const startMs = startOfDay(day, tz);
  const endMs = startOfDay(addDays(day, 1), tz);
  return { startMs, endMs, seconds: (endMs - startMs) / 1000 };
}

/** The UTC day with the same date, because pools account in UTC days (settlement.md §11). */
export function miningWindow(day: string): { startMs: number; endMs: number } {
  const startMs = numberOfDay(checkedDay(day)) * DAY_MS;
  return { startMs, endMs: startMs + DAY_MS };
}

/** The civil day that an instant belongs to in a zone. */
export function dayOf(ms: number, tz: string): string {
  return dayOfNumber(Math.floor((ms + offsetMs(ms, tz)) / DAY_MS));
}

/** The day `count` days later; earlier when negative. */
export function addDays(day: string, count: number): string {
  return dayOfNumber(numberOfDay(checkedDay(day)) + count);
}

/** Local civil time of an instant: ISO weekday 1 (Monday) to 7, minute of the day 0 to 1439, day. */
export function localTime(ms: number, tz: string): { isoWeekday: number; minuteOfDay: number; day: string } {
  const localMs = ms + offsetMs(ms, tz);
  const dayNumber = Math.floor(localMs / DAY_MS);
  return {
    // 1970-01-01 was a Thursday.
    isoWeekday: ((((dayNumber + 3) % 7) + 7) % 7) + 1,
    minuteOfDay: Math.floor((localMs - dayNumber * DAY_MS) / MINUTE_MS),
    day: dayOfNumber(dayNumber),
  };
}

/**
 * The instant of a local time. A time that the day skips is moved on by the gap (02:30 becomes 03:30); of a
 * time that comes twice it is the first. `24:00` is the next midnight.
 *
 * @param time `HH:MM`, 00:00 to 24:00.
 * @throws HearthError `DAY_INVALID`, `TIME_INVALID` or `TZ_UNKNOWN`, exit 2.
 */
export function instantOf(day: string, time: string, tz: string): number {
  const match = /^([01]\d|2[0-3]):([0-5]\d)$|^24:00$/.exec(time);
  if (match === null) throw usageError("TIME_INVALID", `"${time.slice(0, 20)}" is no time of day as 17:30`);
  if (match[1] === undefined) return startOfDay(addDays(day, 1), tz);
  const plain = Temporal.PlainDateTime.from(`${checkedDay(day)}T${time}`);
  return inZone(tz, () => plain.toZonedDateTime(tz, { disambiguation: "compatible" }).epochMilliseconds);
}

function startOfDay(day: string, tz: string): number {
  const plain = Temporal.PlainDate.from(checkedDay(day));
  return inZone(tz, () => plain.toZonedDateTime({ timeZone: tz }).epochMilliseconds);
}

function offsetMs(ms: number, tz: string): number {
  const quarter = Math.floor(ms / QUARTER_MS);
  let offsets = rememberedOffsets.get(tz);
  const known = offsets?.get(quarter);
  if (known !== undefined) return known;
  const found = inZone(tz, () => {
    const instant = Temporal.Instant.fromEpochMilliseconds(quarter * QUARTER_MS);
    return instant.toZonedDateTimeISO(tz).offsetNanoseconds / 1_000_000;
  });
  if (offsets === undefined || offsets.size >= MOST_REMEMBERED) {
    offsets = new Map();
    rememberedOffsets.set(tz, offsets);
  }
  offsets.set(quarter, found);
  return found;
}

function checkedDay(day: string): string {
  if (isCivilDay(day)) return day;
  throw usageError("DAY_INVALID", `"${String(day).slice(0, 20)}" is no day as 2026-01-15`);
}

function inZone<T>(tz: string, read: () => T): T {
  try {
    return read();
  } catch (cause) {
    throw usageError("TZ_UNKNOWN", `"${tz.slice(0, 60)}" is no time zone`, {
      cause,
      hint: "Use an IANA name as America/Chicago",
    });
  }
}
