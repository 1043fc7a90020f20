import type { EmulatorOptions } from "./emulated-miner.ts";
import type { FaultDesk } from "./fault.ts";
import type { PowerFacts } from "./power-stage.ts";
import type { Random } from "./random.ts";
import { Rig, type RigGroup } from "./rig.ts";
import type { PoolEntry } from "./stratum-client.ts";

/** One model with Braiins OS. Watts as the firmware estimates them, which here is the truth. */
export interface BosModel {
  /** As the firmware names it. */
  name: string;
  minW: number;
  maxW: number;
  /** Set when the home starts. */
  startW: number;
  boards: readonly string[];
  chipsPerBoard: number;
  /** Fans that turn, and places that the firmware lists. */
  fans: number;
  fanPlaces: number;
  fanRpm: number;
  power: PowerFacts;
  noWorkW: number;
  /** The mining process needs so long to start anew, s. */
  restartS: readonly [low: number, high: number];
  /** After a pause the figures of before stand for so long, s (miners.md §7.3). */
  staleS: number;
  /** A new power target restarts the tuner. */
  restartsTuner: boolean;
  /** Tells the MAC; older firmware only a number of the hardware. */
  tellsMac: boolean;
  agent: string;
  ths(powerW: number): number;
}

/** A group as stored; a fixed ratio in the place of the quota where set. */
export interface BosStoredGroup {
  id: string;
  name: string;
  quota: number | null;
  ratio: number | null;
  pools: { id: string; url: string; user: string; password: string; isEnabled: boolean }[];
}

/** Figures that the firmware tells, which lag behind the truth after a pause. */
export interface BosFigures {
  powerW: number;
  /** TH/s, by length of the window in s. */
  hashrateThs: Record<number, number>;
}

/** Windows of the hash rate, s. */
export const WINDOWS_S = [5, 15, 30, 60, 300, 900, 1800, 3600, 86_400] as const;
/** Above this inlet air dynamic scaling lowers the target, degC; by so many watts. */
const SCALES_ABOVE_C = 35;
const SCALES_BY_W = 300;

/** The state of an emulated miner with Braiins OS: target, pause, groups with weights; no wire. */
export class BosDevice extends Rig {
  readonly model: BosModel;
  readonly stored: { groups: BosStoredGroup[]; targetW: number; hostname: string; cooling: string };
  isLocated = false;
  /** Changes with each start: sessions of before are forgotten. */
  bootNumber = 0;
  readonly #averages: Record<number, number> = {};
  #stale: (BosFigures & { untilMs: number }) | null = null;
  #nextId = 1;
  #restingSinceMs: number;

