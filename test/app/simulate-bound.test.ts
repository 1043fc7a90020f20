import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { boundSurplus } from "#src/app/simulate-bound.ts";
import { boundCost } from "#src/app/simulate-cost-bound.ts";
import { parseTrace } from "#src/app/simulate-trace.ts";
import { minerFacts, type PlantMinerFacts } from "#src/sim/plant/miner-presets.ts";

const KAPPA = 2;

/** A miner with so few levels that each of its days can be tried, so large that a start pays within minutes. */
function tiny(minOnMin: number, minOffMin: number, wakeMin: number, rampW: number): PlantMinerFacts {
  return {
    ...minerFacts["C-3500"],
    minW: 10_000,
    maxW: 30_000,
    stepsW: [10_000, 20_000, 30_000],
    minOnS: minOnMin * 60,
    minOffS: minOffMin * 60,
    wakeS: wakeMin * 60 + 30,
    rampUpWs: rampW / 60,
  };
}

/** What a miner does in a minute: rests, wakes, or runs at a level. */
type Minute = "off" | "wake" | number;

/** Best value of all sequences of minutes that a miner may have, found by trying each. */
function bestByTrying(surplusW: readonly number[], facts: PlantMinerFacts): number {
  const levels = facts.stepsW;
  const wake = Math.floor(facts.wakeS / 60);
  const sequences = (length: number): Minute[][] =>
    length === 0
      ? [[]]
      : sequences(length - 1).flatMap((head) =>
          (["off", "wake", ...levels.keys()] as Minute[]).map((next) => [...head, next]).filter(isPossible),
        );
  return Math.max(...sequences(surplusW.length).map(worthOf));

  function isPossible(day: Minute[]): boolean {
    const at = day.length - 1;
    const [before = "off", now = "off"] = [day[at - 1], day[at]];
    const run = lengthOfRun(day.slice(0, -1));
    if (now === "off") return before === "off" || (typeof before === "number" && run > facts.minOnS / 60);
    if (now === "wake") {
      const hasNeverRun = day.slice(0, -1).every((minute) => minute === "off");
      return before === "wake" ? run < wake : before === "off" && (hasNeverRun || run > facts.minOffS / 60);
    }
    if (before === "wake") return run === wake && now === 0;
    if (before === "off") return false;
    return (levels[now] ?? 0) - (levels[before] ?? 0) <= facts.rampUpWs * 60;
  }

  function lengthOfRun(day: Minute[]): number {
    const kind = (minute: Minute | undefined) => (typeof minute === "number" ? "on" : minute);
    let length = 0;
    while (length < day.length && kind(day.at(-1 - length)) === kind(day.at(-1))) length += 1;
    return length;
  }

  function worthOf(day: Minute[]): number {
    return day.reduce((sum: number, minute, at) => {
      const watts = minute === "off" ? 0 : minute === "wake" ? 150 : (levels[minute] ?? 0);
      const spareW = surplusW[at] ?? 0;
      const kwh = (Math.min(watts, spareW) - KAPPA * Math.max(watts - spareW, 0)) / 60_000;
      const isStart = minute === "wake" && day[at - 1] !== "wake";
      return sum + kwh - (isStart ? 0.05 : 0);
    }, 0);
  }
}

