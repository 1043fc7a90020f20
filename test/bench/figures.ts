/** One line of the bench. */
export function say(line: string): void {
  process.stdout.write(`${line}\n`);
}

export function median(values: readonly number[]): number {
  return percentile(values, 0.5);
}

/** The value below which that part of them lies; NaN of none. */
export function percentile(values: readonly number[], part: number): number {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(part * sorted.length))] ?? Number.NaN;
}

export function verdictOf(isReached: boolean): string {
  return isReached ? "ok" : "MISSED";
}

/** Milliseconds in a column. */
export function ms(value: number): string {
  return value.toFixed(0).padStart(5);
}
