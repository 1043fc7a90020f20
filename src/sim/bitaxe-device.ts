import type { Clock } from "../model/clock.ts";
import type { EmulatorOptions } from "./emulated-miner.ts";
import { type PowerFacts, PowerStage } from "./power-stage.ts";
import type { Random } from "./random.ts";
import type { PoolEntry } from "./stratum-client.ts";
import { type PoolWork, Work } from "./work.ts";

/** One of the eight pool slots as stored (miners.md §4.4). */
export interface PoolSlot {
  stratumProtocol: string;
  stratumURL: string;
  stratumPort: number;
  stratumUser: string;
  stratumPassword: string;
  stratumSuggestedDifficulty: number;
  stratumTLS: number;
}

/** Stored settings; pools and the choice among them apply after a restart, the others at once. */
export interface BitaxeSettings {
  frequency: number;
  coreVoltage: number;
  autofanspeed: number;
  fanspeed: number;
  temptarget: number;
  hostname: string;
  useFallbackStratum: number;
  primaryPoolIndex: number;
  secondaryPoolIndex: number;
  slots: (PoolSlot | null)[];
}

export const POOL_SLOTS = 8;
/** Options of the BM1370 (miners.md §4.1). */
export const frequencyOptions = [400, 490, 525, 550, 600, 625];
export const voltageOptions = [1000, 1060, 1100, 1150, 1200, 1250];

const FACTS: PowerFacts = {
  idleW: 3,
  wakeW: 5,
  wakeS: 3,
  acceptS: 1,
  tauS: 4,
  rampUpWs: 3,
  rampDownWs: 20,
  noiseW: 0.15,
  gainDeviation: 0.015,
};

/** Fan, controller and display, W. */
const BASE_W = 3.5;
/** From 17.1 W at 525 MHz and 1.15 V: the chip's draw goes with f x V^2. */
const CHIP_W_PER_MHZ_V2 = (17.1 - BASE_W) / (525 * 1.15 ** 2);
const GHS_PER_MHZ = 2.04;
/** Efficiency of the 5 V adapter: the device's own figure is behind it. */
const ADAPTER_EFFICIENCY = 0.88;
const NO_WORK_W = 4;
const RESTART_DELAY_MS = 1000;
const EARLIER_UPTIME_S = 93_311;

/** The state of an emulated Bitaxe Gamma 601: clock, voltage, pause, pools, restart; no wire. */
export class BitaxeDevice {
  readonly settings: BitaxeSettings;
  readonly work: Work;
  readonly stage: PowerStage;
  isPaused: boolean;
  /** False while it restarts: nothing answers. */
  isUp = true;
  /** Moving averages, GH/s; NaN until their window has something in it. */
  readonly averages = { oneMinute: Number.NaN, tenMinutes: Number.NaN, oneHour: Number.NaN };
  chipC = 57;
  identifyUntilMs = 0;
  readonly #clock: Clock;
  readonly #random: Random;
  readonly #inletC: () => number;
  readonly #lostCommandPart: number;
  #bootedMs: number;
  #restart: { downAtMs: number; upAtMs: number; isMainsCut: boolean } | null = null;
  #wantedW: number | null = null;

