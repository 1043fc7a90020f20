import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { floorDivide, halfEven, largestRemainder } from "#src/settlement/rounding.ts";

describe("rounding half to even", () => {
  it.each([
    [5n, 2n, 2n],
    [7n, 2n, 4n],
    [-5n, 2n, -2n],
    [-7n, 2n, -4n],
    [1n, 3n, 0n],
    [2n, 3n, 1n],
    [-2n, 3n, -1n],
    [0n, 9n, 0n],
  ])("turns %d / %d into %d", (numerator, denominator, expected) => {
    expect(halfEven(numerator, denominator)).toBe(expected);
  });

  it("is never more than half a unit off and even at the half", () => {
    fc.assert(
      fc.property(
        fc.bigInt(-(10n ** 30n), 10n ** 30n),
        fc.bigInt(1n, 10n ** 15n),
        (numerator, denominator) => {
          const result = halfEven(numerator, denominator);
          const doubled = 2n * (numerator - result * denominator);
          const size = doubled < 0n ? -doubled : doubled;
          expect(size <= denominator).toBe(true);
          if (size === denominator) expect(result % 2n).toBe(0n);
        },
      ),
    );
  });

  it("refuses a denominator that is not above zero", () => {
    expect(() => halfEven(1n, 0n)).toThrow(RangeError);
    expect(floorDivide(-1n, 2n)).toBe(-1n);
  });
});

describe("largest remainder", () => {
  const weights: [string, bigint][] = [
    ["a", 540_213_248n],
    ["b", 100_000_000n],
    ["c", 77_777_777n],
  ];

  it("divides the document's example", () => {
    expect([...largestRemainder(250_000_123n, new Map(weights))]).toEqual([
      ["a", 188_098_979n],
      ["b", 34_819_394n],
      ["c", 27_081_750n],
    ]);
  });

  it("breaks ties by ascending key", () => {
    const equal = new Map([
      ["c", 1n],
      ["a", 1n],
      ["b", 1n],
    ]);
    expect(largestRemainder(5n, equal)).toEqual(
      new Map([
        ["a", 2n],
        ["b", 2n],
        ["c", 1n],
      ]),
    );
  });

  it("always adds up to the whole, whatever the order, each part within one unit of its due", () => {
    const entries = fc.uniqueArray(fc.tuple(fc.string({ maxLength: 4 }), fc.bigInt(0n, 10n ** 18n)), {
      minLength: 1,
      maxLength: 12,
      selector: ([key]) => key,
    });
    fc.assert(
      fc.property(fc.bigInt(0n, 10n ** 15n), entries, fc.infiniteStream(fc.nat()), (total, parts, order) => {
        const sum = parts.reduce((running, [, weight]) => running + weight, 0n);
        fc.pre(sum > 0n);
        const keyed = parts.map((part) => ({ part, at: order.next().value ?? 0 }));
        const shuffled = keyed.sort((one, other) => one.at - other.at).map(({ part }) => part);

        const result = largestRemainder(total, new Map(parts));

        expect([...result.values()].reduce((running, part) => running + part, 0n)).toBe(total);
        expect(largestRemainder(total, new Map(shuffled))).toEqual(result);
        for (const [key, weight] of parts) {
          const off = (result.get(key) ?? -1n) * sum - total * weight;
          expect(off > -sum && off < sum).toBe(true);
        }
      }),
    );
  });

  it("gives nothing for no total and refuses a total without weights", () => {
    expect(largestRemainder(0n, new Map([["a", 0n]]))).toEqual(new Map([["a", 0n]]));
    expect(() => largestRemainder(1n, new Map([["a", 0n]]))).toThrow(RangeError);
    expect(() => largestRemainder(-1n, new Map(weights))).toThrow(RangeError);
  });
});
