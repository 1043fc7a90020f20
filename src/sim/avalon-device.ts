import type { Clock } from "../model/clock.ts";
import type { EmulatorOptions } from "./emulated-miner.ts";
import { type PowerFacts, PowerStage } from "./power-stage.ts";
import type { Random } from "./random.ts";
import type { PoolEntry } from "./stratum-client.ts";
import { Work } from "./work.ts";

/** Modes and levels of the Mini 3 with the draw at the wall, W (miners.md §6.3). */
export const avalonWallW: Record<number, Record<number, number>> = {
  0: { 0: 820, [-1]: 640 },
  1: { 0: 820, [-1]: 640 },
  2: { 0: 550, [-1]: 410 },
};

const FACTS: PowerFacts = {
  idleW: 15,
  wakeW: 150,
  wakeS: 60,
  acceptS: 2,
  tauS: 10,
  rampUpWs: 20,
  rampDownWs: 100,
  noiseW: 8,
  gainDeviation: 0.015,
};

/** Wall watts per watt at the hash board. */
const BOARD_FACTOR = 1.1;
/** Fans and controller, W: they draw and do not hash, so low modes are worse per terahash. */
const OVERHEAD_W = 72;
const THS_PER_W = 38.9 / (820 - OVERHEAD_W);
/** Without a pool the chips wait; only fans and rails draw. */
const NO_WORK_W = 120;
const REBOOT_S = 40;
const CALIBRATION_S = 180;
const MAX_POOLS = 3;
/** It ran for some hours before the home was looked at. */
const EARLIER_UPTIME_S = 32_260;

/** The state of an emulated Avalon Mini 3: power, soft off, modes, pools, clock; no wire. */
export class AvalonDevice {
  mode = 1;
  level = 0;
  isSoftOff: boolean;
  /** False while it boots or has no mains: nothing answers. */
  isUp = true;
  readonly work: Work;
  readonly stage: PowerStage;
  /** Pools as stored; in use after the next start. */
  readonly storedPools: PoolEntry[];
  /** Averages since start, frozen by a soft off as in the real firmware. */
  averageGhs = 0;
  /** Averages over about 1, 5 and 15 min, GH/s. */
  readonly recentGhs = { oneMinute: 0, fiveMinutes: 0, quarterHour: 0 };
  chipC = 20;
  readonly #clock: Clock;
  readonly #random: Random;
  readonly #inletC: () => number;
  readonly #lostCommandPart: number;
  /** Device clock minus true time, s. */
  readonly #clockOffsetS: number;
  #bootedMs: number;
  #calibratedMs: number;
  #terahashes = 0;
  #soft: { atMs: number; isOff: boolean } | null = null;
  #reboot: { downAtMs: number; upAtMs: number; isMainsCut: boolean } | null = null;
  #wantedW: number | null = null;

