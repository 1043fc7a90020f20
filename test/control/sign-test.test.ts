import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { judgeSign } from "#src/control/sign-test.ts";

/** Readings of a meter around `gridW` (true, import positive), as that meter would tell it. */
function meter(tell: (gridW: number) => number, gridW: number, noiseW: readonly number[]): number[] {
  return noiseW.map((noise) => tell(gridW + noise));
}

const noise = fc.array(fc.integer({ min: -60, max: 60 }), { minLength: 5, maxLength: 5 });
const steps = fc.integer({ min: 600, max: 3500 }).chain((step) => fc.constantFrom(step, -step));
const grid = fc.integer({ min: -6000, max: 6000 });

function judge(tell: (gridW: number) => number, gridW: number, stepW: number, around: number[][]) {
  const [before = [], after = []] = around;
  return judgeSign({
    stepW,
    beforeW: meter(tell, gridW, before),
    afterW: meter(tell, gridW + stepW, after),
  });
}

describe("the sign of a meter", () => {
  it("is right when it rises with the load, whatever the house imports or exports", () => {
    fc.assert(
      fc.property(grid, steps, fc.tuple(noise, noise), (gridW, stepW, around) => {
        expect(judge((w) => w, gridW, stepW, around).verdict).toBe("import-positive");
      }),
    );
  });

  it("is found the wrong way round wherever the meter shows a minus", () => {
    fc.assert(
      fc.property(grid, steps, fc.tuple(noise, noise), (gridW, stepW, around) => {
        // Where such a meter stays above zero throughout, and near it, a folded one could look the same.
        fc.pre(Math.min(-gridW, -gridW - stepW) < -200 || -gridW > 2 * Math.abs(stepW));
        expect(judge((w) => -w, gridW, stepW, around).verdict).toBe("export-positive");
      }),
    );
  });

  it.each([
    ["on", 1000, -300],
    ["off", -1000, 300],
  ])("is missing where the meter folds at zero while the heater goes %s", (_, stepW, gridW) => {
    const quiet = [0, 4, -3, 2, 1];

    expect(judge(Math.abs, gridW, stepW, [quiet, quiet]).verdict).toBe("unsigned");
  });

  it.each([
    ["a meter of another circuit", { stepW: 1000, beforeW: [80, 81, 79], afterW: [82, 80, 81] }, "no-change"],
    ["a kettle in between", { stepW: 1000, beforeW: [80, 81, 79], afterW: [3080, 3081, 3079] }, "unclear"],
    ["too small a step", { stepW: 300, beforeW: [0, 0, 0], afterW: [300, 300, 300] }, "unclear"],
    ["too few readings", { stepW: 1000, beforeW: [0, 0], afterW: [1000, 1000] }, "unclear"],
    ["no readings", { stepW: 1000, beforeW: [], afterW: [] }, "unclear"],
  ])("is not told from %s", (_, test, verdict) => {
    expect(judgeSign(test)).toMatchObject({ verdict, scaleHint: null });
  });

  it("comes with a hint when the meter tells kilowatts", () => {
    const test = { stepW: -1000, beforeW: [2.512, 2.508, 2.511], afterW: [1.513, 1.509, 1.51] };

    expect(judgeSign(test)).toMatchObject({ verdict: "import-positive", scaleHint: 1000 });
  });
});
