import { describe, expect, it } from "vitest";
import { energyWindow } from "#src/settlement/day.ts";
import { bucketEnergy, type EnergyInterval } from "#src/settlement/energy.ts";
import { bucketOf, type CoopTariff, priceAt } from "#src/settlement/tariff.ts";

const tz = "America/Chicago";
const at = (text: string) => Date.parse(text);

const tariff: CoopTariff = {
  id: "tou",
  tz,
  buckets: [
    { bucket: "on_peak", rate_uusd_per_kwh: 180_000, windows: [{ days: "1-5", from: "17:00", to: "21:00" }] },
    { bucket: "night", rate_uusd_per_kwh: 60_000, windows: [{ days: "1-7", from: "22:00", to: "06:00" }] },
    { bucket: "off_peak", rate_uusd_per_kwh: 82_000, windows: [] },
  ],
};

describe("the co-op's buckets", () => {
  it.each([
    ["Thursday 16:59", "2026-01-15T22:59:59Z", "off_peak"],
    ["Thursday 17:00", "2026-01-15T23:00:00Z", "on_peak"],
    ["Thursday 20:59", "2026-01-16T02:59:59Z", "on_peak"],
    ["Thursday 21:00", "2026-01-16T03:00:00Z", "off_peak"],
    ["Saturday 18:00", "2026-01-18T00:00:00Z", "off_peak"],
    ["Thursday 22:00, past midnight", "2026-01-16T04:00:00Z", "night"],
    ["Friday 05:59, from the day before", "2026-01-16T11:59:00Z", "night"],
    ["Friday 06:00", "2026-01-16T12:00:00Z", "off_peak"],
  ])("%s", (_name, instant, bucket) => {
    expect(bucketOf(tariff, at(instant)).bucket).toBe(bucket);
  });

  it("give the rate, and refuse an instant that none covers", () => {
    expect(bucketOf(tariff, at("2026-01-15T23:00:00Z")).rateUusdPerKwh).toBe(180_000);
    const gappy = { ...tariff, buckets: tariff.buckets.slice(0, 1) };
    expect(() => bucketOf(gappy, at("2026-01-15T12:00:00Z"))).toThrow(
      expect.objectContaining({ code: "TARIFF_GAP" }),
    );
  });
});

describe("the home's prices", () => {
  const own = {
    id: "own",
    tz,
    windows: [
      { days: "1-5", from: "17:00", to: "24:00", import_usd_kwh: 0.24 },
      { days: "6-1", from: "00:00", to: "06:00", import_usd_kwh: 0.07 },
      { days: "3", from: "00:00", to: "06:00", import_usd_kwh: -0.01 },
    ],
    export_usd_kwh: 0.03,
  };

  it.each([
    ["2026-01-15T23:30:00Z", 0.24],
    ["2026-01-18T08:00:00Z", 0.07],
    ["2026-01-12T07:00:00Z", 0.07],
    ["2026-01-14T08:00:00Z", -0.01],
    ["2026-01-15T18:00:00Z", null],
  ])("at %s is %s", (instant, importUsdKwh) => {
    expect(priceAt(own, at(instant))).toEqual({
      importUsdKwh,
      exportUsdKwh: 0.03,
      highestImportUsdKwh: 0.24,
    });
  });

  it("are unknown without a tariff or windows", () => {
    const unknown = { importUsdKwh: null, exportUsdKwh: null, highestImportUsdKwh: null };
    expect(priceAt(null, 0)).toEqual(unknown);
    expect(priceAt({ ...own, windows: [], export_usd_kwh: null }, 0)).toEqual(unknown);
  });
});

describe("the energy of a day by bucket", () => {
  const window = energyWindow("2026-01-15", tz);
  const quarters = (change: (index: number) => Partial<EnergyInterval> | null): EnergyInterval[] =>
    Array.from({ length: 96 }, (_, index) => {
      const changed = change(index);
      const base = { miner: "mini3", startMs: window.startMs + index * 900_000, seconds: 900, wh: 200 };
      return changed === null ? [] : [{ ...base, quality: "valid" as const, ...changed }];
    }).flat();
  const sum = (intervals: EnergyInterval[], devices = ["mini3"]) =>
    bucketEnergy({ tariff, window, devices, intervals, source: "miner" });

  it("adds every interval to the bucket that it starts in", () => {
    expect(sum(quarters(() => ({}))).map(({ bucket, wh, coveragePpm }) => [bucket, wh, coveragePpm])).toEqual(
      [
        ["on_peak", 16 * 200, 1_000_000],
        ["night", 32 * 200, 1_000_000],
        ["off_peak", 48 * 200, 1_000_000],
      ],
    );
  });

  it("keeps missing time visible and takes the worst quality", () => {
    const buckets = sum(
      quarters((index) => {
        if (index >= 68 && index < 72) return null;
        return index === 72 ? { quality: "estimated", seconds: 450 } : {};
      }),
    );
    expect(buckets[0]).toMatchObject({
      bucket: "on_peak",
      wh: 12 * 200,
      quality: "estimated",
      coveragePpm: 718_750,
    });
    expect(buckets[1]).toMatchObject({ quality: "valid", coveragePpm: 1_000_000 });
  });

  it("measures coverage over every device that should have readings", () => {
    expect(
      sum(
        quarters(() => ({})),
        ["mini3", "axe"],
      ).map((bucket) => bucket.coveragePpm),
    ).toEqual([500_000, 500_000, 500_000]);
  });

  it("has every bucket of the day without a reading at all, as unknown time", () => {
    expect(sum([]).map(({ wh, quality, coveragePpm }) => [wh, quality, coveragePpm])).toEqual([
      [0, "questionable", 0],
      [0, "questionable", 0],
      [0, "questionable", 0],
    ]);
  });

  it("leaves out what belongs to another day, and counts a day of 23 hours in full", () => {
    const outside = {
      miner: "mini3",
      startMs: window.endMs,
      seconds: 900,
      wh: 999,
      quality: "valid",
    } as const;
    expect(sum([outside]).every((bucket) => bucket.wh === 0)).toBe(true);
    const short = energyWindow("2026-03-08", tz);
    const hours = Array.from({ length: 23 }, (_, index) => ({
      ...outside,
      startMs: short.startMs + index * 3_600_000,
      seconds: 3600,
      wh: 100,
    }));
    const buckets = bucketEnergy({
      tariff,
      window: short,
      devices: ["mini3"],
      intervals: hours,
      source: "miner",
    });
    expect(buckets.reduce((total, bucket) => total + bucket.wh, 0)).toBe(2300);
    expect(buckets.map((bucket) => bucket.coveragePpm)).toEqual([1_000_000, 1_000_000]);
  });
});
