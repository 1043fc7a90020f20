import { finite } from "./numbers.ts";
import { judge, type Signal, type SourceRules } from "./quality.ts";
import { type ControlState, sourceMemory } from "./state.ts";
import type { ControlConfig, Reading, Snapshot } from "./types.ts";
import { updateClock, type WallClock } from "./wall-clock.ts";

/** Every input after judgement. A `value` of null is unknown and must not be used. */
export interface Inputs {
  grid: Signal;
  pv: Signal;
  battery: Signal;
  soc: Signal;
  outdoor: Signal;
  ghi: Signal;
  voltage: Signal;
  rooms: Record<string, Signal>;
  wall: WallClock;
  prices: Prices;
  hasBattery: boolean;
}

/** $/kWh; null is unknown. `highest` is the dearest known import price of the tariff. */
export interface Prices {
  importUsd: number | null;
  exportUsd: number | null;
  highestUsd: number | null;
  minedUsd: number | null;
}

/** One tick's frame: what every layer may read, and the state that it may change. */
export interface Tick {
  snapshot: Snapshot;
  config: ControlConfig;
  /** The next state; owned by this tick. */
  state: ControlState;
  inputs: Inputs;
  monoMs: number;
  wallMs: number;
  /** Since the last tick, s; at most 60. */
  dtS: number;
  /** The same without the cut; a long one is an overrun. */
  sinceLastS: number;
}

const base = { freshPeriods: 0, jumpPerMinute: null, zeroReads: 1, recoverSamples: 1 };
const GRID: Omit<SourceRules, "min" | "max"> = {
  ...base,
  freshS: 15,
  staleS: 60,
  lostS: 300,
  freshPeriods: 2,
  recoverSamples: 3,
};
const BATTERY = { ...base, freshS: 30, staleS: 90, lostS: 300, recoverSamples: 3 };
const PV = { ...base, freshS: 60, staleS: 180, lostS: 900 };
const SOC = {
  ...base,
  min: 0,
  max: 100,
  freshS: 300,
  staleS: 900,
  lostS: 3600,
  zeroReads: 3,
  recoverSamples: 3,
};
const ROOM = {
  ...base,
  min: -30,
  max: 50,
  freshS: 300,
  staleS: 900,
  lostS: 1800,
  jumpPerMinute: 3,
  recoverSamples: 2,
};
const WATER = { ...ROOM, min: 0, max: 95 };
const OUTDOOR = { ...base, min: -50, max: 55, freshS: 3600, staleS: 10_800, lostS: 43_200 };
const GHI = { ...base, min: -20, max: 1600, freshS: 900, staleS: 3600, lostS: 10_800 };
const VOLTAGE = { ...base, min: 90, max: 270, freshS: 60, staleS: 300, lostS: 3600 };

/** Judges every input of the snapshot (control.md §2) and moves the memories in `state` on. */
export function readInputs(snapshot: Snapshot, state: ControlState, config: ControlConfig): Inputs {
  const { monoMs } = snapshot;
  const take = (name: string, reading: Reading | null | undefined, rules: SourceRules) =>
    judge(sourceMemory(state, name), reading, rules, monoMs, state.startedMono);
  const fuseW = config.panel.mainA * config.panel.voltageV;
  const gridRange = fuseW > 0 ? 1.5 * fuseW : 50_000;
  const rooms: Record<string, Signal> = {};
  for (const zone of config.zones) {
    rooms[zone.name] = take(`room:${zone.name}`, snapshot.roomC[zone.name], zone.isWater ? WATER : ROOM);
  }
  const battery = take("battery", snapshot.batteryW, { ...BATTERY, min: -2 * gridRange, max: 2 * gridRange });
  const wall = updateClock(snapshot, state.clock);
  return {
    grid: take("grid", config.hasGridMeter ? snapshot.gridW : null, {
      ...GRID,
      min: -gridRange,
      max: gridRange,
    }),
    pv: nonNegative(take("pv", snapshot.pvW, { ...PV, min: -100, max: 1.3 * gridRange })),
    battery,
    soc: take("soc", snapshot.socPercent, SOC),
    outdoor: take("outdoor", snapshot.outdoorC, OUTDOOR),
    ghi: nonNegative(take("ghi", snapshot.ghiWm2, GHI)),
    voltage: take("voltage", snapshot.voltageV, VOLTAGE),
    rooms,
    wall,
    prices: readPrices(snapshot, wall),
    hasBattery: snapshot.batteryW !== null || battery.last !== null,
  };
}

/** Outdoor temperature for planning heat, degC: now, else the last one, else this hour as last seen; null: unknown. */
export function outdoorGuess(tick: Tick): number | null {
  const { outdoor } = tick.inputs;
  if (outdoor.value !== null) return outdoor.value;
  if (outdoor.age === "stale" && outdoor.last !== null) return outdoor.last;
  return tick.state.weather.byHourC[hourOf(tick.snapshot)] ?? null;
}

/** Keeps the outdoor temperature by hour, for the day when the source is lost. */
export function rememberWeather(snapshot: Snapshot, state: ControlState, inputs: Inputs): void {
  if (inputs.outdoor.value !== null) state.weather.byHourC[hourOf(snapshot)] = inputs.outdoor.value;
}

/** Hour of the local day, 0..23. */
export function hourOf(snapshot: Snapshot): number {
  return Math.max(0, Math.min(23, Math.floor((finite(snapshot.local.minuteOfDay) ?? 0) / 60)));
}

function nonNegative(signal: Signal): Signal {
  return signal.value === null || signal.value >= 0 ? signal : { ...signal, value: 0 };
}

/** A price outside -5..20 $/kWh, or one read with a clock that cannot be trusted, is unknown. */
function readPrices(snapshot: Snapshot, wall: WallClock): Prices {
  const price = (value: unknown) => {
    const number = finite(value);
    return number === null || number < -5 || number > 20 ? null : number;
  };
  const { importUsdKwh, exportUsdKwh, highestImportUsdKwh } = snapshot.prices;
  return {
    importUsd: wall.isTrusted ? price(importUsdKwh) : null,
    exportUsd: wall.isTrusted ? price(exportUsdKwh) : null,
    highestUsd: price(highestImportUsdKwh),
    minedUsd: price(snapshot.minedUsdKwh),
  };
}
