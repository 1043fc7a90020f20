/** Runs tasks for one device strictly one after another (miners.md §1 rule 4). */
export type HostQueue = <T>(task: () => Promise<T>, signal: AbortSignal) => Promise<T>;

/** A queue of its own per device; a task whose signal fired while it waited is never started. */
export function createHostQueue(): HostQueue {
  let last: Promise<unknown> = Promise.resolve();
  return (task, signal) => {
    const run = last.then(() => {
      signal.throwIfAborted();
      return task();
    });
    last = run.catch(() => undefined);
    return run;
  };
}