  constructor(options: EmulatorOptions & { clockOffsetS?: number }, random: Random) {
    const startsMining = options.startsMining ?? true;
    this.#clock = options.clock;
    this.#random = random;
    this.#inletC = options.inletC ?? (() => 20);
    this.#lostCommandPart = options.lostCommandPart ?? 0;
    this.#clockOffsetS = options.clockOffsetS ?? 11;
    this.isSoftOff = !startsMining;
    this.storedPools = options.pools.slice(0, MAX_POOLS);
    this.#wantedW = startsMining ? this.wallTargetW : null;
    this.stage = new PowerStage(FACTS, this.#wantedW, random.fork("power"));
    this.work = new Work({
      clock: options.clock,
      random: random.fork("work"),
      agent: "cgminer/4.11.1",
      hashrateThs: () => this.hashrateThs,
    });
    this.work.configure(this.storedPools, inOrder(this.storedPools));
    this.#bootedMs = options.clock.nowMs() - EARLIER_UPTIME_S * 1000;
    this.#calibratedMs = this.#bootedMs;
    this.#terahashes = startsMining ? EARLIER_UPTIME_S * thsAt(this.stage.powerW) : 0;
  }

  /** Draw at the wall that the present mode asks for, W. */
  get wallTargetW(): number {
    return avalonWallW[this.mode]?.[this.level] ?? 0;
  }

  /** `MPO`: target of the hash board, W. */
  get boardTargetW(): number {
    return Math.round(this.wallTargetW / BOARD_FACTOR);
  }

  /** Measured hash board and wall, W. */
  get boardW(): number {
    return this.isHashing ? Math.round(this.stage.reportedW / BOARD_FACTOR) : 0;
  }

  get isHashing(): boolean {
    return this.isUp && !this.isSoftOff && this.stage.state === "running";
  }

  /** True rate now, TH/s. */
  get hashrateThs(): number {
    return this.isHashing && this.work.hasWork ? thsAt(this.stage.powerW) : 0;
  }

  /** Rate that the mode should reach, TH/s. */
  get nominalThs(): number {
    return thsAt(this.wallTargetW);
  }

  /** Device clock, epoch seconds. */
  get epochS(): number {
    return Math.floor(this.#clock.nowMs() / 1000) + this.#clockOffsetS;
  }

  get uptimeS(): number {
    return Math.floor((this.#clock.nowMs() - this.#bootedMs) / 1000);
  }

  get inletC(): number {
    return this.#inletC();
  }

  get isCalibrating(): boolean {
    return !this.isSoftOff && this.#clock.nowMs() < this.#calibratedMs;
  }

  setMode(mode: number, level: number): void {
    if (this.#isLost()) return;
    this.mode = mode;
    this.level = level;
  }

  /** Soft off or on at that second of the device clock. */
  scheduleSoft(isOff: boolean, epochS: number): void {
    if (this.#isLost()) return;
    this.#soft = { atMs: (epochS - this.#clockOffsetS) * 1000, isOff };
  }

  storePool(slot: number, entry: PoolEntry): void {
    this.storedPools[slot] = entry;
  }

  /** Controller restart after `delayS`. */
  reboot(delayS: number): void {
    this.#planStart(delayS, REBOOT_S, false);
  }

  powerCycle(offS: number): void {
    this.#planStart(0, offS + REBOOT_S, true);
  }

  /** One second, ending at `nowMs`. */
  step(nowMs: number): void {
    this.#followReboot(nowMs);
    if (this.#soft !== null && nowMs >= this.#soft.atMs) {
      this.isSoftOff = this.#soft.isOff;
      this.#soft = null;
    }
    if (this.isUp) this.#follow(nowMs);
    this.stage.step(nowMs);
    this.work.step();
    this.#measure();
  }

  #follow(nowMs: number): void {
    let wantedW: number | null = null;
    if (!this.isSoftOff) wantedW = this.work.hasWork ? this.wallTargetW : NO_WORK_W;
    if (wantedW === this.#wantedW) return;
    this.#wantedW = wantedW;
    this.stage.setTarget(wantedW, nowMs);
  }

  #measure(): void {
    const ghs = this.hashrateThs * 1000;
    this.#terahashes += this.hashrateThs;
    if (!this.isSoftOff) this.averageGhs = (this.#terahashes * 1000) / Math.max(1, this.uptimeS);
    this.recentGhs.oneMinute += (ghs - this.recentGhs.oneMinute) / 60;
    this.recentGhs.fiveMinutes += (ghs - this.recentGhs.fiveMinutes) / 300;
    this.recentGhs.quarterHour += (ghs - this.recentGhs.quarterHour) / 900;
    const aimC = this.inletC + (this.isHashing ? 25 + (41 * this.stage.powerW) / 820 : 0);
    this.chipC += (aimC - this.chipC) / 60;
  }

  #planStart(delayS: number, downS: number, isMainsCut: boolean): void {
    const downAtMs = this.#clock.nowMs() + delayS * 1000;
    this.#reboot = { downAtMs, upAtMs: downAtMs + downS * 1000, isMainsCut };
  }

  #followReboot(nowMs: number): void {
    if (this.#reboot === null || nowMs < this.#reboot.downAtMs) return;
    if (this.isUp) {
      this.isUp = false;
      this.#soft = null;
      this.work.setNetwork(false);
      if (this.#reboot.isMainsCut) this.stage.cut();
      else this.stage.setTarget(null, nowMs);
    }
    if (nowMs < this.#reboot.upAtMs) return;
    this.#reboot = null;
    this.#boot(nowMs);
  }

  /** Starts in the last mode, mining, also when it was soft-off before (miners.md §6.4). */
  #boot(nowMs: number): void {
    this.isUp = true;
    this.isSoftOff = false;
    this.#bootedMs = nowMs;
    this.#calibratedMs = nowMs + CALIBRATION_S * 1000;
    this.#terahashes = 0;
    this.averageGhs = 0;
    this.#wantedW = this.wallTargetW;
    this.stage.start(this.#wantedW, nowMs);
    const pools = this.storedPools.filter((pool) => pool !== undefined);
    this.work.configure(pools, inOrder(pools));
    this.work.setNetwork(true);
  }

  #isLost(): boolean {
    return this.#lostCommandPart > 0 && this.#random.chance(this.#lostCommandPart);
  }
}

function thsAt(wallW: number): number {
  return Math.max(0, wallW - OVERHEAD_W) * THS_PER_W;
}

function inOrder(pools: readonly PoolEntry[]): number[] {
  return pools.map((_, index) => index);
}
