import { DeadlineError, withDeadline } from "../net/deadline.ts";

/** What ends late after its signal gets so much more before it is given up, ms of real time. */
const GRACE_MS = 1_000;

/**
 * As `withDeadline`, for work that may not listen to its signal: a little after the deadline it is given up with a
 * `DeadlineError`, though it never ends. In real time, as every wait for a device.
 */
export async function inTime<T>(
  totalMs: number,
  outer: AbortSignal,
  run: (signal: AbortSignal) => Promise<T>,
): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new DeadlineError(totalMs)), totalMs + GRACE_MS);
  });
  try {
    return await Promise.race([withDeadline(totalMs, outer, run), late]);
  } finally {
    clearTimeout(timer);
  }
}
