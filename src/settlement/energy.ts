import type { EnergySource, ReadingQuality } from "../model/settlement-record.ts";
import { bucketOf, type CoopTariff } from "./tariff.ts";

/** Energy of one device over one stretch of time. */
export interface EnergyInterval {
  /** Name of the device. */
  miner: string;
  startMs: number;
  /** Time with readings within the interval, s. */
  seconds: number;
  /** Watt-hours, 0 or more. */
  wh: number;
  quality: ReadingQuality;
}

/** Energy of one tariff bucket of a day. */
export interface BucketEnergy {
  bucket: string;
  wh: number;
  rateUusdPerKwh: number;
  source: EnergySource;
  /** Worst of its intervals; `questionable` when there is none. */
  quality: ReadingQuality;
  /** Part of the bucket's time with a reading, ppm; null when the source does not tell (meter sums). */
  coveragePpm: number | null;
}

/** Best first. The order in which a bucket takes the worst of its intervals (settlement.md §11). */
const QUALITIES: readonly ReadingQuality[] = [
  "valid",
  "edited",
  "derived",
  "estimated",
  "projected",
  "questionable",
];

const MINUTE_MS = 60_000;

/** The worse of two reading qualities. */
export function worseQuality(one: ReadingQuality, other: ReadingQuality): ReadingQuality {
  return QUALITIES.indexOf(one) >= QUALITIES.indexOf(other) ? one : other;
}

/**
 * Sums the intervals of a day by the co-op's tariff buckets. An interval belongs to the bucket and the day that
 * its start lies in; intervals that start outside the window are left out. Buckets come in the order of the
 * tariff, also those without a reading, so that missing time stays visible as coverage.
 *
 * @param devices Names of the devices that should have readings; coverage is the mean over them.
 * @throws HearthError `TARIFF_GAP` when the tariff leaves part of the day without a bucket.
 */
export function bucketEnergy(input: {
  tariff: CoopTariff;
  window: { startMs: number; endMs: number };
  devices: readonly string[];
  intervals: readonly EnergyInterval[];
  source: EnergySource;
}): BucketEnergy[] {
  const { tariff, window, source } = input;
  const buckets = emptyBuckets(tariff, window);
  for (const interval of input.intervals) {
    if (interval.startMs < window.startMs || interval.startMs >= window.endMs) continue;
    const sum = buckets.get(bucketOf(tariff, interval.startMs).bucket);
    if (sum === undefined) continue;
    sum.wh += interval.wh;
    sum.readS += interval.seconds;
    sum.quality = sum.quality === null ? interval.quality : worseQuality(sum.quality, interval.quality);
  }
  return [...buckets.entries()].map(([bucket, sum]) => ({
    bucket,
    wh: sum.wh,
    rateUusdPerKwh: sum.rateUusdPerKwh,
    source,
    quality: sum.quality ?? "questionable",
    coveragePpm: coverage(sum.readS, sum.wholeS * input.devices.length),
  }));
}

interface BucketSum {
  rateUusdPerKwh: number;
  wh: number;
  wholeS: number;
  readS: number;
  quality: ReadingQuality | null;
}

/** Buckets that the day touches, with the time that each of them has. */
function emptyBuckets(
  tariff: CoopTariff,
  window: { startMs: number; endMs: number },
): Map<string, BucketSum> {
  const found = new Map<string, BucketSum>();
  for (let ms = window.startMs; ms < window.endMs; ms += MINUTE_MS) {
    const { bucket, rateUusdPerKwh } = bucketOf(tariff, ms);
    const sum = found.get(bucket) ?? { rateUusdPerKwh, wh: 0, wholeS: 0, readS: 0, quality: null };
    sum.wholeS += Math.min(MINUTE_MS, window.endMs - ms) / 1000;
    found.set(bucket, sum);
  }
  const ordered = tariff.buckets.flatMap(({ bucket }) => {
    const sum = found.get(bucket);
    return sum === undefined ? [] : [[bucket, sum] as const];
  });
  return new Map(ordered);
}

function coverage(readS: number, wantedS: number): number {
  return wantedS > 0 ? Math.min(1_000_000, Math.floor((readS / wantedS) * 1_000_000)) : 0;
}
