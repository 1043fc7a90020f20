import { describe, expect, it } from "vitest";
import { createOutdoorMean } from "#src/daemon/outdoor-mean.ts";
import { isHeatingSeason } from "#src/daemon/safe-exit.ts";

const JANUARY = Date.UTC(2026, 0, 15, 12);
const JULY = Date.UTC(2026, 6, 15, 12);
const HOUR_MS = 3_600_000;

describe("the heating season", () => {
  it.each([
    [14.9, JULY, true],
    [15, JANUARY, false],
    [null, JANUARY, true],
    [null, JULY, false],
    [null, Date.UTC(2026, 3, 30), true],
    [null, Date.UTC(2026, 4, 1), false],
    [null, Date.UTC(2026, 9, 1), true],
  ])("with a day of %s degC at %i is %s", (meanC, wallMs, expected) => {
    expect(isHeatingSeason(meanC, wallMs)).toBe(expected);
  });
});

describe("the mean outdoor temperature of a day", () => {
  it("weighs every hour alike, forgets what is older than a day, and survives a restart", () => {
    const mean = createOutdoorMean(null);
    expect(mean.meanC(JANUARY)).toBeNull();
    mean.observe(-30, JANUARY - 24 * HOUR_MS);
    for (const outdoorC of [0, 1, 2]) mean.observe(outdoorC, JANUARY - HOUR_MS);
    mean.observe(11, JANUARY);

    expect(mean.meanC(JANUARY)).toBe(6);
    expect(createOutdoorMean(JSON.parse(JSON.stringify(mean.saved()))).meanC(JANUARY)).toBe(6);
    expect(mean.meanC(JANUARY + 24 * HOUR_MS)).toBeNull();
    expect(createOutdoorMean([{ hour: "x" }, null, 7]).meanC(JANUARY)).toBeNull();
  });
});
