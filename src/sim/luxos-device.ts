import type { EmulatorOptions } from "./emulated-miner.ts";
import type { FaultDesk } from "./fault.ts";
import { type LuxosProfile, luxosProfiles } from "./luxos-profiles.ts";
import type { PowerFacts } from "./power-stage.ts";
import type { Random } from "./random.ts";
import { Rig, type RigGroup } from "./rig.ts";
import type { PoolEntry } from "./stratum-client.ts";
import type { PoolWork } from "./work.ts";

/** A stored group; ids are used again after a removal, names may be the same (miners.md §8.5). */
export interface StoredGroup {
  id: number;
  name: string;
  quota: number;
  pools: { id: number; entry: PoolEntry }[];
}

/** Advanced thermal management as set; empty names: no bound. */
export interface AtmSettings {
  isEnabled: boolean;
  maxProfile: string;
  minProfile: string;
  startupMinutes: number;
  postRampMinutes: number;
  tempWindow: number;
}

const POWER: PowerFacts = {
  idleW: 14,
  wakeW: 120,
  wakeS: 75,
  acceptS: 2,
  tauS: 12,
  rampUpWs: 20,
  rampDownWs: 200,
  noiseW: 15,
  gainDeviation: 0.02,
};

/** Fans and controller, W: they draw and do not hash. */
const OVERHEAD_W = 90;
const SESSION_MS = 60_000;
/** A change of profile climbs, or falls, for so long; a wake starts the boards first. */
const RAMP_MS = 120_000;
const WAKE_MS = 180_000;
const DEFAULT_PROFILE = "default";

/** The state of an emulated Antminer S19 with LuxOS: profiles, sleep, thermal management, groups, session; no wire. */
export class LuxosDevice extends Rig {
  profileName = DEFAULT_PROFILE;
  readonly atm: AtmSettings = {
    isEnabled: true,
    maxProfile: DEFAULT_PROFILE,
    minProfile: "",
    startupMinutes: 5,
    postRampMinutes: 5,
    tempWindow: 5,
  };
  readonly stored: StoredGroup[];
  redLed = "auto";
  readonly fanSpeed = -1;
  #session: { id: string; usedMs: number } | null = null;
  #rampUntilMs = Number.NEGATIVE_INFINITY;

  constructor(options: EmulatorOptions, parts: { random: Random; faults: FaultDesk }) {
    const facts = {
      power: POWER,
      noWorkW: 160,
      agent: "LUXminer/2025.4.8",
      rebootS: [70, 90],
      earlierUptimeS: 86_500,
      // A sleep is ended by `wakeup` alone (miners.md §8.4).
      forgetsPause: false,
    } as const;
    super(options, facts, { ...parts, targetW: profileOf(DEFAULT_PROFILE).watts });
    const pools = options.pools.map((entry, id) => ({ id, entry }));
    this.stored = [{ id: 0, name: "default", quota: 1, pools }];
  }

  get profile(): LuxosProfile {
    return profileOf(this.profileName);
  }

  get targetW(): number {
    return this.profile.watts;
  }

  get isRamping(): boolean {
    return !this.isResting && !this.isFaulty && this.clock.nowMs() < this.#rampUntilMs;
  }

  /** What the firmware makes of its profile for want of a meter: no figure of the supply. */
  get estimatedW(): number {
    if (!this.isHashing) return 0;
    const part = this.hasWork ? Math.min(1, this.stage.powerW / this.targetW) : 0.1;
    return Math.round(this.targetW * part);
  }

  get epochS(): number {
    return Math.floor(this.clock.nowMs() / 1000);
  }

  /** Groups that get work, in the order of their counters. */
  get workingGroups(): StoredGroup[] {
    return this.stored.filter(({ pools }) => pools.length > 0);
  }

  /** The counters of a stored pool; null before the work is taken up. */
  workOf(group: StoredGroup, place: number): { work: PoolWork; isActive: boolean } | null {
    const work = this.groups[this.workingGroups.indexOf(group)]?.work;
    const pool = work?.pools[place];
    return work === undefined || pool === undefined ? null : { work: pool, isActive: work.active === place };
  }

  /** The id of the session that is open; empty when there is none. */
  get session(): string {
    const isOver = this.#session === null || this.clock.nowMs() - this.#session.usedMs > SESSION_MS;
    if (isOver) this.#session = null;
    return this.#session?.id ?? "";
  }

