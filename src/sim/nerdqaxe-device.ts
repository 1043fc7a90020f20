import { type ChipFacts, ClockedRig, type ClockSettings } from "./clocked-rig.ts";
import type { EmulatorOptions } from "./emulated-miner.ts";
import type { FaultDesk } from "./fault.ts";
import type { NerdFeatures } from "./nerdqaxe-firmware.ts";
import type { PowerFacts } from "./power-stage.ts";
import type { Random } from "./random.ts";
import type { RigGroup } from "./rig.ts";
import type { PoolEntry } from "./stratum-client.ts";
import type { PoolWork } from "./work.ts";

/** One of the two pools as stored. */
export interface NerdPool {
  /** Host only. */
  url: string;
  port: number;
  user: string;
  password: string;
  tls: boolean;
  enonceSubscribe: boolean;
  /** 0: Stratum V1. */
  protocol: number;
  /** 0 off, 1 the user's address must be paid, 2 the fee is bounded too. */
  coinbaseVerifyMode: number;
  /** Percent. */
  coinbaseMaxFee: number;
  /** A pool that fails the check gets no work. */
  coinbaseVerifyForce: boolean;
}

/** Stored settings. Another pool mode applies after a restart, the rest at once. */
export interface NerdSettings extends ClockSettings {
  /** 0 failover, 1 dual. */
  poolMode: number;
  /** Percent for the first pool; anything that fits 16 bits. */
  poolBalance: number;
  pools: [NerdPool, NerdPool];
  hostname: string;
  fanMode: number;
  manualFanSpeed: number;
  /** degC. */
  overheatTemp: number;
  stratumDifficulty: number;
}

export const NERD_DUAL = 1;
/** Options of the board (four BM1370). */
export const nerdClocks = [500, 515, 525, 550, 575, 590, 600];
export const nerdVoltages = [1120, 1130, 1140, 1150, 1160, 1170, 1180, 1190, 1200];
export const NERD_CHIPS = 4;

const POWER: PowerFacts = {
  idleW: 6,
  wakeW: 10,
  wakeS: 5,
  acceptS: 1,
  tauS: 4,
  rampUpWs: 12,
  rampDownWs: 60,
  noiseW: 0.5,
  gainDeviation: 0.015,
};
const BASE_W = 8;
/** From 76.4 W at 600 MHz and 1.15 V (miners.md §5.1). */
const CHIPS: ChipFacts = {
  baseW: BASE_W,
  wPerMhzV2: (76.4 - BASE_W) / (600 * 1.15 ** 2),
  ghsPerMhz: NERD_CHIPS * 2.04,
  adapterEfficiency: 0.9,
};
export const NERD_START = { frequency: 600, coreVoltage: 1150 };
/** Rise of the chips above the air for each watt, K. */
const HEAT_K_PER_W = 0.55;

/** The state of an emulated NerdQAxe++: clock, voltage, shutdown, two pools in failover or dual mode; no wire. */
export class NerdqaxeDevice extends ClockedRig {
  readonly stored: NerdSettings;
  /** The mode that runs, whatever is stored. */
  activePoolMode: number;
  /** It was too hot: the chips have no power until a start. */
  #isTripped = false;
  readonly #features: NerdFeatures;

  constructor(
    options: EmulatorOptions,
    features: NerdFeatures,
    parts: { random: Random; faults: FaultDesk },
  ) {
    const facts = {
      power: POWER,
      noWorkW: 20,
      agent: `NerdQAxe++/BM1370/${features.version}`,
      rebootS: [20, 40],
      earlierUptimeS: 70_112,
      // Only a restart ends a shutdown.
      forgetsPause: true,
    } as const;
    super(options, facts, CHIPS, { ...parts, start: NERD_START });
    this.#features = features;
    this.stored = freshSettings(options);
    this.activePoolMode = this.stored.poolMode;
  }

  protected get clockSettings(): ClockSettings {
    return this.stored;
  }

  override get isFaulty(): boolean {
    return super.isFaulty || this.#isTripped;
  }

