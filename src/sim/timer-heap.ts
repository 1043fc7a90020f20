/** One sleeper of the simulated clock. */
export interface Timer {
  readonly atMs: number;
  /** Order of registration; ties in time wake in this order. */
  readonly order: number;
  readonly wake: () => void;
  /** True once aborted; such a timer is skipped and dropped. */
  isCancelled: boolean;
}

/** Binary heap of timers by time, then by registration. Cancelled timers leave when they reach the top. */
export class TimerHeap {
  readonly #timers: Timer[] = [];

  push(timer: Timer): void {
    const timers = this.#timers;
    let index = timers.push(timer) - 1;
    while (index > 0) {
      const parent = (index - 1) >> 1;
      const other = timers[parent];
      if (other === undefined || isBefore(other, timer)) break;
      timers[index] = other;
      index = parent;
    }
    timers[index] = timer;
  }

  /** The earliest living timer, left in place; null when none is left. */
  peek(): Timer | null {
    let first = this.#timers[0];
    while (first?.isCancelled === true) {
      this.pop();
      first = this.#timers[0];
    }
    return first ?? null;
  }

  pop(): Timer | null {
    const timers = this.#timers;
    const first = timers[0];
    const last = timers.pop();
    if (first === undefined || last === undefined) return null;
    if (timers.length > 0) this.#sink(last);
    return first;
  }

  #sink(timer: Timer): void {
    const timers = this.#timers;
    let index = 0;
    for (;;) {
      const left = 2 * index + 1;
      const leftTimer = timers[left];
      if (leftTimer === undefined) break;
      const rightTimer = timers[left + 1];
      const isRight = rightTimer !== undefined && isBefore(rightTimer, leftTimer);
      const child = isRight ? rightTimer : leftTimer;
      if (isBefore(timer, child)) break;
      timers[index] = child;
      index = isRight ? left + 1 : left;
    }
    timers[index] = timer;
  }
}

function isBefore(first: Timer, second: Timer): boolean {
  return first.atMs < second.atMs || (first.atMs === second.atMs && first.order < second.order);
}
