import type { ReasonCode } from "../../model/reason.ts";
import { type Bound, type Budget, higher, type ZoneBudget } from "../budget.ts";
import { ditherW, isSwinging, restDither } from "../dither.ts";
import type { EventPicture } from "../events.ts";
import type { Tick } from "../inputs.ts";
import { clamp, finite } from "../numbers.ts";
import { flexOf, type Pricing } from "../pricing.ts";
import { zoneMemory } from "../state.ts";
import type { Surplus } from "../surplus.ts";
import { demandAt } from "../thermostat.ts";
import { isBoosted } from "./manual.ts";
import { followSun, forgetSun } from "./sun.ts";

const restTexts: Partial<Record<ReasonCode, string>> = {
  EXPORT_BETTER: "exporting earns more",
  PRICE_UNKNOWN: "price unknown, and exporting was worth more when it was last known",
};
const PREHEAT_S = 7200;
/** Full power for the price only where it pays up to this far above the set point, K. */
const ALL_MARGIN_K = 1;
const SWING_K = 0.5;
const worthTexts = {
  PRICE_CHEAP: "mining earns more than the power costs",
  PRICE_NEGATIVE: "power costs less than nothing",
  HEAT_WORTH_IMPORT: "heat and mining together are worth the power",
} as const;

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

/**
 * Importing is worth it: all that is allowed; near the temperature where it ends, what keeps that temperature. Above it
 * a swing in steps may end, none begins.
 */
function runForPrice(tick: Tick, zone: ZoneBudget, price: Pricing): void {
  if (price.worthToC === null || zone.roomC === null) return;
  const isBelow = price.mode === "run" && zone.roomC <= price.worthToC;
  if (!isBelow && !maySwingOn(tick, zone, zone.roomC, price.worthToC)) return;
  // Where it ends close to the set point, all at once would only overshoot it and stop again.
  const isAll = price.mode === "run" && zone.roomC <= zone.setC && price.worthToC >= zone.setC + ALL_MARGIN_K;
  const w = isAll ? zone.maxW : clamp(demandAt(tick, zone, price.worthToC), 0, zone.maxW);
  const wish: Bound = { w, code: price.worthCode, layer: "economics", text: worthTexts[price.worthCode] };
  if (w < zone.maxW) zone.average = higher(zone.average, wish);
  else {
    zone.want = higher(zone.want, wish);
    zone.average = null;
  }
}

/** Heat in steps that runs and was wanted a moment ago, less than half a kelvin above where it stops being worth it. */
function maySwingOn(tick: Tick, zone: ZoneBudget, roomC: number, worthToC: number): boolean {
  return roomC <= worthToC + SWING_K && isSwinging(tick, zone);
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
    if (zone.roomC !== null) restDither(zone, zoneMemory(tick.state, zone.rules.name));
    return;
  }
  const rungW = ditherW(tick, zone, average.w, average.code === "COMFORT_HEAT");
  zone.want = higher(zone.want, { ...average, w: rungW });
  if (rungW === 0 && !zone.softHi) zone.idle = { ...average, w: 0 };
}

/** Not running is worth more, or the room must not be heated: forget what was gathered. */
function restSurplus(tick: Tick, zone: ZoneBudget, price: Pricing): void {
  forgetSun(tick, zone);
  if (price.mode !== "rest" || zone.roomC === null || zone.idle.code === "COMFORT_MAX") return;
  const text = restTexts[price.code] ?? "power costs more than it brings";
  zone.idle = { w: 0, code: price.code, layer: "economics", text };
}
