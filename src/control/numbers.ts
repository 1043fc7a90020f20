/** A finite number, else null: NaN, Infinity and everything that is not a number is unknown (control.md §2). */
export function finite(value: unknown): number | null {
  return typeof value === "number" && Number.isFinite(value) ? value : null;
}

/** `value` cut to [low, high]; `low` wins when the range is empty. Any unit. */
export function clamp(value: number, low: number, high: number): number {
  return Math.max(low, Math.min(high, value));
}

/** Median of a non-empty list; null of an empty one. The list is not changed. */
export function median(values: readonly number[]): number | null {
  return quantile(values, 0.5);
}

/** Quantile by linear interpolation between order statistics, `part` in [0, 1]; null of an empty list. */
export function quantile(values: readonly number[], part: number): number | null {
  if (values.length === 0) return null;
  return sortedQuantile(toSorted(values), part);
}

/** Quantile of a list that is sorted already; the same rule as `quantile`, without its cost. Null of an empty one. */
export function sortedQuantile(sorted: readonly number[], part: number): number | null {
  if (sorted.length === 0) return null;
  const place = clamp(part, 0, 1) * (sorted.length - 1);
  const low = Math.floor(place);
  const below = sorted[low] ?? 0;
  const above = sorted[low + 1] ?? below;
  return below + (above - below) * (place - low) + 0;
}

/** Puts a value where it belongs in a sorted list, which it changes. */
export function insertSorted(sorted: number[], value: number): void {
  sorted.splice(placeOf(sorted, value), 0, value);
}

/** Takes one entry of this value out of a sorted list, which it changes; nothing when there is none. */
export function removeSorted(sorted: number[], value: number): void {
  const place = placeOf(sorted, value);
  if (sorted[place] === value) sorted.splice(place, 1);
}

/** Appends and drops from the front, so that at most `limit` values stay. Changes the list. */
export function pushBounded(list: number[], value: number, limit: number): void {
  list.push(value);
  if (list.length > limit) list.splice(0, list.length - limit);
}

/** 32-bit FNV-1a of a text, 0 .. 2^32-1: the seeded spread of event returns (control.md §7), not a secure hash. */
export function spreadHash(text: string): number {
  let hash = 0x811c9dc5;
  for (let index = 0; index < text.length; index++) {
    hash = Math.imul(hash ^ text.charCodeAt(index), 0x01000193);
  }
  // A final mix, because ids of one series differ in their last character only.
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
  return (hash ^ (hash >>> 13)) >>> 0;
}

/** A deep copy of plain data; number lists are copied as blocks, so a state costs microseconds. */
export function copyPlain<T>(value: T): T {
  if (Array.isArray(value)) {
    return (typeof value[0] === "number" ? value.slice() : value.map(copyPlain)) as T;
  }
  if (typeof value !== "object" || value === null) return value;
  const copy: Record<string, unknown> = {};
  for (const key in value) {
    const part = value[key];
    copy[key] = typeof part === "object" ? copyPlain(part) : part;
  }
  return copy as T;
}

/** Insertion beats the general sort on the handful of nearly sorted numbers that a tick has. */
function toSorted(values: readonly number[]): number[] {
  const sorted = values.slice();
  if (sorted.length > 32) return sorted.sort((a, b) => a - b);
  for (let index = 1; index < sorted.length; index++) {
    const value = sorted[index] ?? 0;
    let place = index - 1;
    for (; place >= 0 && (sorted[place] ?? 0) > value; place--) sorted[place + 1] = sorted[place] ?? 0;
    sorted[place + 1] = value;
  }
  return sorted;
}

/** First place whose entry is not below the value. */
function placeOf(sorted: readonly number[], value: number): number {
  let low = 0;
  let high = sorted.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((sorted[middle] ?? 0) < value) low = middle + 1;
    else high = middle;
  }
  return low;
}
