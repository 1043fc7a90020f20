import type { EmulatorOptions } from "./emulated-miner.ts";
import type { FaultDesk } from "./fault.ts";
import type { PowerFacts } from "./power-stage.ts";
import type { Random } from "./random.ts";
import { Rig, type RigGroup } from "./rig.ts";
import type { PoolEntry } from "./stratum-client.ts";
import type { PoolWork, Work } from "./work.ts";

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

const POWER: PowerFacts = {
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
const RESTART_DELAY_S = 1;
const START_MHZ = 525;
const START_MV = 1150;

/** The state of an emulated Bitaxe Gamma 601: clock, voltage, pause, pools; no wire. */
export class BitaxeDevice extends Rig {
  readonly stored: BitaxeSettings;
  /** Moving averages, GH/s; NaN until their window has something in it. */
  readonly averages = { oneMinute: Number.NaN, tenMinutes: Number.NaN, oneHour: Number.NaN };
  identifyUntilMs = 0;

  constructor(options: EmulatorOptions, parts: { random: Random; faults: FaultDesk }) {
    const facts = {
      power: POWER,
      // It stops by itself when no pool answers (miners.md §4.3).
      noWorkW: 4,
      agent: `bitaxe/BM1370/v${options.firmware ?? "2.15"}.0`,
      rebootS: [15, 25],
      earlierUptimeS: 93_311,
      forgetsPause: true,
    } as const;
    super(options, facts, { ...parts, targetW: drawW(START_MHZ, START_MV) });
    this.stored = freshSettings(options);
    if (!this.isResting) this.#averageFrom(this.expectedGhs);
  }

  /** Draw at the device's own input that clock and voltage ask for, W. */
  get targetW(): number {
    return drawW(this.stored.frequency, this.stored.coreVoltage);
  }

  /** Behind the mains adapter; the device itself tells `stage.reportedW`. */
  override get wallW(): number {
    return this.stage.powerW / ADAPTER_EFFICIENCY;
  }

  get work(): Work {
    const [group] = this.groups;
    if (group === undefined) throw new Error("the work of this device has not been started");
    return group.work;
  }

  /** Rate of the set clock, GH/s. */
  get expectedGhs(): number {
    return this.stored.frequency * GHS_PER_MHZ;
  }

  get hashrateGhs(): number {
    return this.hashrateThs * 1000;
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
    this.obey(() => {
      this.isResting = isPaused;
    });
  }

  identify(): void {
    this.identifyUntilMs = this.clock.nowMs() + 30_000;
  }

  /** Restart: the connection is lost about a second later, back in 15 to 25 s. */
  restart(): void {
    this.reboot(RESTART_DELAY_S);
  }

  settings(): unknown {
    const { frequency: _, coreVoltage: _voltage, ...rest } = this.stored;
    return rest;
  }

  override step(nowMs: number): void {
    super.step(nowMs);
    const { averages } = this;
    const ghs = this.hashrateGhs;
    const filledS = Math.max(1, this.uptimeS);
    averages.oneMinute = blend(averages.oneMinute, ghs, Math.min(filledS, 60));
    averages.tenMinutes = blend(averages.tenMinutes, ghs, Math.min(filledS, 600));
    averages.oneHour = blend(averages.oneHour, ghs, Math.min(filledS, 3600));
  }

  /** The part of the target that the power has reached, less errors of a starved chip. */
  protected thsAt(powerW: number): number {
    const reached = Math.min(1, Math.max(0, (powerW - BASE_W) / (this.targetW - BASE_W)));
    return (this.expectedGhs * reached * this.#health) / 1000;
  }

  /** Primary and fallback as stored, in the order of `useFallbackStratum`. */
  protected storedGroups(): RigGroup[] {
    const { slots, primaryPoolIndex, secondaryPoolIndex } = this.stored;
    const unused: PoolEntry = { url: "", user: "", password: "" };
    const pools = [slots[primaryPoolIndex], slots[secondaryPoolIndex]].map((slot) => toEntry(slot) ?? unused);
    return [{ name: "", weight: 1, pools }];
  }

  override takePools(): void {
    super.takePools();
    if (this.stored.useFallbackStratum === 1) this.work.order.reverse();
  }

  protected override get heatC(): number {
    return 2.15 * this.stage.powerW;
  }

  protected override onBoot(): void {
    this.#averageFrom(Number.NaN);
  }

  /** A chip that gets less voltage than its clock needs makes errors. */
  get #health(): number {
    const neededMv = 950 + 0.7 * (this.stored.frequency - 400);
    return Math.min(1, Math.max(0, 1 - (neededMv - this.stored.coreVoltage) / 100));
  }

  #averageFrom(ghs: number): void {
    Object.assign(this.averages, { oneMinute: ghs, tenMinutes: ghs, oneHour: ghs });
  }
}

function drawW(clockMhz: number, voltageMv: number): number {
  return BASE_W + CHIP_W_PER_MHZ_V2 * clockMhz * (voltageMv / 1000) ** 2;
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
    frequency: START_MHZ,
    coreVoltage: START_MV,
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
