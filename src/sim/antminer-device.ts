import type { AntminerBuild, AntminerModelFacts } from "./antminer-builds.ts";
import { type AntminerConfig, configBody, freshConfig, postedConfig, SLEEP_MODE } from "./antminer-config.ts";
import type { EmulatorOptions } from "./emulated-miner.ts";
import type { FaultDesk } from "./fault.ts";
import type { Random } from "./random.ts";
import { Rig, type RigGroup } from "./rig.ts";
import type { PoolWork, Work } from "./work.ts";

const NORMAL_MODE = 0;
/** Restart after a change of the configuration: 30-90 s without an answer (miners.md §10). */
const RESTART_S = [30, 90] as const;
/** From the answer to the restart, s. */
const RESTART_DELAY_S = 1;
const EARLIER_UPTIME_S = 170_650;

/** The state of an emulated Antminer: one configuration file, the mode in force, restarts; no wire. */
export class AntminerDevice extends Rig {
  config: AntminerConfig;
  isBlinking = false;
  /** Rates over half an hour and since the start, GH/s. */
  readonly averages = { halfHour: 0, sinceStart: 0 };
  readonly build: AntminerBuild;
  readonly model: AntminerModelFacts;
  /** The mode that the mining process was started with. */
  #runningMode: number;
  /** Only the mining process restarts, the pages stay. */
  #isProcessRestart = false;
  #gigahashes = 0;

  constructor(
    options: EmulatorOptions,
    parts: { random: Random; faults: FaultDesk; build: AntminerBuild; model: AntminerModelFacts },
  ) {
    const { build, model } = parts;
    const facts = {
      power: model.power,
      noWorkW: 140,
      agent: "bmminer/1.0.0",
      rebootS: RESTART_S,
      earlierUptimeS: EARLIER_UPTIME_S,
      forgetsPause: false,
    } as const;
    super(options, facts, { ...parts, targetW: model.modes[NORMAL_MODE]?.powerW ?? 0 });
    this.build = build;
    this.model = model;
    this.#runningMode = this.isResting ? SLEEP_MODE : NORMAL_MODE;
    this.config = freshConfig(build, options.pools, this.#runningMode);
    this.averages.halfHour = this.isResting ? 0 : this.nominalGhs;
    this.averages.sinceStart = this.averages.halfHour;
    this.#gigahashes = this.averages.sinceStart * EARLIER_UPTIME_S;
  }

  get targetW(): number {
    return this.#facts.powerW;
  }

  /** Rate that the mode in force should reach, GH/s. */
  get nominalGhs(): number {
    return this.#facts.ths * 1000;
  }

  get runningMode(): number {
    return this.#runningMode;
  }

  /** False only while the whole device is away. */
  get isReachable(): boolean {
    return this.isUp || this.#isProcessRestart;
  }

  get work(): Work {
    const [group] = this.groups;
    if (group === undefined) throw new Error("the work of this device has not been started");
    return group.work;
  }

  get activePool(): PoolWork | null {
    return this.work.pools[this.work.active ?? -1] ?? null;
  }

  get epochS(): number {
    return Math.floor(this.clock.nowMs() / 1000);
  }

  /** `get_miner_conf.cgi`. */
  configBody(): Record<string, unknown> {
    return configBody(this.config, this.build);
  }

  /** Writes the file, then restarts with it. */
  takeConfig(body: Record<string, unknown>): void {
    this.obey(() => {
      const modes = [SLEEP_MODE, ...Object.keys(this.model.modes).map(Number)];
      this.config = postedConfig(this.config, body, this.build, modes);
      this.#isProcessRestart = this.build.keepsWeb;
      this.planStart(RESTART_DELAY_S, this.random.integer(...RESTART_S), false);
    });
  }

  blink(isOn: boolean): void {
    this.obey(() => {
      this.isBlinking = isOn;
    });
  }

  settings(): unknown {
    const { pools, settings } = this.config;
    return { pools, ...settings };
  }

  override reboot(delayS: number): void {
    this.#isProcessRestart = false;
    super.reboot(delayS);
  }

  override powerCycle(offS: number): void {
    this.#isProcessRestart = false;
    super.powerCycle(offS);
  }

  override step(nowMs: number): void {
    super.step(nowMs);
    const ghs = this.hashrateThs * 1000;
    this.#gigahashes += ghs;
    this.averages.halfHour += (ghs - this.averages.halfHour) / 1800;
    this.averages.sinceStart = this.#gigahashes / Math.max(1, this.uptimeS);
  }

  /** The part of the rate of the mode that the power has reached. */
  protected thsAt(powerW: number): number {
    const { idleW } = this.model.power;
    const reached = Math.max(0, powerW - idleW) / Math.max(1, this.targetW - idleW);
    return this.#facts.ths * Math.min(1.02, reached);
  }

  protected storedGroups(): RigGroup[] {
    const pools = this.config.pools
      .filter(({ url }) => url !== "")
      .map(({ url, user, pass }) => ({ url, user, password: pass }));
    return [{ name: "", weight: 1, pools }];
  }

  protected override get heatC(): number {
    return 32 + (12 * this.stage.powerW) / Math.max(1, this.targetW);
  }

  protected override onBoot(): void {
    this.#isProcessRestart = false;
    this.#runningMode = this.config.mode;
    this.isResting = this.#runningMode === SLEEP_MODE;
    this.#gigahashes = 0;
    Object.assign(this.averages, { halfHour: 0, sinceStart: 0 });
  }

  get #facts(): { powerW: number; ths: number } {
    return this.model.modes[this.#runningMode] ?? this.model.modes[NORMAL_MODE] ?? { powerW: 0, ths: 0 };
  }
}
