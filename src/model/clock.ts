/**
 * Time as the product sees it: real, or simulated at any speed.
 *
 * Durations use `monoMs`, schedules, prices, events and stamps use `nowMs` (control.md, head).
 * A simulated clock stands still while any task it knows of is awake, so real sockets can be
 * used under accelerated time: an answer takes no simulated time.
 */
export interface Clock {
  /** True when time is simulated; then deadlines of sockets still run in real time. */
  readonly isSimulated: boolean;
  /** Wall clock, milliseconds since the epoch. */
  nowMs(): number;
  /** Monotonic clock, milliseconds from an arbitrary start; never jumps. */
  monoMs(): number;
  /** Resolves after `ms` of this clock; rejects with the signal's reason when aborted. Only inside `spawn`. */
  sleep(ms: number, signal?: AbortSignal): Promise<void>;
  /** Runs a task that keeps simulated time still while it is not asleep. The result is the task's. */
  spawn<T>(task: () => Promise<T>): Promise<T>;
  /** Waits, inside a task, for something that itself needs time to pass (another task, a person). */
  idle<T>(pending: Promise<T>): Promise<T>;
}

/** RFC 3339 UTC in whole seconds, as everything that leaves the process (product.md §4). */
export function toInstant(ms: number): string {
  return `${new Date(Math.floor(ms / 1000) * 1000).toISOString().slice(0, 19)}Z`;
}
