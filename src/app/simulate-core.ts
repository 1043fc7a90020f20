import { type Advance, initialState, restoreState } from "../control/decide.ts";
import type { ControlState } from "../control/state.ts";
import type {
  ControlConfig,
  MinerCommand,
  MinerProfile,
  MinerSnapshot,
  Reading,
  Snapshot,
} from "../control/types.ts";
import type { CoopEvent } from "../model/coop-event.ts";
import type { MinerState } from "../model/miner.ts";
import { hashRateThs, minedUsdKwh, type PlantMinerFacts } from "../sim/plant/miner-presets.ts";
import type { PlantHome } from "../sim/plant/plant-home.ts";
import type { PlantMeter } from "../sim/plant/plant-meter.ts";
import type { PlantMiner } from "../sim/plant/plant-miner.ts";
import { localOffset } from "../sim/weather.ts";
import type { Pilot } from "./simulate-baselines.ts";

/** One tick of control on a state that it changes; `advance` of src/control, or anything that keeps its contract. */
export type AdvanceTick = (snapshot: Snapshot, state: ControlState, config: ControlConfig) => Advance;

export interface CoreOptions {
  config: ControlConfig;
  advance: AdvanceTick;
  /** Wall clock of the first tick, epoch ms, and the home's zone. */
  startMs: number;
  tz: string;
  /** The loop reads the live PV power beside the grid meter. */
  seesPv: boolean;
  hasBattery: boolean;
  /** Highest import price of the trace, $/kWh; null without prices. */
  highestImportUsdKwh: number | null;
  events: readonly (CoopEvent & { isOptedOut: boolean })[];
  /** The process is killed and started again this often, s; null: never. */
  killEveryS: number | null;
}

export const ZONE = "home";
/** The breaker of every run, A at 240 V (control.md §15). */
export const BREAKER_A = 20;
const MONO_START_MS = 1_000_000;
/** A killed process is back after so long, s (control.md §12). */
const DOWN_S = 30;
const SAVE_S = 60;
/** Longer decisions count as this long, us. */
const MOST_MICROS = 20_000;
const DAY_MS = 86_400_000;
/** An event stays in sight for the way back after it (control.md §7), ms. */
const AFTER_EVENT_MS = 3_600_000;

/** What control is told of a reference miner (control.md §9). */
export function profileOf(facts: PlantMinerFacts, name: string): MinerProfile {
  return {
    name,
    zone: ZONE,
    circuit: `circuit of ${name}`,
    kind: facts.kind,
    stepsW: [...facts.stepsW],
    minW: facts.minW,
    maxW: facts.maxW,
    canPause: true,
    idleW: facts.idleW,
    wakeS: facts.wakeS,
    tauS: facts.assumedTauS,
    rampUpWs: Number.isFinite(facts.rampUpWs) ? facts.rampUpWs : facts.maxW,
    rampDownWs: Number.isFinite(facts.rampDownWs) ? facts.rampDownWs : facts.maxW,
    restartOnChange: facts.restartOnChange,
    minOnS: facts.minOnS,
    minOffS: facts.minOffS,
    maxStartsDay: facts.maxStartsDay,
    hashrateThs: hashRateThs(facts.maxW),
    chipLimitC: 95,
    boardLimitC: 85,
  };
}

/** Loss that control assumes of a house it was told nothing of, W/K (control.md §10). */
const UNKNOWN_LOSS_WK = 180;

/** The home of a simulated run as control knows it: defaults of the documents, one zone, a 20 A circuit for each miner. */
export function configOf(
  facts: readonly PlantMinerFacts[],
  meterLatencyS: number,
  options: { lossWk?: number | null; mainA?: number } = {},
): ControlConfig {
  const miners = facts.map((entry, index) => profileOf(entry, `miner-${index + 1}`));
  return {
    tickS: 5,
    reserveW: 50,
    rideThroughWh: 50,
    altHeatUsdKwh: 0.12,
    coopOfflineLimitW: null,
    observeS: 30,
    meterLatencyS,
    panel: { mainA: options.mainA ?? 100, voltageV: 240, userCapW: null, noMeterCapW: null },
    circuits: miners.map(({ circuit }) => ({
      name: circuit,
      breakerA: BREAKER_A,
      voltageV: 240,
      rated100: false,
      otherW: 0,
    })),
    zones: [
      {
        ...{ name: ZONE, setC: 20, floorC: 15, maxC: 26, overheatC: 35, rearmC: 28, flexDnC: 1, flexUpC: 2 },
        ...{ policy: "comfort", hasBackupHeat: false, isWater: false, onSensorLoss: { kind: "duty" } },
        ...{ schedule: [], uaWk: options.lossWk ?? UNKNOWN_LOSS_WK, baseGainW: 150, solarAreaM2: 2 },
      },
    ],
    miners,
    deviceSeed: "simulated-home",
    hasGridMeter: true,
  };
}

