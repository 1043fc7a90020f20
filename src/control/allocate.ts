import { type Budget, hardZoneW, type ZoneBudget } from "./budget.ts";
import { startOrder } from "./dither.ts";
import type { Tick } from "./inputs.ts";
import { type Block, type Choices, forcedChoices, isWaking, shapedChoices } from "./shape.ts";
import { reservedW, type Supervised } from "./supervise.ts";

/** What each miner shall run at, and what kept it from more or less. */
export interface Allocation {
  targetW: Record<string, number>;
  choices: Record<string, Choices>;
  /** Watts that each zone asked for: the floor, else the wish, within its own bounds. */
  askedW: Record<string, number>;
}

/** A search inside one zone: what it asks, and what shared limits leave. */
interface Search {
  choices: Choices[];
  askedW: number;
  loW: number;
  /** Left for this zone under the fleet's bound, W; by circuit the same. */
  fleetW: number;
  circuitW: Record<string, number>;
  /** Left for raises, where open commands count at their higher side, W. */
  raiseFleetW: number;
  raiseCircuitW: Record<string, number>;
  mayStart: boolean;
}

interface Found {
  watts: number[];
  score: number[];
}

const MOST_COMBINATIONS = 1500;
const BLOCKED_BY_START: Block = { code: "SHAPE_STAGGER", text: "another miner is starting", leftS: 20 };

/**
 * Simple allocator (control.md §11): floors first, then zones by need; inside a zone the combination of rungs that
 * never exceeds the hard bounds and comes closest to the wish from below, with the fewest changes.
 */
export function allocate(tick: Tick, budget: Budget, miners: readonly Supervised[]): Allocation {
  const result: Allocation = { targetW: {}, choices: {}, askedW: {} };
  const zones = budget.zones.filter((zone) => zone.miners.length > 0).sort(byNeed);
  for (const zone of zones)
    for (const choices of zoneChoices(tick, budget, zone, miners))
      result.choices[choices.miner.profile.name] = choices;
  const floors: Record<string, number> = {};
  for (const zone of zones) if (zone.lo) assignZone(budget, zone, miners, result, floors, zone.lo.w, floors);
  const reserves: Record<string, number> = { ...floors };
  for (const { profile } of miners) reserves[profile.name] ??= result.choices[profile.name]?.values[0] ?? 0;
  for (const zone of zones)
    assignZone(budget, zone, miners, result, result.targetW, askOf(budget, zone), reserves, floors);
  for (const zone of zones) result.askedW[zone.rules.name] = askOf(budget, zone);
  return result;
}

/** Zones at their floor first, then the coldest relative to its set point. */
function byNeed(a: ZoneBudget, b: ZoneBudget): number {
  if ((a.lo !== null) !== (b.lo !== null)) return a.lo === null ? 1 : -1;
  return chill(b) - chill(a);
}

function chill(zone: ZoneBudget): number {
  return zone.roomC === null ? -1000 : zone.setC - zone.roomC;
}

function askOf(budget: Budget, zone: ZoneBudget): number {
  const hardW = hardZoneW(budget, zone);
  let wantW = zone.want?.w ?? 0;
  // Comfort may cut wishes of its own rank and below, not what a person set.
  const isOwnWish = zone.want?.layer === "manual" && zone.softHi?.code !== "COMFORT_MAX";
  if (zone.softHi && !isOwnWish && !zone.isManual) wantW = Math.min(wantW, zone.softHi.w);
  // The floor goes above a co-op limit; the comfort of the same room does not.
  if (zone.lo && budget.coopW !== null) wantW = Math.min(wantW, budget.coopW);
  return Math.min(hardW, Math.max(zone.lo?.w ?? 0, wantW));
}

function zoneChoices(tick: Tick, budget: Budget, zone: ZoneBudget, miners: readonly Supervised[]): Choices[] {
  return startOrder(zone.miners).map((miner) => {
    const choices = shapedChoices(tick, budget, zone, miner);
    const isBlocked = miners.some(
      (other) => other !== miner && other.profile.circuit === miner.profile.circuit && isWaking(tick, other),
    );
    if (miner.memory.targetW > 0 || choices.upBlock || !isBlocked) return choices;
    return { ...choices, values: [0], upBlock: BLOCKED_BY_START };
  });
}

