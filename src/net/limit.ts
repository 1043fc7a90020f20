/** Lets at most `limit` tasks run at a time; the others wait in order. */
export type Limiter = <T>(task: () => Promise<T>) => Promise<T>;

/** A limiter for work of one kind, as connections of a scan. */
export function createLimiter(limit: number): Limiter {
  const waiting: (() => void)[] = [];
  let running = 0;
  return async (task) => {
    if (running < limit) running++;
    else await new Promise<void>((resolve) => waiting.push(resolve));
    try {
      return await task();
    } finally {
      // A place is handed on directly, so that a newcomer cannot slip in between.
      const next = waiting.shift();
      if (next) next();
      else running--;
    }
  };
}
