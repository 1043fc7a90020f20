import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  formatCents,
  formatDifficulty,
  formatEnergy,
  formatMsat,
  formatPpm,
  formatSats,
  formatTemperature,
  formatUusd,
  formatWatts,
  UNKNOWN,
} from "#src/text/format.ts";

describe("numbers for people", () => {
  it.each([
    [formatWatts(0), "0 W"],
    [formatWatts(-0.2), "0 W"],
    [formatWatts(1199.6), "1200 W"],
    [formatWatts(-420), "-420 W"],
    [formatWatts(9_999.6), "10.0 kW"],
    [formatWatts(12_340), "12.3 kW"],
    [formatEnergy(9_420), "9.42 kWh"],
    [formatEnergy(0), "0.00 kWh"],
    [formatEnergy(18_415), "18.4 kWh"],
    [formatEnergy(1_234_567), "1,235 kWh"],
    [formatTemperature(20.43, "C"), "20.4 °C"],
    [formatTemperature(20.43, "F"), "68.8 °F"],
    [formatTemperature(-40, "F"), "-40.0 °F"],
    [formatTemperature(-0.04, "C"), "0.0 °C"],
    [formatSats(1_193), "1,193 sats"],
    [formatSats(1), "1 sat"],
    [formatSats(0n), "0 sats"],
    [formatMsat(1_193_594), "1,193.594 sats"],
    [formatMsat(-5), "-0.005 sats"],
    [formatCents(91), "$0.91"],
    [formatCents(-120_000), "-$1,200.00"],
    [formatDifficulty("540213248"), "540.2 M"],
    [formatDifficulty("17"), "17"],
    [formatDifficulty("nonsense"), UNKNOWN],
  ])("%s is written as %s", (written, expected) => expect(written).toBe(expected));

  it.each([
    [1_668_300, 4, "$1.6683"],
    [1_668_250, 4, "$1.6682"],
    [1_668_350, 4, "$1.6684"],
    [-1_668_350, 4, "-$1.6684"],
    [5_000, 2, "<$0.01"],
    [15_000, 2, "$0.02"],
    [25_000, 2, "$0.02"],
    [4_000, 2, "<$0.01"],
    [0, 2, "$0.00"],
    [911_918, 6, "$0.911918"],
  ])(
    "%d micro-dollars at %d decimals are %s, half to even and never a false zero",
    (uusd, decimals, expected) => {
      expect(formatUusd(uusd, decimals)).toBe(expected);
    },
  );

  it.each([
    [300_000, "30 %"],
    [300_152, "30.0152 %"],
    [1, "0.0001 %"],
    [0, "0 %"],
    [1_000_000, "100 %"],
    [305_000, "30.5 %"],
  ])("%d ppm are %s, to four decimals at most", (ppm, expected) => expect(formatPpm(ppm)).toBe(expected));

  it("writes every share so that its ppm can be read back", () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 1_000_000 }), (ppm) => {
        expect(Math.round(Number.parseFloat(formatPpm(ppm)) * 10_000)).toBe(ppm);
      }),
    );
  });

  it("shows an en dash for what is not known, never 0", () => {
    const unknowns = [null, undefined, Number.NaN, Number.POSITIVE_INFINITY];
    const formats = [formatWatts, formatEnergy, formatSats, formatCents, formatPpm];
    for (const format of formats) for (const value of unknowns) expect(format(value)).toBe(UNKNOWN);
    for (const value of unknowns) expect(formatTemperature(value, "F")).toBe("– °F");
    expect(formatUusd(null)).toBe(UNKNOWN);
  });
});
