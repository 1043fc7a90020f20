import type { ReasonCode } from "../../model/reason.ts";
import { riddenWh } from "../battery.ts";
import { type Bound, type Budget, hardZoneW, higher, type ZoneBudget } from "../budget.ts";
import { margin, REACT_S } from "../expectation.ts";
import type { Tick } from "../inputs.ts";
import { clamp } from "../numbers.ts";
import { flexOf, type Pricing } from "../pricing.ts";
import { deadbandW } from "../shape.ts";
import { type ZoneMemory, zoneMemory } from "../state.ts";
import type { Supervised } from "../supervise.ts";
import type { Surplus } from "../surplus.ts";
import { demandAt } from "../thermostat.ts";
import { gather, type Spare } from "./sun-start.ts";

/**
 * Follows the surplus inside layer 6; each miner starts and stops by energy, not by a timer on a threshold
 * (control.md §4). Those earlier in the start order are served first.
 */
export function followSun(
  tick: Tick,
  budget: Budget,
  zone: ZoneBudget,
  price: Pricing,
  surplus: Surplus,
): void {
  const memory = zoneMemory(tick.state, zone.rules.name);
  const currentW = zone.miners.reduce((sum, miner) => sum + miner.memory.targetW, 0);
  if (surplus.basis === "held") {
    holdSun(zone, currentW);
    return;
  }
  if (surplus.nowW === null) forgetSun(tick, zone);
  const nowW = (surplus.nowW ?? 0) - othersW(budget, zone);
  const keptW = surplus.basis === "meter" ? margin(tick, price.alpha) : 0;
  const mayRise = surplus.mayRise && surplus.nowW !== null;
  const spare: Spare = { nowW, wishW: nowW + keptW, alpha: price.alpha, mayRise };
  const running = surplus.nowW === null ? [] : gather(tick, zone, spare);
  if (running.length > 0) {
    const wish = sunWish(tick, budget, zone, running, currentW, spare);
    zone.want = higher(zone.want, surplus.rideW > 0 ? riding(tick, wish, surplus.rideW) : wish);
  } else zone.idle = whyNoSun(zone, memory, price, surplus, spare.wishW);
}

/** No miner of the zone runs for the sun any more; what was gathered is gone. */
export function forgetSun(tick: Tick, zone: ZoneBudget): void {
  for (const { memory } of zone.miners) {
    memory.isSurplusOn = false;
    memory.startJ = 0;
    memory.deficitJ = 0;
    memory.worthLong = 0;
  }
  zoneMemory(tick.state, zone.rules.name).isStoppedByDeficit = false;
}

/** The meter is silent for less than a minute: what the sun runs goes on, nothing rises. */
function holdSun(zone: ZoneBudget, currentW: number): void {
  if (!zone.miners.some(({ memory }) => memory.isSurplusOn)) return;
  zone.want = higher(zone.want, {
    w: currentW,
    code: "SURPLUS_METER_STALE",
    layer: "economics",
    text: "grid meter silent, holding",
  });
}

/** What the other zones want already counts before this one may use the sun, W. */
function othersW(budget: Budget, zone: ZoneBudget): number {
  let sum = 0;
  for (const other of budget.zones) {
    if (other !== zone) sum += Math.max(other.lo?.w ?? 0, other.want?.w ?? 0, other.average?.w ?? 0);
  }
  return sum;
}

/**
 * Heat that the room still takes up to the top of its band: near the top the sun runs the miners lower and longer,
 * instead of filling the room at once and stopping. No bound below the set point.
 */
function storableW(tick: Tick, zone: ZoneBudget, leastW: number): number {
  if (zone.roomC === null || zone.roomC <= zone.setC) return Number.POSITIVE_INFINITY;
  return Math.max(leastW, demandAt(tick, zone, zone.setC + flexOf(zone.rules).upK));
}

