import { initialDoubt, type MeterDoubt } from "./meter-doubt.ts";
import { initialSource, type SourceMemory } from "./quality.ts";
import type { ControlConfig } from "./types.ts";

/**
 * What the loop remembers between two ticks. Plain JSON data: no NaN, no Infinity, no Map.
 * Times named `…Mono` are milliseconds of the monotonic clock that `initialState` was given.
 */
export interface ControlState {
  schema: 1;
  startedMono: number;
  /** Null before the first tick. */
  lastMono: number | null;
  lastWallMs: number | null;
  clock: ClockMemory;
  sources: Record<string, SourceMemory>;
  surplus: SurplusMemory;
  battery: BatteryMemory;
  weather: WeatherMemory;
  voltage: VoltageMemory;
  circuits: Record<string, CircuitMemory>;
  zones: Record<string, ZoneMemory>;
  miners: Record<string, MinerMemory>;
  coop: CoopMemory;
  /** Ceiling that rises slowly after an event or a lost meter, W; null when none is in force. */
  rampW: number | null;
  manual: { active: string[]; expiredMono: number | null };
  /** Last start of any miner, for the stagger. */
  lastStartMono: number | null;
}

/** Wall minus monotonic clock, ms; the former one is kept after a jump without synchronisation (control.md §12). */
export interface ClockMemory {
  offsetMs: number | null;
  formerOffsetMs: number | null;
  unsyncedSinceMono: number | null;
}

/** What the surplus is reckoned from, W; parallel lists with their moments, oldest first. */
export interface SurplusMemory {
  /** Miner power of 15 minutes. */
  powerMonos: number[];
  powerW: number[];
  /** PV power of the last minutes. */
  pvMonos: number[];
  pvW: number[];
  /** The last samples of the surplus. */
  sampleMonos: number[];
  sampleW: number[];
  /** What was expected of the surplus, and for when. */
  expectMonos: number[];
  expectW: number[];
  /** How far samples were from what had been expected of them. */
  changeW: number[];
  /** The same in rising order. */
  changeSortedW: number[];
  /** Household at the last sample; null without a PV reading beside it. */
  houseW: number | null;
  /** Five-minute means of the household load by hour of day, W; at most 24 an hour. */
  loadByHourW: number[][];
  loadBin: { startMono: number | null; sum: number; count: number };
  /** By delay of the miners' own figures: last surplus and miner power, and how much the surplus jumps with them, W. */
  delays: { surplusW: number[]; minersW: number[]; jumpW: number[] };
  /** Miner power range while the meter repeats one reading, W. */
  frozen: { value: number | null; sinceMono: number; lowW: number; highW: number };
  /** Battery term less what the battery gave at the last sample, W: what the sun's balance does not tell. */
  batteryShiftW: number;
  /** Rise that the PV meter may tell of before the grid meter confirms it, W, and the largest claimed since its last sample. */
  pvTrustW: number;
  pvClaimW: number;
  doubt: MeterDoubt;
  /** Since when the grid meter cannot be used; null while it serves. */
  blindSinceMono: number | null;
}

/** What is remembered of the home battery. */
export interface BatteryMemory {
  /** State of charge with its gap, percent; null before the first reading. */
  soc: number | null;
  /** Largest battery power seen, W; stands in for the rating when the battery falls silent. */
  seenW: number | null;
  /** Local day on which the sun ahead no longer fills it; empty: none. */
  sundownDay: string;
  /** What it gave to running miners by minute of the last hour: begin and Wh. */
  rideMonos: number[];
  rideWh: number[];
}

/** Outdoor temperature by hour of day, degC; null where that hour was never seen. */
export interface WeatherMemory {
  byHourC: (number | null)[];
}

/** Five-minute means of the mains voltage over the last hour, V. */
export interface VoltageMemory {
  binStartMono: number | null;
  sum: number;
  count: number;
  meanMonos: number[];
  means: number[];
}

