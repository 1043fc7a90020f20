import type { Clock } from "../model/clock.ts";

/** Longest delay that Node's timers keep; longer sleeps are taken in pieces. */
const LONGEST_TIMER_MS = 2_147_483_647;

/** The real clock: wall time of the system, monotonic time of the process, tasks run as they are. */
export function createSystemClock(): Clock {
  return {
    isSimulated: false,
    nowMs: () => Date.now(),
    monoMs: () => performance.now(),
    sleep,
    spawn: (task) => task(),
    idle: (pending) => pending,
  };
}

async function sleep(ms: number, signal?: AbortSignal): Promise<void> {
  const endMs = performance.now() + ms;
  let leftMs = ms;
  do {
    await sleepPiece(Math.min(Math.max(0, leftMs), LONGEST_TIMER_MS), signal);
    leftMs = endMs - performance.now();
  } while (leftMs > 1);
}

function sleepPiece(ms: number, signal: AbortSignal | undefined): Promise<void> {
  return new Promise((resolve, reject) => {
    if (signal?.aborted) return reject(signal.reason);
    const onAbort = () => {
      clearTimeout(timer);
      reject(signal?.reason);
    };
    const timer = setTimeout(() => {
      signal?.removeEventListener("abort", onAbort);
      resolve();
    }, ms);
    signal?.addEventListener("abort", onAbort, { once: true });
  });
}
