import { House, type HousePreset } from "../house.ts";
import { createRandom } from "../random.ts";
import { RoomSensor } from "../sensors.ts";
import { PlantBattery } from "./battery.ts";
import type { PlantMinerFacts } from "./miner-presets.ts";
import { type MeterPreset, meterFacts, PlantMeter } from "./plant-meter.ts";
import { PlantMiner } from "./plant-miner.ts";
import { type Trace, TraceCursor } from "./trace.ts";

/** Seconds between two decisions; every meter's period is a multiple of it. */
export const TICK_S = 5;

export interface PlantOptions {
  trace: Trace;
  miners: readonly PlantMinerFacts[];
  meter: MeterPreset;
  house: HousePreset | "none";
  seed: number;
  /** Room temperature at the start, degC. */
  startC: number;
  /** State of charge at the start, percent; null is a home without a battery. */
  batteryPercent?: number | null;
  /** Used where the trace has no outdoor temperature, degC by seconds from the start; the house cannot do without. */
  outdoorGuessC: (nowS: number) => number;
}

/** True values of the tick that begins now; NaN is unknown, because the trace has a gap. */
export interface PlantTruth {
  pvW: number;
  loadW: number;
  outdoorC: number;
  ghiWm2: number;
  importUsdKwh: number;
  exportUsdKwh: number;
  /** NaN with house `none`. */
  roomC: number;
}

const WINDOW_S = 900;
const WINDOW_FACTOR = 5;
const DAY_S = 86_400;
/** What house `none` shows: warm enough to ask for nothing, cool enough to forbid nothing. */
const UNLIMITED_ROOM_C = 0.5;

/**
 * The reference home of control.md §14 in ticks of five seconds: miners each second, house each tick. The same
 * options give the same home to the last bit. `observe` opens a tick, then come the commands, `advance` closes it.
 */
export class PlantHome {
  readonly miners: readonly PlantMiner[];
  readonly gridMeter: PlantMeter;
  readonly pvMeter: PlantMeter;
  readonly truth: PlantTruth;
  /** What the thermometer last told, degC, and when, s. */
  seenRoomC: number;
  seenRoomS = 0;
  /** True mean draw of the tick that `advance` closed, W, all miners. */
  powerW = 0;
  /** The same by miner. */
  readonly minersW: Float64Array;
  /** True mean of the battery over that tick, W, discharge positive; 0 without one. */
  batteryW = 0;
  readonly battery: PlantBattery | null;
  readonly #cursor: TraceCursor;
  readonly #house: House | null;
  readonly #roomSensor: RoomSensor | null;
  readonly #weather = { outdoorC: 0, ghiWm2: 0, heaterW: 0, windowFactor: 1 };
  readonly #exponential: () => number;
  readonly #guessC: (nowS: number) => number;
  #windowS: number;
  #roomMutedUntilS = 0;
  #roomLieUntilS = 0;
  #roomLieC = 0;

  constructor(options: PlantOptions) {
    const { trace, seed, startC } = options;
    this.miners = options.miners.map((facts, index) => new PlantMiner(facts, seed, `miner-${index}`));
    this.minersW = new Float64Array(options.miners.length);
    const percent = options.batteryPercent ?? null;
    this.battery = percent === null ? null : new PlantBattery(percent);
    this.gridMeter = new PlantMeter(meterFacts[options.meter], seed, "grid");
    this.pvMeter = new PlantMeter(meterFacts.M5, seed, "pv");
    this.#cursor = new TraceCursor(trace);
    this.#guessC = options.outdoorGuessC;
    this.truth = {
      ...{ pvW: 0, loadW: 0, outdoorC: 0, ghiWm2: 0, importUsdKwh: Number.NaN, exportUsdKwh: Number.NaN },
      roomC: Number.NaN,
    };
    const random = createRandom(seed, "house");
    this.#exponential = random.fork("window").exponential;
    this.#windowS = this.#exponential() * DAY_S;
    this.seenRoomC = startC;
    if (options.house === "none") {
      this.#house = null;
      this.#roomSensor = null;
      this.seenRoomC = startC + UNLIMITED_ROOM_C;
      return;
    }
    this.#readTrace(0);
    this.#house = new House(options.house, startC, this.#outdoorC(0));
    this.#roomSensor = new RoomSensor(startC, 0, random.fork("thermometer"));
    this.truth.roomC = startC;
  }

  /** True grid power of the tick that `advance` closed, W, import positive; NaN where the trace has a gap. */
  get gridW(): number {
    return this.truth.loadW + this.powerW - this.truth.pvW - this.batteryW;
  }

