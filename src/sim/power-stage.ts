import type { Random } from "./random.ts";

/** Facts of one device's power path (control.md §14). Watts as the device draws them at its own input. */
export interface PowerFacts {
  /** Draw at rest, W. */
  idleW: number;
  /** Draw while waking, W, and how long that takes, s. */
  wakeW: number;
  wakeS: number;
  /** From a command to its first effect, s. */
  acceptS: number;
  /** Time constant of the approach, s. */
  tauS: number;
  rampUpWs: number;
  rampDownWs: number;
  /** Noise of each second, W sd; and of the gain of each start, as a part. */
  noiseW: number;
  gainDeviation: number;
}

const REPORT_LAG_S = 5;

/** Power of one device, stepped once per second: rest, waking, then a bounded approach to its target. */
export class PowerStage {
  /** True draw, W, >= 0. */
  powerW: number;
  state: "cut" | "rest" | "waking" | "running";
  readonly #facts: PowerFacts;
  readonly #random: Random;
  #targetW: number | null;
  #pending: { atMs: number; targetW: number | null } | null = null;
  #awakeAtMs = 0;
  #smoothW: number;
  #gain: number;
  readonly #recent: number[] = [];

  /** Begins settled: at rest with `targetW` null, else running at it. */
  constructor(facts: PowerFacts, targetW: number | null, random: Random) {
    this.#facts = facts;
    this.#random = random;
    this.#targetW = targetW;
    this.#gain = this.#drawGain();
    this.state = targetW === null ? "rest" : "running";
    this.#smoothW = targetW === null ? facts.idleW : targetW * this.#gain;
    this.powerW = this.#smoothW;
  }

  /** Draw as the device tells it: some seconds old, whole watts. */
  get reportedW(): number {
    return Math.round(this.#recent[0] ?? this.powerW);
  }

  /** Wanted draw from `atMs` (at the earliest after the accept delay) on; null is rest. */
  setTarget(targetW: number | null, nowMs: number, atMs = nowMs): void {
    this.#pending = { atMs: Math.max(atMs, nowMs + this.#facts.acceptS * 1000), targetW };
  }

  /** Power comes back after a cut: wakes whatever was wanted before. */
  start(targetW: number, nowMs: number): void {
    this.#pending = null;
    this.#targetW = targetW;
    this.#beginWaking(nowMs);
  }

  /** Power comes back after a cut and nothing is wanted. */
  rest(): void {
    this.#pending = null;
    this.#targetW = null;
    this.state = "rest";
  }

  /** Power is cut. */
  cut(): void {
    this.#pending = null;
    this.#targetW = null;
    this.state = "cut";
    this.#smoothW = 0;
    this.powerW = 0;
    this.#recent.length = 0;
  }

  /** One second, ending at `nowMs`. */
  step(nowMs: number): void {
    if (this.#pending !== null && nowMs >= this.#pending.atMs) {
      this.#targetW = this.#pending.targetW;
      this.#pending = null;
      if (this.#targetW === null) this.state = "rest";
      else if (this.state === "rest") this.#beginWaking(nowMs);
    }
    if (this.state === "waking" && nowMs >= this.#awakeAtMs) this.state = "running";
    this.#approach();
    const noise = this.state === "running" ? this.#random.gaussian(0, this.#facts.noiseW) : 0;
    this.powerW = Math.max(0, this.#smoothW + noise);
    this.#recent.push(this.powerW);
    if (this.#recent.length > REPORT_LAG_S) this.#recent.shift();
  }

  #approach(): void {
    if (this.state === "cut") return;
    const { idleW, wakeW, tauS, rampUpWs, rampDownWs } = this.#facts;
    let wantedW = idleW;
    if (this.state === "waking") wantedW = wakeW;
    else if (this.state === "running") wantedW = (this.#targetW ?? idleW) * this.#gain;
    const changeW = (wantedW - this.#smoothW) * (1 - Math.exp(-1 / tauS));
    this.#smoothW += Math.min(rampUpWs, Math.max(-rampDownWs, changeW));
  }

  #beginWaking(nowMs: number): void {
    this.state = "waking";
    this.#awakeAtMs = nowMs + this.#facts.wakeS * 1000;
    this.#gain = this.#drawGain();
  }

  #drawGain(): number {
    return 1 + this.#random.gaussian(0, this.#facts.gainDeviation);
  }
}
