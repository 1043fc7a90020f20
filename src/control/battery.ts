import type { Tick } from "./inputs.ts";
import { clamp, finite } from "./numbers.ts";
import type { BatteryMemory } from "./state.ts";

/** What the home battery adds to the surplus or takes from it (control.md §6). */
export interface BatteryTerm {
  /** `share * charge - discharge + buffer`, W; null when the battery is silent and nothing is known of its size. */
  termW: number | null;
  /** Discharge that a forecast of sun allows the miners, W >= 0. */
  bufferW: number;
  /** Charging power that the battery keeps for itself, W >= 0. */
  keptW: number;
  /** There is a battery, and how full it is is not known. */
  isSocUnknown: boolean;
  /** The rest of the day's sun no longer fills the battery, so that it gives nothing more today. */
  isSundown: boolean;
}

/** State of charge, percent: from where the miners get a share of the charge, and where all of it. */
const PRIO_SOC = 80;
const FULL_SOC = 95;
/** From where the battery may give, and where all of what is allowed. */
const BUFFER_SOC = 90;
const BUFFER_FULL_SOC = 98;
const GAP_SOC = 3;
/** Sun that must be ahead for each Wh that is missing in the battery. */
const REFILL_PART = 1.2;
const HOUR_MS = 3_600_000;
const NONE: BatteryTerm = { termW: 0, bufferW: 0, keptW: 0, isSocUnknown: false, isSundown: false };

/** Judges the battery at this tick and moves its memory on. */
export function readBattery(tick: Tick): BatteryTerm {
  if (!tick.inputs.hasBattery) return NONE;
  const memory = tick.state.battery;
  const { battery, grid } = tick.inputs;
  if (battery.value !== null) memory.seenW = Math.max(memory.seenW ?? 0, Math.abs(battery.value));
  const soc = followSoc(memory, tick.inputs.soc.value);
  const base = { ...NONE, isSocUnknown: soc === null, isSundown: noteSundown(tick, memory) };
  if (battery.value === null) {
    // A battery that fell silent is taken as discharging (control.md §12).
    const seenW = memory.seenW === null ? null : -memory.seenW;
    return { ...base, termW: grid.value !== null && grid.value >= 50 ? 0 : seenW };
  }
  const chargeW = Math.max(0, -battery.value);
  const share = soc === null ? 0 : ramp(soc, PRIO_SOC, FULL_SOC);
  const bufferW = soc === null ? 0 : ramp(soc, BUFFER_SOC, BUFFER_FULL_SOC) * allowedDischargeW(tick, memory);
  const termW = share * chargeW - Math.max(0, battery.value) + bufferW;
  return { ...base, termW, bufferW, keptW: (1 - share) * chargeW };
}

/**
 * Discharge that may carry running miners over a dip now, W: at most `leastW`, their lowest power, and at most
 * `rideThroughWh` in any hour, above 90 % only. What is taken is counted.
 */
export function rideThrough(tick: Tick, missingW: number, leastW: number): number {
  const memory = tick.state.battery;
  const dischargeW = Math.max(0, tick.inputs.battery.value ?? 0);
  if (missingW <= 0 || dischargeW <= 0 || memory.soc === null || memory.soc <= BUFFER_SOC) return 0;
  if (tick.inputs.soc.value === null) return 0;
  const rideW = Math.min(missingW, dischargeW, leastW);
  const rideWh = (rideW * tick.dtS) / 3600;
  // A tick ahead, because what is allowed now is drawn until the next one.
  if (rideWh <= 0 || riddenWh(tick) + 2 * rideWh > tick.config.rideThroughWh) return 0;
  const last = memory.rideMonos.length - 1;
  if (last >= 0 && tick.monoMs - (memory.rideMonos[last] ?? 0) < 60_000) {
    memory.rideWh[last] = (memory.rideWh[last] ?? 0) + rideWh;
  } else {
    memory.rideMonos.push(tick.monoMs);
    memory.rideWh.push(rideWh);
  }
  return rideW;
}

/** What the battery gave to running miners within the last hour, Wh. */
export function riddenWh(tick: Tick): number {
  const { rideMonos, rideWh } = tick.state.battery;
  // A bin holds the minute after its start, so it counts for an hour and that minute.
  while (tick.monoMs - (rideMonos[0] ?? tick.monoMs) > HOUR_MS + 60_000) {
    rideMonos.shift();
    rideWh.shift();
  }
  return rideWh.reduce((sum, wh) => sum + wh, 0);
}

/** Falls at once and rises when the reading is 3 % above it, so that no edge of a curve chatters; null: unknown. */
function followSoc(memory: BatteryMemory, soc: number | null): number | null {
  if (soc === null) return null;
  memory.soc = memory.soc === null ? soc : Math.max(Math.min(memory.soc, soc), soc - GAP_SOC);
  // A full battery is full.
  if (soc >= 100) memory.soc = 100;
  return memory.soc;
}

/** Remembers for the day that the sun ahead no longer fills the battery. */
function noteSundown(tick: Tick, memory: BatteryMemory): boolean {
  const { day } = tick.snapshot.local;
  const aheadWh = sunAheadWh(tick);
  const missingWh = missingEnergyWh(tick);
  if (aheadWh !== null && missingWh !== null && aheadWh < missingWh) memory.sundownDay = day;
  return memory.sundownDay === day;
}

function allowedDischargeW(tick: Tick, memory: BatteryMemory): number {
  const aheadWh = sunAheadWh(tick);
  const missingWh = missingEnergyWh(tick);
  if (aheadWh === null || missingWh === null || memory.sundownDay === tick.snapshot.local.day) return 0;
  return aheadWh >= REFILL_PART * missingWh ? Math.max(0, tick.config.battery?.dischargeW ?? 0) : 0;
}

function sunAheadWh(tick: Tick): number | null {
  return tick.inputs.wall.isTrusted ? finite(tick.snapshot.forecast?.surplusWh) : null;
}

function missingEnergyWh(tick: Tick): number | null {
  const soc = tick.inputs.soc.value;
  const { battery } = tick.config;
  return soc === null || !battery ? null : ((100 - soc) / 100) * battery.capacityWh;
}

/** 0 at `low` and below, 1 at `high` and above. */
function ramp(value: number, low: number, high: number): number {
  return clamp((value - low) / (high - low), 0, 1);
}
