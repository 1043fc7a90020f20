import { type Bound, type Budget, hardZoneW, type ZoneBudget } from "../budget.ts";
import { ditherW } from "../dither.ts";
import type { EventPicture } from "../events.ts";
import { coolingRate, forecastC, holdingW } from "../house.ts";
import { outdoorGuess, type Tick } from "../inputs.ts";
import { clamp, finite } from "../numbers.ts";
import { type ZoneMemory, zoneMemory } from "../state.ts";

/** Floor that a zone with another heat source keeps in emergency events, degC (control.md §5). */
const EMERGENCY_FLOOR_C = 5;
/** How far above the floor the hold lets go again, K. */
const RELEASE_K = 0.4;
/** Added to every prediction: sensor steps, noise, model error, K. */
const SAFETY_K = 0.25;
const SENSOR_LAG_S = 300;
const INLET_GUARD_C = 30;

/**
 * Layer 3, the heat floor: outranks every event, never layers 0-2. A zone at its floor, or about to reach it, gets
 * the power that holds the floor; 1 K below it gets all. Without a thermometer: floor duty (control.md §12).
 */
export function applyFloor(tick: Tick, budget: Budget, events: EventPicture): void {
  for (const zone of budget.zones) {
    if (zone.miners.length === 0) continue;
    const allowedW = hardZoneW(budget, zone);
    const bound =
      zone.roomC === null
        ? swing(tick, zone, floorDuty(tick, zone))
        : holdFloor(tick, zone, zone.roomC, events);
    if (bound && bound.w > 0 && allowedW > 0)
      zone.lo = { ...bound, w: Math.min(onSteps(zone, bound.w), allowedW) };
  }
}

/** The least that the zone's miners can run at without being under the watts wanted; all of them when that is more. */
function onSteps(zone: ZoneBudget, watts: number): number {
  let best = zone.maxW;
  for (const { profile } of zone.miners) {
    const fits = profile.kind === "continuous" ? [clamp(watts, profile.minW, profile.maxW)] : profile.stepsW;
    for (const w of fits) if (w >= watts && w < best) best = w;
  }
  return best;
}

/** Without a thermometer steps swing around the duty, so that it is never more than the floor needs on average. */
function swing(tick: Tick, zone: ZoneBudget, duty: Bound | null): Bound | null {
  return duty && { ...duty, w: ditherW(tick, zone, duty.w, true) };
}

/** The floor in force for a zone, degC; lower only in an emergency event where another heat source is declared. */
export function floorOf(zone: ZoneBudget, events: EventPicture): number {
  const isEmergency = events.active.some((event) => event.priority === "emergency" && event.type !== "raise");
  if (!isEmergency || !zone.rules.hasBackupHeat) return zone.rules.floorC;
  return Math.min(zone.rules.floorC, EMERGENCY_FLOOR_C);
}

function holdFloor(tick: Tick, zone: ZoneBudget, roomC: number, events: EventPicture): Bound | null {
  const memory = zoneMemory(tick.state, zone.rules.name);
  const floorC = floorOf(zone, events);
  const name = zone.rules.name;
  if (roomC <= floorC - 1) {
    memory.isFloorActive = true;
    return {
      w: zone.maxW,
      code: "FLOOR_FULL",
      layer: "floor",
      text: `${name} is 1 K below its floor of ${floorC} degC`,
    };
  }
  const leadK = leadTimeS(tick, zone) * coolingRate(tick, zone.rules, memory, roomC) + SAFETY_K;
  // The correction pulls a model that is too optimistic back to the floor.
  const needW =
    holdingW(tick, zone.rules, floorC + SAFETY_K) + proportionalW(zone, floorC + SAFETY_K - roomC);
  const lateW = lastChance(tick, zone, roomC, floorC, events, needW);
  if (lateW !== null) return lateW;
  const limitC = floorC + leadK + (memory.isFloorActive ? RELEASE_K : 0);
  memory.isFloorActive = roomC <= limitC;
  if (!memory.isFloorActive) return null;
  const isBelow = roomC <= floorC;
  return {
    w: clamp(needW, zone.minW, zone.maxW),
    code: isBelow ? "FLOOR_HOLD" : "FLOOR_PREDICTED",
    layer: "floor",
    text: isBelow
      ? `holding ${name} at its floor of ${floorC} degC`
      : `${name} would reach its floor of ${floorC} degC`,
  };
}

/** Where even full power cannot hold the floor to the end of the event, it starts at the last moment that can. */
function lastChance(
  tick: Tick,
  zone: ZoneBudget,
  roomC: number,
  floorC: number,
  events: EventPicture,
  needW: number,
): Bound | null {
  if (needW <= zone.maxW) return null;
  let endsInS = 0;
  for (const event of events.active) {
    if (event.type === "raise" || event.endMs === null) continue;
    endsInS = Math.max(endsInS, (event.endMs - tick.inputs.wall.nowMs) / 1000);
  }
  if (endsInS <= 0 || forecastC(tick, zone.rules, roomC, zone.maxW, endsInS) > floorC + SAFETY_K) return null;
  return {
    w: zone.maxW,
    code: "FLOOR_PREDICTED",
    layer: "floor",
    text: `${zone.rules.name} would fall below its floor of ${floorC} degC before the event ends`,
  };
}

/** From the decision to warm air at the sensor, with the off time that may still run, s. */
function leadTimeS(tick: Tick, zone: ZoneBudget): number {
  let startS = 0;
  for (const { profile, memory } of zone.miners) {
    let waitS = 0;
    if (memory.targetW === 0) {
      const offS =
        memory.switchedMono === null ? profile.minOffS : (tick.monoMs - memory.switchedMono) / 1000;
      waitS = profile.wakeS + Math.max(0, profile.minOffS - offS);
    }
    startS = Math.max(startS, waitS + profile.tauS);
  }
  return startS + SENSOR_LAG_S + 2 * tick.config.tickS;
}

function proportionalW(zone: ZoneBudget, missingK: number): number {
  return Math.max(0, missingK) * clamp(15 * zone.rules.uaWk, 500, 2500);
}

/**
 * Heat without a thermometer: what holds floor + 1 K while it is colder outside than the floor. The only case in
 * which a lost sensor may raise power. A miner's own inlet above 30 degC stops it.
 */
function floorDuty(tick: Tick, zone: ZoneBudget): Bound | null {
  if (zone.rules.onSensorLoss.kind !== "duty" || isLatchedOff(zoneMemory(tick.state, zone.rules.name)))
    return null;
  if (tick.inputs.rooms[zone.rules.name]?.unusableS === 0) return null;
  for (const { reading } of zone.miners) {
    if ((finite(reading?.inletC) ?? 0) > INLET_GUARD_C) return null;
  }
  const { floorC, uaWk, name } = zone.rules;
  const outdoorC = outdoorGuess(tick) ?? (isHeatingSeason(tick) ? 0 : floorC);
  if (outdoorC >= floorC) return null;
  return {
    w: clamp(uaWk * (floorC + 1 - outdoorC), 0, zone.maxW),
    code: "COMFORT_SENSOR_LOST",
    layer: "floor",
    text: `no temperature from ${name}, heating only for its floor`,
  };
}

function isLatchedOff(memory: ZoneMemory): boolean {
  return memory.overheatSinceMono !== null;
}

/** October to April, when no outdoor temperature tells (control.md §12). */
function isHeatingSeason(tick: Tick): boolean {
  const month = Number(tick.snapshot.local.day.slice(5, 7));
  return month >= 10 || month <= 4;
}
