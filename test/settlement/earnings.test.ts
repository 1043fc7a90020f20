import { describe, expect, it } from "vitest";
import {
  breakEvenCentsKwh,
  expectedMsat,
  fppsMsat,
  netMsat,
  parseBtc,
  parseSats,
  shareForZero,
  subsidySats,
  valueUusd,
} from "#src/settlement/earnings.ts";

const network = { rewardSats: 313_312_160n, networkDifficulty: 138_966_872_071_213n };

describe("expected earnings", () => {
  it("give the document's worked figure", () => {
    expect(expectedMsat({ hashrateHs: 40n * 10n ** 12n, seconds: 82_800n, ...network })).toBe(1_738_587n);
  });

  it.each([
    [540_213_248n, 1_217_954n, 1_193_594n],
    [230_883_328n, 520_545n, 510_134n],
  ])("turn %d shares into %d msat gross and %d net of 2 percent", (difficulty1Shares, gross, net) => {
    expect(fppsMsat({ difficulty1Shares, ...network })).toBe(gross);
    expect(netMsat(gross, 20_000n)).toBe(net);
  });

  it("are worth the document's micro-dollars", () => {
    expect(valueUusd(1_193_594n, 7_640_100n)).toBe(911_918n);
  });

  it.each([
    [45.4, 60_000, [7.6, 5.7, 3.8, 1.1]],
    [45.4, 76_401, [9.6, 7.2, 4.8, 1.4]],
    [50.2, 76_401, [10.7, 8.0, 5.3, 1.6]],
    [45.4, 100_000, [12.6, 9.5, 6.3, 1.9]],
  ])("break even at %d sat and %d $ as the table says", (satPerThDay, usdPerBtc, expected) => {
    const found = [15, 20, 30, 100].map((jPerTh) => breakEvenCentsKwh({ satPerThDay, usdPerBtc, jPerTh }));
    for (const [index, cents] of found.entries()) {
      expect(Math.abs(cents - (expected[index] ?? 0))).toBeLessThanOrEqual(0.06);
    }
  });

  it("know the subsidy from the height", () => {
    expect([0, 839_999, 840_000, 1_049_999, 1_050_000].map(subsidySats)).toEqual([
      5_000_000_000n,
      625_000_000n,
      312_500_000n,
      312_500_000n,
      156_250_000n,
    ]);
  });
});

describe("the share needed for zero", () => {
  it("is the smallest that covers the charge", () => {
    const day = { chargeUusd: 500_000n, netMsatTotal: 1_703_728n, centsPerBtc: 7_640_100n };
    const { sharePpm, shortfallUusd } = shareForZero(day);
    const credit = (ppm: number) => (day.netMsatTotal * BigInt(ppm) * 76_401_000_000n) / 10n ** 17n;
    expect(shortfallUusd).toBe(0n);
    expect(credit(sharePpm)).toBeGreaterThanOrEqual(500_000n);
    expect(credit(sharePpm - 1)).toBeLessThan(500_000n);
  });

  it("is capped and then names the shortfall", () => {
    const day = { chargeUusd: 1_668_300n, netMsatTotal: 1_703_728n, centsPerBtc: 7_640_100n };
    expect(shareForZero(day)).toEqual({ sharePpm: 1_000_000, shortfallUusd: 1_668_300n - 1_301_665n });
    expect(shareForZero({ ...day, netMsatTotal: 0n })).toEqual({
      sharePpm: 1_000_000,
      shortfallUusd: 1_668_300n,
    });
    expect(shareForZero({ ...day, chargeUusd: 0n })).toEqual({ sharePpm: 0, shortfallUusd: 0n });
  });
});

describe("amounts from pools", () => {
  it.each<[string, bigint | null]>([
    ["0.00385090", 385_090n],
    ["1", 100_000_000n],
    ["0.123456780000", 12_345_678n],
    ["20999999.97690000", 2_099_999_997_690_000n],
    ["0.123456781", null],
    ["1e-8", null],
    ["-0.1", null],
    ["+0.1", null],
    [".5", null],
    ["1.", null],
    ["", null],
    ["0x10", null],
  ])("read %j BTC as %s sat", (text, expected) => {
    expect(parseBtc(text)).toBe(expected);
  });

  it.each<[unknown, bigint | null]>([
    [1200, 1200n],
    ["1200", 1200n],
    [12.5, null],
    ["12.5", null],
    [-1, null],
    [2 ** 53, null],
    [null, null],
  ])("read the satoshi field %j as %s", (value, expected) => {
    expect(parseSats(value)).toBe(expected);
  });
});
