import { createHash } from "node:crypto";
import { field, list, toNumber } from "../model/parse.ts";
import { NOW, parseDuration, parseStart } from "./openadr-time.ts";

/** One payload on the time line of one OpenADR event. */
export interface Segment {
  type: string;
  values: unknown[];
  units: string | null;
  startMs: number;
  /** Null: open, lapses at the stale limit of the program. */
  endMs: number | null;
}

export interface TimelineRules {
  nowMs: number;
  /** Segments are made up to here; a looped tariff has no other end. */
  horizonMs: number;
  /** Name of this home, for its own stable random shift (openadr3.md §6.7). */
  seed: string;
}

const SINGLE_VALUE_TYPES = new Set([
  "PRICE",
  "EXPORT_PRICE",
  "GHG",
  "IMPORT_CAPACITY_LIMIT",
  "DISPATCH_SETPOINT",
]);
const MOST_SEGMENTS = 2_000;

/**
 * Places the intervals of an event on the clock (openadr3.md §6): defaults of the event, "now", loops and cuts by
 * `duration`, several values in one interval, random start. Null when the event is cancelled (start "now" with
 * an explicit zero duration) or nothing in it can be placed.
 */
export function toTimeline(event: unknown, rules: TimelineRules): Segment[] | null {
  const period = field(event, "intervalPeriod");
  if (parseStart(field(period, "start")) === NOW && parseDuration(field(period, "duration")) === 0)
    return null;
  const placed = placeIntervals(event, rules);
  if (placed.length === 0) return null;
  const units = unitsOf(event);
  const segments = fitToDuration(placed, event, rules)
    .flatMap((interval) => toSegments(interval, units))
    .filter((segment) => segment.endMs === null || segment.endMs > segment.startMs);
  return segments.slice(0, MOST_SEGMENTS);
}

/** When the server made or last changed the event, ms; 0 when it does not say. */
export function changedMs(event: unknown): number {
  const times = ["createdDateTime", "modificationDateTime"].map((key) => parseStart(field(event, key)));
  return Math.max(0, ...times.filter((time) => typeof time === "number"));
}

interface Placed {
  startMs: number;
  endMs: number | null;
  payloads: unknown[];
}

function placeIntervals(event: unknown, rules: TimelineRules): Placed[] {
  const anchorMs = changedMs(event) || rules.nowMs;
  const period = field(event, "intervalPeriod");
  const defaultStart = parseStart(field(period, "start"));
  const defaultDuration = parseDuration(field(period, "duration"));
  const shiftMs = randomShift(event, rules.seed);
  const placed: Placed[] = [];
  let previousEnd: number | null = null;
  for (const [index, interval] of list(event, "intervals").entries()) {
    const own = parseStart(field(interval, "intervalPeriod", "start"));
    const follows: number | null =
      index > 0 ? previousEnd : typeof defaultStart === "number" ? defaultStart : null;
    const startMs: number = typeof own === "number" ? own : (follows ?? anchorMs);
    const durationMs = parseDuration(field(interval, "intervalPeriod", "duration")) ?? defaultDuration;
    // Absent and zero are open-ended for limits and levels (openadr3.md §6.5); a negative length places nothing.
    if (durationMs !== null && durationMs < 0) continue;
    const isOpen = durationMs === null || durationMs === 0 || durationMs === Number.POSITIVE_INFINITY;
    const endMs = isOpen ? null : startMs + durationMs;
    placed.push({
      startMs: startMs + shiftMs,
      endMs: endMs === null ? null : endMs + shiftMs,
      payloads: list(interval, "payloads"),
    });
    previousEnd = endMs ?? startMs;
  }
  return placed;
}

/** `event.duration`: shorter cuts, longer repeats the sequence up to the horizon (openadr3.md §6.3). */
function fitToDuration(placed: Placed[], event: unknown, rules: TimelineRules): Placed[] {
  const totalMs = parseDuration(field(event, "duration"));
  const first = placed[0];
  if (totalMs === null || totalMs <= 0 || !first) return placed;
  const lastEnd = placed.at(-1)?.endMs ?? null;
  const stopMs = Math.min(first.startMs + totalMs, Math.max(rules.horizonMs, first.startMs));
  if (lastEnd === null)
    return placed.map((one) => ({ ...one, endMs: Math.min(one.endMs ?? stopMs, stopMs) }));
  const lengthMs = lastEnd - first.startMs;
  if (lengthMs <= 0) return placed;
  const firstLap = Math.max(0, Math.floor((rules.nowMs - first.startMs) / lengthMs));
  const laps: Placed[] = [];
  for (let lap = firstLap; first.startMs + lap * lengthMs < stopMs && laps.length < MOST_SEGMENTS; lap++) {
    for (const one of placed) {
      const startMs = one.startMs + lap * lengthMs;
      const endMs = Math.min((one.endMs ?? lastEnd) + lap * lengthMs, stopMs);
      if (startMs < endMs) laps.push({ ...one, startMs, endMs });
    }
  }
  return laps;
}

function toSegments(interval: Placed, units: Map<string, string>): Segment[] {
  return interval.payloads.flatMap((payload) => {
    const type = field(payload, "type");
    if (typeof type !== "string") return [];
    const values = list(payload, "values");
    const base = { type, units: units.get(type) ?? null };
    const { startMs, endMs } = interval;
    if (values.length < 2 || endMs === null || !SINGLE_VALUE_TYPES.has(type)) {
      return [{ ...base, values, startMs, endMs }];
    }
    const stepMs = (endMs - startMs) / values.length;
    return values.map((value, i) => ({
      ...base,
      values: [value],
      startMs: startMs + i * stepMs,
      endMs: startMs + (i + 1) * stepMs,
    }));
  });
}

function unitsOf(event: unknown): Map<string, string> {
  const units = new Map<string, string>();
  for (const descriptor of list(event, "payloadDescriptors")) {
    const type = field(descriptor, "payloadType");
    const unit = field(descriptor, "units");
    if (typeof type === "string" && typeof unit === "string") units.set(type, unit.toUpperCase());
  }
  return units;
}

/** A uniform draw in [-r, +r] from home and event id: the same after every restart without being stored. */
function randomShift(event: unknown, seed: string): number {
  const boundMs = parseDuration(field(event, "intervalPeriod", "randomizeStart"));
  const isAlert = list(event, "intervals").some((interval) =>
    list(interval, "payloads").some((payload) => String(field(payload, "type")).startsWith("ALERT_")),
  );
  if (boundMs === null || boundMs <= 0 || !Number.isFinite(boundMs) || isAlert) return 0;
  const id = String(field(event, "id"));
  const draw = createHash("sha256").update(`${seed}\n${id}`).digest().readUInt32BE(0) / 0xffff_ffff;
  return Math.round((draw * 2 - 1) * boundMs);
}

/** A finite number of a payload's first value, in base units (W for KW); null when unusable or negative. */
export function firstNumber(segment: Segment, kind: "power" | "plain"): number | null {
  const scale = kind === "power" && segment.units !== "W" ? 1000 : 1;
  return toNumber(segment.values[0], { scale, min: 0 });
}
