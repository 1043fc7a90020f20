import type { ReasonCode } from "../../model/reason.ts";
import { type Bound, type Budget, hardZoneW, higher, type ZoneBudget } from "../budget.ts";
import { ditherW, restDither } from "../dither.ts";
import type { EventPicture } from "../events.ts";
import type { Tick } from "../inputs.ts";
import { clamp, finite } from "../numbers.ts";
import { flexOf, type Pricing } from "../pricing.ts";
import { deadbandW } from "../shape.ts";
import { type ZoneMemory, zoneMemory } from "../state.ts";
import { margin, type Surplus } from "../surplus.ts";
import { demandAt } from "../thermostat.ts";
import { isBoosted } from "./manual.ts";

const START_S = 45;
const STOP_S = 150;
const PREHEAT_S = 7200;

/** Layer 6, economics: one rule for surplus, price and heat (control.md §4); coldest zone first. */
export function applyEconomics(
  tick: Tick,
  budget: Budget,
  prices: readonly Pricing[],
  surplus: Surplus,
  events: EventPicture,
): void {
  const order = budget.zones
    .map((_, index) => index)
    .sort((a, b) => chill(budget.zones[b]) - chill(budget.zones[a]));
  for (const index of order) {
    const zone = budget.zones[index];
    const price = prices[index];
    if (!zone || !price || zone.miners.length === 0) continue;
    const isOpen =
      zone.roomC !== null && zone.softHi?.code !== "COMFORT_MAX" && !isBoosted(tick, zone.rules.name);
    if (isOpen) runForPrice(tick, zone, price);
    if (isOpen) runForEvents(tick, zone, events);
    settleHeat(tick, zone);
    if (isOpen && price.mode !== "rest") followSun(tick, budget, zone, price, surplus);
    else restSurplus(tick, zone, price);
  }
}

/** Kelvin below the set point; unknown rooms come last. */
function chill(zone: ZoneBudget | undefined): number {
  return zone?.roomC == null ? -1000 : zone.setC - zone.roomC;
}

/** Importing is worth it: all that is allowed; near the temperature where it ends, what keeps that temperature. */
function runForPrice(tick: Tick, zone: ZoneBudget, price: Pricing): void {
  if (price.mode !== "run" || price.worthToC === null || zone.roomC === null) return;
  const text = {
    PRICE_CHEAP: "mining earns more than the power costs",
    PRICE_NEGATIVE: "power costs less than nothing",
    HEAT_WORTH_IMPORT: "heat and mining together are worth the power",
  }[price.code as "PRICE_CHEAP" | "PRICE_NEGATIVE" | "HEAT_WORTH_IMPORT"];
  const isAll = zone.roomC <= zone.setC && price.worthToC > zone.setC;
  const heatW = isAll ? zone.maxW : clamp(demandAt(tick, zone, price.worthToC), 0, zone.maxW);
  const wish: Bound = { w: heatW, code: price.code, layer: "economics", text };
  if (heatW >= zone.maxW) zone.want = higher(zone.want, wish);
  else if (heatW > 0) zone.average = higher(zone.average, wish);
}

/** A shift event asks for heat before it, a raise event for watts while the room can store them. */
function runForEvents(tick: Tick, zone: ZoneBudget, events: EventPicture): void {
  const { upK } = flexOf(zone.rules);
  const topC = zone.setC + upK;
  if (zone.roomC === null || zone.roomC >= topC) return;
  const { next } = events;
  if (next && next.event.type === "shift" && next.inS <= PREHEAT_S) {
    const w = clamp(demandAt(tick, zone, topC - Math.min(0.3, upK / 2)), 0, zone.maxW);
    zone.average = higher(zone.average, {
      w,
      code: "PLAN_PREHEAT",
      layer: "economics",
      text: "storing heat before the co-op event",
    });
  }
  for (const event of events.active) {
    const raiseW = event.type === "raise" ? finite(event.raiseW) : null;
    if (raiseW === null || raiseW <= 0) continue;
    const w = Math.min(raiseW, zone.maxW);
    zone.want = higher(zone.want, {
      w,
      code: "COOP_RAISE",
      layer: "economics",
      text: `the co-op asks to take ${Math.round(raiseW)} W`,
    });
  }
}

/** Turns the wanted average into a rung. */
function settleHeat(tick: Tick, zone: ZoneBudget): void {
  const { average } = zone;
  if (average === null) {
    if (zone.roomC !== null) restDither(tick, zone);
    return;
  }
  const rungW = ditherW(tick, zone, average.w);
  zone.want = higher(zone.want, { ...average, w: rungW });
  if (rungW === 0) zone.idle = { ...average, w: 0 };
}

/** Follows the surplus; starts and stops by energy, not by a timer on a threshold. */
function followSun(tick: Tick, budget: Budget, zone: ZoneBudget, price: Pricing, surplus: Surplus): void {
  const memory = zoneMemory(tick.state, zone.rules.name);
  const currentW = zone.miners.reduce((sum, miner) => sum + miner.memory.targetW, 0);
  if (surplus.basis === "held") {
    // The meter is silent for less than a minute: what the sun runs goes on, nothing rises.
    if (memory.isSurplusOn) {
      zone.want = higher(zone.want, {
        w: currentW,
        code: "SURPLUS_METER_STALE",
        layer: "economics",
        text: "grid meter silent, holding",
      });
    }
    return;
  }
  const nowW = surplus.nowW === null ? 0 : surplus.nowW - othersW(budget, zone);
  const wishW = nowW + (surplus.basis === "meter" ? margin(tick.state.surplus, price.alpha) : 0);
  if (memory.isSurplusOn) watchDeficit(tick, zone, memory, nowW);
  else gatherStart(tick, zone, memory, wishW, surplus.mayRise, currentW);
  if (!memory.isSurplusOn) {
    zone.idle = whyNoSun(zone, memory, price, surplus, wishW);
    return;
  }
  zone.want = higher(zone.want, sunWish(tick, budget, zone, currentW, nowW, wishW, surplus.mayRise));
}