  /** Empty when somebody else has one. */
  logon(): string {
    if (this.session !== "") return "";
    const id = this.random.integer(0x1000_0000, 0x7fff_ffff).toString(36).padStart(8, "0").slice(0, 8);
    this.#session = { id, usedMs: this.clock.nowMs() };
    return id;
  }

  /** Uses the session; false when it is not the open one. */
  touch(id: string): boolean {
    if (id === "" || this.session !== id) return false;
    this.#session = { id, usedMs: this.clock.nowMs() };
    return true;
  }

  logoff(): void {
    this.#session = null;
  }

  setProfile(name: string): void {
    this.obey(() => this.#ramp(name));
  }

  curtail(isAsleep: boolean): void {
    this.obey(() => {
      if (this.isResting && !isAsleep) this.#rampUntilMs = this.clock.nowMs() + WAKE_MS;
      this.isResting = isAsleep;
    });
  }

  setAtm(change: Partial<AtmSettings>): void {
    this.obey(() => Object.assign(this.atm, change));
  }

  addGroup(name: string, quota: number): void {
    this.obey(() => {
      this.stored.push({ id: freeId(this.stored), name, quota, pools: [] });
      this.stored.sort((one, other) => one.id - other.id);
    });
  }

  removeGroup(group: StoredGroup): void {
    this.obey(() => this.stored.splice(this.stored.indexOf(group), 1));
  }

  setQuota(group: StoredGroup, quota: number): void {
    this.obey(() => {
      group.quota = quota;
      this.setWeights(this.workingGroups.map((working) => working.quota));
    });
  }

  addPool(group: StoredGroup, entry: PoolEntry): void {
    this.obey(() => {
      group.pools.push({ id: freeId(this.stored.flatMap(({ pools }) => pools)), entry });
      this.takePools();
    });
  }

  removePool(group: StoredGroup, id: number): void {
    this.obey(() => {
      group.pools = group.pools.filter((pool) => pool.id !== id);
      this.takePools();
    });
  }

  blink(mode: string): void {
    this.obey(() => {
      this.redLed = mode;
    });
  }

  settings(): unknown {
    const { maxProfile: _bound, ...atm } = this.atm;
    return { groups: this.stored, atm, fanSpeed: this.fanSpeed };
  }

  override step(nowMs: number): void {
    this.#followAtm(nowMs);
    super.step(nowMs);
  }

  protected thsAt(powerW: number): number {
    const { watts, hashrateThs } = this.profile;
    const reached = Math.max(0, powerW - OVERHEAD_W) / (watts - OVERHEAD_W);
    return hashrateThs * Math.min(1, reached);
  }

  protected storedGroups(): RigGroup[] {
    return this.workingGroups.map(({ name, quota, pools }) => ({
      name,
      weight: quota,
      pools: pools.map(({ entry }) => entry),
    }));
  }

  protected override get heatC(): number {
    return 22 + (28 * this.stage.powerW) / 3000;
  }

  protected override onBoot(nowMs: number): void {
    this.#session = null;
    this.#rampUntilMs = nowMs + WAKE_MS;
  }

  #ramp(name: string): void {
    if (name === this.profileName) return;
    this.profileName = name;
    this.#rampUntilMs = this.clock.nowMs() + RAMP_MS;
  }

  /** Cool boards: a while after the last ramp it climbs by one profile, up to its bound. */
  #followAtm(nowMs: number): void {
    if (!this.atm.isEnabled || !this.isHashing) return;
    if (nowMs < this.#rampUntilMs + this.atm.postRampMinutes * 60_000) return;
    const place = luxosProfiles.indexOf(this.profile);
    const bound = luxosProfiles.findIndex(({ name }) => name === this.atm.maxProfile);
    const next = luxosProfiles[place + 1];
    if (next !== undefined && place < bound) this.#ramp(next.name);
  }
}

function profileOf(name: string): LuxosProfile {
  const found = luxosProfiles.find((profile) => profile.name === name);
  if (found === undefined) throw new Error(`the emulated miner has no profile ${name}`);
  return found;
}

function freeId(entries: readonly { id: number }[]): number {
  let id = 0;
  while (entries.some((entry) => entry.id === id)) id += 1;
  return id;
}
