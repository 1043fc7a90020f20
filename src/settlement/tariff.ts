import type { HearthConfig } from "../model/config.ts";
import { usageError } from "../model/errors.ts";
import { list, number, text } from "../model/parse.ts";
import { localTime } from "./day.ts";

/** A local time rule: ISO weekdays `1-5`, from and to as HH:MM; `to` before `from` runs past midnight. */
export interface TariffWindow {
  days: string;
  from: string;
  to: string;
}

/** The co-op's tariff, body of `GET /v1/tariff` (settlement.md §15). A bucket without windows takes the rest. */
export interface CoopTariff {
  id: string;
  /** IANA zone of the windows. */
  tz: string;
  buckets: { bucket: string; rate_uusd_per_kwh: number; windows: TariffWindow[] }[];
}

/**
 * Prices of the home's own tariff at an instant, $/kWh; null is unknown (no tariff, or no window covers it).
 * The first window that covers the instant counts.
 */
export function priceAt(
  tariff: HearthConfig["tariff"],
  ms: number,
): { importUsdKwh: number | null; exportUsdKwh: number | null; highestImportUsdKwh: number | null } {
  if (tariff === null) return { importUsdKwh: null, exportUsdKwh: null, highestImportUsdKwh: null };
  const local = localTime(ms, tariff.tz);
  const window = tariff.windows.find((candidate) => covers(candidate, local));
  const prices = tariff.windows.map((candidate) => candidate.import_usd_kwh);
  return {
    importUsdKwh: window?.import_usd_kwh ?? null,
    exportUsdKwh: tariff.export_usd_kwh,
    highestImportUsdKwh: prices.length === 0 ? null : Math.max(...prices),
  };
}

/**
 * The bucket of the co-op's tariff that an instant falls in, with its rate in micro-dollars per kWh.
 *
 * @throws HearthError `TARIFF_GAP`, exit 2, when no bucket covers the instant: energy without a rate is unknown.
 */
export function bucketOf(tariff: CoopTariff, ms: number): { bucket: string; rateUusdPerKwh: number } {
  const local = localTime(ms, tariff.tz);
  const found =
    tariff.buckets.find(({ windows }) => windows.some((window) => covers(window, local))) ??
    tariff.buckets.find(({ windows }) => windows.length === 0);
  if (found !== undefined) return { bucket: found.bucket, rateUusdPerKwh: found.rate_uusd_per_kwh };
  const text = `Tariff ${tariff.id} has no bucket for ${local.day}, minute ${local.minuteOfDay} of the day`;
  throw usageError("TARIFF_GAP", text, { hint: "The co-op must add a bucket without windows for the rest" });
}

function covers(window: TariffWindow, local: { isoWeekday: number; minuteOfDay: number }): boolean {
  const from = minutes(window.from);
  const to = minutes(window.to);
  const { isoWeekday, minuteOfDay } = local;
  if (from < to) return isOnDay(window.days, isoWeekday) && minuteOfDay >= from && minuteOfDay < to;
  const yesterday = isoWeekday === 1 ? 7 : isoWeekday - 1;
  return minuteOfDay >= from
    ? isOnDay(window.days, isoWeekday)
    : minuteOfDay < to && isOnDay(window.days, yesterday);
}

function isOnDay(days: string, isoWeekday: number): boolean {
  const first = Number(days.charAt(0));
  const last = Number(days.charAt(2) || days.charAt(0));
  return first <= last
    ? isoWeekday >= first && isoWeekday <= last
    : isoWeekday >= first || isoWeekday <= last;
}

function minutes(time: string): number {
  return Number(time.slice(0, 2)) * 60 + Number(time.slice(3, 5));
}

/** A tariff as the co-op tells it; null when it is none, or one of its rates is no whole number. */
export function readTariff(body: unknown): CoopTariff | null {
  const id = text(body, "id");
  const tz = text(body, "tz");
  const buckets: CoopTariff["buckets"] = [];
  for (const row of list(body, "buckets")) {
    const bucket = text(row, "bucket");
    const rate = number(row, "rate_uusd_per_kwh");
    if (bucket === null || rate === null || !Number.isSafeInteger(rate)) return null;
    const windows = list(row, "windows").map((window) => ({
      days: text(window, "days") ?? "1-7",
      from: text(window, "from") ?? "00:00",
      to: text(window, "to") ?? "24:00",
    }));
    buckets.push({ bucket, rate_uusd_per_kwh: rate, windows });
  }
  return id === null || tz === null || buckets.length === 0 ? null : { id, tz, buckets };
}
