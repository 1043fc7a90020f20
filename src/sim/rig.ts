import type { Clock } from "../model/clock.ts";
import type { EmulatorOptions } from "./emulated-miner.ts";
import { macOf } from "./emulated-miner.ts";
import type { FaultDesk } from "./fault.ts";
import { type PowerFacts, PowerStage } from "./power-stage.ts";
import type { Random } from "./random.ts";
import type { PoolEntry } from "./stratum-client.ts";
import { type PoolWork, Work } from "./work.ts";

/** Pools that get one share of the work together; within a group they stand in for each other, in order. */
export interface RigGroup {
  name: string;
  /** Relative weight of the group, >= 0. */
  weight: number;
  pools: PoolEntry[];
}

/** What differs between the devices that a rig can be. Watts in the scale of the device's own figure. */
export interface RigFacts {
  power: PowerFacts;
  /** Draw while no pool gives work, W. */
  noWorkW: number;
  /** As the firmware names itself to pools. */
  agent: string;
  /** The whole device restarts in so many seconds. */
  rebootS: readonly [low: number, high: number];
  /** It ran for so long before anybody looked, s. */
  earlierUptimeS: number;
  /** A pause is forgotten by a restart (miners.md §16). */
  forgetsPause: boolean;
}

interface PendingStart {
  downAtMs: number;
  upAtMs: number;
  isMainsCut: boolean;
}

/**
 * The state that every emulated miner has: power, rest, restarts, work at its pools, faults; no wire. A device adds
 * what its firmware can be set to, and a face that tells it.
 */
export abstract class Rig {
  readonly stage: PowerStage;
  readonly faults: FaultDesk;
  /** True while it is told not to hash: paused, asleep, soft-off, shut down. */
  isResting: boolean;
  /** False while it boots or has no mains: nothing answers. */
  isUp = true;
  /** Hottest chip, degC. */
  chipC = 20;
  /** Changes that it was asked for so far, obeyed or not. */
  orders = 0;
  protected readonly clock: Clock;
  protected readonly random: Random;
  protected bootedMs: number;
  readonly #facts: RigFacts;
  readonly #inletC: () => number;
  readonly #lostCommandPart: number;
  readonly #id: string;
  #groups: { name: string; weight: number; work: Work }[] = [];
  #isStarted = false;
  #start: PendingStart | null = null;
  /** The mining process is down until then. */
  #minesFromMs = Number.NEGATIVE_INFINITY;
  #wantedW: number | null = null;
  #late: { atMs: number; change: () => void }[] = [];
  #rebootedMs = Number.NEGATIVE_INFINITY;
  #resetMs = Number.NEGATIVE_INFINITY;

