import { createRandom } from "../random.ts";

/** Names of the reference meters (control.md §14), as `hearth simulate --meter` takes them. */
export type MeterPreset = "M5" | "P30" | "P60";

export interface MeterFacts {
  /** Between two samples, s. */
  periodS: number;
  /** From a sample to its arrival, s. */
  latencyS: number;
}

export const meterFacts: Record<MeterPreset, MeterFacts> = {
  M5: { periodS: 5, latencyS: 2 },
  P30: { periodS: 10, latencyS: 30 },
  P60: { periodS: 60, latencyS: 60 },
};

export const meterPresets = Object.keys(meterFacts) as MeterPreset[];

const NOISE_W = 10;

/** A meter that tells instantaneous samples late, in whole watts, with normal noise of 10 W (control.md §14). */
export class PlantMeter {
  /** Last sample that arrived, W; NaN before the first one. */
  valueW = Number.NaN;
  /** When it arrived, s. */
  arrivedS = 0;
  /** Rises by one with each sample that arrives. */
  seq = 0;
  /** Samples that are due before this moment are lost, s. */
  mutedUntilS = 0;
  #lieUntilS = 0;
  #lieW = 0;
  readonly #facts: MeterFacts;
  readonly #noise: (mean: number, deviation: number) => number;
  readonly #waitingW: Float64Array;
  readonly #waitingS: Float64Array;
  #first = 0;
  #count = 0;

  constructor(facts: MeterFacts, seed: number, name: string) {
    this.#facts = facts;
    this.#noise = createRandom(seed, `${name}/noise`).gaussian;
    const length = Math.ceil(facts.latencyS / facts.periodS) + 2;
    this.#waitingW = new Float64Array(length);
    this.#waitingS = new Float64Array(length);
  }

  /** Until then every sample that arrives is this value, which may be no number at all. */
  lie(untilS: number, valueW: number): void {
    this.#lieUntilS = untilS;
    this.#lieW = valueW;
  }

  isSampling(nowS: number): boolean {
    return nowS % this.#facts.periodS === 0;
  }

  /** Takes the true power at `nowS`, W; a value that is not known makes no sample. */
  sample(nowS: number, trueW: number): void {
    const noisyW = Math.round(trueW + this.#noise(0, NOISE_W));
    if (Number.isNaN(noisyW)) return;
    const slot = (this.#first + this.#count) % this.#waitingW.length;
    this.#waitingW[slot] = noisyW;
    this.#waitingS[slot] = nowS + this.#facts.latencyS;
    this.#count += 1;
  }

  /** Lets what is due by `nowS` arrive. */
  deliver(nowS: number): void {
    while (this.#count > 0 && (this.#waitingS[this.#first] ?? 0) <= nowS) {
      if (nowS >= this.mutedUntilS) {
        const isLying = nowS < this.#lieUntilS;
        this.valueW = isLying ? this.#lieW : (this.#waitingW[this.#first] ?? Number.NaN);
        this.arrivedS = this.#waitingS[this.#first] ?? nowS;
        this.seq += 1;
      }
      this.#first = (this.#first + 1) % this.#waitingW.length;
      this.#count -= 1;
    }
  }
}
