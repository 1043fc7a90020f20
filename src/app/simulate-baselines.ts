import type { PlantHome } from "../sim/plant/plant-home.ts";
import type { PlantMiner } from "../sim/plant/plant-miner.ts";

/** Whoever decides in a simulated home: asked once a tick, after the sensors and before time passes. */
export interface Pilot {
  tick(nowS: number, home: PlantHome): void;
  /** Last setpoint sent, W, all miners; 0 is off. */
  readonly targetW: number;
  /** Why, as a reason code; null when it gives none. */
  readonly reason: string | null;
  /** Changes of a setpoint sent so far. */
  readonly writes: number;
}

const LOOP_S = 30;
const START_S = 60;
const STOP_S = 180;
const ROUND_W = 10;

/** Baseline 2 of control.md §15: every 30 s target = measured miner power - grid; sees the grid meter only. */
export class ReferenceLoop implements Pilot {
  targetW = 0;
  reason = null;
  writes = 0;
  #enoughS: number | null = null;
  #shortS: number | null = null;

  tick(nowS: number, home: PlantHome): void {
    const miner = home.miners[0];
    const gridW = home.gridMeter.valueW;
    if (miner === undefined || nowS % LOOP_S !== 0 || Number.isNaN(gridW)) return;
    const { minW } = miner.facts;
    const wishW = miner.reportedW - gridW;
    if (this.targetW === 0) {
      this.#shortS = null;
      this.#enoughS = wishW >= minW ? (this.#enoughS ?? nowS) : null;
      if (this.#enoughS !== null && nowS - this.#enoughS >= START_S) this.#set(nowS, miner, wishW);
      return;
    }
    const isShort = this.targetW <= minW && gridW >= 0;
    this.#shortS = isShort ? (this.#shortS ?? nowS) : null;
    if (this.#shortS !== null && nowS - this.#shortS >= STOP_S) {
      this.#enoughS = null;
      this.#set(nowS, miner, 0);
    } else this.#set(nowS, miner, Math.max(minW, wishW));
  }

  #set(nowS: number, miner: PlantMiner, wishW: number): void {
    const { stepsW, maxW } = miner.facts;
    let watts = Math.floor(Math.min(maxW, wishW) / ROUND_W) * ROUND_W;
    if (stepsW.length > 0) watts = stepsW.findLast((stepW) => stepW <= watts) ?? 0;
    if (watts === this.targetW) return;
    this.targetW = watts;
    this.writes += 1;
    miner.command(nowS, watts);
  }
}
