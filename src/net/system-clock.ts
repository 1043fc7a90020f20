import { uptime } from "node:os";
import type { Clock } from "../model/clock.ts";

/** Longest delay that Node's timers keep; longer sleeps are taken in pieces. */
const LONGEST_TIMER_MS = 2_147_483_647;
/** The time since boot is told in hundredths of a second; less than this is no suspension, ms. */
const SUSPENDED_AT_LEAST_MS = 1_000;

/**
 * The real clock: wall time of the system, monotonic time of the process, tasks run as they are. The monotonic time
 * counts suspensions of the machine, as far as the system tells them (Linux): what was read before one is old.
 */
export function createSystemClock(sinceBootMs: (() => number) | null = bootClock()): Clock {
  const started = { bootMs: sinceBootMs?.() ?? 0, processMs: performance.now() };
  let suspendedMs = 0;

  /** Timers stand still with the machine, so whoever wakes is the first who can see it. */
  const noticeSuspension = () => {
    if (!sinceBootMs) return;
    const lostMs = sinceBootMs() - started.bootMs - (performance.now() - started.processMs);
    if (lostMs > suspendedMs + SUSPENDED_AT_LEAST_MS) suspendedMs = lostMs;
  };

  return {
    isSimulated: false,
    nowMs: () => Date.now(),
    monoMs: () => performance.now() + suspendedMs,
    async sleep(ms, signal) {
      await sleep(ms, signal);
      noticeSuspension();
    },
    spawn: (task) => task(),
    idle: (pending) => pending,
  };
}

/** Time since boot that runs on while the machine sleeps, ms; null where the system's does not or follows the wall clock. */
function bootClock(): (() => number) | null {
  return process.platform === "linux" ? () => uptime() * 1000 : null;
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
