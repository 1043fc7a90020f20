import { initialState } from "../control/decide.ts";
import type { ControlState } from "../control/state.ts";
import type {
  ControlConfig,
  DecideResult,
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
import type { Pilot } from "./simulate-baselines.ts";

/** One tick of control; `decide` of src/control, or anything that keeps its contract. */
export type DecideTick = (
  snapshot: Snapshot,
  state: ControlState,
  config: ControlConfig,
) => DecideResult<ControlState>;

export interface CoreOptions {
  config: ControlConfig;
  decide: DecideTick;
  /** Wall clock of the first tick, epoch ms. */
  startMs: number;
  /** The loop reads the live PV power beside the grid meter. */
  seesPv: boolean;
  /** Highest import price of the trace, $/kWh; null without prices. */
  highestImportUsdKwh: number | null;
  events: readonly (CoopEvent & { isOptedOut: boolean })[];
}

export const ZONE = "home";
const CIRCUIT = "main";
const MONO_START_MS = 1_000_000;
const EVENT_KNOWN_MS = 4 * 3_600_000;

/** What control is told of a reference miner (control.md §9). */
export function profileOf(facts: PlantMinerFacts, name: string): MinerProfile {
  return {
    name,
    zone: ZONE,
    circuit: CIRCUIT,
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

/** The home of a simulated run as control knows it: defaults of the documents, one zone, 20 A at 240 V. */
export function configOf(facts: readonly PlantMinerFacts[], meterLatencyS: number): ControlConfig {
  return {
    tickS: 5,
    reserveW: 50,
    rideThroughWh: 50,
    altHeatUsdKwh: 0.12,
    coopOfflineLimitW: null,
    observeS: 30,
    meterLatencyS,
    panel: { mainA: 100, voltageV: 240, userCapW: null, noMeterCapW: null },
    circuits: [{ name: CIRCUIT, breakerA: 20, voltageV: 240, rated100: false, otherW: 0 }],
    zones: [
      {
        ...{ name: ZONE, setC: 20, floorC: 15, maxC: 26, overheatC: 35, rearmC: 28, flexDnC: 1, flexUpC: 2 },
        ...{ policy: "comfort", hasBackupHeat: false, isWater: false, onSensorLoss: { kind: "duty" } },
        ...{ schedule: [], uaWk: 180, baseGainW: 150, solarAreaM2: 2 },
      },
    ],
    miners: facts.map((entry, index) => profileOf(entry, `miner-${index + 1}`)),
    deviceSeed: "simulated-home",
    hasGridMeter: true,
  };
}

/** The product's own core in a simulated home. */
export class CorePilot implements Pilot {
  targetW = 0;
  reason: string | null = null;
  writes = 0;
  /** The latest answer of control; null before the first tick. */
  last: DecideResult<ControlState> | null = null;
  readonly #options: CoreOptions;
  readonly #snapshot: Snapshot;
  readonly #targets: Float64Array;
  #state: ControlState;
  #dayEndMs = 0;
  #dayStartMs = 0;

  constructor(options: CoreOptions) {
    this.#options = options;
    this.#state = initialState(options.config, MONO_START_MS);
    this.#snapshot = emptySnapshot(options);
    this.#targets = new Float64Array(options.config.miners.length);
  }

  tick(nowS: number, home: PlantHome): void {
    this.#look(nowS, home);
    const { decide, config } = this.#options;
    const answer = decide(this.#snapshot, this.#state, config);
    this.#state = answer.state;
    this.last = answer;
    this.reason = answer.decision.reason.code;
    for (const command of answer.commands) {
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
    lookAt(snapshot.outdoorC, truth.outdoorC, minuteS);
    lookAt(snapshot.roomC[ZONE] ?? null, home.seenRoomC, home.seenRoomS);
    snapshot.prices.importUsdKwh = known(truth.importUsdKwh);
    snapshot.prices.exportUsdKwh = known(truth.exportUsdKwh);
    snapshot.miners.forEach((seen, index) => {
      const miner = home.miners[index];
      if (miner !== undefined) lookAtMiner(seen, miner);
    });
    if (this.#options.events.length === 0) return;
    snapshot.events = this.#options.events.filter(
      (event) => event.issuedMs <= snapshot.wallMs && (event.endMs ?? Infinity) > snapshot.wallMs - 3_600_000,
    );
  }

  #lookAtClock(): void {
    const { local, wallMs } = this.#snapshot;
    if (wallMs >= this.#dayEndMs) {
      this.#dayStartMs = Math.floor(wallMs / 86_400_000) * 86_400_000;
      this.#dayEndMs = this.#dayStartMs + 86_400_000;
      local.isoWeekday = ((Math.floor(wallMs / 86_400_000) + 3) % 7) + 1;
      local.day = new Date(wallMs).toISOString().slice(0, 10);
    }
    local.minuteOfDay = Math.floor((wallMs - this.#dayStartMs) / 60_000);
  }
}

/** A limit of the trace is a peak event that is known four hours before (interfaces.md §4). */
export function peakEvent(startMs: number, endMs: number, limitW: number, number: number) {
  return {
    id: `trace-${number}`,
    version: 1,
    issuedMs: startMs - EVENT_KNOWN_MS,
    startMs,
    endMs,
    type: "limit",
    priority: "peak",
    limitW,
    raiseW: null,
    floorW: 0,
    noticeS: EVENT_KNOWN_MS / 1000,
    source: "trace",
    isCancelled: false,
    isOptedOut: false,
  } as const satisfies CoopEvent & { isOptedOut: boolean };
}

function emptySnapshot({ config, startMs, seesPv, highestImportUsdKwh }: CoreOptions): Snapshot {
  const reading = (): Reading => ({ value: null, receivedMono: MONO_START_MS, seq: 0, maxAgeS: null });
  return {
    monoMs: MONO_START_MS,
    wallMs: startMs,
    local: { isoWeekday: 1, minuteOfDay: 0, day: "" },
    isClockSynced: true,
    gridW: reading(),
    pvW: seesPv ? reading() : null,
    batteryW: null,
    socPercent: null,
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
  if (reading === null || Number.isNaN(value)) return;
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
