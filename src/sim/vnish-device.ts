import type { EmulatorOptions } from "./emulated-miner.ts";
import type { FaultDesk } from "./fault.ts";
import type { PowerFacts } from "./power-stage.ts";
import type { Random } from "./random.ts";
import { Rig, type RigGroup } from "./rig.ts";
import type { PoolEntry } from "./stratum-client.ts";
import { type VnishPreset, vnishPresets } from "./vnish-presets.ts";
import type { Work } from "./work.ts";

export interface VnishSlot {
  url: string;
  user: string;
  pass: string;
}

/** Settings as stored; those of mining apply with its next start. */
export interface VnishSettings {
  overclock: {
    modded_psu: boolean;
    preset: string;
    globals: { freq: number; volt: number };
    chains: { freq: number; chips: number[]; disabled: boolean }[];
    preset_switcher: Record<string, unknown>;
  };
  cooling: Record<string, unknown>;
  misc: Record<string, unknown>;
  pools: VnishSlot[];
}

export const VNISH_SLOTS = 3;
const BOARDS = 3;
const START_PRESET = "2480";

const POWER: PowerFacts = {
  idleW: 24,
  wakeW: 150,
  wakeS: 70,
  acceptS: 2,
  tauS: 12,
  rampUpWs: 20,
  rampDownWs: 150,
  noiseW: 10,
  gainDeviation: 0.015,
};

/** Fans and controller, W: they draw and do not hash. */
const OVERHEAD_W = 80;
const BOOT_MS = 20_000;
const SHUTTING_MS = 3_000;
const RESTARTING_MS = 15_000;
const TUNING_MS = 1_800_000;
/** Wrong passwords until the door closes, and for how long. */
const MOST_WRONG = 5;
const LOCK_MS = 300_000;

/** The state of an emulated Antminer S19j Pro with VNish: presets, rest, pools, the door; no wire. */
export class VnishDevice extends Rig {
  readonly stored: VnishSettings;
  /** The search lamp. */
  isLit = false;
  readonly #password: string;
  #applied = START_PRESET;
  /** Clocks that were sent along with the preset and are not the tuner's, MHz; null: the tuner's. */
  #clockMhz: number | null = null;
  #restKind: "pause" | "stop" | null = null;
  #isPoolsOwed = false;
  #shutUntilMs = Number.NEGATIVE_INFINITY;
  #restartAtMs: number | null = null;
  #tunedAtMs = Number.NEGATIVE_INFINITY;
  #token = "";
  #wrong = 0;
  #lockedUntilMs = Number.NEGATIVE_INFINITY;

  constructor(options: EmulatorOptions, parts: { random: Random; faults: FaultDesk }) {
    const facts = {
      power: POWER,
      noWorkW: 170,
      agent: "vnish/1.2.6",
      rebootS: [60, 80],
      earlierUptimeS: 41_022,
      // It mines again after a start unless it is told to stay stopped.
      forgetsPause: true,
    } as const;
    super(options, facts, { ...parts, targetW: presetOf(START_PRESET).watts });
    this.#password = options.password ?? "admin";
    this.stored = freshSettings(options);
    if (this.isResting) this.#restKind = "pause";
  }

