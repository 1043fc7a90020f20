import type { AvalonFacts, AvalonLever } from "./avalon-facts.ts";
import type { EmulatorOptions } from "./emulated-miner.ts";
import type { FaultDesk } from "./fault.ts";
import type { Random } from "./random.ts";
import { Rig, type RigGroup } from "./rig.ts";
import type { PoolEntry } from "./stratum-client.ts";
import type { Work } from "./work.ts";

const MAX_POOLS = 3;
/** It ran for some hours before the home was looked at. */
const EARLIER_UPTIME_S = 32_260;

/** The state of an emulated Avalon home unit: modes, soft off at a time, calibration; no wire. */
export class AvalonDevice extends Rig {
  readonly facts: AvalonFacts;
  /** Largest draw of any mode, W. */
  readonly peakW: number;
  mode: number;
  level: number;
  /** Pools as stored; in use after the next start. */
  readonly storedPools: PoolEntry[];
  /** Averages since start, frozen by a soft off as in the real firmware. */
  averageGhs = 0;
  /** Averages over about 1, 5 and 15 min, GH/s. */
  readonly recentGhs = { oneMinute: 0, fiveMinutes: 0, quarterHour: 0 };
  /** Moments of the last soft off and on, by the device clock; 0 before the first. */
  readonly softTimes = { off: 0, on: 0 };
  /** Device clock minus true time, s. */
  readonly #clockOffsetS: number;
  #calibratedMs: number;
  #terahashes: number;
  #soft: { atMs: number; isOff: boolean } | null = null;

  constructor(
    options: EmulatorOptions & { clockOffsetS?: number },
    unit: AvalonFacts,
    parts: { random: Random; faults: FaultDesk },
  ) {
    const facts = {
      power: unit.power,
      noWorkW: unit.noWorkW,
      agent: "cgminer/4.11.1",
      rebootS: unit.rebootS,
      earlierUptimeS: EARLIER_UPTIME_S,
      // It wakes in its last mode, mining, also when it was soft-off before (miners.md §6.4).
      forgetsPause: true,
    } as const;
    const targetW = unit.levers[unit.firstMode]?.[unit.firstLevel]?.drawW ?? 0;
    super(options, facts, { ...parts, targetW });
    this.facts = unit;
    const levers = Object.values(unit.levers).flatMap((levels) => Object.values(levels));
    this.peakW = Math.max(...levers.map(({ drawW }) => drawW));
    this.mode = unit.firstMode;
    this.level = unit.firstLevel;
    this.#clockOffsetS = options.clockOffsetS ?? 11;
    this.storedPools = options.pools.slice(0, MAX_POOLS);
    this.#calibratedMs = this.bootedMs;
    this.#terahashes = this.isResting ? 0 : EARLIER_UPTIME_S * this.thsAt(this.stage.powerW);
  }

  override get id(): string {
    return this.facts.hasMacInVersion ? this.mac : `serial:${this.dna}`;
  }

  /** Number of the control board, or of the hash board where only that has one. */
  get dna(): string {
    return `0201${this.mac.replaceAll(":", "")}`;
  }

  get lever(): AvalonLever {
    return this.facts.levers[this.mode]?.[this.level] ?? { drawW: 0, targetW: 0 };
  }

  get targetW(): number {
    return this.lever.drawW;
  }

  override get wallW(): number {
    return this.stage.powerW / this.facts.adapterPart;
  }

  /** The mining of its one group. */
  get work(): Work {
    const [group] = this.groups;
    if (group === undefined) throw new Error("the work of this device has not been started");
    return group.work;
  }

  /** Measured hash board, W. */
  get boardW(): number {
    const { drawW, targetW } = this.lever;
    return this.isHashing ? Math.round((this.stage.reportedW * targetW) / Math.max(1, drawW)) : 0;
  }

  /** Wall figure as it tells it, W. */
  get toldW(): number {
    const { restTellsW } = this.facts;
    return this.isResting && restTellsW !== null ? restTellsW : this.stage.reportedW;
  }

  /** Rate that the mode should reach, TH/s. */
  get nominalThs(): number {
    return this.thsAt(this.targetW);
  }

  /** Device clock, epoch seconds. */
  get epochS(): number {
    return Math.floor(this.clock.nowMs() / 1000) + this.#clockOffsetS;
  }

  get isCalibrating(): boolean {
    return !this.isResting && this.clock.nowMs() < this.#calibratedMs;
  }

  setMode(mode: number, level: number): void {
    this.obey(() => {
      this.mode = mode;
      this.level = level;
    });
  }

  /** Soft off or on at that second of the device clock. */
  scheduleSoft(isOff: boolean, epochS: number): void {
    this.obey(() => {
      this.#soft = { atMs: (epochS - this.#clockOffsetS) * 1000, isOff };
      this.softTimes[isOff ? "off" : "on"] = epochS;
    });
  }

  storePool(slot: number, entry: PoolEntry): void {
    this.obey(() => {
      this.storedPools[slot] = entry;
    });
  }

  settings(): unknown {
    return { pools: this.storedPools, fan: "auto", targetC: this.facts.constants["TarT"] };
  }

  override step(nowMs: number): void {
    if (this.#soft !== null && nowMs >= this.#soft.atMs) {
      this.isResting = this.#soft.isOff;
      this.#soft = null;
    }
    super.step(nowMs);
    const ghs = this.hashrateThs * 1000;
    this.#terahashes += this.hashrateThs;
    if (!this.isResting) this.averageGhs = (this.#terahashes * 1000) / Math.max(1, this.uptimeS);
    this.recentGhs.oneMinute += (ghs - this.recentGhs.oneMinute) / 60;
    this.recentGhs.fiveMinutes += (ghs - this.recentGhs.fiveMinutes) / 300;
    this.recentGhs.quarterHour += (ghs - this.recentGhs.quarterHour) / 900;
  }

  protected thsAt(drawW: number): number {
    const { overheadW, peakThs, rateExponent } = this.facts;
    const part = Math.max(0, drawW - overheadW) / (this.peakW - overheadW);
    return peakThs * part ** rateExponent;
  }

  protected storedGroups(): RigGroup[] {
    return [{ name: "", weight: 1, pools: this.storedPools.filter((pool) => pool !== undefined) }];
  }

  protected override get heatC(): number {
    return 25 + (41 * this.stage.powerW) / this.peakW;
  }

  protected override onBoot(nowMs: number): void {
    this.#soft = null;
    this.#calibratedMs = nowMs + this.facts.calibrationS * 1000;
    this.#terahashes = 0;
    this.averageGhs = 0;
  }
}