/** The product's own core in a simulated home. */
export class CorePilot implements Pilot {
  targetW = 0;
  reason: string | null = null;
  writes = 0;
  #last: Advance | null = null;
  readonly #options: CoreOptions;
  readonly #snapshot: Snapshot;
  readonly #targets: Float64Array;
  #state: ControlState;
  readonly #offsetAt: (ms: number) => number;
  readonly #micros = new Uint32Array(MOST_MICROS + 1);
  #dayNumber = Number.NaN;
  #saved: string | null = null;
  #downUntilS = 0;

  constructor(options: CoreOptions) {
    this.#options = options;
    this.#state = initialState(options.config, MONO_START_MS);
    this.#snapshot = emptySnapshot(options);
    this.#targets = new Float64Array(options.config.miners.length);
    this.#offsetAt = localOffset(options.tz);
  }

  /** What the layers allow since the last tick, W; NaN before the first. */
  get budgetW(): number {
    return this.#last?.decision().budgetW ?? Number.NaN;
  }

  /** Decisions made so far. */
  get decisions(): number {
    return this.#micros.reduce((sum, count) => sum + count, 0);
  }

  /** 99 % of the decisions took no longer, whole microseconds. */
  get decisionP99Us(): number {
    const needed = 0.99 * this.decisions;
    let seen = 0;
    return this.#micros.findIndex((count) => {
      seen += count;
      return seen >= needed;
    });
  }

  tick(nowS: number, home: PlantHome): void {
    const { killEveryS } = this.#options;
    if (killEveryS !== null && !this.#isUp(nowS, killEveryS)) return;
    this.#look(nowS, home);
    const { advance, config } = this.#options;
    const startedMs = performance.now();
    const answer = advance(this.#snapshot, this.#state, config);
    const micros = Math.min(MOST_MICROS, Math.ceil((performance.now() - startedMs) * 1000));
    this.#micros[micros] = (this.#micros[micros] ?? 0) + 1;
    this.#last = answer;
    this.reason = answer.reason.code;
    if (answer.commands.length > 0) this.#obey(nowS, home, answer.commands);
    const mustSave = killEveryS !== null && (nowS % SAVE_S === 0 || answer.commands.length > 0);
    if (mustSave) this.#saved = JSON.stringify(this.#state);
  }

  /** False while the killed process is away; when it comes back it knows what it last wrote down. */
  #isUp(nowS: number, killEveryS: number): boolean {
    if (nowS > 0 && nowS % killEveryS === 0) this.#downUntilS = nowS + DOWN_S;
    if (nowS < this.#downUntilS) return false;
    if (nowS !== this.#downUntilS || nowS === 0) return true;
    const { config, startMs } = this.#options;
    const saved: unknown = this.#saved === null ? null : JSON.parse(this.#saved);
    this.#state = restoreState(saved, config, MONO_START_MS + nowS * 1000, startMs + nowS * 1000);
    return true;
  }

  #obey(nowS: number, home: PlantHome, commands: readonly MinerCommand[]): void {
    const { config } = this.#options;
    for (const command of commands) {
      const index = config.miners.findIndex((profile) => profile.name === command.miner);
      home.miners[index]?.command(nowS, command.targetW);
      this.writes += 1;
      this.targetW += command.targetW - (this.#targets[index] ?? 0);
      this.#targets[index] = command.targetW;
    }
  }

  /** Fills the one snapshot anew; control keeps nothing of it. */
  #look(nowS: number, home: PlantHome): void {
    const snapshot = this.#snapshot;
    const { truth } = home;
    snapshot.monoMs = MONO_START_MS + nowS * 1000;
    snapshot.wallMs = this.#options.startMs + nowS * 1000;
    this.#lookAtClock();
    lookAtMeter(snapshot.gridW, home.gridMeter);
    lookAtMeter(snapshot.pvW, home.pvMeter);
    const minuteS = nowS - (nowS % 60);
    if (!Number.isNaN(truth.outdoorC)) lookAt(snapshot.outdoorC, truth.outdoorC, minuteS);
    lookAt(snapshot.roomC[ZONE] ?? null, home.seenRoomC, home.seenRoomS);
    snapshot.prices.importUsdKwh = known(truth.importUsdKwh);
    snapshot.prices.exportUsdKwh = known(truth.exportUsdKwh);
    snapshot.miners.forEach((seen, index) => {
      const miner = home.miners[index];
      if (miner !== undefined) lookAtMiner(seen, miner);
    });
    const { battery } = home;
    if (battery !== null) {
      lookAt(snapshot.batteryW, Math.round(battery.powerW), nowS);
      lookAt(snapshot.socPercent, Math.round(battery.socPercent), nowS);
    }
    const { events } = this.#options;
    if (events.length === 0) return;
    snapshot.events = events.filter(
      ({ issuedMs, endMs }) =>
        issuedMs <= snapshot.wallMs && (endMs === null || endMs + AFTER_EVENT_MS > snapshot.wallMs),
    );
  }

  #lookAtClock(): void {
    const { local, wallMs } = this.#snapshot;
    const localMs = wallMs + this.#offsetAt(wallMs);
    const dayNumber = Math.floor(localMs / DAY_MS);
    if (dayNumber !== this.#dayNumber) {
      this.#dayNumber = dayNumber;
      local.isoWeekday = ((dayNumber + 3) % 7) + 1;
      local.day = new Date(dayNumber * DAY_MS).toISOString().slice(0, 10);
    }
    local.minuteOfDay = Math.floor((localMs - dayNumber * DAY_MS) / 60_000);
  }
}

