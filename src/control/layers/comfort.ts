import { type Bound, type Budget, higher, lower, type ZoneBudget } from "../budget.ts";
import { isSwinging } from "../dither.ts";
import type { Tick } from "../inputs.ts";
import { clamp } from "../numbers.ts";
import { flexOf, type Pricing } from "../pricing.ts";
import { type ZoneMemory, zoneMemory } from "../state.ts";
import { demandAt } from "../thermostat.ts";
import { isBoosted } from "./manual.ts";

/** How far a full room must cool before the sun may heat it again, K. */
const FULL_GAP_K = 0.5;
const FULL_OFF_MS = 600_000;

/** Layer 5, comfort: the table of zones of temperature (control.md §10). Permission only inside the band. */
export function applyComfort(tick: Tick, budget: Budget, prices: readonly Pricing[]): void {
  for (const [index, zone] of budget.zones.entries()) {
    if (zone.miners.length === 0) continue;
    if (zone.roomC === null) withoutSensor(tick, zone);
    else if (!isAboveMaximum(tick, zone, zone.roomC) && !isBoosted(tick, zone.rules.name)) {
      place(tick, zone, zone.roomC, prices[index]?.alpha ?? 0);
    }
  }
}

/** Nothing is asked for without a thermometer, except fixed watts that the owner chose for that case. */
function withoutSensor(tick: Tick, zone: ZoneBudget): void {
  const text = `no temperature from ${zone.rules.name}`;
  zone.idle = { w: 0, code: "COMFORT_SENSOR_LOST", layer: "comfort", text };
  const rule = zone.rules.onSensorLoss;
  if (rule.kind !== "fixed" || zoneMemory(tick.state, zone.rules.name).overheatSinceMono !== null) return;
  const fixed: Bound = {
    w: rule.powerW,
    code: "COMFORT_SENSOR_LOST",
    layer: "comfort",
    text: `${text}, fixed power`,
  };
  zone.want = higher(zone.want, fixed);
}

function isAboveMaximum(tick: Tick, zone: ZoneBudget, roomC: number): boolean {
  const memory = zoneMemory(tick.state, zone.rules.name);
  const { maxC, name } = zone.rules;
  if (roomC >= maxC) memory.isMaxLatched = true;
  else if (roomC < maxC - 1) memory.isMaxLatched = false;
  if (!memory.isMaxLatched) return false;
  const text = `${name} at its highest, ${maxC} degC`;
  zone.softHi = lower(zone.softHi, { w: 0, code: "COMFORT_MAX", layer: "comfort", text });
  zone.idle = { w: 0, code: "COMFORT_MAX", layer: "comfort", text };
  return true;
}

function place(tick: Tick, zone: ZoneBudget, roomC: number, alpha: number): void {
  const memory = zoneMemory(tick.state, zone.rules.name);
  const { downK, upK } = flexOf(zone.rules);
  const { setC } = zone;
  const edgeC = setC - downK;
  if (roomC < edgeC) memory.isHeating = true;
  else if (roomC > setC + upK / 2 || memory.rungW === 0) memory.isHeating = false;
  // Without the gap a warm sunny room starts and stops every few minutes at the very top of its band.
  if (roomC > setC + upK) memory.isFull = true;
  else if (roomC < setC + upK - Math.min(FULL_GAP_K, upK / 2)) memory.isFull = false;
  if (!memory.isFull) memory.lowDemandSinceMono = null;
  if (roomC < edgeC) heat(zone, memory, setC);
  else if (roomC <= setC) flex(tick, zone, memory, edgeC, alpha);
  else if (!memory.isFull) {
    zone.idle = {
      w: 0,
      code: "COMFORT_STORE",
      layer: "comfort",
      text: `${zone.rules.name} is warm, only spare sun may heat`,
    };
    if (roomC <= setC + upK / 2) finishSwing(tick, zone, memory, edgeC);
  } else full(tick, zone, memory);
}

/** Heat in steps swings around its mean: a swing that runs may end a little above the set point, none begins there. */
function finishSwing(tick: Tick, zone: ZoneBudget, memory: ZoneMemory, edgeC: number): void {
  if (!isSwinging(tick, zone)) return;
  const w = insideDemandW(tick, zone, memory, edgeC);
  if (w !== null) zone.average = higher(zone.average, { ...zone.idle, w });
}

/** Heat asked for inside the band, W: the set point's when it is worth it, else that of the edge just reached. */
function insideDemandW(tick: Tick, zone: ZoneBudget, memory: ZoneMemory, edgeC: number): number | null {
  if (memory.isWorth) return clamp(memory.demandW, 0, zone.maxW);
  return memory.isHeating ? clamp(demandAt(tick, zone, edgeC), 0, zone.maxW) : null;
}

function heat(zone: ZoneBudget, memory: ZoneMemory, setC: number): void {
  zone.average = higher(zone.average, {
    w: clamp(memory.demandW, zone.minW, zone.maxW),
    code: "COMFORT_HEAT",
    layer: "comfort",
    text: `heating ${zone.rules.name} to ${setC} degC`,
  });
}

/** Within reach of the set point: heat when it is worth it, else hold the lower edge that was just reached. */
function flex(tick: Tick, zone: ZoneBudget, memory: ZoneMemory, edgeC: number, alpha: number): void {
  const text = `${zone.rules.name} is close to its set point`;
  zone.idle = { w: 0, code: "COMFORT_FLEX", layer: "comfort", text };
  // Kept to the end of a swing: the value of heat falls while the room warms.
  memory.isWorth = alpha >= 0.5;
  const w = insideDemandW(tick, zone, memory, edgeC);
  if (w !== null) zone.average = higher(zone.average, { w, code: "COMFORT_FLEX", layer: "comfort", text });
}

function full(tick: Tick, zone: ZoneBudget, memory: ZoneMemory): void {
  if (memory.demandW >= 0.5 * zone.minW) memory.lowDemandSinceMono = null;
  else memory.lowDemandSinceMono ??= tick.monoMs;
  const isLong = memory.lowDemandSinceMono !== null && tick.monoMs - memory.lowDemandSinceMono >= FULL_OFF_MS;
  const text = `${zone.rules.name} is warm enough`;
  const w = isLong ? 0 : Math.max(0, memory.demandW);
  zone.softHi = lower(zone.softHi, { w, code: "COMFORT_FULL", layer: "comfort", text });
  zone.idle = { w: 0, code: "COMFORT_FULL", layer: "comfort", text };
}
