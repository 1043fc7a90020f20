import { KAPPA, START_KWH } from "./simulate-bound.ts";

/** A miner draws more than this when it is on; rising above it is a start (control.md §15), W. */
export const ON_W = 50;

/** Sums over the rows of a run, from which its metrics come. */
export class Tally {
  surplusKwh = 0;
  capturedKwh = 0;
  importCausedKwh = 0;
  starts = 0;
  rows = 0;
  #wasW = 0;

  /** One row that lasts `seconds`: true mean draw and true surplus, W; NaN is unknown and counts nowhere. */
  add(seconds: number, powerW: number, pvW: number, loadW: number, isSurplusMode: boolean): void {
    this.rows += 1;
    if (powerW > ON_W && this.#wasW <= ON_W) this.starts += 1;
    this.#wasW = powerW;
    const spareW = pvW - loadW;
    if (Number.isNaN(spareW)) return;
    const surplusW = spareW > 0 ? spareW : 0;
    const kwh = seconds / 3_600_000;
    this.surplusKwh += surplusW * kwh;
    this.capturedKwh += (powerW < surplusW ? powerW : surplusW) * kwh;
    if (isSurplusMode && powerW > ON_W && powerW > surplusW)
      this.importCausedKwh += (powerW - surplusW) * kwh;
  }

  /** Net value of what was taken of the sun, kWh. */
  get jKwh(): number {
    return this.capturedKwh - KAPPA * this.importCausedKwh - START_KWH * this.starts;
  }
}
