import type { RecordedDay } from "./recorded-day.ts";

/** What the recorded days say about one moment. */
export interface WeatherMoment {
  outdoorC: number;
  ghiWm2: number;
  pvW: number;
  /** Household without miners, W, already scaled. */
  loadW: number;
  voltageV: number;
}

const DAY_MS = 86_400_000;
const HOUR_MS = 3_600_000;
const MINUTE_MS = 60_000;

/**
 * Recorded days laid onto civil days of the zone `tz`, the first on the day of `startMs`; after the last one
 * it repeats. Weather and sun linear between minutes, also across midnight; load held for its minute
 * (control.md §14). Answers one object that it fills anew at each call.
 */
export function createWeather(
  days: readonly RecordedDay[],
  startMs: number,
  tz: string,
  loadScale: number,
): (ms: number) => WeatherMoment {
  const offsetAt = localOffset(tz);
  const firstDay = Math.floor((startMs + offsetAt(startMs)) / DAY_MS);
  const moment: WeatherMoment = { outdoorC: 0, ghiWm2: 0, pvW: 0, loadW: 0, voltageV: 0 };
  const dayAt = (index: number) => days[Math.min(Math.max(0, index), days.length - 1)];
  return (ms) => {
    const localMs = ms + offsetAt(ms);
    const dayIndex = Math.floor(localMs / DAY_MS) - firstDay;
    const minuteOfDay = (localMs - Math.floor(localMs / DAY_MS) * DAY_MS) / MINUTE_MS;
    const minute = Math.floor(minuteOfDay);
    const isLast = minute === 1439;
    const day = dayAt(dayIndex);
    const nextDay = isLast ? dayAt(dayIndex + 1) : day;
    const nextMinute = isLast ? 0 : minute + 1;
    const part = minuteOfDay - minute;
    const linear = (now: readonly number[] | undefined, next: readonly number[] | undefined) => {
      const value = now?.[minute] ?? 0;
      return value + ((next?.[nextMinute] ?? value) - value) * part;
    };
    moment.outdoorC = linear(day?.outdoorC, nextDay?.outdoorC);
    moment.ghiWm2 = linear(day?.ghiWm2, nextDay?.ghiWm2);
    moment.pvW = linear(day?.pvW, nextDay?.pvW);
    moment.loadW = (day?.loadW[minute] ?? 0) * loadScale;
    moment.voltageV = day?.voltageV[minute] ?? 0;
    return moment;
  };
}

/** Offset of a zone from UTC, ms; asked of `Intl` once per hour of simulated time. */
export function localOffset(tz: string): (ms: number) => number {
  const format = new Intl.DateTimeFormat("en-US", { timeZone: tz, timeZoneName: "longOffset" });
  let hour = Number.NaN;
  let offsetMs = 0;
  return (ms) => {
    const asked = Math.floor(ms / HOUR_MS);
    if (asked === hour) return offsetMs;
    hour = asked;
    const name = format.formatToParts(hour * HOUR_MS).find((part) => part.type === "timeZoneName")?.value;
    const match = /GMT([+-])(\d\d):(\d\d)/.exec(name ?? "");
    const minutes = match === null ? 0 : Number(match[2]) * 60 + Number(match[3]);
    offsetMs = (match?.[1] === "-" ? -minutes : minutes) * MINUTE_MS;
    return offsetMs;
  };
}
