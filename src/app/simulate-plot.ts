import type { SimulationPlot } from "../model/simulation.ts";
import type { PlantHome } from "../sim/plant/plant-home.ts";
import type { Pilot } from "./simulate-baselines.ts";

const CELLS = 72;

/** Means over 72 equal parts of a run, for the plot of the day. */
export class DayPlot {
  readonly #startMs: number;
  readonly #durationS: number;
  readonly #tz: string;
  readonly #sun = new Means();
  readonly #budget = new Means();
  readonly #power = new Means();
  readonly #room = new Means();

  constructor(startMs: number, durationS: number, tz: string) {
    this.#startMs = startMs;
    this.#durationS = durationS;
    this.#tz = tz;
  }

  add(nowS: number, home: PlantHome, pilot: Pilot): void {
    const cell = Math.floor((nowS / this.#durationS) * CELLS);
    this.#sun.add(cell, home.truth.pvW);
    // The budget is put together only when it is asked for, and a minute is finer than any cell.
    if (nowS % 60 === 0) this.#budget.add(cell, pilot.budgetW);
    this.#power.add(cell, home.powerW);
    this.#room.add(cell, home.truth.roomC);
  }

  cells(): SimulationPlot {
    return {
      startMs: this.#startMs,
      endMs: this.#startMs + this.#durationS * 1000,
      tz: this.#tz,
      sunW: this.#sun.values(),
      budgetW: this.#budget.values(),
      powerW: this.#power.values(),
      roomC: this.#room.values(),
    };
  }
}

class Means {
  readonly #sums = new Float64Array(CELLS);
  readonly #counts = new Uint32Array(CELLS);

  add(cell: number, value: number): void {
    if (Number.isNaN(value)) return;
    this.#sums[cell] = (this.#sums[cell] ?? 0) + value;
    this.#counts[cell] = (this.#counts[cell] ?? 0) + 1;
  }

  values(): (number | null)[] {
    return Array.from(this.#sums, (sum, cell) => {
      const count = this.#counts[cell] ?? 0;
      return count === 0 ? null : sum / count;
    });
  }
}
