import type { AxeosFeatures } from "./bitaxe-firmware.ts";
import { type ChipFacts, ClockedRig, type ClockSettings } from "./clocked-rig.ts";
import type { EmulatorOptions } from "./emulated-miner.ts";
import type { FaultDesk } from "./fault.ts";
import type { PowerFacts } from "./power-stage.ts";
import type { Random } from "./random.ts";
import type { RigGroup } from "./rig.ts";
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
  stratumExtranonceSubscribe: boolean;
  /** 0 none, 1 by the firmware's own certificates, 2 by `stratumCert`. */
  stratumTLS: number;
  stratumCert: string;
  stratumDecodeCoinbase: boolean;
}

/** Where a setting of a slot is left out. */
export const EMPTY_SLOT: PoolSlot = {
  stratumProtocol: "SV1",
  stratumURL: "",
  stratumPort: 3333,
  stratumUser: "",
  stratumPassword: "x",
  stratumSuggestedDifficulty: 0,
  stratumExtranonceSubscribe: false,
  stratumTLS: 0,
  stratumCert: "",
  stratumDecodeCoinbase: true,
};

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
  /** 1: it was too hot, and stands until its owner says otherwise (miners.md §4.1). */
  overheatMode: number;
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

const BASE_W = 3.5;
/** From 17.1 W at 525 MHz and 1.15 V. */
const CHIPS: ChipFacts = {
  baseW: BASE_W,
  wPerMhzV2: (17.1 - BASE_W) / (525 * 1.15 ** 2),
  ghsPerMhz: 2.04,
  adapterEfficiency: 0.88,
};
const START = { frequency: 525, coreVoltage: 1150 };
const TRIPPED = { overheatMode: 1, frequency: 50, coreVoltage: 1000, autofanspeed: 0, fanspeed: 100 };

/** The state of an emulated Bitaxe Gamma 601: clock, voltage, pause, pools; no wire. */
export class BitaxeDevice extends ClockedRig {
  readonly stored: BitaxeSettings;
  identifyUntilMs = 0;

  constructor(
    options: EmulatorOptions,
    { version }: AxeosFeatures,
    parts: { random: Random; faults: FaultDesk },
  ) {
    const facts = {
      power: POWER,
      // It stops by itself when no pool answers (miners.md §4.3).
      noWorkW: 4,
      agent: `bitaxe/BM1370/${version}`,
      rebootS: [15, 25],
      earlierUptimeS: 93_311,
      forgetsPause: true,
    } as const;
    super(options, facts, CHIPS, { ...parts, start: START });
    this.stored = freshSettings(options);
  }

  protected get clockSettings(): ClockSettings {
    return this.stored;
  }

  get work(): Work {
    const [group] = this.groups;
    if (group === undefined) throw new Error("the work of this device has not been started");
    return group.work;
  }

  /** Pool of the present work; null without one. */
  get activePool(): PoolWork | null {
    return this.work.pools[this.work.active ?? -1] ?? null;
  }

  /** True while the work goes to the stored fallback, whether by wish or because the primary is gone. */
  get isUsingFallback(): boolean {
    return (this.work.active ?? this.work.order[0]) === 1;
  }

  override get isFaulty(): boolean {
    return super.isFaulty || this.stored.overheatMode === 1;
  }

  /** Heat trips it: what it was set to is overwritten by the lowest of all, the fan runs in full. */
  override step(nowMs: number): void {
    if (this.faults.active("hot") && this.stored.overheatMode === 0) Object.assign(this.stored, TRIPPED);
    super.step(nowMs);
  }

  identify(): void {
    this.identifyUntilMs = this.clock.nowMs() + 30_000;
  }

  settings(): unknown {
    const { frequency: _, coreVoltage: _voltage, ...rest } = this.stored;
    return rest;
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
}

function freshSettings(options: EmulatorOptions): BitaxeSettings {
  const slots: (PoolSlot | null)[] = new Array(POOL_SLOTS).fill(null);
  options.pools.slice(0, 2).forEach((entry, index) => {
    slots[index] = toSlot(entry);
  });
  return {
    ...START,
    autofanspeed: 1,
    fanspeed: 38,
    temptarget: 60,
    hostname: options.name,
    useFallbackStratum: 0,
    primaryPoolIndex: 0,
    secondaryPoolIndex: 1,
    overheatMode: 0,
    slots,
  };
}

function toSlot({ url, user, password }: PoolEntry): PoolSlot {
  const match = /^(?:stratum\+tcp:\/\/)?(.+):(\d{1,5})\/?$/.exec(url);
  return {
    ...EMPTY_SLOT,
    stratumURL: match?.[1] ?? url,
    stratumPort: Number(match?.[2] ?? 3333),
    stratumUser: user,
    stratumPassword: password,
    stratumSuggestedDifficulty: 1000,
  };
}

function toEntry(slot: PoolSlot | null | undefined): PoolEntry | null {
  if (slot === null || slot === undefined || slot.stratumURL === "") return null;
  // No pool here speaks TLS: an entry that wants it stays dead, and is never worked for in the open.
  const scheme = slot.stratumTLS > 0 ? "stratum+ssl" : "stratum+tcp";
  const url = `${scheme}://${slot.stratumURL}:${slot.stratumPort}`;
  return { url, user: slot.stratumUser, password: slot.stratumPassword };
}
