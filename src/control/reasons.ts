import type { Layer } from "../model/reason.ts";
import type { Allocation } from "./allocate.ts";
import type { Bound, Budget, ZoneBudget } from "./budget.ts";
import type { Block } from "./shape.ts";
import type { Supervised } from "./supervise.ts";
import { layerOf, spanText } from "./words.ts";

/** Why each zone and each miner gets what it gets. */
export interface Reasons {
  main: Bound;
  mainZone: ZoneBudget | null;
  ofZone(zone: ZoneBudget): Bound;
  ofMiner(miner: Supervised): Bound;
}

const RANKED: readonly Layer[] = ["safety", "limits", "off", "floor", "coop"];

/** Finds the reason that binds, per zone; the fleet's is that of the highest rank, then of the most watts. */
export function findReasons(
  budget: Budget,
  miners: readonly Supervised[],
  allocation: Allocation,
  hasExpired: boolean,
): Reasons {
  const totalW = miners.reduce((sum, { profile }) => sum + (allocation.targetW[profile.name] ?? 0), 0);
  const byZone = new Map<string, Bound>();
  for (const zone of budget.zones) {
    byZone.set(zone.rules.name, zoneReason(budget, zone, allocation, totalW, hasExpired));
  }
  const zones = budget.zones
    .filter((zone) => zone.miners.length > 0)
    .toSorted(
      (a, b) =>
        rankOf(byZone, a) - rankOf(byZone, b) ||
        wattsOf(allocation, b) - wattsOf(allocation, a) ||
        b.maxW - a.maxW,
    );
  const mainZone = zones[0] ?? null;
  const nothing: Bound = { w: 0, code: "SURPLUS_NONE", layer: "economics", text: "no miner to run" };
  const ofZone = (zone: ZoneBudget) => byZone.get(zone.rules.name) ?? zone.idle;
  return {
    main: mainZone ? ofZone(mainZone) : nothing,
    mainZone,
    ofZone,
    ofMiner: (miner) => minerReason(budget, miner, allocation, byZone.get(miner.profile.zone) ?? nothing),
  };
}

/** A block in words, with the time it still lasts. */
export function blockBound(block: Block, w: number): Bound {
  const text = block.leftS === null ? block.text : `${block.text}, ${spanText(block.leftS)} left`;
  return { w, code: block.code, layer: layerOf(block.code), text };
}

/** Sum of the targets of a zone, W. */
export function wattsOf(allocation: Allocation, zone: ZoneBudget): number {
  return zone.miners.reduce((sum, { profile }) => sum + (allocation.targetW[profile.name] ?? 0), 0);
}

/** The lowest bound of layers 0-3b that a zone stands under, its own or shared. */
export function tightestBound(budget: Budget, zone: ZoneBudget): Bound | null {
  const bounds: (Bound | null | undefined)[] = [zone.hardHi, budget.fleetHi];
  for (const { profile } of zone.miners) {
    bounds.push(budget.circuitHi[profile.circuit]);
    const own = budget.minerHi[profile.name];
    if (own && zone.miners.length === 1) bounds.push(own);
  }
  let best: Bound | null = null;
  for (const bound of bounds) if (bound && (best === null || bound.w < best.w)) best = bound;
  return best;
}

function zoneReason(
  budget: Budget,
  zone: ZoneBudget,
  allocation: Allocation,
  totalW: number,
  hasExpired: boolean,
): Bound {
  const givenW = wattsOf(allocation, zone);
  const wishW = wishOf(zone);
  const isOverEvent =
    budget.eventLimitW !== null && totalW > budget.eventLimitW && zone.lo !== null && givenW > 0;
  if (isOverEvent && budget.fleetHi?.code === "FLOOR_OVER_EVENT") return { ...budget.fleetHi, w: givenW };
  const stop = stopOf(budget, zone);
  if (stop && givenW === 0) return stop;
  const tight = tightestBound(budget, zone);
  if (tight && givenW < wishW && tight.w < wishW) return tight;
  const blocks = zone.miners.map(({ profile }) => allocation.choices[profile.name]);
  const block = givenW < wishW ? blockThatMatters(zone, allocation, wishW - givenW, givenW) : null;
  if (block) return blockBound(block, givenW);
  if (givenW > (allocation.askedW[zone.rules.name] ?? 0)) {
    const held = blocks.find((choices) => choices?.downBlock);
    if (held?.downBlock) return blockBound(held.downBlock, givenW);
  }
  return driverOf(zone, givenW, hasExpired);
}

