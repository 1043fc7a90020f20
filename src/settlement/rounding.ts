/**
 * The quotient rounded to the nearest whole, a half to the even neighbour: bitcoin and energy to money
 * (settlement.md §1). Any sign of the numerator.
 *
 * @param denominator Above 0.
 * @throws RangeError when the denominator is 0 or less.
 */
export function halfEven(numerator: bigint, denominator: bigint): bigint {
  const whole = floorDivide(numerator, denominator);
  const doubled = 2n * (numerator - whole * denominator);
  const isUp = doubled > denominator || (doubled === denominator && whole % 2n !== 0n);
  return isUp ? whole + 1n : whole;
}

/**
 * The quotient rounded down, also below zero: work to bitcoin, credit to cents (settlement.md §1).
 *
 * @throws RangeError when the denominator is 0 or less.
 */
export function floorDivide(numerator: bigint, denominator: bigint): bigint {
  if (denominator <= 0n) throw new RangeError("A denominator must be above zero");
  const quotient = numerator / denominator;
  return numerator < 0n && quotient * denominator !== numerator ? quotient - 1n : quotient;
}

/**
 * Divides a sum among several so that the parts add up to the whole: everyone's part is rounded down, the
 * leftover units go out one by one by descending remainder, ties by ascending key (settlement.md §1). The
 * order of the weights plays no part; the result is in ascending order of keys.
 *
 * @param total The sum in its smallest unit, 0 or more.
 * @param weights By key, each 0 or more; a weight of 0 gets nothing.
 * @throws RangeError for a negative total or weight, or when there is a total and no weight to give it to.
 */
export function largestRemainder(total: bigint, weights: ReadonlyMap<string, bigint>): Map<string, bigint> {
  const entries = [...weights].sort(([one], [other]) => (one < other ? -1 : 1));
  if (total < 0n || entries.some(([, weight]) => weight < 0n)) {
    throw new RangeError("A sum and its weights must not be negative");
  }
  const sum = entries.reduce((running, [, weight]) => running + weight, 0n);
  if (total === 0n) return new Map(entries.map(([key]) => [key, 0n]));
  if (sum === 0n) throw new RangeError("There is a sum to divide and no weight to divide it by");

  const parts = new Map(entries.map(([key, weight]) => [key, (total * weight) / sum]));
  let leftover = total - [...parts.values()].reduce((running, part) => running + part, 0n);
  const byRemainder = entries
    .map(([key, weight]) => ({ key, remainder: (total * weight) % sum }))
    .sort((one, other) => (one.remainder > other.remainder ? -1 : one.remainder < other.remainder ? 1 : 0));
  for (const { key } of byRemainder) {
    if (leftover === 0n) break;
    parts.set(key, (parts.get(key) ?? 0n) + 1n);
    leftover -= 1n;
  }
  return parts;
}
