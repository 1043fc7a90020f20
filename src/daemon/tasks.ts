import type { Clock } from "../model/clock.ts";

export interface RepeatOptions {
  name: string;
  everyMs: () => number;
  /** Delay before the first run. */
  firstMs: number;
  signal: AbortSignal;
  onError: (name: string, error: unknown) => void;
  /** After each run that went well. */
  onDone: (name: string) => void;
}

/**
 * Runs a piece of work again and again until the signal aborts. A run that fails or takes too long costs only
 * itself: missed runs are not made up for. Resolves when it has ended.
 */
export function repeat(clock: Clock, options: RepeatOptions, work: () => Promise<void>): Promise<void> {
  return clock.spawn(async () => {
    let dueMono = clock.monoMs() + options.firstMs;
    while (!options.signal.aborted) {
      try {
        await clock.sleep(Math.max(0, dueMono - clock.monoMs()), options.signal);
      } catch {
        return;
      }
      try {
        await work();
        options.onDone(options.name);
      } catch (error) {
        options.onError(options.name, error);
      }
      const periodMs = options.everyMs();
      const lateMs = Math.max(0, clock.monoMs() - dueMono);
      dueMono += periodMs * (1 + Math.floor(lateMs / periodMs));
    }
  });
}
