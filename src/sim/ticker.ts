import type { Clock } from "../model/clock.ts";
import type { SimClock } from "./sim-clock.ts";

/** Simulated plants step once per second; listeners run in the order of registration. */
export interface Ticker {
  /** Called for each whole second up to the clock's time, also for those that a simulated clock jumped over. */
  add(listener: (nowMs: number) => void): void;
  close(): void;
}

/** Lazy under a simulated clock (steps at each jump), an interval of one second under a real one. */
export function createTicker(clock: Clock | SimClock): Ticker {
  const listeners: ((nowMs: number) => void)[] = [];
  let doneMs = clock.nowMs();
  let isClosed = false;
  const stepTo = (nowMs: number) => {
    for (; !isClosed && doneMs + 1000 <= nowMs; ) {
      doneMs += 1000;
      for (const listener of listeners) listener(doneMs);
    }
  };
  let timer: NodeJS.Timeout | null = null;
  if ("onAdvance" in clock) clock.onAdvance(stepTo);
  else {
    timer = setInterval(() => {
      const nowMs = clock.nowMs();
      // A wall clock that was set (or a laptop that slept) must not replay hours in one go.
      if (Math.abs(nowMs - doneMs) > LARGEST_GAP_MS) doneMs = nowMs - 1000;
      stepTo(nowMs);
    }, 1000);
  }
  return {
    add: (listener) => {
      listeners.push(listener);
    },
    close: () => {
      isClosed = true;
      if (timer !== null) clearInterval(timer);
    },
  };
}

const LARGEST_GAP_MS = 600_000;