function emptySnapshot(options: CoreOptions): Snapshot {
  const { config, startMs, seesPv, hasBattery, highestImportUsdKwh } = options;
  const reading = (): Reading => ({ value: null, receivedMono: MONO_START_MS, seq: 0, maxAgeS: null });
  return {
    monoMs: MONO_START_MS,
    wallMs: startMs,
    local: { isoWeekday: 1, minuteOfDay: 0, day: "" },
    isClockSynced: true,
    gridW: reading(),
    pvW: seesPv ? reading() : null,
    batteryW: hasBattery ? reading() : null,
    socPercent: hasBattery ? reading() : null,
    outdoorC: reading(),
    ghiWm2: null,
    voltageV: null,
    roomC: { [ZONE]: reading() },
    prices: { importUsdKwh: null, exportUsdKwh: null, highestImportUsdKwh },
    minedUsdKwh: minedOf(config),
    miners: config.miners.map(({ name }) => ({
      name,
      reading: {
        ...{ state: "paused", powerW: 0, powerSource: "measured", chipMaxC: 60, boardC: 55, inletC: null },
        ...{ hasFanFault: false, stepIndex: null, receivedMono: MONO_START_MS, seq: 0 },
      },
      missedPolls: 0,
      isSwitchingPool: false,
    })),
    events: [],
    coop: { isPaired: true, lastContactAgeS: 10 },
    overrides: [],
  };
}

function minedOf(config: ControlConfig): number | null {
  const maxW = config.miners[0]?.maxW;
  return maxW === undefined ? null : minedUsdKwh({ maxW });
}

function known(value: number): number | null {
  return Number.isNaN(value) ? null : value;
}

function lookAtMeter(reading: Reading | null, meter: PlantMeter): void {
  if (reading === null || meter.seq === 0) return;
  reading.value = meter.valueW;
  reading.seq = meter.seq;
  reading.receivedMono = MONO_START_MS + meter.arrivedS * 1000;
}

function lookAt(reading: Reading | null, value: number, atS: number): void {
  if (reading === null) return;
  const receivedMono = MONO_START_MS + atS * 1000;
  if (reading.seq > 0 && reading.receivedMono === receivedMono) return;
  reading.value = value;
  reading.seq += 1;
  reading.receivedMono = receivedMono;
}

function lookAtMiner(seen: MinerSnapshot, miner: PlantMiner): void {
  const { reading } = seen;
  seen.missedPolls = miner.missedPolls;
  if (reading === null || miner.missedPolls > 0) return;
  reading.state = stateWord(miner);
  reading.powerW = miner.reportedW;
  reading.stepIndex = miner.reportedTargetW > 0 ? indexOrNull(miner) : null;
  reading.receivedMono = MONO_START_MS + miner.reportedS * 1000;
  reading.seq += 1;
}

function indexOrNull(miner: PlantMiner): number | null {
  const index = miner.facts.stepsW.indexOf(miner.reportedTargetW);
  return index < 0 ? null : index;
}

function stateWord(miner: PlantMiner): MinerState {
  switch (miner.reportedPhase) {
    case "off":
    case "stopping":
      return "paused";
    case "waking":
    case "restarting":
      return "starting";
    case "running":
      return "mining";
  }
}
