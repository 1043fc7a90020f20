import type { ZoneBudget } from "./budget.ts";
import type { Tick } from "./inputs.ts";
import { clamp } from "./numbers.ts";
import { type ZoneMemory, zoneMemory } from "./state.ts";
import type { Supervised } from "./supervise.ts";
import type { MinerProfile } from "./types.ts";

/** A total that a zone can run at, and what it takes to step onto it from the one below. */
interface Rung {
  w: number;
  /** Heat owed before a swing onto this rung or off it, J. */
  swingJ: number;
  /** Heat owed before a step that the average alone asks for, J. */
  stepJ: number;
}

const DWELL_MS = 60_000;
const MEAN_S = 2700;
const SWING_GAP_MS = 60_000;
const CONTINUOUS_RUNGS = 40;
const knownSteps = new WeakMap<MinerProfile, readonly number[]>();

/**
 * Sigma-delta on energy (control.md §10): the rung, in W, whose swing gives `demandW` on average. Steps without a
 * start swing within `0.25 * Pmin * min-on`; a start or stop owes more, so that a day does not need more starts than
 * the device may make. `isUrgent`: the zone is too cold to wait for a mean.
 */
export function ditherW(tick: Tick, zone: ZoneBudget, wantedW: number, isUrgent: boolean): number {
  const memory = zoneMemory(tick.state, zone.rules.name);
  if (memory.swingMono === null || tick.monoMs - memory.swingMono > SWING_GAP_MS) restDither(zone, memory);
  memory.swingMono = tick.monoMs;
  const demandW = meanDemandW(tick, zone, memory, wantedW, isUrgent);
  const ladder = ladderOf(tick, zone);
  let powerW = 0;
  let reach = 0;
  for (const miner of zone.miners) powerW += miner.memory.powerW;
  for (const rung of ladder) reach = Math.max(reach, rung.swingJ);
  memory.owedJ = clamp(memory.owedJ + (demandW - powerW) * tick.dtS, -1.1 * reach, 1.1 * reach);
  const index = nextRung(memory, ladder, demandW);
  const rungW = ladder[index]?.w ?? 0;
  const isMove = rungW !== memory.rungW;
  const isSmooth = ladder[index]?.stepJ === 0;
  const isSettled = memory.rungMono === null || tick.monoMs - memory.rungMono >= DWELL_MS;
  if (isMove && (isSettled || isSmooth)) {
    memory.rungW = rungW;
    memory.rungMono = tick.monoMs;
  }
  return memory.rungW;
}

/** True while a miner runs in a swing that was asked for within the last minute. */
export function isSwinging(tick: Tick, zone: ZoneBudget): boolean {
  const { swingMono } = zoneMemory(tick.state, zone.rules.name);
  if (swingMono === null || tick.monoMs - swingMono > SWING_GAP_MS) return false;
  return zone.miners.some((miner) => miner.memory.targetW > 0);
}

/** Nobody asks for an average: nothing is owed, and a later swing begins from what runs. */
export function restDither(zone: ZoneBudget, memory: ZoneMemory): void {
  memory.rungW = zone.miners.reduce((sum, miner) => sum + miner.memory.targetW, 0);
  memory.slowW = null;
  memory.owedJ = 0;
}

/** Miners in the order in which heat is added: the most efficient first, unknown last. */
export function startOrder(miners: readonly Supervised[]): readonly Supervised[] {
  if (miners.length < 2) return miners;
  return miners.toSorted(
    (a, b) => efficiency(b.profile) - efficiency(a.profile) || a.memory.startsToday - b.memory.startsToday,
  );
}

function efficiency(profile: MinerProfile): number {
  return profile.hashrateThs === null ? 0 : profile.hashrateThs / Math.max(1, profile.maxW);
}

/**
 * What steps swing around, W. The air of a light room follows each step at once, so the thermostat's answer to it would
 * cut every swing short; its mean over the best part of an hour is what the room needs.
 */
