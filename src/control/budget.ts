import type { Layer, ReasonCode } from "../model/reason.ts";
import type { Tick } from "./inputs.ts";
import type { Supervised } from "./supervise.ts";
import type { ZoneRules } from "./types.ts";

/** One statement of a layer: so many watts, and why. */
export interface Bound {
  w: number;
  code: ReasonCode;
  layer: Layer;
  /** Plain words, without the watts of the fleet. */
  text: string;
}

/** The power window of one zone. Hard bounds come from layers 0-3b, soft ones from below. */
export interface ZoneBudget {
  rules: ZoneRules;
  miners: Supervised[];
  /** Smallest draw of one running miner and draw of all of them, W. */
  minW: number;
  maxW: number;
  /** Set point now in force (schedule, overrides), degC. */
  setC: number;
  /** Null when unknown. */
  roomC: number | null;
  hardHi: Bound | null;
  softHi: Bound | null;
  /** Watts that must be given: the heat floor. */
  lo: Bound | null;
  /** Wanted as an average that steps may swing around: heat. */
  average: Bound | null;
  /** Wanted and never exceeded: sun, price, manual; after the heat is settled, all of it. */
  want: Bound | null;
  /** A person set the power of one of its miners. */
  isManual: boolean;
  /** Why nothing is wanted, for the explanation. */
  idle: Bound;
}

/** What the layers narrow, in order (control.md §5). */
export interface Budget {
  fleetHi: Bound | null;
  /** Every statement on the fleet, for "what stops more". */
  fleetBounds: Bound[];
  circuitHi: Record<string, Bound>;
  minerHi: Record<string, Bound>;
  /** Power set by a person for one miner, W. */
  manualW: Record<string, number>;
  zones: ZoneBudget[];
  /** Limit of the event in force before the floor raised it, W; null without one. */
  eventLimitW: number | null;
  /** Lowest limit of layer 3b before the floor raised it, W: what zones above their floor share; null without one. */
  coopW: number | null;
}

/** A budget that nothing has narrowed yet. */
export function openBudget(tick: Tick, miners: Supervised[]): Budget {
  const zones = tick.config.zones.map((rules): ZoneBudget => {
    const own = miners.filter((miner) => miner.profile.zone === rules.name);
    return {
      rules,
      miners: own,
      minW: own.reduce((least, miner) => Math.min(least, miner.profile.minW), own[0]?.profile.minW ?? 0),
      maxW: own.reduce((sum, miner) => sum + miner.profile.maxW, 0),
      setC: rules.setC,
      roomC: tick.inputs.rooms[rules.name]?.value ?? null,
      hardHi: null,
      softHi: null,
      lo: null,
      average: null,
      want: null,
      isManual: false,
      idle: { w: 0, code: "SURPLUS_NONE", layer: "economics", text: "nothing to run for" },
    };
  });
  return {
    fleetHi: null,
    fleetBounds: [],
    circuitHi: {},
    minerHi: {},
    manualW: {},
    zones,
    eventLimitW: null,
    coopW: null,
  };
}

/** The lower of two upper bounds; a bound may only go down. Negative watts become 0. */
export function lower(known: Bound | null | undefined, next: Bound): Bound {
  const cut = next.w < 0 ? { ...next, w: 0 } : next;
  return known && known.w <= cut.w ? known : cut;
}

/** The higher of two wishes; a wish of the same watts keeps the older reason. */
export function higher(known: Bound | null, next: Bound): Bound {
  return known && known.w >= next.w ? known : next;
}

/** Narrows the fleet and remembers the statement. */
export function limitFleet(budget: Budget, bound: Bound): void {
  budget.fleetBounds.push(bound);
  budget.fleetHi = lower(budget.fleetHi, bound);
}

/** What the hard layers leave to a zone by itself, W: its devices, its own bound, its miners' bounds. */
export function hardZoneW(budget: Budget, zone: ZoneBudget): number {
  let sum = 0;
  for (const { profile } of zone.miners)
    sum += Math.min(profile.maxW, budget.minerHi[profile.name]?.w ?? profile.maxW);
  return Math.min(sum, zone.hardHi?.w ?? sum);
}

/** What all layers allow in all before shaping, W. */
export function allowedW(budget: Budget): number {
  const byCircuit = new Map<string, number>();
  for (const zone of budget.zones) {
    let left = Math.min(
      hardZoneW(budget, zone),
      zone.softHi && !zone.lo ? zone.softHi.w : Number.POSITIVE_INFINITY,
    );
    for (const { profile } of zone.miners) {
      const share = Math.min(left, profile.maxW, budget.minerHi[profile.name]?.w ?? profile.maxW);
      byCircuit.set(profile.circuit, (byCircuit.get(profile.circuit) ?? 0) + share);
      left -= share;
    }
  }
  let sum = 0;
  for (const [circuit, w] of byCircuit) sum += Math.min(w, budget.circuitHi[circuit]?.w ?? w);
  return Math.min(sum, budget.fleetHi?.w ?? sum);
}
