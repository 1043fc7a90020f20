import { expect, test } from "vitest";
import { createRandom } from "#src/sim/random.ts";

test("a stream is the same whatever other streams were drawn before", () => {
  const first = createRandom(7);
  const second = createRandom(7);
  second.fork("other").next();
  for (let draw = 0; draw < 10; draw += 1) second.next();
  expect(draws(second.fork("axe"))).toEqual(draws(first.fork("axe")));
  expect(draws(createRandom(7).fork("axe"))).not.toEqual(draws(createRandom(7).fork("mini3")));
  expect(draws(createRandom(8).fork("axe"))).not.toEqual(draws(createRandom(7).fork("axe")));
});

test("the helpers have the mean and spread they promise", () => {
  const random = createRandom(1, "moments");
  const count = 20_000;
  const normal = Array.from({ length: count }, () => random.gaussian(5, 2));
  expect(mean(normal)).toBeCloseTo(5, 1);
  expect(Math.sqrt(mean(normal.map((value) => (value - 5) ** 2)))).toBeCloseTo(2, 1);
  expect(mean(Array.from({ length: count }, () => random.exponential()))).toBeCloseTo(1, 1);
  expect(mean(Array.from({ length: count }, () => random.poisson(3.5)))).toBeCloseTo(3.5, 1);
  expect(mean(Array.from({ length: count }, () => random.next()))).toBeCloseTo(0.5, 1);
  const whole = Array.from({ length: 1000 }, () => random.integer(15, 25));
  expect([Math.min(...whole), Math.max(...whole)]).toEqual([15, 25]);
});

function draws(random: { next(): number }): number[] {
  return Array.from({ length: 5 }, () => random.next());
}

function mean(values: number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}