  get isDual(): boolean {
    return this.activePoolMode === NERD_DUAL;
  }

  /** Work towards a pool by its place in the settings. */
  poolAt(place: number): (PoolWork & { isActive: boolean }) | null {
    return this.pools[place] ?? null;
  }

  /** In failover mode: true while the work goes to the second pool. */
  get isUsingFallback(): boolean {
    return !this.isDual && this.poolAt(1)?.isActive === true;
  }

  /** Why a pool gets no work: its coinbase does not pay the user's own address, as in any shared pool. */
  blockedBy(place: number): string {
    const pool = this.stored.pools[place];
    return pool !== undefined && pool.coinbaseVerifyMode > 0 && pool.coinbaseVerifyForce
      ? "address_not_found"
      : "";
  }

  /** Carries out a change of the settings; the running manager follows as far as its mode lets it. */
  change(apply: (settings: NerdSettings) => void): void {
    this.obey(() => {
      const before = structuredClone(this.stored);
      apply(this.stored);
      // Old firmware reads its pools at the start alone.
      if (!this.#features.hasDual) return;
      if (JSON.stringify(before.pools) !== JSON.stringify(this.stored.pools)) this.takePools();
      else if (this.isDual && before.poolBalance !== this.stored.poolBalance) this.#rebalance();
    });
  }

  settings(): unknown {
    const { frequency: _, coreVoltage: _voltage, ...rest } = this.stored;
    return rest;
  }

  protected storedGroups(): RigGroup[] {
    const { pools, poolBalance } = this.stored;
    const entries = pools.map((pool, place) => toEntry(pool, this.blockedBy(place) !== ""));
    if (!this.isDual) return [{ name: "", weight: 1, pools: entries }];
    return entries.map((entry, place) => ({
      name: String(place),
      weight: Math.max(0, place === 0 ? poolBalance : 100 - poolBalance),
      pools: [entry],
    }));
  }

  override step(nowMs: number): void {
    if (this.faults.active("hot")) this.#isTripped = true;
    super.step(nowMs);
  }

  protected override onBoot(nowMs: number): void {
    super.onBoot(nowMs);
    this.#isTripped = false;
    this.activePoolMode = this.stored.poolMode;
  }

  protected override get heatC(): number {
    return HEAT_K_PER_W * this.stage.powerW;
  }

  /** Another balance in dual mode: both pools are connected anew, counters go on. */
  #rebalance(): void {
    const { poolBalance } = this.stored;
    this.setWeights([poolBalance, Math.max(0, 100 - poolBalance)]);
    for (const { work } of this.groups) {
      work.setNetwork(false);
      work.setNetwork(true);
    }
  }
}

function freshSettings(options: EmulatorOptions): NerdSettings {
  const [first, second] = options.pools;
  return {
    ...NERD_START,
    poolMode: 0,
    poolBalance: 50,
    pools: [toPool(first), toPool(second)],
    hostname: options.name,
    fanMode: 2,
    manualFanSpeed: 100,
    overheatTemp: 75,
    stratumDifficulty: 1000,
  };
}

function toPool(entry: PoolEntry | undefined): NerdPool {
  const match = /^(?:stratum\+tcp:\/\/)?(.+):(\d{1,5})\/?$/.exec(entry?.url ?? "");
  return {
    url: match?.[1] ?? "",
    port: Number(match?.[2] ?? 3333),
    user: entry?.user ?? "",
    password: entry?.password ?? "x",
    tls: false,
    enonceSubscribe: false,
    protocol: 0,
    coinbaseVerifyMode: 0,
    coinbaseMaxFee: 3,
    coinbaseVerifyForce: false,
  };
}

function toEntry(pool: NerdPool, isBlocked: boolean): PoolEntry {
  const { url, port, user, password, tls } = pool;
  if (url === "" || isBlocked) return { url: "", user, password };
  // No pool here speaks TLS: an entry that wants it stays dead, and is never worked for in the open.
  return { url: `${tls ? "stratum+ssl" : "stratum+tcp"}://${url}:${port}`, user, password };
}