  get preset(): VnishPreset {
    return presetOf(this.#applied);
  }

  get targetW(): number {
    const { watts, freqMhz } = this.preset;
    return this.#clockMhz === null ? watts : Math.round((watts * this.#clockMhz) / freqMhz);
  }

  get work(): Work {
    const [group] = this.groups;
    if (group === undefined) throw new Error("the work of this device has not been started");
    return group.work;
  }

  /** True while it tells nothing of its mining after a start. */
  get isBooting(): boolean {
    return this.clock.nowMs() - this.bootedMs < BOOT_MS;
  }

  /** A stored setting waits for the next start of the mining. */
  get isRestartOwed(): boolean {
    return this.stored.overclock.preset !== this.#applied || this.#isPoolsOwed;
  }

  /** The firmware's word for what it does. */
  get stateWord(): string {
    if (this.isFaulty) return "failure";
    if (this.#restartAtMs !== null) return "restarting";
    if (this.isResting) return this.clock.nowMs() < this.#shutUntilMs ? "shutting-down" : "stopped";
    if (this.isWaking) return "starting";
    if (!this.preset.isTuned && this.clock.nowMs() < this.#tunedAtMs) return "auto-tuning";
    return this.stage.state === "running" ? "mining" : "initializing";
  }

  /** A new token; seconds of the lock, or false for a wrong password. */
  unlock(password: string): { token: string } | { lockedS: number } | false {
    const leftMs = this.#lockedUntilMs - this.clock.nowMs();
    if (leftMs > 0) return { lockedS: Math.ceil(leftMs / 1000) };
    if (password !== this.#password) {
      this.#wrong += 1;
      if (this.#wrong >= MOST_WRONG) {
        this.#lockedUntilMs = this.clock.nowMs() + LOCK_MS;
        this.#wrong = 0;
      }
      return false;
    }
    this.#wrong = 0;
    if (this.#token === "") this.#token = `eyJ0.${this.random.integer(1, 2 ** 31).toString(36)}.vnish`;
    return { token: this.#token };
  }

  isToken(token: string): boolean {
    return this.#token !== "" && token === this.#token;
  }

  /** Takes a part of the settings over; what is not said stays. */
  store(change: {
    overclock?: Partial<VnishSettings["overclock"]> | undefined;
    pools?: VnishSlot[] | undefined;
  }): void {
    this.obey(() => {
      if (change.overclock !== undefined) this.#storeOverclock(change.overclock);
      if (change.pools === undefined) return;
      this.stored.pools = change.pools;
      this.#isPoolsOwed = true;
    });
  }

  /** False when it is at rest in another way: a stop is not ended by `resume`. */
  rest(word: "pause" | "stop" | "resume" | "start"): boolean {
    const kind = word === "pause" || word === "resume" ? "pause" : "stop";
    const isEnd = word === "resume" || word === "start";
    if (isEnd ? this.#restKind !== kind : this.#restKind !== null) return false;
    this.obey(() => {
      this.#restKind = isEnd ? null : kind;
      this.#restartAtMs = null;
      this.#shutUntilMs = isEnd ? Number.NEGATIVE_INFINITY : this.clock.nowMs() + SHUTTING_MS;
      this.isResting = !isEnd;
    });
    return true;
  }

  /** Stops the mining and starts it with the stored settings, also out of a rest. */
  orderRestart(): void {
    this.obey(() => {
      this.#restKind = null;
      this.isResting = true;
      this.#restartAtMs = this.clock.nowMs() + RESTARTING_MS;
    });
  }

  switchPool(index: number): void {
    const { work } = this;
    this.obey(() => work.prefer([index, ...work.order.filter((other) => other !== index)]));
  }

  light(): void {
    this.obey(() => {
      this.isLit = !this.isLit;
    });
  }

  settings(): unknown {
    const { preset: _, globals: _clocks, chains, ...overclock } = this.stored.overclock;
    const switches = chains.map(({ disabled }) => disabled);
    return { ...this.stored, overclock: { ...overclock, switches } };
  }

  override step(nowMs: number): void {
    if (this.#restartAtMs !== null && nowMs >= this.#restartAtMs) {
      this.#restartAtMs = null;
      this.isResting = false;
      this.#apply(nowMs);
      this.takePools();
    }
    super.step(nowMs);
  }

  protected thsAt(powerW: number): number {
    const reached = Math.max(0, powerW - OVERHEAD_W) / (this.preset.watts - OVERHEAD_W);
    return this.preset.ths * Math.min(1.1, reached);
  }

  protected storedGroups(): RigGroup[] {
    const pools = this.stored.pools.map(({ url, user, pass }): PoolEntry => {
      const full = url === "" || url.includes("://") ? url : `stratum+tcp://${url}`;
      return { url: full, user, password: pass };
    });
    return [{ name: "", weight: 1, pools }];
  }

  protected override get heatC(): number {
    return 24 + (24 * this.stage.powerW) / 2500;
  }

  protected override onBoot(nowMs: number): void {
    this.#token = "";
    this.#restKind = null;
    this.#restartAtMs = null;
    this.#apply(nowMs);
  }

  #apply(nowMs: number): void {
    const isNew = this.stored.overclock.preset !== this.#applied;
    this.#applied = this.stored.overclock.preset;
    this.#isPoolsOwed = false;
    if (isNew && !this.preset.isTuned) this.#tunedAtMs = nowMs + TUNING_MS;
  }

  /** A preset brings its clocks along; clocks that are sent beside it win over them. */
  #storeOverclock(change: Partial<VnishSettings["overclock"]>): void {
    const { overclock } = this.stored;
    const { preset, globals, chains, ...plain } = change;
    Object.assign(overclock, plain);
    if (preset !== undefined && preset !== overclock.preset) {
      overclock.preset = preset;
      const { freqMhz, voltMv } = presetOf(preset);
      overclock.globals = { freq: freqMhz, volt: voltMv };
      for (const chain of overclock.chains) Object.assign(chain, { freq: freqMhz, chips: [] });
      this.#clockMhz = null;
    }
    if (globals !== undefined) {
      Object.assign(overclock.globals, globals);
      const { freqMhz } = presetOf(overclock.preset);
      this.#clockMhz = overclock.globals.freq === freqMhz ? null : overclock.globals.freq;
    }
    for (const [index, chain] of (chains ?? []).entries())
      Object.assign(overclock.chains[index] ?? {}, chain);
  }
}

function presetOf(name: string): VnishPreset {
  const found = vnishPresets.find((preset) => preset.name === name);
  if (found === undefined) throw new Error(`the emulated miner has no preset ${name}`);
  return found;
}

function freshSettings(options: EmulatorOptions): VnishSettings {
  const { freqMhz, voltMv } = presetOf(START_PRESET);
  const pools = Array.from({ length: VNISH_SLOTS }, (_, slot) => {
    const entry = options.pools[slot];
    return {
      url: entry?.url.replace(/^stratum\+tcp:\/\//, "") ?? "",
      user: entry?.user ?? "",
      pass: entry?.password ?? "",
    };
  });
  return {
    overclock: {
      modded_psu: false,
      preset: START_PRESET,
      globals: { freq: freqMhz, volt: voltMv },
      chains: Array.from({ length: BOARDS }, () => ({ freq: freqMhz, chips: [], disabled: false })),
      preset_switcher: { enabled: false, top_preset: START_PRESET, min_preset: "1080", check_time: 300 },
    },
    cooling: { mode: { name: "auto", param: 60 }, fan_min_count: 4, fan_min_duty: 10, fan_max_duty: 100 },
    misc: { asic_boost: true, restart_hashrate: 60, remain_stopped_on_reboot: false, quiet_mode: false },
    pools,
  };
}
