import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { MinerCapabilities } from "#src/model/miner.ts";
import { planPower } from "#src/model/power-plan.ts";

const able = (over: Partial<MinerCapabilities>): MinerCapabilities => ({
  ...{ canPause: true, power: "none", split: "none", minW: null, maxW: null, steps: [], idleW: 5 },
  ...{ wakeS: 60, tauS: 10, minOnS: 600, minOffS: 300, restartsOnChange: false, pausePersists: false },
  ...{
    splitStepPpm: null,
    poolSlots: 3,
    poolSwitch: "none",
    poolsNeedRestart: false,
    maxUserLength: 63,
    actions: {},
  },
  ...over,
});
const steps = (watts: number[], own = true) =>
  watts.map((targetW, index) => ({
    ...{
      label: `step ${index}`,
      targetW: own ? targetW : null,
      wallW: own ? targetW * 1.05 : targetW,
      hashrateThs: null,
    },
  }));

describe("a wish in watts", () => {
  it.each([
    [
      "on a rung",
      { power: "discrete", steps: steps([800, 1300, 1600]) },
      1300,
      { kind: "step", index: 1, powerW: 1300 },
    ],
    [
      "between rungs",
      { power: "discrete", steps: steps([800, 1300, 1600]) },
      1599,
      { kind: "step", index: 1 },
    ],
    ["below the lowest rung", { power: "discrete", steps: steps([800]) }, 799, { kind: "pause" }],
    [
      "below it without a pause",
      { power: "discrete", steps: steps([800]), canPause: false },
      1,
      { kind: "impossible" },
    ],
    [
      "by guessed draws",
      { power: "discrete", steps: steps([410, 550], false) },
      500,
      { kind: "step", index: 0, powerW: 410 },
    ],
    [
      "within a range",
      { power: "continuous", minW: 770, maxW: 3400 },
      1234,
      { kind: "target", powerW: 1230 },
    ],
    [
      "at its lower end",
      { power: "continuous", minW: 775, maxW: 3400 },
      778,
      { kind: "target", powerW: 775 },
    ],
    ["above it", { power: "continuous", minW: 770, maxW: 3400 }, 9000, { kind: "target", powerW: 3400 }],
    ["below it", { power: "continuous", minW: 770, maxW: 3400 }, 700, { kind: "pause" }],
    ["of nothing", { power: "continuous", minW: 770, maxW: 3400 }, 0, { kind: "pause" }],
    ["for a switch that is strong enough", { power: "onoff", maxW: 1500 }, 1500, { kind: "resume" }],
    ["for a switch that is too strong", { power: "onoff", maxW: 1500 }, 1400, { kind: "pause" }],
    ["for a device without a lever", { power: "none" }, 500, { kind: "impossible" }],
  ] as [string, Partial<MinerCapabilities>, number, object][])("%s", (_, over, wishW, expected) => {
    expect(planPower(able(over), wishW)).toMatchObject(expected);
  });

  it("is never passed, over any table of steps and any range", () => {
    const watts = fc.integer({ min: 1, max: 5000 });
    const discrete = fc
      .uniqueArray(watts, { minLength: 1, maxLength: 25 })
      .map((all) => able({ power: "discrete", steps: steps(all.sort((a, b) => a - b)) }));
    const continuous = fc
      .tuple(watts, watts)
      .map(([one, other]) =>
        able({ power: "continuous", minW: Math.min(one, other), maxW: Math.max(one, other) }),
      );
    fc.assert(
      fc.property(fc.oneof(discrete, continuous), fc.integer({ min: 0, max: 6000 }), (can, wishW) => {
        const plan = planPower(can, wishW);
        expect("powerW" in plan ? (plan.powerW ?? 0) : 0).toBeLessThanOrEqual(wishW);
        const lowestW = can.minW ?? can.steps[0]?.targetW ?? 0;
        expect(plan.kind === "pause").toBe(wishW < lowestW || wishW === 0);
      }),
      { numRuns: 20_000 },
    );
  });
});