/** Reaction of one circuit to measured excess (control.md §8). */
export interface CircuitMemory {
  overSinceMono: number | null;
  changedMono: number | null;
  /** Part of the limit still allowed, 0..1. */
  factor: number;
}

export interface ZoneMemory {
  filteredC: number | null;
  /** Integral part of the thermostat, W. */
  integralW: number;
  /** Last heat demand, W; may be negative. */
  demandW: number;
  setC: number | null;
  /** Integration waits after a change of the set point. */
  settlingUntilMono: number | null;
  /** Minute samples for the slope, degC. */
  slopeMonos: number[];
  slopeC: number[];
  overheatSinceMono: number | null;
  isMaxLatched: boolean;
  /** The room reached the top of its band and has not yet cooled clearly below it. */
  isFull: boolean;
  isFloorActive: boolean;
  isHeating: boolean;
  /** Heating to the set point was worth it when the room was last below it. */
  isWorth: boolean;
  lowDemandSinceMono: number | null;
  /** Sigma-delta: heat owed to the room, J, the rung asked for, and when it last moved. */
  owedJ: number;
  rungW: number;
  rungMono: number | null;
  /** Slow mean of the wanted average, W, and when an average was last wanted. */
  slowW: number | null;
  swingMono: number | null;
  isStoppedByDeficit: boolean;
  /** What the last complete prices said; null before there were any. */
  price: { alpha: number; isRest: boolean; mono: number } | null;
}

/** A command that is not yet seen to be followed (control.md §3). */
export interface Commitment {
  fromW: number;
  toW: number;
  atMono: number;
  lastSentMono: number;
  resends: number;
  closeSinceMono: number | null;
}

export interface MinerMemory {
  /** Worth let go before a start for the sun, worth lost before the stop, J, and whether the sun runs it. */
  startJ: number;
  deficitJ: number;
  /** Mean worth of running for the sun over half an hour, in lowest powers. */
  worthLong: number;
  isSurplusOn: boolean;
  isAdopted: boolean;
  targetW: number;
  stepIndex: number | null;
  /** Last start or stop; null when unknown, then no minimum time runs. */
  switchedMono: number | null;
  lastSetMono: number | null;
  commitment: Commitment | null;
  isUnresponsive: boolean;
  day: string;
  startsToday: number;
  writesToday: number;
  seq: number | null;
  goodPolls: number;
  unreachableSinceMono: number | null;
  strayTicks: number;
  /** Best figure of what it draws now, W. */
  powerW: number;
  isMeasured: boolean;
  /** The same brought up to now from the age of that figure, W. */
  nowW: number;
  /** What it would draw if it drew what it is told, W: now, a tick ago and so on; and the part of it that it does draw. */
  followW: number[];
  gain: number;
  /** Ticks that the gain is known from; begins anew with each start. */
  gainTicks: number;
  /** Layer 0 or a device fault: last time the cause was seen, and what it was. */
  trippedMono: number | null;
  tripCode: "SAFE_CHIP_HOT" | "SAFE_BOARD_HOT" | "SAFE_FAN" | "DEVICE_FAULT" | null;
}

export interface CoopMemory {
  active: Record<string, ActiveEvent>;
  /** After an event: the limit stays until then. */
  hold: { limitW: number; untilMono: number } | null;
  noBoostUntilMono: number | null;
  /** First sight of events without an end. */
  firstSeenMono: Record<string, number>;
}

export interface ActiveEvent {
  limitW: number;
  /** The limit or what the floors ask for, whichever is higher, W. */
  allowedW: number;
  /** From when on draw above it counts: the start, or the last time that less was allowed. */
  sinceMono: number;
  overSinceMono: number | null;
  isNotMet: boolean;
}

