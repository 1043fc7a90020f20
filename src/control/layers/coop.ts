import { type Bound, type Budget, limitFleet } from "../budget.ts";
import { type EventPicture, eventLimitW, returnDelayS } from "../events.ts";
import type { Tick } from "../inputs.ts";
import { finite } from "../numbers.ts";
import { reservedW, type Supervised } from "../supervise.ts";

const RETURN_W_PER_S = 10;
const NO_BOOST_MS = 1_800_000;
const OFFLINE_S = 86_400;
const GRACE_MS = 60_000;
const OVER_MS = 10_000;

/** True while an event, its approach or its return holds the heaters down. */
export function isCurtailed(tick: Tick, events: EventPicture): boolean {
  const { hold } = tick.state.coop;
  return events.preRamp.length > 0 || hold !== null || events.active.some((event) => event.type !== "raise");
}

/**
 * Layer 3b, co-op events (control.md §7): the lowest limit wins, and what the heat floor asks for goes above it as
 * `FLOOR_OVER_EVENT`. Also the approach, the delayed return, and the rule for a co-op that fell silent.
 */
export function applyCoop(
  tick: Tick,
  budget: Budget,
  events: EventPicture,
  miners: readonly Supervised[],
): void {
  endEvents(tick, events, miners);
  const servedW = budget.zones.reduce((sum, zone) => sum + (zone.lo?.w ?? 0), 0);
  const floorW = servedW > 0 ? servedW + lostW(miners) : 0;
  for (const event of events.active) {
    const limitW = eventLimitW(event);
    if (limitW === null) continue;
    budget.eventLimitW = Math.min(budget.eventLimitW ?? limitW, limitW);
    const isNotMet = followEvent(tick, event.id, limitW, servedW, miners);
    const text = event.type === "off" ? "co-op event: off" : `co-op event limits to ${Math.round(limitW)} W`;
    if (isNotMet)
      give(
        budget,
        floorW,
        bound(0, "COOP_NOT_MET", "above the co-op's limit in spite of it, off until the event ends"),
      );
    else give(budget, floorW, bound(limitW, event.type === "off" ? "COOP_OFF" : "COOP_LIMIT", text));
  }
  for (const event of events.preRamp) {
    const limitW = eventLimitW(event);
    if (limitW === null) continue;
    give(
      budget,
      floorW,
      bound(limitW, "COOP_PRE_RAMP", `going down to ${Math.round(limitW)} W before the co-op event starts`),
    );
  }
  applyReturn(tick, budget, floorW);
  applyOffline(tick, budget, floorW);
}

/** Watts that silent or deaf miners may still draw: they are charged to the fleet and must not cost a room its floor. */
function lostW(miners: readonly Supervised[]): number {
  const lost = miners.filter((miner) => !miner.isReachable || miner.memory.isUnresponsive);
  return lost.reduce((sum, miner) => sum + reservedW(miner), 0);
}

/** Gives a limit to the fleet, raised to what the floors ask for. */
function give(budget: Budget, floorW: number, limit: Bound): void {
  budget.coopW = Math.min(budget.coopW ?? limit.w, limit.w);
  if (floorW <= limit.w) {
    limitFleet(budget, limit);
    return;
  }
  limitFleet(budget, {
    w: floorW,
    code: "FLOOR_OVER_EVENT",
    layer: "floor",
    text: `the heat floor needs ${Math.round(floorW - limit.w)} W more than the ${Math.round(limit.w)} W of the event`,
  });
}

/** Remembers a running event and answers whether measured power stayed above its limit (then: off). */
function followEvent(
  tick: Tick,
  id: string,
  limitW: number,
  floorW: number,
  miners: readonly Supervised[],
): boolean {
  const allowedW = Math.max(limitW, floorW);
  const known = tick.state.coop.active[id] ?? {
    limitW,
    allowedW,
    sinceMono: tick.monoMs,
    overSinceMono: null,
    isNotMet: false,
  };
  tick.state.coop.active[id] = known;
  known.limitW = limitW;
  // Less allowed than before: devices get the same time to come down as at the start.
  if (allowedW < known.allowedW) known.sinceMono = tick.monoMs;
  known.allowedW = allowedW;
  let drawnW = 0;
  for (const { memory, isReachable } of miners) if (memory.isMeasured && isReachable) drawnW += memory.powerW;
  const isOver = drawnW > allowedW + Math.max(30, 0.02 * allowedW);
  if (!isOver || tick.monoMs - known.sinceMono < GRACE_MS) known.overSinceMono = null;
  else known.overSinceMono ??= tick.monoMs;
  if (known.overSinceMono !== null && tick.monoMs - known.overSinceMono >= OVER_MS) known.isNotMet = true;
  return known.isNotMet;
}

/** An event that ended or was withdrawn: wait a while of its own, then come back slowly. Opting out lifts it at once. */
function endEvents(tick: Tick, events: EventPicture, miners: readonly Supervised[]): void {
  const { coop } = tick.state;
  for (const [id, former] of Object.entries(coop.active)) {
    if (events.active.some((event) => event.id === id)) continue;
    delete coop.active[id];
    if (events.optedOut.includes(id)) continue;
    const untilMono = tick.monoMs + returnDelayS(tick.config.deviceSeed, id) * 1000;
    coop.hold = {
      limitW: Math.min(coop.hold?.limitW ?? former.limitW, former.limitW),
      untilMono: Math.max(coop.hold?.untilMono ?? untilMono, untilMono),
    };
    coop.noBoostUntilMono = tick.monoMs + NO_BOOST_MS;
  }
  if (coop.noBoostUntilMono !== null && tick.monoMs >= coop.noBoostUntilMono) coop.noBoostUntilMono = null;
  if (coop.hold === null || tick.monoMs < coop.hold.untilMono) return;
  const runningW = miners.reduce((sum, miner) => sum + reservedW(miner), 0);
  tick.state.rampW = Math.max(coop.hold.limitW, Math.min(runningW, tick.state.rampW ?? runningW));
  coop.hold = null;
}

function applyReturn(tick: Tick, budget: Budget, floorW: number): void {
  const { hold } = tick.state.coop;
  if (hold !== null) {
    const waitS = Math.ceil((hold.untilMono - tick.monoMs) / 1000);
    give(
      budget,
      floorW,
      bound(hold.limitW, "COOP_SNAPBACK_DELAY", `co-op event is over, back in ${waitS} s`),
    );
    return;
  }
  if (tick.state.rampW === null) return;
  tick.state.rampW += RETURN_W_PER_S * tick.dtS;
  const topW = tick.config.miners.reduce((sum, miner) => sum + miner.maxW, 0);
  if (tick.state.rampW >= topW) tick.state.rampW = null;
  else
    limitFleet(budget, {
      w: Math.max(floorW, tick.state.rampW),
      code: "SHAPE_RAMP",
      layer: "shaping",
      text: "rising slowly, 10 W each second",
    });
}

function applyOffline(tick: Tick, budget: Budget, floorW: number): void {
  const limitW = tick.config.coopOfflineLimitW;
  if (limitW === null || !tick.snapshot.coop.isPaired) return;
  const silentS = finite(tick.snapshot.coop.lastContactAgeS) ?? (tick.monoMs - tick.state.startedMono) / 1000;
  if (silentS < OFFLINE_S) return;
  give(
    budget,
    floorW,
    bound(limitW, "COOP_OFFLINE_POLICY", "no contact with the co-op for a day, its agreed limit holds"),
  );
}

function bound(w: number, code: Bound["code"], text: string): Bound {
  return { w, code, layer: "coop", text };
}
