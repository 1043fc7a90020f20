import { type PlantMinerFacts, WAKE_W } from "../sim/plant/miner-presets.ts";

/** What a run that knew the whole day could have taken of the sun (control.md §15). */
export interface SurplusBound {
  capturedKwh: number;
  importCausedKwh: number;
  starts: number;
  /** `captured - 2 * import caused - 0.05 * starts`, kWh. */
  jKwh: number;
}

/** What an imported kWh costs against a captured one. */
export const KAPPA = 2;
/** What a start costs, kWh. */
export const START_KWH = 0.05;
const LEVEL_W = 50;
const MINUTE_H = 1 / 60;

/**
 * The clairvoyant bound by dynamic programming over minutes (control.md §15). `surplusW` is the mean surplus of
 * each minute, W, >= 0. Levels are 50 W apart, or the modes of a miner that has modes.
 */
export function boundSurplus(surplusW: ArrayLike<number>, facts: PlantMinerFacts): SurplusBound {
  const sweep = new Sweep(facts);
  for (let minute = 0; minute < surplusW.length; minute += 1) sweep.minute(surplusW[minute] ?? 0);
  return sweep.best();
}

function levelsOf(facts: PlantMinerFacts): number[] {
  if (facts.stepsW.length > 0) return [...facts.stepsW];
  const levels: number[] = [];
  for (let watts = facts.minW; watts <= facts.maxW; watts += LEVEL_W) levels.push(watts);
  return levels;
}

/** Values of one kind of state, with what was captured and how often it started on the way to each. */
class Values {
  readonly j: Float64Array;
  readonly captured: Float64Array;
  readonly starts: Float64Array;

  constructor(length: number) {
    this.j = new Float64Array(length).fill(Number.NEGATIVE_INFINITY);
    this.captured = new Float64Array(length);
    this.starts = new Float64Array(length);
  }

  clear(): void {
    this.j.fill(Number.NEGATIVE_INFINITY);
  }

  /** Takes the way over `from[source]` where it is better than what is here. */
  offer(at: number, from: Values, source: number, gain: number, captured: number, starts: number): void {
    const j = (from.j[source] ?? 0) + gain;
    if (j <= (this.j[at] ?? 0)) return;
    this.j[at] = j;
    this.captured[at] = (from.captured[source] ?? 0) + captured;
    this.starts[at] = (from.starts[source] ?? 0) + starts;
  }
}

class Sweep {
  readonly #levels: number[];
  /** Lowest level from which each level is reached within a minute. */
  readonly #reach: number[];
  readonly #minOn: number;
  readonly #minOff: number;
  readonly #wake: number;
  #on: Values;
  #off: Values;
  #waking: Values;
  #nextOn: Values;
  #nextOff: Values;
  #nextWaking: Values;

  constructor(facts: PlantMinerFacts) {
    this.#levels = levelsOf(facts);
    this.#reach = this.#levels.map((watts) =>
      this.#levels.findIndex((from) => from >= watts - facts.rampUpWs * 60),
    );
    this.#minOn = Math.floor(facts.minOnS / 60);
    this.#minOff = Math.floor(facts.minOffS / 60);
    this.#wake = Math.floor(facts.wakeS / 60);
    const onLength = (this.#minOn + 1) * this.#levels.length;
    [this.#on, this.#nextOn] = [new Values(onLength), new Values(onLength)];
    [this.#off, this.#nextOff] = [new Values(this.#minOff + 1), new Values(this.#minOff + 1)];
    [this.#waking, this.#nextWaking] = [new Values(this.#wake + 1), new Values(this.#wake + 1)];
    this.#off.j[0] = 0;
  }

  minute(surplusW: number): void {
    for (const values of [this.#nextOn, this.#nextOff, this.#nextWaking]) values.clear();
    this.#stayOn(surplusW);
    this.#rest();
    this.#wakeUp(surplusW);
    [this.#on, this.#nextOn] = [this.#nextOn, this.#on];
    [this.#off, this.#nextOff] = [this.#nextOff, this.#off];
    [this.#waking, this.#nextWaking] = [this.#nextWaking, this.#waking];
  }

  best(): SurplusBound {
    let [jKwh, capturedKwh, starts] = [Number.NEGATIVE_INFINITY, 0, 0];
    for (const values of [this.#on, this.#off, this.#waking]) {
      values.j.forEach((j, index) => {
        if (j <= jKwh) return;
        [jKwh, capturedKwh, starts] = [j, values.captured[index] ?? 0, values.starts[index] ?? 0];
      });
    }
    const importCausedKwh = Math.max(0, (capturedKwh - START_KWH * starts - jKwh) / KAPPA);
    return { capturedKwh, importCausedKwh, starts, jKwh };
  }

  /** Falling is free, rising is limited: a running maximum from the top serves every level. */
  #stayOn(surplusW: number): void {
    const levels = this.#levels;
    const { j } = this.#on;
    for (let left = 0; left <= this.#minOn; left += 1) {
      const row = left * levels.length;
      const into = Math.max(left - 1, 0) * levels.length;
      let best = row + levels.length - 1;
      let from = best;
      for (let level = levels.length - 1; level >= 0; level -= 1) {
        const lowest = row + (this.#reach[level] ?? 0);
        while (from > lowest) {
          from -= 1;
          if ((j[from] ?? 0) > (j[best] ?? 0)) best = from;
        }
        if (j[best] === Number.NEGATIVE_INFINITY) continue;
        const { gain, captured } = reward(levels[level] ?? 0, surplusW);
        this.#nextOn.offer(into + level, this.#on, best, gain, captured, 0);
      }
    }
  }

  #rest(): void {
    for (let left = 0; left <= this.#minOff; left += 1) {
      this.#nextOff.offer(Math.max(left - 1, 0), this.#off, left, 0, 0, 0);
    }
    for (let level = 0; level < this.#levels.length; level += 1) {
      this.#nextOff.offer(this.#minOff, this.#on, level, 0, 0, 0);
    }
  }

  #wakeUp(surplusW: number): void {
    const { gain, captured } = reward(WAKE_W, surplusW);
    this.#nextWaking.offer(this.#wake, this.#off, 0, gain - START_KWH, captured, 1);
    for (let left = 2; left <= this.#wake; left += 1) {
      this.#nextWaking.offer(left - 1, this.#waking, left, gain, captured, 0);
    }
    const first = reward(this.#levels[0] ?? 0, surplusW);
    const at = this.#minOn * this.#levels.length;
    this.#nextOn.offer(at, this.#waking, 1, first.gain, first.captured, 0);
  }
}

/** One minute at a draw, kWh. */
function reward(powerW: number, surplusW: number): { gain: number; captured: number } {
  const captured = (Math.min(powerW, surplusW) * MINUTE_H) / 1000;
  const missing = (Math.max(powerW - surplusW, 0) * MINUTE_H) / 1000;
  return { gain: captured - KAPPA * missing, captured };
}
