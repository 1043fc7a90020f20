import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { HistoryPoint } from "#src/model/view.ts";
import { bucketSeries, rangeOf } from "#src/text/series.ts";
import { plotRows, rowOf, signedRows, sparkline } from "#src/text/sparkline.ts";

describe("sparklines", () => {
  it("rises through all eight blocks", () => {
    expect(sparkline([0, 1, 2, 3, 4, 5, 6, 7, 8], { min: 0, max: 8 })).toBe("▁▁▂▃▄▅▆▇█");
  });

  it("leaves a gap for the unknown and a thin line for the least value", () => {
    expect(sparkline([null, 5, Number.NaN, 9], { min: 5, max: 9 })).toBe(" ▁ █");
  });

  it("is empty for nothing, blank for all unknown, flat for a constant", () => {
    expect(sparkline([], null)).toBe("");
    expect(sparkline([null, null], rangeOf([null, null]))).toBe("  ");
    expect(sparkline([7, 7], rangeOf([7, 7]))).toBe("▄▄");
    expect(sparkline([0, 0], rangeOf([0, 0]))).toBe("▁▁");
  });

  it("stacks rows from below", () => {
    expect(plotRows([0, 4, 8, 16], 2, { min: 0, max: 16 })).toEqual(["   █", "▁▄██"]);
  });

  it("hangs exports from the zero line and stands imports on it", () => {
    expect(signedRows([100, -50, -100, null, 0], 1, 1, 100)).toEqual(["█    ", " ▀█  "]);
  });

  it("places a limit on its row, and not at all when it lies outside", () => {
    expect([0, 49, 51, 100, 101, null].map((value) => rowOf(value, 2, { min: 0, max: 100 }))).toEqual([
      1,
      1,
      0,
      0,
      null,
      null,
    ]);
  });

  it("draws one character a value, whatever the values are", () => {
    const value = fc.option(fc.double());
    fc.assert(
      fc.property(fc.array(value, { maxLength: 80 }), fc.integer({ min: 1, max: 8 }), (values, height) => {
        const rows = plotRows(values, height, rangeOf(values));
        expect(rows).toHaveLength(height);
        for (const row of rows) expect([...row]).toHaveLength(values.length);
      }),
    );
  });
});

describe("series", () => {
  const point = (minute: number, powerW: number | null): HistoryPoint => ({
    atMs: minute * 60_000,
    powerW,
    roomC: null,
    outdoorC: null,
    budgetW: null,
    pvW: null,
    gridW: null,
    eventLimitW: null,
  });
  const span = { fromMs: 0, toMs: 40 * 60_000 };

  it("takes the mean of the known values of a cell, and null where there are none", () => {
    const points = [point(0, 100), point(5, 300), point(12, null), point(25, 50), point(40, 70)];
    expect(bucketSeries(points, span, 4, ({ powerW }) => powerW)).toEqual([200, null, 50, 70]);
  });

  it("takes the last value of what jumps", () => {
    expect(bucketSeries([point(0, 100), point(5, 300)], span, 4, ({ powerW }) => powerW, "last")[0]).toBe(
      300,
    );
  });

  it("bridges the cells that a finer plot has between two points, but no real gap", () => {
    const points = [0, 1, 2, 3, 6, 7, 8, 9].map((minute) => point(minute, 10));
    const cells = bucketSeries(points, { fromMs: 0, toMs: 600_000 }, 20, ({ powerW }) => powerW);
    expect(cells.slice(0, 7)).toEqual([10, 10, 10, 10, 10, 10, 10]);
    expect(cells.slice(8, 12)).toEqual([null, null, null, null]);
  });
});
