import type { Snapshot } from "../control/types.ts";
import type { StateStore } from "../ledger/state-store.ts";
import { toInstant } from "../model/clock.ts";
import type { CoopEvent } from "../model/coop-event.ts";
import type { EventView } from "../model/view.ts";

export type EventChange =
  | "received"
  | "changed"
  | "started"
  | "met"
  | "not_met"
  | "ended"
  | "cancelled"
  | "opted_out"
  | "opted_in";

export interface KnownEvent {
  event: CoopEvent;
  isOptedOut: boolean;
  hasStarted: boolean;
  hasEnded: boolean;
  /** Null before the start; false from the first tick above the limit on. */
  isMet: boolean | null;
  floorOverEventWh: number;
}

export interface EventNotice {
  change: EventChange;
  known: KnownEvent;
}

const STORE_KEY = "events";
/** Ended events are kept so that a late copy is known as old (reliability.md T05: expiry + 30 d). */
const KEEP_MS = 30 * 86_400_000;

/** A reduction is measured complete within this time (control.md §7). */
const REDUCTION_MS = 60_000;

/** What was measured in one tick, for the proof that an event was met. */
export interface EventTick {
  wallMs: number;
  seconds: number;
  /** Sum of the miners' measured draw; null when one of them is unknown. */
  measuredW: number | null;
  /** When the oldest of those readings was taken. */
  measuredAtMs: number | null;
  floorOverEventW: number;
}

/**
 * Every event this home knows; survives restarts, so that an event is obeyed before the network is up. Who takes
 * notices saves: the book itself works on when the disk is full.
 */
export function createEventBook(store: StateStore) {
  let floorHold = { floorW: 0, untilMs: Number.NEGATIVE_INFINITY };
  const known = new Map<string, KnownEvent>(
    (store.get<KnownEvent[]>(STORE_KEY) ?? []).map((entry) => [entry.event.id, entry]),
  );
  const save = () => store.set(STORE_KEY, [...known.values()]);

  return {
    /** A complete list from the co-op: new, changed and missing events (missing before the end is cancelled). */
    update(events: readonly CoopEvent[], wallMs: number): EventNotice[] {
      const notices: EventNotice[] = [];
      for (const event of events) {
        const entry = known.get(event.id);
        if (event.isCancelled) {
          if (entry && !entry.event.isCancelled && !entry.hasEnded) notices.push(cancel(entry));
          continue;
        }
        if (!entry) {
          const fresh = newEntry(event);
          known.set(event.id, fresh);
          notices.push({ change: "received", known: fresh });
        } else if (event.version > entry.event.version || event.issuedMs > entry.event.issuedMs) {
          entry.event = event;
          if ((event.endMs ?? Number.POSITIVE_INFINITY) > wallMs) {
            // Moved to a time still to come: it has its whole course before it again.
            Object.assign(entry, { hasStarted: false, hasEnded: false, isMet: null });
          }
          notices.push({ change: "changed", known: entry });
        }
      }
      const listed = new Set(events.map((event) => event.id));
      for (const entry of known.values()) {
        const isOver = entry.hasEnded || entry.event.isCancelled;
        const endMs = entry.event.endMs ?? Number.POSITIVE_INFINITY;
        if (!listed.has(entry.event.id) && !isOver && endMs > wallMs) notices.push(cancel(entry));
        const overMs = entry.event.isCancelled ? (entry.event.endMs ?? entry.event.issuedMs) : endMs;
        if (overMs + KEEP_MS < wallMs) known.delete(entry.event.id);
      }
      return notices;
    },

    /** Starts, ends and the proof of the limit, tick by tick. */
    observe(tick: EventTick): EventNotice[] {
      const notices: EventNotice[] = [];
      // Heat that the floor asked for takes a while to go down again; that is no breach of the event.
      if (tick.floorOverEventW >= floorHold.floorW || tick.wallMs > floorHold.untilMs) {
        floorHold = { floorW: tick.floorOverEventW, untilMs: tick.wallMs + REDUCTION_MS };
      }
      for (const entry of known.values()) {
        if (entry.event.isCancelled || entry.hasEnded || tick.wallMs < entry.event.startMs) continue;
        if (!entry.hasStarted) {
          entry.hasStarted = true;
          notices.push({ change: "started", known: entry });
        }
        judge(entry, tick, floorHold.floorW, notices);
        if (entry.event.endMs !== null && tick.wallMs >= entry.event.endMs) {
          entry.hasEnded = true;
          if (entry.isMet && !entry.isOptedOut) notices.push({ change: "met", known: entry });
          notices.push({ change: "ended", known: entry });
        }
      }
      return notices;
    },

    /** For `decide`: everything that is not over. */
    forControl: (): Snapshot["events"] =>
      [...known.values()]
        .filter((entry) => !entry.event.isCancelled)
        .map((entry) => ({ ...entry.event, isOptedOut: entry.isOptedOut })),

    optOut(id: string, isOut: boolean): EventNotice | null {
      const entry = known.get(id);
      if (!entry || entry.hasEnded || entry.event.isCancelled) return null;
      entry.isOptedOut = isOut;
      save();
      return { change: isOut ? "opted_out" : "opted_in", known: entry };
    },

    all: (): KnownEvent[] => [...known.values()].toSorted((a, b) => a.event.startMs - b.event.startMs),
    save,
  };
}

export type EventBook = ReturnType<typeof createEventBook>;

/** An event as `event list` and `status` show it. */
export function toEventView(entry: KnownEvent, wallMs: number): EventView {
  const { event } = entry;
  const state = event.isCancelled
    ? "cancelled"
    : entry.hasEnded
      ? "ended"
      : wallMs >= event.startMs
        ? "active"
        : "future";
  return {
    id: event.id,
    type: event.type,
    priority: event.priority,
    limitW: event.limitW,
    start: toInstant(event.startMs),
    end: event.endMs === null ? null : toInstant(event.endMs),
    optedOut: entry.isOptedOut,
    met: entry.isMet,
    state,
  };
}

/** The event to show first: the running one, else the next. */
export function shownEvent(entries: readonly KnownEvent[], wallMs: number): KnownEvent | null {
  const live = entries.filter((entry) => !entry.hasEnded && !entry.event.isCancelled);
  return live.find((entry) => entry.event.startMs <= wallMs) ?? live[0] ?? null;
}

function newEntry(event: CoopEvent): KnownEvent {
  return { event, isOptedOut: false, hasStarted: false, hasEnded: false, isMet: null, floorOverEventWh: 0 };
}

function cancel(entry: KnownEvent): EventNotice {
  entry.event = { ...entry.event, isCancelled: true };
  return { change: "cancelled", known: entry };
}

function judge(entry: KnownEvent, tick: EventTick, floorW: number, notices: EventNotice[]): void {
  if (entry.event.type === "raise" || entry.isOptedOut) return;
  entry.floorOverEventWh += (tick.floorOverEventW * tick.seconds) / 3600;
  const isAfterStart = tick.measuredAtMs !== null && tick.measuredAtMs >= entry.event.startMs;
  if (tick.measuredW === null || !isAfterStart) return;
  const limitW = Math.max(entry.event.limitW, entry.event.floorW) + floorW;
  // control.md §7: measured power may exceed the limit by this much.
  const isUnder = tick.measuredW <= limitW + Math.max(30, 0.02 * limitW);
  if (isUnder) entry.isMet ??= true;
  else if (entry.isMet !== false) {
    entry.isMet = false;
    notices.push({ change: "not_met", known: entry });
  }
}
