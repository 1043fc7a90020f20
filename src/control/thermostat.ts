import type { ZoneBudget } from "./budget.ts";
import { holdingW, rememberSlope } from "./house.ts";
import type { Tick } from "./inputs.ts";
import { clamp } from "./numbers.ts";
import { type ZoneMemory, zoneMemory } from "./state.ts";

const FILTER_S = 120;
const RESET_S = 10_800;
const INTEGRAL_LIMIT_W = 1500;
const SETTLING_MS = 3_600_000;

/**
 * One step of the PI thermostat with feed forward (control.md §10); the demand, in W, is kept in the zone's memory and
 * may be negative. `isCurtailed`: a limit of the co-op holds the heat down, so nothing may wind up.
 */
export function updateThermostat(tick: Tick, zone: ZoneBudget, isCurtailed: boolean): void {
  const memory = zoneMemory(tick.state, zone.rules.name);
  if (memory.setC !== null && memory.setC !== zone.setC) memory.settlingUntilMono = tick.monoMs + SETTLING_MS;
  memory.setC = zone.setC;
  const signal = tick.inputs.rooms[zone.rules.name];
  // Unknown: the last demand stays until the layers stop asking for heat.
  if (!signal || signal.value === null) return;
  const blend = memory.filteredC === null ? 1 : 1 - Math.exp(-tick.dtS / FILTER_S);
  memory.filteredC =
    (memory.filteredC ?? signal.value) + blend * (signal.value - (memory.filteredC ?? signal.value));
  if (signal.isNew) rememberSlope(memory, tick.monoMs, memory.filteredC);
  integrate(tick, zone, memory, isCurtailed || signal.age !== "fresh");
  memory.demandW = demandAt(tick, zone, zone.setC);
}

/** Heat, in W, that the thermostat would ask for at another set point; may be negative. */
export function demandAt(tick: Tick, zone: ZoneBudget, setC: number): number {
  const memory = zoneMemory(tick.state, zone.rules.name);
  const missingK = setC - (memory.filteredC ?? setC);
  const mayBoost =
    tick.state.coop.noBoostUntilMono === null || tick.monoMs >= tick.state.coop.noBoostUntilMono;
  // For half an hour after an event no catch-up (control.md §7).
  const proportionalW = gain(zone) * (mayBoost ? missingK : Math.min(0, missingK));
  return holdingW(tick, zone.rules, setC) + proportionalW + memory.integralW + 0;
}

function gain(zone: ZoneBudget): number {
  return clamp(15 * zone.rules.uaWk, 500, 2500);
}

function integrate(tick: Tick, zone: ZoneBudget, memory: ZoneMemory, isHeld: boolean): void {
  const missingK = zone.setC - (memory.filteredC ?? zone.setC);
  if (memory.settlingUntilMono !== null) {
    const isSettled = Math.abs(missingK) < 1.5 || tick.monoMs >= memory.settlingUntilMono;
    if (!isSettled) return;
    memory.settlingUntilMono = null;
  }
  if (isHeld) return;
  const demandW = demandAt(tick, zone, zone.setC);
  const isInside = demandW >= 0 && demandW <= zone.maxW;
  const drivesBack = (demandW > zone.maxW && missingK < 0) || (demandW < 0 && missingK > 0);
  if (!isInside && !drivesBack) return;
  const stepW = (gain(zone) / RESET_S) * missingK * tick.dtS;
  memory.integralW = clamp(memory.integralW + stepW, -INTEGRAL_LIMIT_W, INTEGRAL_LIMIT_W) + 0;
}
