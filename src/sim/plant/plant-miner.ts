import { createRandom } from "../random.ts";
import { type PlantMinerFacts, RESTART_S, WAKE_W } from "./miner-presets.ts";

/** From a command to its effect, s. */
const ACCEPT_S = 2;
const NOISE_W = 8;
const GAIN_DEVIATION = 0.015;
const LOST_COMMAND = 1 / 500;
const POLL_TIMEOUT = 1 / 2000;
const TIMEOUT_S = 30;
/** Fall to rest after a command to stop, W/s (control.md §15). */
const STOP_WS = 100;
/** The reported draw is that of this many seconds ago. */
const REPORT_LAG_S = 5;

type Phase = "off" | "waking" | "running" | "restarting" | "stopping";

/** One reference miner in steps of one second (control.md §14). Seconds are counted from the run's start. */
export class PlantMiner {
  readonly facts: PlantMinerFacts;
  /** True draw during the last second, W. */
  powerW: number;
  phase: Phase = "off";
  /** What the last poll answered; it keeps its value while polls time out. */
  reportedW: number;
  reportedPhase: Phase = "off";
  /** Setpoint in force when it was polled, W; 0 is off. */
  reportedTargetW = 0;
  /** When the last poll was answered, s. */
  reportedS = 0;
  missedPolls = 0;
  /** Setpoint in force, W; 0 is off. */
  targetW = 0;
  readonly #uniform: () => number;
  readonly #gaussian: (mean: number, deviation: number) => number;
  readonly #luck: () => number;
  readonly #approach: number;
  readonly #history = new Float64Array(REPORT_LAG_S + 1);
  #historyAt = 0;
  #smoothW: number;
  #gain = 1;
  #phaseEndS = 0;
  #waitingW = 0;
  #waitingS = -1;
  #silentUntilS = 0;

  constructor(facts: PlantMinerFacts, seed: number, name: string) {
    this.facts = facts;
    this.powerW = facts.idleW;
    this.reportedW = facts.idleW;
    this.#smoothW = facts.idleW;
    this.#history.fill(facts.idleW);
    this.#uniform = createRandom(seed, `${name}/noise`).next;
    this.#gaussian = createRandom(seed, `${name}/gain`).gaussian;
    this.#luck = createRandom(seed, `${name}/luck`).next;
    this.#approach = 1 - Math.exp(-1 / facts.tauS);
  }

  /** Sends a setpoint, W (0 is off); one command in 500 is lost on its way. */
  command(nowS: number, targetW: number): void {
    if (this.#luck() < LOST_COMMAND) return;
    this.#waitingW = this.#grantedW(targetW);
    this.#waitingS = nowS + ACCEPT_S;
  }

  /** One poll: draw of five seconds ago in whole watts; one in 2000 finds the miner silent for 30 s. */
  poll(nowS: number): void {
    if (nowS >= this.#silentUntilS && this.#luck() < POLL_TIMEOUT) this.#silentUntilS = nowS + TIMEOUT_S;
    if (nowS < this.#silentUntilS) {
      this.missedPolls += 1;
      return;
    }
    this.missedPolls = 0;
    this.reportedW = Math.round(this.#history[(this.#historyAt + 1) % this.#history.length] ?? 0);
    this.reportedPhase = this.phase;
    this.reportedTargetW = this.targetW;
    this.reportedS = nowS;
  }

  /** Answers no poll until then, s; it goes on as it was told. */
  silence(untilS: number): void {
    this.#silentUntilS = untilS;
  }

  /** The second that begins at `nowS`; answers its draw, W. */
  step(nowS: number): number {
    if (nowS === this.#waitingS) this.#accept(nowS);
    this.powerW = this.#draw(nowS);
    this.#historyAt = (this.#historyAt + 1) % this.#history.length;
    this.#history[this.#historyAt] = this.powerW;
    return this.powerW;
  }

  #grantedW(targetW: number): number {
    const { stepsW, minW, maxW } = this.facts;
    if (targetW <= 0) return 0;
    if (stepsW.length === 0) return Math.min(maxW, Math.max(minW, targetW));
    let grantedW = stepsW[0] ?? 0;
    for (const stepW of stepsW) if (stepW <= targetW) grantedW = stepW;
    return grantedW;
  }

  #accept(nowS: number): void {
    const wasW = this.targetW;
    this.targetW = this.#waitingW;
    if (this.targetW === 0) {
      if (this.phase !== "off") this.phase = "stopping";
    } else if (this.phase === "off" || this.phase === "stopping") {
      this.phase = "waking";
      this.#phaseEndS = nowS + this.facts.wakeS;
      this.#gain = 1 + this.#gaussian(0, GAIN_DEVIATION);
    } else if (this.facts.restartOnChange && this.phase !== "waking" && this.targetW !== wasW) {
      this.phase = "restarting";
      this.#phaseEndS = nowS + RESTART_S;
    }
  }

  #draw(nowS: number): number {
    const { idleW, rampUpWs, rampDownWs } = this.facts;
    if (this.phase === "off") return idleW;
    if (this.phase === "stopping") {
      this.#smoothW = Math.max(idleW, this.#smoothW - STOP_WS);
      if (this.#smoothW === idleW) this.phase = "off";
      return this.#smoothW;
    }
    if (this.phase !== "running") {
      this.#smoothW = WAKE_W;
      if (nowS < this.#phaseEndS) return WAKE_W;
      this.phase = "running";
    }
    const wayW = (this.targetW * this.#gain - this.#smoothW) * this.#approach;
    this.#smoothW += wayW > rampUpWs ? rampUpWs : wayW < -rampDownWs ? -rampDownWs : wayW;
    return this.#smoothW + NOISE_W * (2 * this.#uniform() - 1);
  }
}
