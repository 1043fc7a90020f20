import type { PlantHome } from "../sim/plant/plant-home.ts";
import type { PlantMiner } from "../sim/plant/plant-miner.ts";

/** Whoever decides in a simulated home: asked once a tick, after the sensors and before time passes. */
export interface Pilot {
  tick(nowS: number, home: PlantHome): void;
  /** Last setpoint sent, W, all miners; 0 is off. */
  readonly targetW: number;
  /** What it thinks may be drawn, W; NaN where it has no such thought. */
  readonly budgetW: number;
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
  budgetW = Number.NaN;
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

const HYSTERESIS_W = 1500;
const HYSTERESIS_ON_W = 1700;
const HYSTERESIS_OFF_W = -100;
const MEAN_TICKS = 60;
const ROOM_BAND_K = 0.3;

/** Baseline 1: fixed 1500 W, on and off by the five-minute mean of the export, and by the room where there is one. */
export class Hysteresis implements Pilot {
  targetW = 0;
  budgetW = Number.NaN;
  reason: string | null = null;
  writes = 0;
  readonly #setC: number;
  readonly #hasRoom: boolean;
  readonly #exportW = new Float64Array(MEAN_TICKS);
  #ticks = 0;
  #sumW = 0;
  #isSunOn = false;
  #isRoomOn = false;

  constructor(setC: number, hasRoom: boolean) {
    this.#setC = setC;
    this.#hasRoom = hasRoom;
  }

  tick(nowS: number, home: PlantHome): void {
    const miner = home.miners[0];
    if (miner === undefined) return;
    this.#watchSun(-home.gridMeter.valueW);
    if (this.#hasRoom && home.seenRoomC < this.#setC - ROOM_BAND_K) this.#isRoomOn = true;
    if (this.#hasRoom && home.seenRoomC > this.#setC + ROOM_BAND_K) this.#isRoomOn = false;
    this.reason = this.#isRoomOn ? "COMFORT_HEAT" : null;
    const watts = this.#isSunOn || this.#isRoomOn ? runningW(miner, HYSTERESIS_W) : 0;
    if (watts === this.targetW) return;
    this.targetW = watts;
    this.writes += 1;
    miner.command(nowS, watts);
  }

  #watchSun(exportW: number): void {
    if (Number.isNaN(exportW)) return;
    const slot = this.#ticks % MEAN_TICKS;
    this.#sumW += exportW - (this.#exportW[slot] ?? 0);
    this.#exportW[slot] = exportW;
    this.#ticks += 1;
    if (this.#ticks < MEAN_TICKS) return;
    const meanW = this.#sumW / MEAN_TICKS;
    if (meanW > HYSTERESIS_ON_W) this.#isSunOn = true;
    if (meanW < HYSTERESIS_OFF_W) this.#isSunOn = false;
  }
}

const CYCLE_S = 300;

/** Baseline 3: a thermostat that gives full power for a part of each five minutes; it knows no sun. */
export class TpiThermostat implements Pilot {
  targetW = 0;
  budgetW = Number.NaN;
  reason = "COMFORT_HEAT";
  writes = 0;
  readonly #setC: number;
  #onS = 0;

  constructor(setC: number) {
    this.#setC = setC;
  }

  tick(nowS: number, home: PlantHome): void {
    const miner = home.miners[0];
    if (miner === undefined) return;
    const inCycleS = nowS % CYCLE_S;
    if (inCycleS === 0) {
      const { outdoorC } = home.truth;
      const outsideK = Number.isNaN(outdoorC) ? 0 : this.#setC - outdoorC;
      const duty = 0.6 * (this.#setC - home.seenRoomC) + 0.01 * outsideK;
      this.#onS = Math.min(1, Math.max(0, duty)) * CYCLE_S;
    }
    const watts = inCycleS < this.#onS ? miner.facts.maxW : 0;
    if (watts === this.targetW) return;
    this.targetW = watts;
    this.writes += 1;
    miner.command(nowS, watts);
  }
}

/** The draw of a miner nearest to a wish from below, but at least its lowest, W. */
function runningW(miner: PlantMiner, wishW: number): number {
  const { stepsW, minW, maxW } = miner.facts;
  if (stepsW.length === 0) return Math.min(maxW, Math.max(minW, wishW));
  return stepsW.findLast((stepW) => stepW <= wishW) ?? minW;
}
