import { describe, expect, test } from "vitest";
import { initialSource, judge, type SourceRules } from "#src/control/quality.ts";
import type { Reading } from "#src/control/types.ts";

const rules: SourceRules = {
  min: -100,
  max: 100,
  freshS: 15,
  staleS: 60,
  lostS: 300,
  freshPeriods: 2,
  jumpPerMinute: null,
  zeroReads: 1,
  recoverSamples: 3,
};
const at = (value: number | null, second: number, maxAgeS: number | null = null): Reading => ({
  value,
  receivedMono: second * 1000,
  seq: second,
  maxAgeS,
});

test("a source that never reported is lost", () => {
  expect(judge(initialSource(), null, rules, 5000, 0)).toMatchObject({
    value: null,
    age: "lost",
    ageS: null,
    unusableS: 5,
  });
});

test.each([
  [10, "fresh", 7],
  [30, "aging", 7],
  [70, "stale", null],
  [400, "lost", null],
])("after %i s a sample is %s", (second, age, value) => {
  const memory = initialSource();
  judge(memory, at(7, 0), rules, 0, 0);
  expect(judge(memory, at(7, 0), rules, second * 1000, 0)).toMatchObject({ age, value });
});

test.each([Number.NaN, Number.POSITIVE_INFINITY, null, 101, "5" as unknown as number])(
  "a sample of %s is dropped and the age grows",
  (bad) => {
    const memory = initialSource();
    judge(memory, at(7, 0), rules, 0, 0);
    expect(judge(memory, at(bad, 10), rules, 10_000, 0)).toMatchObject({ value: 7, ageS: 10, isNew: false });
  },
);

test("five values out of range in a minute make a source faulty, three good ones end it", () => {
  const memory = initialSource();
  judge(memory, at(7, 0), rules, 0, 0);
  for (let second = 1; second <= 5; second++) judge(memory, at(500, second), rules, second * 1000, 0);
  expect(judge(memory, null, rules, 6000, 0).age).toBe("faulty");
  const ages = [7, 8, 9].map((second) => judge(memory, at(5, second), rules, second * 1000, 0).age);
  expect(ages).toEqual(["faulty", "faulty", "fresh"]);
});

test("a slow source is not stale within four of its periods, except above its cap", () => {
  const memory = initialSource();
  for (let second = 0; second <= 300; second += 60) judge(memory, at(5, second), rules, second * 1000, 0);
  expect(judge(memory, null, rules, (300 + 110) * 1000, 0).age).toBe("fresh");
  expect(judge(memory, null, rules, (300 + 230) * 1000, 0).age).toBe("aging");
  expect(judge(memory, null, rules, (300 + 250) * 1000, 0).age).toBe("stale");
  const capped = initialSource();
  for (let second = 0; second <= 300; second += 60) judge(capped, at(5, second, 90), rules, second * 1000, 0);
  expect(judge(capped, at(5, 300, 90), rules, (300 + 100) * 1000, 0).age).toBe("stale");
});

test("after silence three good samples are needed", () => {
  const memory = initialSource();
  judge(memory, at(1, 0), rules, 0, 0);
  judge(memory, null, rules, 100_000, 0);
  const values = [101, 102, 103].map((second) => judge(memory, at(3, second), rules, second * 1000, 0).value);
  expect(values).toEqual([null, null, 3]);
});

describe("doubt", () => {
  test("a jump is believed when the next reading agrees", () => {
    const room = { ...rules, jumpPerMinute: 3 };
    const memory = initialSource();
    judge(memory, at(20, 0), room, 0, 0);
    expect(judge(memory, at(40, 10), room, 10_000, 0).value).toBe(20);
    expect(judge(memory, at(40.5, 20), room, 20_000, 0).value).toBe(40.5);
  });

  test("a state of charge of 0 is believed after three equal reads", () => {
    const soc = { ...rules, zeroReads: 3 };
    const memory = initialSource();
    judge(memory, at(50, 0), soc, 0, 0);
    const values = [1, 2, 3].map((second) => judge(memory, at(0, second), soc, second * 1000, 0).value);
    expect(values).toEqual([50, 50, 0]);
  });

  test("a receipt time from the future does not keep a source young", () => {
    const memory = initialSource();
    judge(memory, { value: 1, receivedMono: 9e9, seq: 1, maxAgeS: null }, rules, 1000, 0);
    expect(judge(memory, null, rules, 100_000, 0).age).toBe("stale");
  });
});