/** What a zone asks for in the end, W: the floor, or the wish as far as comfort lets it. */
export function wishOf(zone: ZoneBudget): number {
  const isCut = zone.softHi !== null && zone.want?.layer !== "manual";
  const wantW = Math.min(zone.want?.w ?? 0, isCut && zone.softHi ? zone.softHi.w : Number.POSITIVE_INFINITY);
  return Math.max(zone.lo?.w ?? 0, wantW);
}

/** What keeps a miner from its next rung, where that rung is within the wish and no trifle beside what runs. */
function blockThatMatters(
  zone: ZoneBudget,
  allocation: Allocation,
  missingW: number,
  givenW: number,
): Block | null {
  for (const { profile, memory } of zone.miners) {
    const w = allocation.targetW[profile.name] ?? 0;
    const block = allocation.choices[profile.name]?.upBlock ?? null;
    if (block === null || w > memory.targetW) continue;
    const nextW =
      profile.kind === "continuous"
        ? Math.max(profile.minW, w + 10)
        : profile.stepsW.find((step) => step > w);
    if (nextW === undefined || nextW - w > missingW || nextW - w < 0.1 * givenW) continue;
    return block;
  }
  return null;
}

/** A stop of layers 0-2 for the zone or for every miner in it. */
function stopOf(budget: Budget, zone: ZoneBudget): Bound | null {
  if (zone.hardHi?.w === 0) return zone.hardHi;
  let largest: Supervised | null = null;
  for (const miner of zone.miners) if (!largest || miner.profile.maxW > largest.profile.maxW) largest = miner;
  const own = largest ? budget.minerHi[largest.profile.name] : undefined;
  return own?.w === 0 ? own : null;
}

function driverOf(zone: ZoneBudget, givenW: number, hasExpired: boolean): Bound {
  const floor = zone.lo;
  const want = zone.want;
  let driver = want && want.w > 0 ? want : zone.idle;
  if (floor && floor.w >= (want?.w ?? 0)) driver = floor;
  if (zone.softHi && zone.softHi.w < (want?.w ?? 0) && !floor && want?.layer !== "manual")
    driver = zone.softHi;
  const isOwn = driver.layer === "comfort" || driver.layer === "economics";
  if (hasExpired && isOwn) {
    return {
      w: givenW,
      code: "MANUAL_EXPIRED",
      layer: "manual",
      text: `your override has ended; ${driver.text}`,
    };
  }
  return { ...driver, w: givenW };
}

function minerReason(budget: Budget, miner: Supervised, allocation: Allocation, zone: Bound): Bound {
  const { profile, memory, isReachable } = miner;
  const w = allocation.targetW[profile.name] ?? memory.targetW;
  if (!isReachable)
    return { w, code: "DEVICE_UNREACHABLE", layer: "system", text: `${profile.name} does not answer` };
  const own = budget.minerHi[profile.name];
  if (own && own.w === 0) return own;
  if (miner.isNotFollowing || memory.isUnresponsive) {
    return { w, code: "DEVICE_NOT_FOLLOWING", layer: "system", text: `${profile.name} does not follow` };
  }
  if (miner.isStray) {
    return {
      w,
      code: "DEVICE_EXTERNAL_CHANGE",
      layer: "system",
      text: `${profile.name} was changed by someone else`,
    };
  }
  const choices = allocation.choices[profile.name];
  const isHeldUp =
    w < profile.maxW && choices?.upBlock && w <= memory.targetW && zone.layer !== "coop" && w < zone.w;
  if (isHeldUp && choices?.upBlock) return blockBound(choices.upBlock, w);
  return zone;
}

function rankOf(byZone: ReadonlyMap<string, Bound>, zone: ZoneBudget): number {
  const layer = byZone.get(zone.rules.name)?.layer;
  const rank = layer ? RANKED.indexOf(layer) : -1;
  return rank < 0 ? RANKED.length : rank;
}