/** What the other zones want already counts before this one may use the sun, W. */
function othersW(budget: Budget, zone: ZoneBudget): number {
  let sum = 0;
  for (const other of budget.zones) {
    if (other !== zone) sum += Math.max(other.lo?.w ?? 0, other.want?.w ?? 0, other.average?.w ?? 0);
  }
  return sum;
}

function watchDeficit(tick: Tick, zone: ZoneBudget, memory: ZoneMemory, nowW: number): void {
  memory.deficitJ = Math.max(0, memory.deficitJ + (zone.minW - nowW) * tick.dtS);
  if (memory.deficitJ < zone.minW * STOP_S) return;
  memory.isSurplusOn = false;
  memory.isStoppedByDeficit = true;
  memory.deficitJ = 0;
  memory.startJ = 0;
}

function gatherStart(
  tick: Tick,
  zone: ZoneBudget,
  memory: ZoneMemory,
  wishW: number,
  mayRise: boolean,
  currentW: number,
): void {
  const neededJ = zone.minW * START_S;
  memory.startJ = clamp(memory.startJ + (wishW - zone.minW) * tick.dtS, 0, 2 * neededJ);
  const isEnough = memory.startJ >= neededJ || currentW >= zone.minW;
  if (!mayRise || !isEnough || wishW < zone.minW) return;
  memory.isSurplusOn = true;
  memory.isStoppedByDeficit = false;
  memory.startJ = 0;
  memory.deficitJ = 0;
}

function sunWish(
  tick: Tick,
  budget: Budget,
  zone: ZoneBudget,
  currentW: number,
  nowW: number,
  wishW: number,
  mayRise: boolean,
): Bound {
  const highW = Math.min(hardZoneW(budget, zone), zone.softHi?.w ?? Number.POSITIVE_INFINITY);
  let w = clamp(wishW, zone.minW, highW);
  if (currentW >= zone.minW && w > currentW) {
    if (!mayRise) w = currentW;
    else if (w < highW) w = Math.max(currentW, w - deadbandW(zone.miners, true));
  } else if (w < currentW && currentW - w <= deadbandW(zone.miners, false))
    w = Math.min(currentW, highW);
  const isRiding = nowW < zone.minW;
  return {
    w,
    code: isRiding ? "SURPLUS_RIDE_THROUGH" : "SURPLUS_TRACK",
    layer: "economics",
    text: isRiding
      ? `short of sun for a moment: ${Math.round(nowW)} W spare`
      : `following the sun: ${Math.round(nowW)} W spare, ${Math.round(Math.max(0, nowW - wishW))} W kept back for passing cloud`,
  };
}

function whyNoSun(
  zone: ZoneBudget,
  memory: ZoneMemory,
  price: Pricing,
  surplus: Surplus,
  wishW: number,
): Bound {
  const why = (code: ReasonCode, text: string): Bound => ({ w: 0, code, layer: "economics", text });
  if (zone.average !== null) return zone.idle;
  if (
    zone.idle.layer === "comfort" &&
    zone.idle.code !== "COMFORT_FLEX" &&
    zone.idle.code !== "COMFORT_STORE"
  )
    return zone.idle;
  if (surplus.isBatteryUnknown) return why("BATTERY_UNKNOWN", "battery silent, no spare sun is assumed");
  if (surplus.basis === "none" || surplus.basis === "sun") {
    return price.code === "PRICE_UNKNOWN" && surplus.blindS === 0
      ? why("PRICE_UNKNOWN", "price unknown")
      : why("SURPLUS_METER_STALE", "grid meter silent, no spare sun is assumed");
  }
  if (memory.isStoppedByDeficit) return why("SURPLUS_STOP_DEFICIT", "stopped, the sun was not enough");
  if (wishW >= zone.minW) return why("SURPLUS_WAIT_START", "spare sun, waiting to see that it lasts");
  if (price.code === "PRICE_UNKNOWN") return why("PRICE_UNKNOWN", "price unknown, and not enough spare sun");
  return why("SURPLUS_NONE", "not enough spare sun");
}

/** Not running is worth more, or the room must not be heated: forget what was gathered. */
function restSurplus(tick: Tick, zone: ZoneBudget, price: Pricing): void {
  const memory = zoneMemory(tick.state, zone.rules.name);
  memory.isSurplusOn = false;
  memory.startJ = 0;
  memory.deficitJ = 0;
  if (price.mode !== "rest" || zone.roomC === null || zone.idle.code === "COMFORT_MAX") return;
  const text = price.code === "EXPORT_BETTER" ? "exporting earns more" : "power costs more than it brings";
  zone.idle = { w: 0, code: price.code, layer: "economics", text };
}