/** The state before the first tick. `monoMs` is the monotonic clock that later snapshots carry. */
export function initialState(config: ControlConfig, monoMs: number): ControlState {
  return {
    schema: 1,
    startedMono: monoMs,
    lastMono: null,
    lastWallMs: null,
    clock: { offsetMs: null, formerOffsetMs: null, unsyncedSinceMono: null },
    sources: {},
    surplus: initialSurplus(monoMs),
    battery: { soc: null, seenW: null, sundownDay: "", rideMonos: [], rideWh: [] },
    weather: { byHourC: Array.from({ length: 24 }, () => null) },
    voltage: { binStartMono: null, sum: 0, count: 0, meanMonos: [], means: [] },
    circuits: byName(config.circuits, () => ({ overSinceMono: null, changedMono: null, factor: 1 })),
    zones: byName(config.zones, initialZone),
    miners: byName(config.miners, initialMiner),
    coop: { active: {}, hold: null, noBoostUntilMono: null, firstSeenMono: {} },
    rampW: null,
    manual: { active: [], expiredMono: null },
    lastStartMono: null,
  };
}

/** Memory of one source by name, made on first use. */
export function sourceMemory(state: ControlState, name: string): SourceMemory {
  const known = state.sources[name];
  if (known) return known;
  const fresh = initialSource();
  state.sources[name] = fresh;
  return fresh;
}

/** Memory of one zone, made on first use so that a changed configuration needs no new state. */
export function zoneMemory(state: ControlState, name: string): ZoneMemory {
  const known = state.zones[name];
  if (known) return known;
  const fresh = initialZone();
  state.zones[name] = fresh;
  return fresh;
}

/** Memory of one miner, made on first use. */
export function minerMemory(state: ControlState, name: string): MinerMemory {
  const known = state.miners[name];
  if (known) return known;
  const fresh = initialMiner();
  state.miners[name] = fresh;
  return fresh;
}

/** What a PV meter may raise before it has proved itself, W. */
const PV_TRUST_W = 300;

function initialSurplus(monoMs: number): SurplusMemory {
  return {
    powerMonos: [],
    powerW: [],
    pvMonos: [],
    pvW: [],
    sampleMonos: [],
    sampleW: [],
    expectMonos: [],
    expectW: [],
    changeW: [],
    changeSortedW: [],
    houseW: null,
    loadByHourW: Array.from({ length: 24 }, () => []),
    loadBin: { startMono: null, sum: 0, count: 0 },
    delays: { surplusW: [], minersW: [], jumpW: [0, 0, 0] },
    frozen: { value: null, sinceMono: monoMs, lowW: 0, highW: 0 },
    batteryShiftW: 0,
    pvTrustW: PV_TRUST_W,
    pvClaimW: 0,
    doubt: initialDoubt(),
    blindSinceMono: null,
  };
}

function initialZone(): ZoneMemory {
  return {
    filteredC: null,
    integralW: 0,
    demandW: 0,
    setC: null,
    settlingUntilMono: null,
    slopeMonos: [],
    slopeC: [],
    overheatSinceMono: null,
    isMaxLatched: false,
    isFull: false,
    isFloorActive: false,
    isHeating: false,
    isWorth: false,
    lowDemandSinceMono: null,
    owedJ: 0,
    rungW: 0,
    rungMono: null,
    slowW: null,
    swingMono: null,
    isStoppedByDeficit: false,
    price: null,
  };
}

function initialMiner(): MinerMemory {
  return {
    startJ: 0,
    deficitJ: 0,
    worthLong: 0,
    isSurplusOn: false,
    isAdopted: false,
    targetW: 0,
    stepIndex: null,
    switchedMono: null,
    lastSetMono: null,
    commitment: null,
    isUnresponsive: false,
    day: "",
    startsToday: 0,
    writesToday: 0,
    seq: null,
    goodPolls: 0,
    unreachableSinceMono: null,
    strayTicks: 0,
    powerW: 0,
    isMeasured: false,
    nowW: 0,
    followW: [],
    gain: 1,
    gainTicks: 0,
    trippedMono: null,
    tripCode: null,
  };
}

function byName<T extends { name: string }, V>(list: readonly T[], make: () => V): Record<string, V> {
  const result: Record<string, V> = {};
  for (const entry of list) result[entry.name] = make();
  return result;
}