/** Finds the zone's watts with normal choices, then without others' holds, then with what may be forced. */
function assignZone(
  budget: Budget,
  zone: ZoneBudget,
  miners: readonly Supervised[],
  result: Allocation,
  assigned: Record<string, number>,
  askedW: number,
  ...reserves: Record<string, number>[]
): void {
  const own = startOrder(zone.miners);
  const normal = own.flatMap((miner) => result.choices[miner.profile.name] ?? []);
  const forced = own.map((miner) => forcedChoices(budget, miner));
  let found: Found | null = null;
  for (const reserve of reserves) {
    found ??= searchZone(searchOf(budget, zone, miners, normal, askedW, assigned, reserve));
  }
  const last = reserves.at(-1) ?? {};
  found ??= searchZone(searchOf(budget, zone, miners, forced, askedW, assigned, last));
  for (const [index, miner] of own.entries()) {
    // Nothing fits: the least that each device can be taken to.
    assigned[miner.profile.name] = found?.watts[index] ?? forced[index]?.values[0] ?? 0;
  }
}

function searchOf(
  budget: Budget,
  zone: ZoneBudget,
  miners: readonly Supervised[],
  choices: Choices[],
  askedW: number,
  assigned: Record<string, number>,
  reserve: Record<string, number>,
): Search {
  const fleetW = fleetLimitW(budget, zone);
  const search: Search = {
    choices,
    askedW,
    loW: Math.min(zone.lo?.w ?? 0, askedW),
    fleetW,
    circuitW: {},
    raiseFleetW: fleetW,
    raiseCircuitW: {},
    mayStart: true,
  };
  for (const name in budget.circuitHi) {
    search.circuitW[name] = budget.circuitHi[name]?.w ?? 0;
    search.raiseCircuitW[name] = search.circuitW[name] ?? 0;
  }
  for (const miner of miners) {
    if (miner.profile.zone === zone.rules.name) continue;
    takeOther(search, miner, assigned[miner.profile.name], reserve[miner.profile.name] ?? 0);
  }
  return search;
}

/** What a floor adds to a co-op limit is for the rooms at their floor alone. */
function fleetLimitW(budget: Budget, zone: ZoneBudget): number {
  const fleetW = budget.fleetHi?.w ?? Number.POSITIVE_INFINITY;
  return zone.lo || budget.coopW === null ? fleetW : Math.min(fleetW, budget.coopW);
}

/** Counts a miner of another zone against the shared limits. */
function takeOther(search: Search, miner: Supervised, assignedW: number | undefined, reserveW: number): void {
  const { circuit } = miner.profile;
  const firmW = costW(miner, assignedW ?? reserveW);
  const openW = Math.max(firmW, reservedW(miner), assignedW === undefined ? miner.memory.targetW : 0);
  search.fleetW -= firmW;
  search.raiseFleetW -= openW;
  if (search.circuitW[circuit] !== undefined) search.circuitW[circuit] -= firmW;
  if (search.raiseCircuitW[circuit] !== undefined) search.raiseCircuitW[circuit] -= openW;
  if (assignedW !== undefined && assignedW > 0 && miner.memory.targetW === 0) search.mayStart = false;
}

/** A miner that does not answer or obey counts at what it may be drawing, whatever is asked of it. */
function costW(miner: Supervised, watts: number): number {
  return isServing(miner) ? watts : Math.max(watts, reservedW(miner));
}

/** Whether what is asked of a miner warms its room: of a silent or deaf one nobody knows, and a floor cannot lean on it. */
function isServing({ isReachable, memory }: Supervised): boolean {
  return isReachable && !memory.isUnresponsive;
}

function searchZone(search: Search): Found | null {
  let combinations = 1;
  for (const { values } of search.choices) combinations *= values.length + 1;
  return combinations <= MOST_COMBINATIONS ? enumerate(search) : oneByOne(search);
}