function sunWish(
  tick: Tick,
  budget: Budget,
  zone: ZoneBudget,
  running: readonly Supervised[],
  currentW: number,
  spare: Spare,
): Bound {
  const { nowW, wishW } = spare;
  const leastW = running.reduce((sum, { profile }) => sum + profile.minW, 0);
  const mostW = running.reduce((sum, { profile }) => sum + profile.maxW, 0);
  const softW = Math.min(zone.softHi?.w ?? Number.POSITIVE_INFINITY, storableW(tick, zone, leastW));
  const highW = Math.min(mostW, hardZoneW(budget, zone), softW);
  const topW = Math.max(leastW, highW);
  let w = clamp(ledW(running, clamp(wishW, leastW, topW)), leastW, topW);
  if (currentW >= leastW) {
    const isSmall = Math.abs(w - currentW) <= deadbandW(running, nowW - wishW) && w < topW;
    if (isSmall || (w > currentW && !spare.mayRise)) w = Math.min(currentW, topW);
  }
  const isRiding = nowW < leastW;
  const text = isRiding
    ? `short of sun for a moment: ${Math.round(nowW)} W spare`
    : `following the sun: ${Math.round(nowW)} W spare, ${whyLess(zone, wishW, softW, nowW - wishW)}`;
  return { w, code: isRiding ? "SURPLUS_RIDE_THROUGH" : "SURPLUS_TRACK", layer: "economics", text };
}

function whyLess(zone: ZoneBudget, wishW: number, softW: number, keptW: number): string {
  if (softW < wishW)
    return `of which ${zone.rules.name}, nearly as warm as it may be, takes ${Math.round(softW)} W`;
  return `${Math.round(Math.max(0, keptW))} W kept back for passing cloud`;
}

/**
 * Target that brings smooth devices to the wanted watts within the lead time, W: a device that creeps towards its target
 * is given one beyond it, as long as it is on its way, and one that draws more or less than it is told is told so much
 * less or more (control.md §15: leading the setpoint by the device lag, learning each device's steady gain error).
 */
function ledW(running: readonly Supervised[], wantedW: number): number {
  let drawnW = 0;
  let toldW = 0;
  let tauS = 0;
  for (const { profile, memory } of running) {
    const isSmooth = profile.kind === "continuous" && !profile.restartOnChange && memory.isMeasured;
    if (!isSmooth || memory.powerW < 0.8 * profile.minW) return wantedW;
    const followW = memory.followW[0] ?? memory.powerW;
    drawnW += followW * memory.gain;
    toldW += followW;
    tauS = Math.max(tauS, profile.tauS);
  }
  const ledW = drawnW + (wantedW - drawnW) / (1 - Math.exp(-REACT_S / tauS));
  return ledW * (toldW / drawnW);
}

/** The battery bears a dip for what runs already. */
function riding(tick: Tick, wish: Bound, rideW: number): Bound {
  const used = `${Math.round(riddenWh(tick))} of ${tick.config.rideThroughWh} Wh used this hour`;
  return {
    ...wish,
    code: "BATTERY_BUFFER",
    text: `the battery gives ${Math.round(rideW)} W over a dip, ${used}`,
  };
}

/** What the battery keeps that would have been enough; null when it is not what stands in the way. */
function batteryReason(zone: ZoneBudget, surplus: Surplus, wishW: number): [ReasonCode, string] | null {
  const { keptW, isSocUnknown, isSundown } = surplus.battery;
  if (keptW > 0 && wishW + keptW >= zone.minW) {
    return isSocUnknown
      ? ["BATTERY_UNKNOWN", "how full the battery is is not known, so it keeps all of its charge"]
      : ["BATTERY_FIRST", `the battery is charged first, with ${Math.round(keptW)} W`];
  }
  return isSundown
    ? ["BATTERY_SUNDOWN", "the sun left today no longer fills the battery, so it gives nothing"]
    : null;
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
  if (surplus.isMeterWrong)
    return why("SURPLUS_METER_STALE", "the grid meter answers the miners wrongly, no spare sun is assumed");
  if (surplus.isBatteryUnknown) return why("BATTERY_UNKNOWN", "battery silent, no spare sun is assumed");
  if (surplus.basis === "none" || surplus.basis === "sun") {
    return price.code === "PRICE_UNKNOWN" && surplus.blindS === 0
      ? why("PRICE_UNKNOWN", "price unknown")
      : why("SURPLUS_METER_STALE", "grid meter silent, no spare sun is assumed");
  }
  const battery = batteryReason(zone, surplus, wishW);
  if (battery) return why(...battery);
  if (memory.isStoppedByDeficit) return why("SURPLUS_STOP_DEFICIT", "stopped, the sun was not enough");
  if (wishW >= zone.minW && surplus.mayRise)
    return why("SURPLUS_WAIT_START", "spare sun, waiting to see that it lasts");
  if (price.code === "PRICE_UNKNOWN") return why("PRICE_UNKNOWN", "price unknown, and not enough spare sun");
  return why("SURPLUS_NONE", "not enough spare sun");
}
