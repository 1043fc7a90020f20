import type { EmulatorOptions } from "./emulated-miner.ts";
import type { FaultDesk } from "./fault.ts";
import type { Random } from "./random.ts";
import { Rig, type RigFacts } from "./rig.ts";

/** How a board of BM1370 chips answers to clock and voltage; watts at the board's own input. */
export interface ChipFacts {
  /** Fan, controller and display, W. */
  baseW: number;
  /** The chips' draw goes with f x V^2, W per MHz and V^2. */
  wPerMhzV2: number;
  ghsPerMhz: number;
  /** Of the mains adapter: the board's own figure is behind it. */
  adapterEfficiency: number;
}

/** Clock and voltage as stored; they apply at once. */
export interface ClockSettings {
  /** MHz. */
  frequency: number;
  /** mV. */
  coreVoltage: number;
}

/** A board is off the network so long after it was told to restart, s. */
const RESTART_DELAY_S = 1;

/** A rig whose power is set by the clock and the voltage of its chips, as the boards of the AxeOS line are. */
export abstract class ClockedRig extends Rig {
  /** Moving averages, GH/s; NaN until their window has something in it. */
  readonly averages = {
    oneMinute: Number.NaN,
    tenMinutes: Number.NaN,
    oneHour: Number.NaN,
    oneDay: Number.NaN,
  };
  readonly #chips: ChipFacts;

  constructor(
    options: EmulatorOptions,
    facts: RigFacts,
    chips: ChipFacts,
    parts: { random: Random; faults: FaultDesk; start: ClockSettings },
  ) {
    super(options, facts, { ...parts, targetW: drawW(chips, parts.start) });
    this.#chips = chips;
    if (!this.isResting) this.#averageFrom(parts.start.frequency * chips.ghsPerMhz);
  }

  protected abstract get clockSettings(): ClockSettings;

  /** Draw at the board's own input that clock and voltage ask for, W. */
  get targetW(): number {
    return drawW(this.#chips, this.clockSettings);
  }

  /** Behind the mains adapter; the board itself tells `stage.powerW`. */
  override get wallW(): number {
    return this.stage.powerW / this.#chips.adapterEfficiency;
  }

  /** Rate of the set clock, GH/s. */
  get expectedGhs(): number {
    return this.clockSettings.frequency * this.#chips.ghsPerMhz;
  }

  get hashrateGhs(): number {
    return this.hashrateThs * 1000;
  }

  /** True while it is told not to hash; carried out as soon as an order is. */
  rest(isResting: boolean): void {
    this.obey(() => {
      this.isResting = isResting;
    });
  }

  /** The connection is lost about a second later. */
  restart(): void {
    this.reboot(RESTART_DELAY_S);
  }

  override step(nowMs: number): void {
    super.step(nowMs);
    const { averages, hashrateGhs } = this;
    const filledS = Math.max(1, this.uptimeS);
    averages.oneMinute = blend(averages.oneMinute, hashrateGhs, Math.min(filledS, 60));
    averages.tenMinutes = blend(averages.tenMinutes, hashrateGhs, Math.min(filledS, 600));
    averages.oneHour = blend(averages.oneHour, hashrateGhs, Math.min(filledS, 3600));
    averages.oneDay = blend(averages.oneDay, hashrateGhs, Math.min(filledS, 86_400));
  }

  /** The part of the target that the power has reached, less errors of a starved chip. */
  protected thsAt(powerW: number): number {
    const { baseW } = this.#chips;
    const reached = Math.min(1, Math.max(0, (powerW - baseW) / (this.targetW - baseW)));
    return (this.expectedGhs * reached * this.#health) / 1000;
  }

  protected override onBoot(_nowMs: number): void {
    this.#averageFrom(Number.NaN);
  }

  /** A chip that gets less voltage than its clock needs makes errors. */
  get #health(): number {
    const { frequency, coreVoltage } = this.clockSettings;
    const neededMv = 950 + 0.7 * (frequency - 400);
    return Math.min(1, Math.max(0, 1 - (neededMv - coreVoltage) / 100));
  }

  #averageFrom(ghs: number): void {
    Object.assign(this.averages, { oneMinute: ghs, tenMinutes: ghs, oneHour: ghs, oneDay: ghs });
  }
}

function drawW({ baseW, wPerMhzV2 }: ChipFacts, { frequency, coreVoltage }: ClockSettings): number {
  return baseW + wPerMhzV2 * frequency * (coreVoltage / 1000) ** 2;
}

function blend(average: number, value: number, windowS: number): number {
  if (Number.isNaN(average)) return value > 0 ? value : Number.NaN;
  return average + (value - average) / windowS;
}