function enumerate(search: Search): Found | null {
  let best: Found | null = null;
  const watts: number[] = [];
  const visit = (index: number): void => {
    const choices = search.choices[index];
    if (!choices) {
      const score = scoreOf(search, watts);
      if (score && (best === null || isBetter(score, best.score))) best = { watts: [...watts], score };
      return;
    }
    for (const value of candidates(search, choices, watts)) {
      watts[index] = value;
      watts.length = index + 1;
      visit(index + 1);
    }
    watts.length = index;
  };
  visit(0);
  return best;
}

/** Many miners: each takes its best on top of those before it. */
function oneByOne(search: Search): Found | null {
  const watts: number[] = search.choices.map(({ values }) => values[0] ?? 0);
  let score = scoreOf(search, watts);
  for (const [index, choices] of search.choices.entries()) {
    for (const value of choices.values) {
      const tried = watts.with(index, value);
      const next = scoreOf(search, tried);
      if (next && (score === null || isBetter(next, score))) {
        score = next;
        watts[index] = value;
      }
    }
  }
  return score && { watts, score };
}

/** The rungs, and for a continuous device what is still missing, down to full tens of watts. */
function candidates(search: Search, choices: Choices, before: readonly number[]): readonly number[] {
  if (!choices.isContinuous) return choices.values;
  const { profile } = choices.miner;
  let usedW = 0;
  let servedW = 0;
  for (const [index, w] of before.entries()) {
    const other = search.choices[index]?.miner;
    usedW += w;
    if (other && isServing(other)) servedW += w;
  }
  const top = choices.values.at(-1) ?? 0;
  const capW =
    Math.min(search.askedW, search.fleetW, search.circuitW[profile.circuit] ?? search.fleetW) - usedW;
  const fills = [Math.floor(capW / 10) * 10];
  if (search.loW > 0) fills.push(Math.ceil((search.loW - servedW) / 10) * 10);
  const extra = fills.filter((w) => w >= profile.minW && w <= top && !choices.values.includes(w));
  return extra.length > 0 ? [...choices.values, ...extra] : choices.values;
}

/** Null when a hard bound would be broken; else what to make small, in this order. */
function scoreOf(search: Search, watts: readonly number[]): number[] | null {
  let sumW = 0;
  let servedW = 0;
  let firmW = 0;
  let openW = 0;
  let changes = 0;
  let starts = 0;
  let isRaise = false;
  for (const [index, { miner }] of search.choices.entries()) {
    const w = watts[index] ?? 0;
    const { targetW } = miner.memory;
    sumW += w;
    if (isServing(miner)) servedW += w;
    firmW += costW(miner, w);
    openW += Math.max(costW(miner, w), reservedW(miner));
    if (w !== targetW) changes += 1;
    if (w > 0 && targetW === 0) starts += 1;
    if (w > targetW) isRaise = true;
  }
  if (firmW > search.fleetW || starts > (search.mayStart ? 1 : 0)) return null;
  if (isRaise && openW > search.raiseFleetW) return null;
  if (!fitsCircuits(search, watts, isRaise)) return null;
  const missingW = Math.max(0, search.loW - servedW);
  const overW = Math.max(0, sumW - search.askedW);
  return [missingW, overW, Math.max(0, search.askedW - sumW), changes, starts];
}

function fitsCircuits(search: Search, watts: readonly number[], isRaise: boolean): boolean {
  for (const name in search.circuitW) {
    let firmW = 0;
    let openW = 0;
    for (const [index, { miner }] of search.choices.entries()) {
      if (miner.profile.circuit !== name) continue;
      const w = costW(miner, watts[index] ?? 0);
      firmW += w;
      openW += Math.max(w, reservedW(miner));
    }
    if (firmW === 0) continue;
    if (firmW > (search.circuitW[name] ?? 0)) return false;
    if (isRaise && openW > (search.raiseCircuitW[name] ?? 0)) return false;
  }
  return true;
}

function isBetter(score: readonly number[], than: readonly number[]): boolean {
  for (const [index, value] of score.entries()) {
    const other = than[index] ?? 0;
    if (Math.abs(value - other) > 1e-6) return value < other;
  }
  return false;
}
