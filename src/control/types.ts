import type { CoopEvent } from "../model/coop-event.ts";
import type { Decision } from "../model/decision.ts";
import type { MinerState } from "../model/miner.ts";

/**
 * What `decide` sees, knows and answers. All plain data: state and snapshot survive JSON, so that a decision
 * can be replayed (control.md §1). Watts at the wall, degC, seconds or milliseconds as the names say.
 */

/** The latest sample of one source as it arrived; control judges age, plausibility and freezing (§2). */
export interface Reading {
  /** As received; null when the source said that it does not know. */
  value: number | null;
  /** Monotonic receipt time of this sample, ms. */
  receivedMono: number;
  /** Rises by one with each sample, so that a repeated read is not a new sample. */
  seq: number;
  /** Cap on the learnt stale limit, s, by kind of sensor (sources.md §2); null: none. */
  maxAgeS: number | null;
}

export interface MinerSnapshot {
  name: string;
  /** Null when it never answered since start. */
  reading: {
    state: MinerState;
    powerW: number | null;
    powerSource: "measured" | "estimated" | "target" | null;
    chipMaxC: number | null;
    boardC: number | null;
    inletC: number | null;
    hasFanFault: boolean;
    /** Rung in force; null when paused or unknown. */
    stepIndex: number | null;
    receivedMono: number;
    seq: number;
  } | null;
  missedPolls: number;
  /** Changes when the pool switches; control then does not judge the dip. */
  isSwitchingPool: boolean;
}

export interface Override {
  /** `off` ranks above the floor; the others are layer 4. */
  kind: "off" | "boost" | "away" | "set" | "power";
  /** Zone for off, boost, away, set; null is every zone. */
  zone: string | null;
  /** Miner for `power`. */
  miner: string | null;
  setC: number | null;
  powerW: number | null;
  /** Wall clock; null: until revoked (only `off`, `set`). */
  untilMs: number | null;
}

export interface Snapshot {
  monoMs: number;
  wallMs: number;
  /** Local civil time of the home, for schedules. */
  local: { isoWeekday: number; minuteOfDay: number; day: string };
  isClockSynced: boolean;
  gridW: Reading | null;
  pvW: Reading | null;
  batteryW: Reading | null;
  socPercent: Reading | null;
  outdoorC: Reading | null;
  ghiWm2: Reading | null;
  voltageV: Reading | null;
  /** By zone name. */
  roomC: Record<string, Reading | null>;
  prices: {
    importUsdKwh: number | null;
    exportUsdKwh: number | null;
    /** Highest known import price of the tariff; null when there is no tariff. */
    highestImportUsdKwh: number | null;
  };
  /** Forecast surplus of the rest of this day, Wh; left out or null: no forecast, the battery gives nothing. */
  forecast?: { surplusWh: number | null };
  /** What one mined kWh earns, $/kWh; null when unknown. */
  minedUsdKwh: number | null;
  miners: MinerSnapshot[];
  /** Every known event that is not over; cancelled ones are left out. */
  events: (CoopEvent & { isOptedOut: boolean })[];
  coop: { isPaired: boolean; lastContactAgeS: number | null };
  overrides: Override[];
}

export interface MinerProfile {
  name: string;
  zone: string;
  circuit: string;
  kind: "continuous" | "discrete" | "onoff";
  /** Draw of each rung at the wall, rising; `[maxW]` for onoff; empty for continuous. */
  stepsW: number[];
  /** Lowest and highest running draw, W. */
  minW: number;
  maxW: number;
  canPause: boolean;
  idleW: number;
  wakeS: number;
  tauS: number;
  rampUpWs: number;
  rampDownWs: number;
  restartOnChange: boolean;
  minOnS: number;
  minOffS: number;
  maxStartsDay: number;
  /** Hash rate at `maxW`, TH/s, for efficiency order; null when unknown. */
  hashrateThs: number | null;
  /** Hottest chip and board allowed before layer 0 stops it, degC. */
  chipLimitC: number;
  boardLimitC: number;
}

export interface ZoneRules {
  name: string;
  setC: number;
  floorC: number;
  maxC: number;
  overheatC: number;
  rearmC: number;
  flexDnC: number;
  flexUpC: number;
  policy: "comfort" | "heat-only" | "mining-first";
  hasBackupHeat: boolean;
  isWater: boolean;
  onSensorLoss: { kind: "duty" } | { kind: "pause" } | { kind: "fixed"; powerW: number };
  schedule: { days: [number, number]; minuteOfDay: number; setC: number }[];
  /** Fallback house model: steady loss W/K, base gain W, solar area m2 (control.md §10). */
  uaWk: number;
  baseGainW: number;
  solarAreaM2: number;
}

export interface ControlConfig {
  tickS: number;
  reserveW: number;
  rideThroughWh: number;
  /** $/kWh of heat from the other source; null when unknown. */
  altHeatUsdKwh: number | null;
  coopOfflineLimitW: number | null;
  observeS: number;
  /** Effective time of a grid sample lies this long before its receipt, s. */
  meterLatencyS: number;
  panel: { mainA: number; voltageV: number; userCapW: number | null; noMeterCapW: number | null };
  circuits: { name: string; breakerA: number; voltageV: number; rated100: boolean; otherW: number }[];
  zones: ZoneRules[];
  miners: MinerProfile[];
  /** For the return delay after events (§7) and nothing else. */
  deviceSeed: string;
  hasGridMeter: boolean;
  /** Home battery: usable energy and rated discharge; left out: unknown, it never discharges into a miner by plan. */
  battery?: { capacityWh: number; dischargeW: number };
}

/** One change for one device; at most one per miner and tick. */
export interface MinerCommand {
  miner: string;
  action: "pause" | "resume" | "set";
  /** Wall watts wanted; 0 for pause. For `resume` the target to take after waking. */
  targetW: number;
  /** Index into `stepsW` for discrete devices, else null. */
  stepIndex: number | null;
  /** True for layers 0-3b: do not wait for dwell or queues. */
  isUrgent: boolean;
  code: Decision["reason"]["code"];
}

export interface DecideResult<State> {
  commands: MinerCommand[];
  state: State;
  decision: Decision;
}
