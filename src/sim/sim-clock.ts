import { AsyncLocalStorage } from "node:async_hooks";
import { setMaxListeners } from "node:events";
import type { Clock } from "../model/clock.ts";
import { type Timer, TimerHeap } from "./timer-heap.ts";

/** Simulated time: jumps to the next sleeper whenever no task is awake. */
export interface SimClock extends Clock {
  /**
   * Calls the listener at each jump with the new time, before any sleeper wakes: plants and devices step up
   * to it here. Listeners run in the order of registration and must not wait.
   */
  onAdvance(listener: (nowMs: number) => void): void;
  /** Ends time for good: sleepers stay asleep (abort still wakes them) and nothing keeps the process alive. */
  stop(): void;
}

/**
 * A simulated clock.
 *
 * A task of `spawn` is awake unless all that it waits for through this clock (`sleep`, `idle`) is pending;
 * waits for sockets and files leave it awake, so they take no simulated time. A `sleep` outside any task is
 * allowed: its code counts as asleep while it sleeps and as nothing afterwards, so time may run on while it
 * works. A task that awaits another task must do so through `idle`, otherwise both wait for ever. Work that
 * runs beside a task (a server's handler, a promise nobody awaits) needs a `spawn` of its own to sleep, because
 * it inherits the task it was started from.
 *
 * `speed` null: as fast as the tasks allow. Otherwise simulated seconds per real second at most; after a long
 * pause of the process the clock goes on from there and does not hurry to catch up.
 */
export function createSimClock(options: { startMs: number; speed: number | null }): SimClock {
  const engine = new Engine(options.startMs, options.speed);
  return {
    isSimulated: true,
    nowMs: () => engine.nowMs,
    monoMs: () => engine.nowMs - options.startMs,
    sleep: (ms, signal) => engine.sleep(ms, signal),
    spawn: (task) => engine.spawn(task),
    idle: (pending) => engine.idle(pending),
    onAdvance: (listener) => {
      engine.listeners.push(listener);
    },
    stop: () => engine.stop(),
  };
}

/** A task of `spawn`; awake while it is running and nothing of it is pending in the clock. */
interface Task {
  pendingWaits: number;
  isDone: boolean;
}

/** Behind real time by more than this, the pace starts anew. */
const LARGEST_LAG_MS = 250;

class Engine {
  nowMs: number;
  readonly listeners: ((nowMs: number) => void)[] = [];
  readonly #heap = new TimerHeap();
  readonly #tasks = new AsyncLocalStorage<Task>();
  readonly #speed: number | null;
  #awake = 0;
  #order = 0;
  #isStopped = false;
  #isTurnPlanned = false;
  #pacing: NodeJS.Timeout | null = null;
  #anchor: { realMs: number; simMs: number };

  constructor(startMs: number, speed: number | null) {
    this.nowMs = startMs;
    this.#speed = speed;
    this.#anchor = { realMs: performance.now(), simMs: startMs };
  }

  async spawn<T>(run: () => Promise<T>): Promise<T> {
    const task: Task = { pendingWaits: 0, isDone: false };
    this.#awake += 1;
    try {
      return await this.#tasks.run(task, run);
    } finally {
      task.isDone = true;
      if (task.pendingWaits === 0) this.#fallAsleep();
    }
  }

  sleep(ms: number, signal?: AbortSignal): Promise<void> {
    if (signal?.aborted === true) return Promise.reject(signal.reason);
    const task = this.#beginWait();
    return new Promise((resolve, reject) => {
      const onAbort = () => {
        timer.isCancelled = true;
        this.#endWait(task);
        reject(signal?.reason);
      };
      const timer: Timer = {
        atMs: this.nowMs + (ms > 0 ? ms : 0),
        order: this.#order++,
        isCancelled: false,
        wake: () => {
          signal?.removeEventListener("abort", onAbort);
          this.#endWait(task);
          resolve();
        },
      };
      if (signal !== undefined) {
        // Many tasks share one signal for the end of the program; that is no leak.
        setMaxListeners(0, signal);
        signal.addEventListener("abort", onAbort, { once: true });
      }
      this.#heap.push(timer);
      this.#planTurn();
    });
  }

  async idle<T>(pending: Promise<T>): Promise<T> {
    const task = this.#beginWait();
    // A pending promise may wait for a person: then time goes on with the others.
    this.#planTurn();
    try {
      return await pending;
    } finally {
      this.#endWait(task);
    }
  }

  stop(): void {
    this.#isStopped = true;
    if (this.#pacing !== null) clearTimeout(this.#pacing);
    this.#pacing = null;
  }

  #beginWait(): Task | null {
    const task = this.#tasks.getStore();
    if (task === undefined || task.isDone) return null;
    task.pendingWaits += 1;
    if (task.pendingWaits === 1) this.#fallAsleep();
    return task;
  }

  #endWait(task: Task | null): void {
    if (task === null) return;
    task.pendingWaits -= 1;
    if (task.pendingWaits === 0 && !task.isDone) this.#awake += 1;
  }

  #fallAsleep(): void {
    this.#awake -= 1;
    if (this.#awake === 0) this.#planTurn();
  }

  /** One turn of the event loop lets arrived data wake somebody before time moves. */
  #planTurn(): void {
    if (this.#isTurnPlanned || this.#isStopped || this.#awake > 0) return;
    this.#isTurnPlanned = true;
    setImmediate(this.#takeTurn);
  }

  readonly #takeTurn = (): void => {
    this.#isTurnPlanned = false;
    if (this.#isStopped || this.#awake > 0) return;
    const next = this.#heap.peek();
    if (next === null || this.#mustWait(next.atMs)) return;
    this.#jump(next.atMs);
    this.#planTurn();
  };

  #jump(toMs: number): void {
    if (toMs > this.nowMs) {
      this.nowMs = toMs;
      for (const listener of this.listeners) listener(toMs);
    }
    for (let next = this.#heap.peek(); next !== null && next.atMs <= toMs; next = this.#heap.peek()) {
      this.#heap.pop()?.wake();
    }
  }

  /** With a speed: arms the real timer for that moment and answers true while it lies ahead. */
  #mustWait(toMs: number): boolean {
    if (this.#speed === null) return false;
    if (this.#pacing !== null) clearTimeout(this.#pacing);
    this.#pacing = null;
    const realMs = performance.now();
    const dueMs = this.#anchor.realMs + (toMs - this.#anchor.simMs) / this.#speed;
    if (dueMs - realMs >= 1) {
      this.#pacing = setTimeout(this.#takeTurn, dueMs - realMs);
      return true;
    }
    if (realMs - dueMs > LARGEST_LAG_MS) this.#anchor = { realMs, simMs: toMs };
    return false;
  }
}
