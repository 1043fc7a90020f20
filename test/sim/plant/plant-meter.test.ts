import { expect, test } from "vitest";
import { PlantBattery } from "#src/sim/plant/battery.ts";
import { type MeterPreset, meterFacts, PlantMeter } from "#src/sim/plant/plant-meter.ts";

/** What a meter shows at each tick when the truth is ten times the second. */
function shown(preset: MeterPreset, seconds: number): { nowS: number; valueW: number; seq: number }[] {
  const meter = new PlantMeter(meterFacts[preset], 1, "grid");
  const seen = [];
  for (let nowS = 0; nowS <= seconds; nowS += 5) {
    if (meter.isSampling(nowS)) meter.sample(nowS, 10 * nowS);
    meter.deliver(nowS);
    seen.push({ nowS, valueW: meter.valueW, seq: meter.seq });
  }
  return seen;
}

test.each([
  ["M5", 5, 5],
  ["P30", 30, 30],
  ["P60", 60, 60],
] as const)(
  "%s shows nothing before %i s, then samples that are as old as they should be",
  (preset, firstS, ageS) => {
    const seen = shown(preset, 600);

    for (const { nowS, valueW } of seen) {
      if (nowS < firstS) expect(valueW).toBeNaN();
      else {
        const { periodS, latencyS } = meterFacts[preset];
        const sampledS = Math.floor((nowS - latencyS) / periodS) * periodS;
        expect(Math.abs(valueW - 10 * sampledS)).toBeLessThan(60);
        expect(nowS - sampledS).toBeGreaterThanOrEqual(ageS);
        expect(Number.isInteger(valueW)).toBe(true);
      }
    }
    expect(seen.at(-1)?.seq).toBe(
      Math.floor((600 - meterFacts[preset].latencyS) / meterFacts[preset].periodS) + 1,
    );
  },
);

test("the noise of a meter is about 10 W wide around the truth", () => {
  const meter = new PlantMeter(meterFacts.M5, 2, "grid");
  const errors = Array.from({ length: 4000 }, (_, index) => {
    meter.sample(index * 5, 500);
    meter.deliver(index * 5 + 2);
    return meter.valueW - 500;
  });
  const mean = errors.reduce((sum, error) => sum + error, 0) / errors.length;
  const deviation = Math.sqrt(errors.reduce((sum, error) => sum + error ** 2, 0) / errors.length);

  expect(Math.abs(mean)).toBeLessThan(0.6);
  expect(Math.abs(deviation - 10)).toBeLessThan(0.5);
});

test("a muted meter keeps its last value without a new sample; a lying one says what it was told to", () => {
  const meter = new PlantMeter(meterFacts.M5, 1, "grid");
  meter.sample(0, 100);
  meter.deliver(5);
  const { valueW, seq } = meter;
  meter.mutedUntilS = 20;
  meter.sample(5, 900);
  meter.deliver(10);
  expect([meter.valueW, meter.seq]).toEqual([valueW, seq]);
  meter.lie(40, Number.NaN);
  meter.sample(20, 900);
  meter.deliver(25);
  expect([meter.valueW, meter.seq]).toEqual([Number.NaN, seq + 1]);
});

test("a sample of what is not known is no sample", () => {
  const meter = new PlantMeter(meterFacts.M5, 1, "grid");
  meter.sample(0, Number.NaN);
  meter.deliver(5);

  expect(meter.seq).toBe(0);
});

test("the battery holds the grid at zero after some seconds, keeps its limits, and loses a tenth on the way", () => {
  const battery = new PlantBattery(50);
  for (let second = 0; second < 20; second += 1) battery.step(-2000);
  expect(battery.powerW).toBeCloseTo(-2000, -1);
  for (let second = 0; second < 40_000; second += 1) battery.step(-9000);
  expect(battery.socPercent).toBeCloseTo(100, 6);
  expect(battery.powerW).toBeCloseTo(0, 6);
  let outWh = 0;
  for (let second = 0; second < 40_000; second += 1) outWh += battery.step(9000) / 3600;
  expect(battery.socPercent).toBeCloseTo(0, 6);
  expect(outWh).toBeCloseTo(10_000 * Math.sqrt(0.9), -1);
});
