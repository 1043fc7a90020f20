import type { EmulatorOptions } from "./emulated-miner.ts";
import type { FaultDesk } from "./fault.ts";
import type { PowerFacts } from "./power-stage.ts";
import type { Random } from "./random.ts";
import { Rig, type RigGroup } from "./rig.ts";
import type { PoolEntry } from "./stratum-client.ts";
import type { Work } from "./work.ts";

/** Modes and levels of the Mini 3 with the draw at the wall, W (miners.md §6.3). */
export const avalonWallW: Record<number, Record<number, number>> = {
  0: { 0: 820, [-1]: 640 },
  1: { 0: 820, [-1]: 640 },
  2: { 0: 550, [-1]: 410 },
};

const POWER: PowerFacts = {
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
const REBOOT_S = 40;
const CALIBRATION_S = 180;
const MAX_POOLS = 3;
/** It ran for some hours before the home was looked at. */
const EARLIER_UPTIME_S = 32_260;

/** The state of an emulated Avalon Mini 3: modes, soft off at a time, calibration; no wire. */
export class AvalonDevice extends Rig {
  mode = 1;
  level = 0;
  /** Pools as stored; in use after the next start. */
  readonly storedPools: PoolEntry[];
  /** Averages since start, frozen by a soft off as in the real firmware. */
  averageGhs = 0;
  /** Averages over about 1, 5 and 15 min, GH/s. */
  readonly recentGhs = { oneMinute: 0, fiveMinutes: 0, quarterHour: 0 };
  /** Device clock minus true time, s. */
  readonly #clockOffsetS: number;
  #calibratedMs: number;
  #terahashes: number;
  #soft: { atMs: number; isOff: boolean } | null = null;

  constructor(
    options: EmulatorOptions & { clockOffsetS?: number },
    parts: { random: Random; faults: FaultDesk },
  ) {
    const facts = {
      power: POWER,
      // Without a pool the chips wait; only fans and rails draw.
      noWorkW: 120,
      agent: "cgminer/4.11.1",
      rebootS: [REBOOT_S, REBOOT_S],
      earlierUptimeS: EARLIER_UPTIME_S,
      // It wakes in its last mode, mining, also when it was soft-off before (miners.md §6.4).
      forgetsPause: true,
    } as const;
    super(options, facts, { ...parts, targetW: avalonWallW[1]?.[0] ?? 0 });
    this.#clockOffsetS = options.clockOffsetS ?? 11;
    this.storedPools = options.pools.slice(0, MAX_POOLS);
    this.#calibratedMs = this.bootedMs;
    this.#terahashes = this.isResting ? 0 : EARLIER_UPTIME_S * this.thsAt(this.stage.powerW);
  }

  /** Draw at the wall that the present mode asks for, W. */
  get targetW(): number {
    return avalonWallW[this.mode]?.[this.level] ?? 0;
  }

  /** The mining of its one group. */
  get work(): Work {
    const [group] = this.groups;
    if (group === undefined) throw new Error("the work of this device has not been started");
    return group.work;
  }

  /** `MPO`: target of the hash board, W. */
  get boardTargetW(): number {
    return Math.round(this.targetW / BOARD_FACTOR);
  }

  /** Measured hash board, W. */
  get boardW(): number {
    return this.isHashing ? Math.round(this.stage.reportedW / BOARD_FACTOR) : 0;
  }

  /** Rate that the mode should reach, TH/s. */
  get nominalThs(): number {
    return this.thsAt(this.targetW);
  }

  /** Device clock, epoch seconds. */
  get epochS(): number {
    return Math.floor(this.clock.nowMs() / 1000) + this.#clockOffsetS;
  }

  get isCalibrating(): boolean {
    return !this.isResting && this.clock.nowMs() < this.#calibratedMs;
  }

  setMode(mode: number, level: number): void {
    this.obey(() => {
      this.mode = mode;
      this.level = level;
    });
  }

  /** Soft off or on at that second of the device clock. */
  scheduleSoft(isOff: boolean, epochS: number): void {
    this.obey(() => {
      this.#soft = { atMs: (epochS - this.#clockOffsetS) * 1000, isOff };
    });
  }

  storePool(slot: number, entry: PoolEntry): void {
    this.obey(() => {
      this.storedPools[slot] = entry;
    });
  }

  settings(): unknown {
    return { pools: this.storedPools, fan: "auto", targetC: 75 };
  }

  override step(nowMs: number): void {
    if (this.#soft !== null && nowMs >= this.#soft.atMs) {
      this.isResting = this.#soft.isOff;
      this.#soft = null;
    }
    super.step(nowMs);
    const ghs = this.hashrateThs * 1000;
    this.#terahashes += this.hashrateThs;
    if (!this.isResting) this.averageGhs = (this.#terahashes * 1000) / Math.max(1, this.uptimeS);
    this.recentGhs.oneMinute += (ghs - this.recentGhs.oneMinute) / 60;
    this.recentGhs.fiveMinutes += (ghs - this.recentGhs.fiveMinutes) / 300;
    this.recentGhs.quarterHour += (ghs - this.recentGhs.quarterHour) / 900;
  }

  protected thsAt(wallW: number): number {
    return Math.max(0, wallW - OVERHEAD_W) * THS_PER_W;
  }

  protected storedGroups(): RigGroup[] {
    return [{ name: "", weight: 1, pools: this.storedPools.filter((pool) => pool !== undefined) }];
  }

  protected override get heatC(): number {
    return 25 + (41 * this.stage.powerW) / 820;
  }

  protected override onBoot(nowMs: number): void {
    this.#soft = null;
    this.#calibratedMs = nowMs + CALIBRATION_S * 1000;
    this.#terahashes = 0;
    this.averageGhs = 0;
  }
}