describe("the clairvoyant bound for the surplus", () => {
  test("is what trying every day gives, for tiny miners", () => {
    fc.assert(
      fc.property(
        fc.array(fc.integer({ min: 0, max: 12 }), { minLength: 1, maxLength: 8 }),
        fc.integer({ min: 0, max: 2 }),
        fc.integer({ min: 0, max: 2 }),
        fc.integer({ min: 1, max: 2 }),
        fc.constantFrom(10_000, 20_000),
        (tens, minOn, minOff, wake, rampW) => {
          const surplusW = tens.map((value) => value * 3000);
          const facts = tiny(minOn, minOff, wake, rampW);
          const bound = boundSurplus(surplusW, facts);
          expect(bound.jKwh).toBeCloseTo(bestByTrying(surplusW, facts), 9);
          const parts = bound.capturedKwh - KAPPA * bound.importCausedKwh - 0.05 * bound.starts;
          expect(parts).toBeCloseTo(bound.jKwh, 9);
        },
      ),
      { numRuns: 80 },
    );
  });

  test("starts once for steady sun and takes it all after the ramp", () => {
    const bound = boundSurplus(new Float64Array(600).fill(2000), minerFacts["C-3500"]);

    // One minute of waking at 150 W, one at 800 W, then 2000 W.
    expect(bound).toMatchObject({ starts: 1, importCausedKwh: 0 });
    expect(bound.capturedKwh).toBeCloseTo((150 + 800 + 598 * 2000) / 60_000, 6);
  });

  test("does nothing without sun", () => {
    expect(boundSurplus(new Float64Array(60), minerFacts["R-3400"])).toEqual({
      capturedKwh: 0,
      importCausedKwh: 0,
      starts: 0,
      jKwh: 0,
    });
  });
});

describe("the lowest possible cost", () => {
  const miners = [minerFacts["C-500"]];
  const rest = { miners, batteryPercent: null, setC: 20, maxC: 26, limitAt: () => Number.NaN };
  const hour = (row: string) => parseTrace(`t,${HEAD}\n0,${row}\n1800,${row}\n`, "x");
  const HEAD = "pv_w,load_w,outdoor_c,import_usd_kwh,export_usd_kwh";
  // The best mined kWh of a C-500 is one at 800 to 1600 W: 57.5 TH a kW or less.
  const minedUsdKwh = (57.5 * 0.05) / 24;

  test("draws all that pays and nothing else", async () => {
    const cheap = await boundCost({ ...rest, trace: hour("0,500,0,0.05,0"), house: "none" });
    const dear = await boundCost({ ...rest, trace: hour("0,500,0,0.3,0"), house: "none" });
    const sunny = await boundCost({ ...rest, trace: hour("1000,500,0,0.3,0.02"), house: "none" });

    expect(cheap.costUsd).toBeCloseTo(24 * (2 * 0.05 - 1.5 * minedUsdKwh), 6);
    expect(dear.costUsd).toBeCloseTo(24 * 0.5 * 0.3, 6);
    expect(sunny.costUsd).toBeCloseTo(-24 * 0.5 * minedUsdKwh, 6);
  });

  test("heats when the room needs it, and keeps an event's limit before money", async () => {
    const cold = { ...rest, trace: hour("0,0,-10,0.5,0"), house: "room" } as const;
    const heated = await boundCost(cold);
    const limited = await boundCost({ ...cold, limitAt: () => 0 });

    expect(heated.costUsd ?? 0).toBeGreaterThan(0.5);
    expect(limited.costUsd).toBeCloseTo(0, 6);
  });

  test("lets a battery carry what is cheap to what is dear", async () => {
    const rows = ["0,0,0.02,0", "14400,0,0.02,0", "28800,1000,0.5,0", "43200,1000,0.5,0"].join("\n");
    const trace = parseTrace(`t,load_w,import_usd_kwh,export_usd_kwh\n${rows}\n`, "x");
    const without = await boundCost({ ...rest, miners: [], trace, house: "none" });
    const withOne = await boundCost({ ...rest, miners: [], trace, house: "none", batteryPercent: 0 });

    expect(without.costUsd).toBeCloseTo(((8 * 0.5) / 16) * 24, 6);
    expect(withOne.costUsd).toBeCloseTo((((8 / 0.95 ** 2) * 0.02) / 16) * 24, 6);
  });

  test("says why there is none", async () => {
    const unpriced = parseTrace("t,pv_w\n0,1\n1800,1\n", "x");
    const gap = hour(",500,0,0.05,0");

    expect((await boundCost({ ...rest, trace: unpriced, house: "none" })).reason).toContain("both prices");
    expect((await boundCost({ ...rest, trace: gap, house: "none" })).reason).toContain("gaps");
  });
});