  constructor(options: EmulatorOptions, random: Random) {
    this.#clock = options.clock;
    this.#random = random;
    this.#inletC = options.inletC ?? (() => 20);
    this.#lostCommandPart = options.lostCommandPart ?? 0;
    this.settings = freshSettings(options);
    this.isPaused = !(options.startsMining ?? true);
    this.#wantedW = this.isPaused ? null : this.#targetW;
    this.stage = new PowerStage(FACTS, this.#wantedW, random.fork("power"));
    this.work = new Work({
      clock: options.clock,
      random: random.fork("work"),
      agent: `bitaxe/BM1370/v${options.firmware ?? "2.15"}.0`,
      hashrateThs: () => this.hashrateGhs / 1000,
    });
    this.#takePools();
    this.#bootedMs = options.clock.nowMs() - EARLIER_UPTIME_S * 1000;
    if (!this.isPaused) this.#averageFrom(this.expectedGhs);
  }

  /** Draw at the wall, W; the device itself tells `stage.reportedW`. */
  get wallW(): number {
    return this.stage.powerW / ADAPTER_EFFICIENCY;
  }

  /** Rate of the set clock, GH/s. */
  get expectedGhs(): number {
    return this.settings.frequency * GHS_PER_MHZ;
  }

  get isHashing(): boolean {
    return this.isUp && !this.isPaused && this.stage.state === "running";
  }

  /** True rate now, GH/s: the part of the target that the power has reached, less errors of a starved chip. */
  get hashrateGhs(): number {
    if (!this.isHashing || !this.work.hasWork) return 0;
    const reached = Math.min(1, Math.max(0, (this.stage.powerW - BASE_W) / (this.#targetW - BASE_W)));
    return this.expectedGhs * reached * this.#health;
  }

  get uptimeS(): number {
    return Math.floor((this.#clock.nowMs() - this.#bootedMs) / 1000);
  }

  get inletC(): number {
    return this.#inletC();
  }

  /** Pool of the present work; null without one. */
  get activePool(): PoolWork | null {
    return this.work.pools[this.work.active ?? -1] ?? null;
  }

  /** True while the work goes to the stored fallback, whether by wish or because the primary is gone. */
  get isUsingFallback(): boolean {
    return (this.work.active ?? this.work.order[0]) === 1;
  }

  pause(isPaused: boolean): void {
    if (!this.#isLost()) this.isPaused = isPaused;
  }

  setClock(change: { frequency?: number; coreVoltage?: number }): void {
    if (!this.#isLost()) Object.assign(this.settings, change);
  }

  identify(): void {
    this.identifyUntilMs = this.#clock.nowMs() + 30_000;
  }

  /** Restart: the connection is lost about a second later, back in 15 to 25 s. */
  restart(): void {
    const downAtMs = this.#clock.nowMs() + RESTART_DELAY_MS;
    this.#restart = { downAtMs, upAtMs: downAtMs + this.#random.integer(15, 25) * 1000, isMainsCut: false };
  }

  powerCycle(offS: number): void {
    const downAtMs = this.#clock.nowMs();
    this.#restart = { downAtMs, upAtMs: downAtMs + (offS + 15) * 1000, isMainsCut: true };
  }

  /** One second, ending at `nowMs`. */
  step(nowMs: number): void {
    this.#followRestart(nowMs);
    if (this.isUp) this.#follow(nowMs);
    this.stage.step(nowMs);
    this.work.step();
    const { averages } = this;
    const ghs = this.hashrateGhs;
    const filledS = Math.max(1, this.uptimeS);
    averages.oneMinute = blend(averages.oneMinute, ghs, Math.min(filledS, 60));
    averages.tenMinutes = blend(averages.tenMinutes, ghs, Math.min(filledS, 600));
    averages.oneHour = blend(averages.oneHour, ghs, Math.min(filledS, 3600));
    const aimC = this.inletC + (this.isHashing ? 2.15 * this.stage.powerW : 3);
    this.chipC += (aimC - this.chipC) / 45;
  }

  get #targetW(): number {
    const { frequency, coreVoltage } = this.settings;
    return BASE_W + CHIP_W_PER_MHZ_V2 * frequency * (coreVoltage / 1000) ** 2;
  }

  /** A chip that gets less voltage than its clock needs makes errors. */
  get #health(): number {
    const neededMv = 950 + 0.7 * (this.settings.frequency - 400);
    return Math.min(1, Math.max(0, 1 - (neededMv - this.settings.coreVoltage) / 100));
  }

  #follow(nowMs: number): void {
    let wantedW: number | null = null;
    // It stops by itself when no pool answers (miners.md §4.3).
    if (!this.isPaused) wantedW = this.work.hasWork ? this.#targetW : NO_WORK_W;
    if (wantedW === this.#wantedW) return;
    this.#wantedW = wantedW;
    this.stage.setTarget(wantedW, nowMs);
  }

  #followRestart(nowMs: number): void {
    if (this.#restart === null || nowMs < this.#restart.downAtMs) return;
    if (this.isUp) {
      this.isUp = false;
      this.work.setNetwork(false);
      if (this.#restart.isMainsCut) this.stage.cut();
      else this.stage.setTarget(null, nowMs);
    }
    if (nowMs < this.#restart.upAtMs) return;
    this.#restart = null;
    this.isUp = true;
    // A pause does not survive a restart.
    this.isPaused = false;
    this.#bootedMs = nowMs;
    this.#wantedW = this.#targetW;
    this.stage.start(this.#targetW, nowMs);
    this.#averageFrom(Number.NaN);
    this.#takePools();
    this.work.setNetwork(true);
  }

  /** Primary and fallback as stored, in the order of `useFallbackStratum`. */
  #takePools(): void {
    const { slots, primaryPoolIndex, secondaryPoolIndex, useFallbackStratum } = this.settings;
    const chosen = [slots[primaryPoolIndex], slots[secondaryPoolIndex]].map(toEntry);
    const present = [0, 1].filter((index) => chosen[index] !== null);
    const order = useFallbackStratum === 1 ? present.reverse() : present;
    const unused: PoolEntry = { url: "", user: "", password: "" };
    this.work.configure(
      chosen.map((entry) => entry ?? unused),
      order,
    );
  }

  #averageFrom(ghs: number): void {
    Object.assign(this.averages, { oneMinute: ghs, tenMinutes: ghs, oneHour: ghs });
  }

  #isLost(): boolean {
    return this.#lostCommandPart > 0 && this.#random.chance(this.#lostCommandPart);
  }
}

function blend(average: number, value: number, windowS: number): number {
  if (Number.isNaN(average)) return value > 0 ? value : Number.NaN;
  return average + (value - average) / windowS;
}

function freshSettings(options: EmulatorOptions): BitaxeSettings {
  const slots: (PoolSlot | null)[] = new Array(POOL_SLOTS).fill(null);
  options.pools.slice(0, 2).forEach((entry, index) => {
    slots[index] = toSlot(entry);
  });
  return {
    frequency: 525,
    coreVoltage: 1150,
    autofanspeed: 1,
    fanspeed: 38,
    temptarget: 60,
    hostname: options.name,
    useFallbackStratum: 0,
    primaryPoolIndex: 0,
    secondaryPoolIndex: 1,
    slots,
  };
}

function toSlot({ url, user, password }: PoolEntry): PoolSlot {
  const match = /^(?:stratum\+tcp:\/\/)?(.+):(\d{1,5})\/?$/.exec(url);
  return {
    stratumProtocol: "SV1",
    stratumURL: match?.[1] ?? url,
    stratumPort: Number(match?.[2] ?? 3333),
    stratumUser: user,
    stratumPassword: password,
    stratumSuggestedDifficulty: 1000,
    stratumTLS: 0,
  };
}

function toEntry(slot: PoolSlot | null | undefined): PoolEntry | null {
  if (slot === null || slot === undefined || slot.stratumURL === "") return null;
  const url = `stratum+tcp://${slot.stratumURL}:${slot.stratumPort}`;
  return { url, user: slot.stratumUser, password: slot.stratumPassword };
}
