import type { ReasonCode } from "../../model/reason.ts";
import { type Bound, type Budget, hardZoneW, higher, type ZoneBudget } from "../budget.ts";
import { startOrder } from "../dither.ts";
import type { Tick } from "../inputs.ts";
import { clamp } from "../numbers.ts";
import { flexOf, type Pricing } from "../pricing.ts";
import { deadbandW } from "../shape.ts";
import { type ZoneMemory, zoneMemory } from "../state.ts";
import type { Supervised } from "../supervise.ts";
import { margin, type Surplus } from "../surplus.ts";
import { demandAt } from "../thermostat.ts";

const START_S = 45;
const STOP_S = 150;

/** What the sun gives to one zone at this tick, W. */
interface Spare {
  /** Without and with the part kept back for cloud. */
  nowW: number;
  wishW: number;
  mayRise: boolean;
}

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
  const keptW = surplus.basis === "meter" ? margin(tick.state.surplus, price.alpha) : 0;
  const spare: Spare = { nowW, wishW: nowW + keptW, mayRise: surplus.mayRise && surplus.nowW !== null };
  const running = surplus.nowW === null ? [] : gather(tick, zone, memory, spare);
  if (running.length > 0)
    zone.want = higher(zone.want, sunWish(tick, budget, zone, running, currentW, spare));
  else zone.idle = whyNoSun(zone, memory, price, surplus, spare.wishW);
}

/** No miner of the zone runs for the sun any more; what was gathered is gone. */
export function forgetSun(tick: Tick, zone: ZoneBudget): void {
  for (const { memory } of zone.miners) {
    memory.isSurplusOn = false;
    memory.startJ = 0;
    memory.deficitJ = 0;
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

/** Moves the energies of each miner on and answers those that the sun runs. */
function gather(tick: Tick, zone: ZoneBudget, memory: ZoneMemory, spare: Spare): Supervised[] {
  const running: Supervised[] = [];
  let usedW = 0;
  for (const miner of startOrder(zone.miners)) {
    const left: Spare = { ...spare, nowW: spare.nowW - usedW, wishW: spare.wishW - usedW };
    if (miner.memory.isSurplusOn) watchDeficit(tick, miner, memory, left);
    else gatherStart(tick, miner, memory, left);
    if (!miner.memory.isSurplusOn) continue;
    running.push(miner);
    usedW += miner.profile.maxW;
  }
  return running;
}

function watchDeficit(tick: Tick, { profile, memory }: Supervised, zone: ZoneMemory, left: Spare): void {
  memory.deficitJ = Math.max(0, memory.deficitJ + (profile.minW - left.nowW) * tick.dtS);
  if (memory.deficitJ < profile.minW * STOP_S) return;
  memory.isSurplusOn = false;
  memory.deficitJ = 0;
  memory.startJ = 0;
  zone.isStoppedByDeficit = true;
}

function gatherStart(tick: Tick, { profile, memory }: Supervised, zone: ZoneMemory, left: Spare): void {
  const neededJ = profile.minW * START_S;
  memory.startJ = clamp(memory.startJ + (left.wishW - profile.minW) * tick.dtS, 0, 2 * neededJ);
  // What runs for another reason needs no proof that a start would pay.
  const isEnough = memory.startJ >= neededJ || memory.targetW >= profile.minW;
  if (!left.mayRise || !isEnough || left.wishW < profile.minW) return;
  memory.isSurplusOn = true;
  memory.startJ = 0;
  memory.deficitJ = 0;
  zone.isStoppedByDeficit = false;
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
  let w = clamp(wishW, leastW, Math.max(leastW, highW));
  if (currentW >= leastW && w > currentW) {
    if (!spare.mayRise) w = currentW;
    else if (w < highW) w = Math.max(currentW, w - deadbandW(running, true));
  } else if (w < currentW && currentW - w <= deadbandW(running, false)) w = Math.min(currentW, highW);
  const isRiding = nowW < leastW;
  const keptW = Math.max(0, nowW - wishW);
  return {
    w,
    code: isRiding ? "SURPLUS_RIDE_THROUGH" : "SURPLUS_TRACK",
    layer: "economics",
    text: isRiding
      ? `short of sun for a moment: ${Math.round(nowW)} W spare`
      : `following the sun: ${Math.round(nowW)} W spare, ${Math.round(keptW)} W kept back for passing cloud`,
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
  if (wishW >= zone.minW && surplus.mayRise)
    return why("SURPLUS_WAIT_START", "spare sun, waiting to see that it lasts");
  if (price.code === "PRICE_UNKNOWN") return why("PRICE_UNKNOWN", "price unknown, and not enough spare sun");
  return why("SURPLUS_NONE", "not enough spare sun");
}
