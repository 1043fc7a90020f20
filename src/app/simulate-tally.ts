import type { SimulationMetrics } from "../model/simulation.ts";
import { HASH_PRICE_USD, hashRateThs } from "../sim/plant/miner-presets.ts";
import { type PlantHome, TICK_S } from "../sim/plant/plant-home.ts";
import type { Pilot } from "./simulate-baselines.ts";
import { KAPPA, START_KWH } from "./simulate-bound.ts";

/** A miner draws more than this when it is on; rising above it is a start (control.md §15), W. */
export const ON_W = 50;
const TICK_KWH_PER_W = TICK_S / 3_600_000;
const COLD_K = 0.5;
const DAY_S = 86_400;
const SMALLEST_BOUND_KWH = 0.2;
/** A miner that is still climbing from its wake power earns nothing; its steady error may lie this far below. */
const EARNING_PART = 0.95;

/** An event that a run must keep; seconds from its start. */
export interface RunEvent {
  startS: number;
  endS: number;
  limitW: number;
}

export interface TallyRules {
  setC: number;
  maxC: number;
  /** 80 % of the breaker, W. */
  breakerW: number;
  events: readonly RunEvent[];
}

/** Reasons under which an import is meant: heat, price and wishes of people, not a cloud that came too quickly. */
const MEANT =
  /^(COMFORT_HEAT|COMFORT_FLEX|COMFORT_SENSOR_LOST|FLOOR_|MANUAL_SET|PRICE_CHEAP|PRICE_NEG|HEAT_WORTH|COOP_RAISE|PLAN_)/;

/** Sums over the ticks of a run, from which its metrics come (control.md §15). NaN is unknown and counts nowhere. */
export class Tally {
  surplusKwh = 0;
  capturedKwh = 0;
  importCausedKwh = 0;
  starts = 0;
  ticks = 0;
  #coldKh = 0;
  #warmS = 0;
  #hasRoom = false;
  #overWs = 0;
  #costUsd = 0;
  readonly #rules: TallyRules;
  readonly #wasW: Float64Array;
  readonly #wasOver: Uint8Array;
  readonly #metS: Float64Array;
  #reason: string | null = null;
  #isSurplusMode = true;

  constructor(rules: TallyRules, miners: number) {
    this.#rules = rules;
    this.#wasW = new Float64Array(miners);
    this.#wasOver = new Uint8Array(miners);
    this.#metS = new Float64Array(rules.events.length).fill(Number.NaN);
  }

  /** Net value of what was taken of the sun, kWh. */
  get jKwh(): number {
    return this.capturedKwh - KAPPA * this.importCausedKwh - START_KWH * this.starts;
  }

  /** The tick that has just passed. */
  add(nowS: number, home: PlantHome, pilot: Pilot): void {
    this.ticks += 1;
    if (pilot.reason !== this.#reason) {
      this.#reason = pilot.reason;
      this.#isSurplusMode = pilot.reason === null || !MEANT.test(pilot.reason);
    }
    this.#addMiners(home);
    this.#addSurplus(home);
    this.#addRoom(home.truth.roomC);
    this.#addCost(home);
    if (this.#metS.length > 0) this.#addEvents(nowS, home.powerW);
  }

  /** `jStarKwh` is the clairvoyant bound; null leaves the ratio out. */
  metrics(pilot: Pilot, jStarKwh: number | null): SimulationMetrics {
    const days = (this.ticks * TICK_S) / DAY_S;
    const hasBound = jStarKwh !== null && jStarKwh >= SMALLEST_BOUND_KWH;
    return {
      surplusCaptureRatio: this.surplusKwh > 0 ? this.capturedKwh / this.surplusKwh : null,
      netRatio: hasBound ? this.jKwh / jStarKwh : null,
      importCausedKwh: this.importCausedKwh,
      starts: this.starts,
      writes: pilot.writes,
      degreeHours: this.#hasRoom ? this.#coldKh : null,
      overComfortMin: this.#hasRoom ? this.#warmS / 60 : null,
      overLimitWs: this.#overWs,
      eventResponseS: this.#responseS(),
      costUsd: Number.isNaN(this.#costUsd) ? null : this.#costUsd / days,
    };
  }

  #addMiners(home: PlantHome): void {
    for (let index = 0; index < this.#wasW.length; index += 1) {
      const powerW = home.minersW[index] ?? 0;
      if (powerW > ON_W && (this.#wasW[index] ?? 0) <= ON_W) this.starts += 1;
      this.#wasW[index] = powerW;
      const overW = powerW - this.#rules.breakerW;
      // The first tick of an excess is the time that the loop has to see it.
      if (overW > 0 && this.#wasOver[index] === 1) this.#overWs += overW * TICK_S;
      this.#wasOver[index] = overW > 0 ? 1 : 0;
    }
  }

  #addSurplus(home: PlantHome): void {
    const spareW = home.truth.pvW - home.truth.loadW;
    if (Number.isNaN(spareW)) return;
    const surplusW = spareW > 0 ? spareW : 0;
    const { powerW } = home;
    this.surplusKwh += surplusW * TICK_KWH_PER_W;
    this.capturedKwh += (powerW < surplusW ? powerW : surplusW) * TICK_KWH_PER_W;
    if (!this.#isSurplusMode || powerW <= ON_W || powerW <= surplusW) return;
    this.importCausedKwh += (powerW - surplusW) * TICK_KWH_PER_W;
  }

  #addRoom(roomC: number): void {
    if (Number.isNaN(roomC)) return;
    this.#hasRoom = true;
    const coldK = this.#rules.setC - COLD_K - roomC;
    if (coldK > 0) this.#coldKh += (coldK * TICK_S) / 3600;
    if (roomC > this.#rules.maxC) this.#warmS += TICK_S;
  }

  #addCost(home: PlantHome): void {
    const { importUsdKwh, exportUsdKwh } = home.truth;
    const gridW = home.gridW;
    // A price that is not known makes the sum unknown from here on.
    const energyUsd = gridW * TICK_KWH_PER_W * (gridW > 0 ? importUsdKwh : exportUsdKwh);
    this.#costUsd += energyUsd;
    if (Number.isNaN(this.#costUsd)) return;
    for (let index = 0; index < home.miners.length; index += 1) {
      const miner = home.miners[index];
      const powerW = home.minersW[index] ?? 0;
      if (miner?.phase !== "running" || powerW < EARNING_PART * miner.facts.minW) continue;
      this.#costUsd -= (hashRateThs(powerW) * HASH_PRICE_USD * TICK_S) / DAY_S;
    }
  }

  #addEvents(nowS: number, powerW: number): void {
    this.#rules.events.forEach((event, index) => {
      if (nowS < event.startS || nowS >= event.endS || !Number.isNaN(this.#metS[index])) return;
      if (powerW <= event.limitW + Math.max(30, 0.02 * event.limitW)) this.#metS[index] = nowS - event.startS;
      else if (nowS + TICK_S >= event.endS) this.#metS[index] = event.endS - event.startS;
    });
  }

  #responseS(): number | null {
    const known = [...this.#metS].filter((seconds) => !Number.isNaN(seconds));
    return known.length === 0 ? null : Math.max(...known);
  }
}
