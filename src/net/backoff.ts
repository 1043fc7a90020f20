/** Waits between attempts: the first after `firstMs`, each later one twice as long, at most `mostMs`. */
export interface Backoff {
  /** Wait before the next attempt, ms; counts it. */
  next(): number;
  /** After a success. */
  reset(): void;
}

/** Real time; a little is left to chance so that a home's devices are not asked all at once after an outage. */
export function createBackoff(firstMs: number, mostMs: number, chance: () => number = Math.random): Backoff {
  let failures = 0;
  return {
    next() {
      const ms = Math.min(mostMs, firstMs * 2 ** Math.min(failures++, 16));
      return ms * (0.8 + 0.2 * chance());
    },
    reset() {
      failures = 0;
    },
  };
}