function meanDemandW(
  tick: Tick,
  zone: ZoneBudget,
  memory: ZoneMemory,
  wantedW: number,
  isUrgent: boolean,
): number {
  const isContinuous = zone.miners.some(({ profile }) => profile.kind === "continuous");
  const blend = memory.slowW === null ? 1 : 1 - Math.exp(-tick.dtS / MEAN_S);
  memory.slowW = (memory.slowW ?? wantedW) + blend * (wantedW - (memory.slowW ?? wantedW));
  return isUrgent || isContinuous ? wantedW : memory.slowW;
}

function nextRung(memory: ZoneMemory, ladder: readonly Rung[], demandW: number): number {
  let low = 0;
  let current = 0;
  for (let index = 0; index < ladder.length; index++) {
    const w = ladder[index]?.w ?? 0;
    if (w <= demandW) low = index;
    if (w <= memory.rungW + 0.5) current = index;
  }
  if (current < low) {
    memory.owedJ = Math.max(0, memory.owedJ);
    return memory.owedJ >= (ladder[current + 1]?.stepJ ?? 0) ? low : current;
  }
  if (current > low + 1 || (current > low && demandW <= 0)) {
    memory.owedJ = Math.min(0, memory.owedJ);
    return -memory.owedJ >= (ladder[current]?.stepJ ?? 0)
      ? Math.max(low, demandW <= 0 ? 0 : low + 1)
      : current;
  }
  const above = ladder[low + 1];
  if (current === low && above && memory.owedJ > above.swingJ && demandW > (ladder[low]?.w ?? 0))
    return low + 1;
  if (current === low + 1 && -memory.owedJ > (ladder[current]?.swingJ ?? 0)) return low;
  return current;
}

/** Rising totals: the rungs of the first miner, then those of the next on top of it. */
function ladderOf(tick: Tick, zone: ZoneBudget): Rung[] {
  const ladder: Rung[] = [{ w: 0, swingJ: 0, stepJ: 0 }];
  let baseW = 0;
  for (const { profile, memory, isReachable } of startOrder(zone.miners)) {
    if (!isReachable || memory.tripCode !== null) continue;
    const stepJ = 0.25 * profile.minW * profile.minOnS;
    const startJ = 0.25 * profile.minW * Math.max(profile.minOnS, cycleS(tick, profile, memory.startsToday));
    let isFirst = true;
    for (const w of stepsOf(profile)) {
      const isSmooth = profile.kind === "continuous" && !isFirst;
      ladder.push({
        w: baseW + w,
        swingJ: isSmooth ? 0 : isFirst ? startJ : stepJ,
        stepJ: isSmooth ? 0 : stepJ,
      });
      isFirst = false;
    }
    baseW += profile.maxW;
  }
  return ladder;
}

/** The totals of one miner, rising; kept by profile, because they never change and every tick asks for them. */
function stepsOf(profile: MinerProfile): readonly number[] {
  if (profile.kind !== "continuous") return profile.stepsW.length > 0 ? profile.stepsW : [profile.maxW];
  const known = knownSteps.get(profile);
  if (known) return known;
  const spanW = profile.maxW - profile.minW;
  const steps = Array.from(
    { length: CONTINUOUS_RUNGS + 1 },
    (_, index) => profile.minW + (spanW * index) / CONTINUOUS_RUNGS,
  );
  knownSteps.set(profile, steps);
  return steps;
}

/**
 * Length of half a swing, s: it spreads two thirds of the starts of a day evenly, the rest is for sun and events. Who is
 * ahead of that pace swings wider.
 */
function cycleS(tick: Tick, profile: MinerProfile, startsToday: number): number {
  const starts = Math.max(1, (2 / 3) * profile.maxStartsDay);
  const pace = 1 + (starts * tick.snapshot.local.minuteOfDay) / 1440;
  return (86_400 / starts / 2) * clamp((startsToday / pace) ** 2, 1, 8);
}