  constructor(options: EmulatorOptions, parts: { random: Random; faults: FaultDesk }, model: BosModel) {
    const facts = {
      power: model.power,
      noWorkW: model.noWorkW,
      agent: model.agent,
      rebootS: [60, 90],
      earlierUptimeS: 41_022,
      forgetsPause: true,
    } as const;
    super(options, facts, { ...parts, targetW: model.startW });
    this.model = model;
    const pools = options.pools.map((entry) => this.#newPool(entry));
    this.stored = {
      groups: [{ id: this.#newId(), name: "Default", quota: 1, ratio: null, pools }],
      targetW: model.startW,
      hostname: options.name,
      cooling: "auto 75 degC",
    };
    this.#restingSinceMs = this.bootedMs;
    const ths = this.isResting ? 0 : model.ths(model.startW);
    for (const windowS of WINDOWS_S) this.#averages[windowS] = ths;
  }

  override get id(): string {
    return this.model.tellsMac ? this.mac : `serial:${this.hardwareId}`;
  }

  /** Number of the hardware, as long as a real one. */
  get hardwareId(): string {
    return `bosH${this.mac.replaceAll(":", "")}`;
  }

  get epochMs(): number {
    return this.clock.nowMs();
  }

  /** Since when it has been told to rest, ms; null while it is not. */
  get restingSinceMs(): number | null {
    return this.isResting ? this.#restingSinceMs : null;
  }

  /** At a place that has a fan: standing still at rest, or because it is broken. */
  fanRpm(place: number): number {
    if (place >= this.model.fans || (this.isResting && !this.isHashing)) return 0;
    if (place === 0 && this.faults.active("fan") !== null) return 0;
    return this.model.fanRpm + 30 * place;
  }

  get fanPercent(): number {
    return this.isResting && !this.isHashing ? 0 : 62;
  }

  /** The target that dynamic scaling lets it have, W. */
  get targetW(): number {
    const { targetW } = this.stored;
    return this.inletC > SCALES_ABOVE_C ? Math.max(this.model.minW, targetW - SCALES_BY_W) : targetW;
  }

  /** As the firmware tells it: of a paused miner the figures of before, for a while. */
  get figures(): BosFigures {
    if (this.#stale !== null && this.isResting && this.clock.nowMs() < this.#stale.untilMs)
      return this.#stale;
    return {
      powerW: this.isHashing || this.isWaking ? this.stage.reportedW : 0,
      hashrateThs: { ...this.#averages, 5: this.hashrateThs },
    };
  }

  setTarget(targetW: number): void {
    this.obey(() => {
      this.stored.targetW = targetW;
      if (this.model.restartsTuner) this.#restart();
    });
  }

  pause(isPaused: boolean): void {
    this.obey(() => {
      if (isPaused && !this.isResting) {
        const nowMs = this.clock.nowMs();
        this.#stale = { ...this.figures, untilMs: nowMs + this.model.staleS * 1000 };
        this.#restingSinceMs = nowMs;
      }
      this.isResting = isPaused;
    });
  }

  /** New groups in the place of all; at work after a restart of the mining process, which `restarts` makes at once. */
  setGroups(
    groups: readonly {
      name: string;
      quota: number | null;
      ratio: number | null;
      pools: readonly (PoolEntry & { isEnabled?: boolean })[];
    }[],
    restarts: boolean,
  ): void {
    this.obey(() => {
      this.stored.groups = groups.map((group) => ({
        ...group,
        id: this.#newId(),
        pools: group.pools.map((entry) => this.#newPool(entry)),
      }));
      if (restarts) this.#restart();
    });
  }

  restart(): void {
    this.obey(() => this.#restart());
  }

  locate(isOn: boolean): void {
    this.obey(() => {
      this.isLocated = isOn;
    });
  }

  settings(): unknown {
    const { targetW: _, ...rest } = this.stored;
    return rest;
  }

  override step(nowMs: number): void {
    super.step(nowMs);
    for (const windowS of WINDOWS_S) {
      const average = this.#averages[windowS] ?? 0;
      this.#averages[windowS] = average + (this.hashrateThs - average) / windowS;
    }
  }

  protected thsAt(powerW: number): number {
    return this.model.ths(powerW);
  }

  protected storedGroups(): RigGroup[] {
    const fixed = this.stored.groups.reduce((sum, { ratio }) => sum + (ratio ?? 0), 0);
    const quotas = this.stored.groups.reduce((sum, { quota }) => sum + (quota ?? 0), 0);
    return this.stored.groups.map(({ name, quota, ratio, pools }) => ({
      name,
      weight: quota === null ? (ratio ?? 0) : (quota / Math.max(1, quotas)) * Math.max(0, 1 - fixed),
      pools: pools.map(({ url, user, password, isEnabled }) => ({
        url: isEnabled ? url : "",
        user,
        password,
      })),
    }));
  }

  protected override onBoot(): void {
    this.bootNumber += 1;
    this.isLocated = false;
    for (const windowS of WINDOWS_S) this.#averages[windowS] = 0;
  }

  #restart(): void {
    this.restartMining(this.random.integer(...this.model.restartS));
  }

  #newPool(entry: PoolEntry & { isEnabled?: boolean }): BosStoredGroup["pools"][number] {
    const { url, user, password, isEnabled = true } = entry;
    return { id: this.#newId(), url, user, password, isEnabled };
  }

  #newId(): string {
    return String(this.#nextId++);
  }
}

/** An Antminer S19 Pro as a space heater. */
export const BOS_S19: BosModel = {
  name: "Antminer S19 Pro",
  minW: 770,
  maxW: 3400,
  startW: 1200,
  boards: ["1", "2", "3"],
  chipsPerBoard: 114,
  fans: 4,
  fanPlaces: 4,
  fanRpm: 3900,
  power: {
    idleW: 22,
    wakeW: 350,
    wakeS: 45,
    acceptS: 2,
    tauS: 15,
    // From the minimum to several kW in many minutes (miners.md §7.4).
    rampUpWs: 4,
    rampDownWs: 150,
    noiseW: 6,
    gainDeviation: 0.008,
  },
  noWorkW: 60,
  restartS: [20, 40],
  staleS: 45,
  restartsTuner: false,
  tellsMac: true,
  agent: "bosminer-plus-tuner 0.2.0-912d084c",
  ths: (powerW) => 115 * (Math.max(0, powerW - 120) / 3130) ** 0.62,
};

/** The same with a release before the REST interface. */
export const BOS_S19_OLD: BosModel = { ...BOS_S19, tellsMac: false };

/** An Antminer S9 with the last release that it gets. */
export const BOS_S9: BosModel = {
  name: "Antminer S9",
  minW: 400,
  maxW: 1420,
  startW: 900,
  boards: ["6", "7", "8"],
  chipsPerBoard: 63,
  fans: 2,
  fanPlaces: 4,
  fanRpm: 4600,
  power: {
    idleW: 16,
    wakeW: 250,
    wakeS: 60,
    acceptS: 5,
    tauS: 20,
    rampUpWs: 3,
    rampDownWs: 100,
    noiseW: 4,
    gainDeviation: 0.008,
  },
  noWorkW: 80,
  restartS: [30, 60],
  staleS: 0,
  restartsTuner: true,
  tellsMac: false,
  agent: "bosminer-plus-tuner 0.2.0-26ba61b9",
  ths: (powerW) => 11.5 * (Math.max(0, powerW - 60) / 1360) ** 0.75,
};