  /** Moves the truth to `nowS`, lets meters sample and arrive, asks every miner. */
  observe(nowS: number): void {
    this.#readTrace(nowS);
    const { truth, gridMeter, pvMeter } = this;
    if (gridMeter.isSampling(nowS)) {
      let minersW = 0;
      for (const miner of this.miners) minersW += miner.powerW;
      gridMeter.sample(nowS, truth.loadW + minersW - truth.pvW - (this.battery?.powerW ?? 0));
    }
    gridMeter.deliver(nowS);
    pvMeter.sample(nowS, truth.pvW);
    pvMeter.deliver(nowS);
    for (const miner of this.miners) miner.poll(nowS);
    if (this.#house === null && nowS % 60 === 0) this.seenRoomS = nowS;
  }

  /** Lets the tick that begins at `nowS` pass; `powerW` is then its true mean draw. */
  advance(nowS: number): void {
    if (this.battery !== null) this.#advanceWithBattery(nowS, this.battery);
    else this.#advanceMiners(nowS);
    if (this.#house !== null) this.#warm(nowS, this.#house);
  }

  /** The thermometer tells nothing until then, s. */
  muteRoom(untilS: number): void {
    this.#roomMutedUntilS = untilS;
  }

  /** Every report of the thermometer is this value until then, s. */
  lieAboutRoom(untilS: number, valueC: number): void {
    this.#roomLieUntilS = untilS;
    this.#roomLieC = valueC;
  }

  #advanceMiners(nowS: number): void {
    let totalW = 0;
    for (let index = 0; index < this.miners.length; index += 1) {
      const miner = this.miners[index];
      if (miner === undefined) continue;
      let sumW = 0;
      for (let second = 0; second < TICK_S; second += 1) sumW += miner.step(nowS + second);
      this.minersW[index] = sumW / TICK_S;
      totalW += sumW;
    }
    this.powerW = totalW / TICK_S;
  }

  #advanceWithBattery(nowS: number, battery: PlantBattery): void {
    const houseW = this.truth.loadW - this.truth.pvW;
    let [totalW, batteryW] = [0, 0];
    this.minersW.fill(0);
    for (let second = 0; second < TICK_S; second += 1) {
      let nowW = 0;
      this.miners.forEach((miner, index) => {
        const minerW = miner.step(nowS + second);
        this.minersW[index] = (this.minersW[index] ?? 0) + minerW / TICK_S;
        nowW += minerW;
      });
      totalW += nowW;
      batteryW += battery.step(houseW + nowW);
    }
    this.powerW = totalW / TICK_S;
    this.batteryW = batteryW / TICK_S;
  }

  #readTrace(nowS: number): void {
    const cursor = this.#cursor;
    cursor.seek(nowS);
    const { columns } = cursor.trace;
    const { truth } = this;
    if (columns.pv_w !== null) truth.pvW = cursor.linear(columns.pv_w, nowS);
    if (columns.load_w !== null) truth.loadW = cursor.held(columns.load_w);
    truth.outdoorC = columns.outdoor_c === null ? Number.NaN : cursor.linear(columns.outdoor_c, nowS);
    if (columns.ghi_wm2 !== null) truth.ghiWm2 = cursor.linear(columns.ghi_wm2, nowS);
    if (columns.import_usd_kwh !== null) truth.importUsdKwh = cursor.held(columns.import_usd_kwh);
    if (columns.export_usd_kwh !== null) truth.exportUsdKwh = cursor.held(columns.export_usd_kwh);
  }

  #outdoorC(nowS: number): number {
    const { outdoorC } = this.truth;
    return Number.isNaN(outdoorC) ? this.#guessC(nowS) : outdoorC;
  }

  #warm(nowS: number, house: House): void {
    const { truth } = this;
    const weather = this.#weather;
    if (nowS >= this.#windowS + WINDOW_S) this.#windowS = nowS + this.#exponential() * DAY_S;
    weather.windowFactor = nowS >= this.#windowS ? WINDOW_FACTOR : 1;
    weather.outdoorC = this.#outdoorC(nowS);
    weather.ghiWm2 = Number.isNaN(truth.ghiWm2) ? 0 : truth.ghiWm2;
    weather.heaterW = this.powerW;
    house.step(TICK_S, weather);
    truth.roomC = house.roomC;
    const sensor = this.#roomSensor;
    if (sensor === null) return;
    for (let second = 1; second <= TICK_S; second += 1) sensor.step((nowS + second) * 1000, house.roomC);
    const reportedS = sensor.reportedMs / 1000;
    if (reportedS === this.seenRoomS || nowS < this.#roomMutedUntilS) return;
    this.seenRoomC = nowS < this.#roomLieUntilS ? this.#roomLieC : sensor.valueC;
    this.seenRoomS = reportedS;
  }
}
