import type { CoopEvent } from "../model/coop-event.ts";
import { field, safeText, toNumber } from "../model/parse.ts";
import { changedMs, firstNumber, type Segment, type TimelineRules, toTimeline } from "./openadr-timeline.ts";

/** What this home can draw, to turn levels and site limits into watts for the heaters. */
export interface Capacity {
  /** Sum of the miners' maximum watts after electrical limits. */
  maxTotalW: number;
  /** What the rest of the site is taken to draw, W (`control.base_load_w`). */
  baseLoadW: number;
  /** Percent of `maxTotalW` for SIMPLE 0, 1, 2, 3. */
  simpleCapsPercent: readonly number[];
}

/**
 * Plain OpenADR events as limits for the heaters (openadr3.md §7, §8): per program and domain the better
 * `priority` wins where two overlap, everything else stays side by side and control takes the lowest. The first
 * stretch of an event keeps its id, later ones get `#2`, `#3`.
 */
export function toCoopEvents(
  events: readonly unknown[],
  rules: TimelineRules,
  capacity: Capacity,
): CoopEvent[] {
  const wishes = events.flatMap((event) => toWishes(event, rules, capacity));
  const counts = new Map<string, number>();
  return wishes
    .flatMap((wish) => uncovered(wish, wishes))
    .filter((wish) => wish.limitW !== null && (wish.endMs === null || wish.endMs > rules.nowMs))
    .toSorted((a, b) => a.startMs - b.startMs)
    .map((wish) => toCoopEvent(wish, counts));
}

/** One stretch of one event in one domain. `limitW` null: explicitly nothing, but it may outrank others. */
interface Wish {
  id: string;
  program: string;
  domain: string;
  /** Infinity when the event has none: below every number. */
  rank: number;
  startMs: number;
  endMs: number | null;
  limitW: number | null;
  raiseW: number | null;
  type: CoopEvent["type"];
  priority: CoopEvent["priority"];
  version: number;
}

function toWishes(event: unknown, rules: TimelineRules, capacity: Capacity): Wish[] {
  const id = field(event, "id");
  if (typeof id !== "string") return [];
  const base = {
    id: safeText(id, 128),
    program: String(field(event, "programID")),
    rank: toNumber(field(event, "priority"), { min: 0 }) ?? Number.POSITIVE_INFINITY,
    version: changedMs(event),
  };
  return (toTimeline(event, rules) ?? []).flatMap((segment) => {
    const { startMs, endMs } = segment;
    return meaningsOf(segment, capacity).map((meaning) => ({ ...base, startMs, endMs, ...meaning }));
  });
}

type Meaning = Pick<Wish, "domain" | "limitW" | "raiseW" | "type" | "priority">;

function meaningsOf(segment: Segment, capacity: Capacity): Meaning[] {
  const limit = (
    domain: string,
    limitW: number | null,
    priority: CoopEvent["priority"] = "peak",
  ): Meaning[] => [{ domain, limitW, raiseW: null, type: "limit", priority }];
  switch (segment.type) {
    case "SIMPLE":
      return simpleLevel(segment, capacity);
    case "IMPORT_CAPACITY_LIMIT": {
      const siteW = firstNumber(segment, "power");
      return siteW === null ? [] : limit("site", Math.max(0, siteW - capacity.baseLoadW));
    }
    case "DISPATCH_SETPOINT": {
      const wantedW = firstNumber(segment, "power");
      if (wantedW === null) return [];
      const wish: Meaning = {
        domain: "wish",
        limitW: capacity.maxTotalW,
        raiseW: wantedW,
        type: "raise",
        priority: "economic",
      };
      return [...limit("setpoint", wantedW), wish];
    }
    case "CONTROL_LEVEL_OFFSET": {
      const offset = firstNumber(segment, "plain");
      if (offset === null || offset > 10) return [];
      return limit("level", offset === 0 ? null : capacity.maxTotalW * (1 - offset / 10), "economic");
    }
    case "ALERT_GRID_EMERGENCY":
    case "ALERT_BLACK_START":
      return [{ domain: "alert", limitW: 0, raiseW: null, type: "off", priority: "emergency" }];
    case "ALERT_FLEX_ALERT":
      return [{ domain: "alert", limitW: capOf(2, capacity), raiseW: null, type: "shift", priority: "peak" }];
    default:
      return [];
  }
}

function simpleLevel(segment: Segment, capacity: Capacity): Meaning[] {
  const level = firstNumber(segment, "plain");
  if (level === null) return [];
  const known = Math.min(3, Math.round(level));
  const limitW = known === 0 ? null : capOf(known, capacity);
  return [
    { domain: "level", limitW, raiseW: null, type: "limit", priority: known === 3 ? "emergency" : "peak" },
  ];
}

function capOf(level: number, capacity: Capacity): number {
  return (capacity.maxTotalW * (capacity.simpleCapsPercent[level] ?? 0)) / 100;
}

/** The parts of a wish that no better-ranked wish of the same program and domain covers. */
function uncovered(wish: Wish, all: readonly Wish[]): Wish[] {
  let parts = [wish];
  for (const other of all) {
    const outranks = other.program === wish.program && other.domain === wish.domain && other.rank < wish.rank;
    if (outranks) parts = parts.flatMap((part) => without(part, other));
  }
  return parts;
}

function without(part: Wish, cut: Wish): Wish[] {
  const partEnd = part.endMs ?? Number.POSITIVE_INFINITY;
  const cutEnd = cut.endMs ?? Number.POSITIVE_INFINITY;
  if (cut.startMs >= partEnd || cutEnd <= part.startMs) return [part];
  const rest: Wish[] = [];
  if (cut.startMs > part.startMs) rest.push({ ...part, endMs: cut.startMs });
  if (cutEnd < partEnd) rest.push({ ...part, startMs: cutEnd });
  return rest;
}

function toCoopEvent(wish: Wish, counts: Map<string, number>): CoopEvent {
  const base = wish.domain === "wish" ? `${wish.id}~raise` : wish.id;
  const count = (counts.get(base) ?? 0) + 1;
  counts.set(base, count);
  return {
    id: count === 1 ? base : `${base}#${count}`,
    version: wish.version,
    issuedMs: wish.version,
    startMs: wish.startMs,
    endMs: wish.endMs,
    type: wish.type,
    priority: wish.priority,
    limitW: wish.limitW ?? 0,
    raiseW: wish.raiseW,
    floorW: 0,
    noticeS: wish.version === 0 ? 0 : Math.max(0, Math.round((wish.startMs - wish.version) / 1000)),
    source: "openadr",
    isCancelled: false,
  };
}
