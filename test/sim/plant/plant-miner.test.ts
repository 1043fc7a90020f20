import { describe, expect, test } from "vitest";
import { hashRateThs, type MinerPreset, minerFacts, minerPresets } from "#src/sim/plant/miner-presets.ts";
import { PlantMiner } from "#src/sim/plant/plant-miner.ts";

/** Runs a miner second by second; `commands` are setpoints by second. Answers its draw after each second. */
function run(miner: PlantMiner, seconds: number, commands: Record<number, number> = {}, fromS = 0): number[] {
  const drawW: number[] = [];
  for (let nowS = fromS; nowS < fromS + seconds; nowS += 1) {
    const watts = commands[nowS];
    if (watts !== undefined) miner.command(nowS, watts);
    if (nowS % 5 === 0) miner.poll(nowS);
    drawW.push(miner.step(nowS));
  }
  return drawW;
}

const miner = (preset: MinerPreset, seed = 1) => new PlantMiner(minerFacts[preset], seed, "miner");
const mean = (values: number[]) => values.reduce((sum, value) => sum + value, 0) / values.length;

describe("a reference miner", () => {
  test.each([
    ["C-3500", 3000, 90, 3000],
    ["C-3500", 100, 90, 800],
    ["C-500", 5000, 90, 1500],
    ["D-5", 2399, 60, 1600],
    ["D-5", 900, 60, 1000],
    ["X-1500", 700, 60, 1500],
    ["R-3400", 3400, 90, 3400],
  ] as const)(
    "%s told %i W wakes for %i s at 150 W and settles near %i W",
    (preset, askedW, wakeS, settledW) => {
      const device = miner(preset);
      const { idleW } = minerFacts[preset];
      const drawW = run(device, 900, { 0: askedW });

      expect(drawW.slice(0, 2)).toEqual([idleW, idleW]);
      expect(new Set(drawW.slice(2, 2 + wakeS))).toEqual(new Set([150]));
      expect(drawW[2 + wakeS]).not.toBe(150);
      expect(Math.abs(mean(drawW.slice(600)) / settledW - 1)).toBeLessThan(0.06);
    },
  );

  test.each([
    ["C-3500", 20],
    ["D-5", 50],
  ] as const)("%s rises by at most %i W in a second, besides its noise", (preset, rampWs) => {
    const drawW = run(miner(preset), 600, { 0: minerFacts[preset].maxW });
    const steps = drawW.slice(100).map((watts, index) => watts - (drawW[99 + index] ?? watts));

    expect(Math.max(...steps)).toBeLessThanOrEqual(rampWs + 16);
    expect(Math.max(...steps)).toBeGreaterThan(rampWs / 2);
  });

  test("falls by 100 W a second to its rest when it is stopped, also while waking", () => {
    const drawW = run(miner("C-3500"), 460, { 0: 3000, 400: 0 });
    const [beforeW = 0] = drawW.slice(401, 402);

    expect(drawW[402]).toBeGreaterThan(beforeW - 100 - 8);
    expect(
      drawW
        .slice(402, 412)
        .every((watts, index, all) => index === 0 || watts === (all[index - 1] ?? 0) - 100),
    ).toBe(true);
    expect(drawW.at(-1)).toBe(15);
    expect(run(miner("C-3500"), 60, { 0: 3000, 30: 0 }).at(-1)).toBe(15);
  });

  test("R-3400 drops to 150 W for 60 s on a change, and anew on a further change", () => {
    const drawW = run(miner("R-3400"), 900, { 0: 2000, 500: 2500, 530: 2600, 700: 2600 });

    expect(drawW[501]).toBeGreaterThan(1800);
    expect(new Set(drawW.slice(502, 592))).toEqual(new Set([150]));
    expect(drawW[592]).not.toBe(150);
    // The same setpoint once more is no change.
    expect(drawW[705]).toBeGreaterThan(1000);
  });

  test("draws a new steady error at each start, about 1.5 % wide, and 8 W of noise each second", () => {
    const gains = Array.from({ length: 300 }, (_, seed) => {
      const drawW = run(miner("C-3500", seed), 500, { 0: 2000 }).slice(300);
      expect(Math.max(...drawW) - Math.min(...drawW)).toBeLessThanOrEqual(16.5);
      return mean(drawW) / 2000 - 1;
    }).filter((gain) => gain > -0.5);
    const deviation = Math.sqrt(mean(gains.map((gain) => gain ** 2)));

    expect(Math.abs(mean(gains))).toBeLessThan(0.004);
    expect(deviation).toBeGreaterThan(0.012);
    expect(deviation).toBeLessThan(0.018);
  });

  test("loses about one command in 500 and is silent for 30 s about once in 2000 polls", () => {
    const device = miner("C-3500");
    let [heard, silences] = [0, 0];
    for (let nowS = 0; nowS < 100_000; nowS += 5) {
      device.command(nowS, nowS % 10 === 0 ? 1000 : 2000);
      device.poll(nowS);
      for (let second = 0; second < 5; second += 1) device.step(nowS + second);
      if (device.targetW === (nowS % 10 === 0 ? 1000 : 2000)) heard += 1;
      if (device.missedPolls === 6) silences += 1;
      expect(device.missedPolls).toBeLessThanOrEqual(12);
    }

    expect(20_000 - heard).toBeGreaterThan(20);
    expect(20_000 - heard).toBeLessThan(65);
    expect(silences).toBeGreaterThan(2);
    expect(silences).toBeLessThan(22);
  });

  test("reports the draw of five seconds ago in whole watts", () => {
    const device = miner("C-3500");
    const drawW = run(device, 201, { 0: 3000 });

    expect(device.reportedS).toBe(200);
    expect(device.reportedW).toBe(Math.round(drawW[194] ?? 0));
  });

  test.each(minerPresets)(
    "%s repeats itself to the last bit with the same seed, and only with it",
    (preset) => {
      const commands = { 0: 3000, 300: 1200, 450: 0 };
      const first = run(miner(preset, 3), 600, commands);

      expect(run(miner(preset, 3), 600, commands)).toEqual(first);
      expect(run(miner(preset, 4), 600, commands)).not.toEqual(first);
    },
  );
});

test.each([
  [0, 0],
  [400, 23],
  [800, 46],
  [2000, 106],
  [3500, 165],
  [9000, 165],
])("%i W make %d TH/s", (watts, ths) => {
  expect(hashRateThs(watts)).toBeCloseTo(ths, 9);
});
