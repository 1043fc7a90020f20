import type { EmulatorOptions } from "./emulated-miner.ts";
import type { FaultDesk } from "./fault.ts";
import type { PowerFacts } from "./power-stage.ts";
import type { Random } from "./random.ts";
import { Rig, type RigGroup } from "./rig.ts";
import type { PoolEntry } from "./stratum-client.ts";

/** What differs between the models. */
export interface WhatsminerFacts {
  model: string;
  /** Ordinary draw, the highest that a limit may be, W. */
  nominalW: number;
  nominalThs: number;
}

/** A percent acts within about a second; after a start the clocks are raised for minutes (miners.md §16). */
const POWER: PowerFacts = {
  idleW: 15,
  wakeW: 900,
  wakeS: 150,
  acceptS: 1,
  tauS: 1,
  rampUpWs: 1500,
  rampDownWs: 3000,
  noiseW: 10,
  gainDeviation: 0.01,
};

/** Fans, supply and control board, W: they draw and do not hash. */
const OVERHEAD_W = 120;
const PROCESS_RESTART_S = [20, 30] as const;
const MAX_POOLS = 3;
const NO_LIMIT_W = 99_999;

/** The state of an emulated Whatsminer: a limit, a percent of it, mining off and on, pools; no wire. */
export class WhatsminerDevice extends Rig {
  /** The owner's limit, W. */
  limitW: number;
  /** Part of the limit, 0-100; forgotten by a start. */
  percent = 100;
  /** A new limit applies without a restart. */
  isFastBoot = false;
  powerMode = "normal";
  readonly model: string;
  /** Pools as stored; in use after the next start of the mining process. */
  storedPools: PoolEntry[];
  readonly #facts: WhatsminerFacts;

  constructor(
    options: EmulatorOptions,
    facts: WhatsminerFacts,
    parts: { random: Random; faults: FaultDesk },
  ) {
    const rig = {
      power: POWER,
      noWorkW: 200,
      agent: "btminer",
      rebootS: [40, 60],
      earlierUptimeS: 50_000,
      // Whether it keeps a pause over a start is not known (miners.md §16): the worse case for an event is played.
      forgetsPause: true,
    } as const;
    super(options, rig, { ...parts, targetW: facts.nominalW });
    this.#facts = facts;
    this.limitW = facts.nominalW;
    this.model = facts.model;
    this.storedPools = options.pools.slice(0, MAX_POOLS);
  }

  get targetW(): number {
    return (this.limitW * this.percent) / 100;
  }

  get nominalThs(): number {
    return this.#facts.nominalThs;
  }

  get epochS(): number {
    return Math.floor(this.clock.nowMs() / 1000);
  }

  /** Codes of the errors that it has now, by the vendor's list. */
  get errorCodes(): number[] {
    return [...(this.faults.active("hot") ? [350] : []), ...(this.faults.active("fan") ? [110] : [])];
  }

  /** Speed of the two big fans, rpm. */
  get fanRpm(): { inlet: number; outlet: number } {
    const rpm = this.isHashing ? 3000 + Math.round(0.8 * this.stage.powerW) : 1200;
    return { inlet: this.faults.active("fan") ? 0 : rpm, outlet: rpm - 60 };
  }

  /** Age of the mining process, s; 0 while it is switched off. */
  get miningS(): number {
    return this.isResting ? 0 : this.miningUptimeS;
  }

  /** Mining is a process of its own: each start of it begins with the stored pools and without a percent. */
  setMining(isOn: boolean): void {
    this.obey(() => {
      if (isOn && this.isResting) {
        this.percent = 100;
        this.restartMining(0);
      }
      this.isResting = !isOn;
    });
  }

  setPercent(percent: number): void {
    this.obey(() => {
      this.percent = percent;
    });
  }

  /** Restarts the whole mining process unless fast boot is on: its draw falls to nothing (miners.md §11.1). */
  setLimit(limitW: number): void {
    this.obey(() => {
      this.limitW = limitW === NO_LIMIT_W ? this.#facts.nominalW : Math.min(limitW, this.#facts.nominalW);
      if (!this.isFastBoot) this.#restartProcess();
    });
  }

  setFastBoot(isOn: boolean): void {
    this.obey(() => {
      this.isFastBoot = isOn;
    });
  }

  storePools(pools: readonly PoolEntry[]): void {
    this.obey(() => {
      this.storedPools = [...pools];
    });
  }

  orderRestart(): void {
    this.obey(() => this.#restartProcess());
  }

  settings(): unknown {
    const { storedPools, limitW, isFastBoot, powerMode } = this;
    return {
      pools: storedPools,
      limitW,
      isFastBoot,
      powerMode,
      targetFrequency: 0,
      upfreqSpeed: 1,
      proto: "dhcp",
    };
  }

  protected thsAt(powerW: number): number {
    const { nominalThs, nominalW } = this.#facts;
    return (nominalThs * Math.max(0, powerW - OVERHEAD_W)) / (nominalW - OVERHEAD_W);
  }

  protected storedGroups(): RigGroup[] {
    return [{ name: "", weight: 1, pools: this.storedPools }];
  }

  protected override get heatC(): number {
    return 25 + (40 * this.stage.powerW) / this.#facts.nominalW;
  }

  protected override onBoot(): void {
    this.percent = 100;
  }

  #restartProcess(): void {
    this.planStart(1, this.random.integer(...PROCESS_RESTART_S), false);
  }
}
