/** Runs tasks for one device strictly one after another (miners.md §1 rule 4). */
export type HostQueue = <T>(task: () => Promise<T>, signal: AbortSignal) => Promise<T>;

/** A queue of its own per device; a task whose signal fires while it waits fails at once and is never started. */
export function createHostQueue(): HostQueue {
  let last: Promise<unknown> = Promise.resolve();
  return <T>(task: () => Promise<T>, signal: AbortSignal) => {
    const { promise, resolve, reject } = Promise.withResolvers<T>();
    const onAbort = () => reject(signal.reason);
    if (signal.aborted) onAbort();
    signal.addEventListener("abort", onAbort, { once: true });
    const run = last.then(() => {
      signal.removeEventListener("abort", onAbort);
      signal.throwIfAborted();
      return task();
    });
    run.then(resolve, reject);
    last = run.catch(() => undefined);
    return promise;
  };
}
