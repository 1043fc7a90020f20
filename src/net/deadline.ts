/** Raised inside when a deadline passed; callers turn it into their own typed error. */
export class DeadlineError extends Error {
  readonly totalMs: number;

  constructor(totalMs: number) {
    super(`no end within ${totalMs} ms`);
    this.name = "DeadlineError";
    this.totalMs = totalMs;
  }
}

/**
 * Runs one exchange under a deadline in real time and the caller's signal. `run` gets one signal for both and
 * must end when it fires: with a `DeadlineError` as its reason, or the caller's own reason. Nothing stays
 * behind afterwards, so tens of thousands of calls on one long-lived signal cost nothing.
 */
export async function withDeadline<T>(
  totalMs: number,
  outer: AbortSignal | undefined,
  run: (signal: AbortSignal) => Promise<T>,
): Promise<T> {
  outer?.throwIfAborted();
  const controller = new AbortController();
  const onAbort = () => controller.abort(outer?.reason);
  const timer = setTimeout(() => controller.abort(new DeadlineError(totalMs)), totalMs);
  outer?.addEventListener("abort", onAbort, { once: true });
  try {
    return await run(controller.signal);
  } catch (error) {
    throw controller.signal.aborted ? controller.signal.reason : error;
  } finally {
    clearTimeout(timer);
    outer?.removeEventListener("abort", onAbort);
  }
}