  /** `targetW` as the constructor of the device knows it, before its own fields are set. */
  constructor(
    options: EmulatorOptions,
    facts: RigFacts,
    parts: { random: Random; faults: FaultDesk; targetW: number },
  ) {
    this.clock = options.clock;
    this.random = parts.random;
    this.faults = parts.faults;
    this.#facts = facts;
    this.#id = options.id ?? macOf(options.name);
    this.#inletC = options.inletC ?? (() => 20);
    this.#lostCommandPart = options.lostCommandPart ?? 0;
    this.isResting = !(options.startsMining ?? true);
    this.#wantedW = this.isResting ? null : parts.targetW;
    this.stage = new PowerStage(facts.power, this.#wantedW, parts.random.fork("power"));
    this.bootedMs = options.clock.nowMs() - facts.earlierUptimeS * 1000;
    this.chipC = this.isResting ? this.inletC : 65;
  }

  /** Draw that the present settings ask for when it runs, W. */
  abstract get targetW(): number;
  /** Hash rate that it would have with that draw, TH/s. */
  protected abstract thsAt(powerW: number): number;
  /** Pools as stored, taken up at a start. */
  protected abstract storedGroups(): RigGroup[];
  /** Settings that a start changes or drops. */
  protected onBoot(_nowMs: number): void {}

  /** MAC in lower-case colon form; another one while an impostor stands in its place. */
  get mac(): string {
    return this.faults.active("swap-identity") ? macOf(`impostor of ${this.#id}`) : this.#id;
  }

  /** As its driver must name it: a serial number where the firmware does not tell its MAC. */
  get id(): string {
    return this.mac;
  }

  /** As long as a serial number, from the MAC. */
  get serial(): string {
    return `HTH${this.mac.replaceAll(":", "").toUpperCase()}`;
  }

  get inletC(): number {
    return this.#inletC();
  }

  /** The firmware itself has stopped the chips: too hot, or a dead fan while running. */
  get isFaulty(): boolean {
    return this.faults.active("hot") !== null || this.faults.active("fan") !== null;
  }

  /** Chips get power and hash. */
  get isHashing(): boolean {
    return this.isUp && this.#isAwake && this.stage.state === "running";
  }

  /** Spinning up after a pause or a start. */
  get isWaking(): boolean {
    return this.isUp && !this.isResting && this.stage.state === "waking";
  }

  /** True hash rate now, TH/s. */
  get hashrateThs(): number {
    if (!this.isHashing || !this.hasWork || this.faults.active("idle")) return 0;
    return this.thsAt(this.stage.powerW);
  }

  get uptimeS(): number {
    return Math.floor((this.clock.nowMs() - this.bootedMs) / 1000);
  }

  /** The mining process alone starts anew: it answers, and does not hash. */
  get isRestartingMining(): boolean {
    return this.clock.nowMs() < this.#minesFromMs;
  }

  /** Since the mining process started, s; 0 while it is down. */
  get miningUptimeS(): number {
    const sinceMs = Math.max(this.bootedMs, this.#minesFromMs);
    return Math.max(0, Math.floor((this.clock.nowMs() - sinceMs) / 1000));
  }

  /** Draw at the wall, W; devices that tell their own board's draw override it. */
  get wallW(): number {
    return this.stage.powerW;
  }

  /** Work of every pool, in the order in which the firmware lists them. */
  get pools(): (PoolWork & { group: number; isActive: boolean })[] {
    return this.#groups.flatMap(({ work }, group) =>
      work.pools.map((pool, index) => ({ ...pool, group, isActive: work.active === index })),
    );
  }

  /** The groups at work, which may differ from the stored ones until a restart. */
  get groups(): readonly { name: string; weight: number; work: Work }[] {
    return this.#groups;
  }

  get hasWork(): boolean {
    return this.#groups.some(({ work }) => work.hasWork);
  }

  /** Carries out a change that somebody asked for: now, late, or never when it lies or the command is lost. */
  obey(change: () => void): void {
    this.orders += 1;
    if (this.faults.active("lie") || (this.#lostCommandPart > 0 && this.random.chance(this.#lostCommandPart)))
      return;
    const late = this.faults.active("late");
    if (late === null) change();
    else this.#late.push({ atMs: this.clock.nowMs() + (late.value ?? 20) * 1000, change });
  }

  /** Takes the stored pools up, with fresh counters. Resolves after the first attempt to reach them. */
  async startWork(): Promise<void> {
    this.takePools();
    this.#isStarted = true;
    await Promise.all(this.#groups.map(({ work }) => work.start()));
  }

  /** New pools at work from now on; counters start at 0. */
  takePools(): void {
    const wanted = this.storedGroups();
    while (this.#groups.length > wanted.length) void this.#groups.pop()?.work.close();
    for (const [index, { name, weight, pools }] of wanted.entries()) {
      const order = pools.map((_, place) => place).filter((place) => pools[place]?.url !== "");
      const known = this.#groups[index];
      if (known) {
        known.name = name;
        known.weight = weight;
        known.work.configure(pools, order);
        continue;
      }
      const work = this.#newWork(index);
      work.configure(pools, order);
      this.#groups.push({ name, weight, work });
      if (this.#isStarted) void work.start();
    }
  }

  /** Other weights without a restart of the work. */
  setWeights(weights: readonly number[]): void {
    for (const [index, group] of this.#groups.entries()) group.weight = weights[index] ?? group.weight;
  }

  /** A restart of the whole device after `delayS`. */
  reboot(delayS: number): void {
    this.obey(() => this.planStart(delayS, this.random.integer(...this.#facts.rebootS), false));
  }

  /** A restart of the mining process alone: no work for `downS`, then the pools as stored, with fresh counters. */
  restartMining(downS: number): void {
    this.#minesFromMs = this.clock.nowMs() + downS * 1000;
    this.takePools();
  }

  powerCycle(offS: number): void {
    this.planStart(0, offS + this.random.integer(...this.#facts.rebootS), true);
  }

  /** One second, ending at `nowMs`. */
  step(nowMs: number): void {
    this.#followFaults(nowMs);
    this.#followStart(nowMs);
    for (const { change } of this.#late.filter(({ atMs }) => nowMs >= atMs)) change();
    this.#late = this.#late.filter(({ atMs }) => nowMs < atMs);
    if (this.isUp) this.#follow(nowMs);
    this.stage.step(nowMs);
    for (const { work } of this.#groups) work.step();
    const hotC = this.faults.active("hot") ? 118 : 0;
    const aimC = Math.max(hotC, this.inletC + (this.isHashing ? this.heatC : 0));
    this.chipC += (aimC - this.chipC) / (hotC > 0 ? 5 : 60);
  }

  async close(): Promise<void> {
    await Promise.all(this.#groups.map(({ work }) => work.close()));
  }

  /** Rise of the chip above the inlet air at the present draw, K. */
  protected get heatC(): number {
    return 25 + (20 * this.stage.powerW) / Math.max(1, this.targetW);
  }

  protected planStart(delayS: number, downS: number, isMainsCut: boolean): void {
    const downAtMs = this.clock.nowMs() + delayS * 1000;
    this.#start = { downAtMs, upAtMs: downAtMs + downS * 1000, isMainsCut };
  }

  get #isAwake(): boolean {
    if (this.isFaulty || this.isRestartingMining) return false;
    return !this.isResting || this.faults.active("zombie") !== null;
  }

  #newWork(index: number): Work {
    return new Work({
      clock: this.clock,
      random: this.random.fork(index === 0 ? "work" : `work ${index}`),
      agent: this.#facts.agent,
      hashrateThs: () => this.hashrateThs * this.#partOf(index),
    });
  }

  /** Part of the work that goes to a group; a dead group's part goes to the living ones. */
  #partOf(index: number): number {
    const living = this.#groups.filter(({ work }) => work.hasWork);
    const sum = living.reduce((total, { weight }) => total + weight, 0);
    const group = this.#groups[index];
    if (group === undefined || !group.work.hasWork) return 0;
    return sum > 0 ? group.weight / sum : 1 / living.length;
  }

  #follow(nowMs: number): void {
    let wantedW: number | null = null;
    if (this.#isAwake) wantedW = this.hasWork ? this.targetW : this.#facts.noWorkW;
    if (wantedW === this.#wantedW) return;
    this.#wantedW = wantedW;
    this.stage.setTarget(wantedW, nowMs);
  }

  #followStart(nowMs: number): void {
    if (this.#start === null || nowMs < this.#start.downAtMs) return;
    if (this.isUp) {
      this.isUp = false;
      for (const { work } of this.#groups) work.setNetwork(false);
      if (this.#start.isMainsCut) this.stage.cut();
      else this.stage.setTarget(null, nowMs);
    }
    if (nowMs < this.#start.upAtMs) return;
    this.#start = null;
    this.#boot(nowMs);
  }

  #boot(nowMs: number): void {
    this.isUp = true;
    this.bootedMs = nowMs;
    this.#minesFromMs = nowMs;
    if (this.#facts.forgetsPause) this.isResting = false;
    this.onBoot(nowMs);
    this.#wantedW = this.isResting ? null : this.targetW;
    if (this.#wantedW === null) this.stage.rest();
    else this.stage.start(this.#wantedW, nowMs);
    this.takePools();
    for (const { work } of this.#groups) work.setNetwork(true);
  }

  /** Restarts and counter resets that a fault asks for: once, or every so many seconds. */
  #followFaults(nowMs: number): void {
    const isDue = (kind: "reboot" | "reset-counters", lastMs: number) => {
      const plan = this.faults.active(kind);
      if (plan === null) return false;
      return plan.value === undefined
        ? lastMs === Number.NEGATIVE_INFINITY
        : nowMs - lastMs >= plan.value * 1000;
    };
    if (isDue("reboot", this.#rebootedMs)) {
      this.#rebootedMs = nowMs;
      this.planStart(0, this.random.integer(...this.#facts.rebootS), false);
    }
    if (isDue("reset-counters", this.#resetMs)) {
      this.#resetMs = nowMs;
      for (const { work } of this.#groups) work.resetCounters();
    }
  }
}
