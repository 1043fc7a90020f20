import type { CoopEvent } from "../model/coop-event.ts";
import type { Tick } from "./inputs.ts";
import { finite, spreadHash } from "./numbers.ts";

/** How the co-op's events stand at this tick. */
export interface EventPicture {
  /** In force now, none opted out. */
  active: CoopEvent[];
  /** Start so soon that the reduction begins now. */
  preRamp: CoopEvent[];
  /** The next one that starts within a day and limits; null without. */
  next: { event: CoopEvent; inS: number; rampInS: number } | null;
  /** Ids that the member opted out of. */
  optedOut: string[];
}

const NO_END_LAPSES_MS = 21_600_000;

/** Watts that a limiting event leaves to the heaters; null for a raise. Never below what the event grants. */
export function eventLimitW(event: CoopEvent): number | null {
  if (event.type === "raise") return null;
  const grantedW = Math.max(0, finite(event.floorW) ?? 0);
  if (event.type === "off") return grantedW;
  return Math.max(grantedW, finite(event.limitW) ?? 0);
}

/** Sorts the known events by the clock; an event without an end lapses 6 h after the last contact (§7). */
export function readEvents(tick: Tick): EventPicture {
  const leadMs = preRampS(tick) * 1000;
  const picture: EventPicture = { active: [], preRamp: [], next: null, optedOut: [] };
  for (const event of tick.snapshot.events) {
    if (event.isCancelled) continue;
    if (event.isOptedOut) {
      picture.optedOut.push(event.id);
      continue;
    }
    if (isActive(tick, event)) picture.active.push(event);
    else noteUpcoming(tick, picture, event, leadMs);
  }
  const { firstSeenMono } = tick.state.coop;
  for (const id in firstSeenMono) {
    if (!tick.snapshot.events.some((event) => event.id === id)) delete firstSeenMono[id];
  }
  return picture;
}

/** Delay of the return after an event, s, 0..300: the same for the same home and event (control.md §7). */
export function returnDelayS(deviceSeed: string, eventId: string): number {
  return spreadHash(`${deviceSeed}|${eventId}`) % 301;
}

/** Time from the first command to the last device being down, plus 30 s. */
function preRampS(tick: Tick): number {
  let longest = 0;
  for (const { maxW, rampDownWs, tauS } of tick.config.miners) {
    longest = Math.max(longest, maxW / Math.max(1, rampDownWs) + 5 * tauS);
  }
  return longest + 30 + 2 * tick.config.tickS;
}

function isActive(tick: Tick, event: CoopEvent): boolean {
  const { nowMs, formerNowMs } = tick.inputs.wall;
  // After an unexplained jump of the clock both clocks count: the stricter one wins.
  return isActiveAt(tick, event, nowMs) || (formerNowMs !== null && isActiveAt(tick, event, formerNowMs));
}

function isActiveAt(tick: Tick, event: CoopEvent, nowMs: number): boolean {
  if (!(event.startMs <= nowMs)) return false;
  if (event.endMs !== null) return nowMs < event.endMs;
  const { firstSeenMono } = tick.state.coop;
  firstSeenMono[event.id] ??= tick.monoMs;
  const contactS = finite(tick.snapshot.coop.lastContactAgeS);
  const silentMs =
    contactS === null ? tick.monoMs - (firstSeenMono[event.id] ?? tick.monoMs) : contactS * 1000;
  return silentMs < NO_END_LAPSES_MS;
}

function noteUpcoming(tick: Tick, picture: EventPicture, event: CoopEvent, leadMs: number): void {
  const inMs = event.startMs - tick.inputs.wall.nowMs;
  if (!(inMs > 0) || inMs > 86_400_000 || event.type === "raise") return;
  if (inMs <= leadMs) picture.preRamp.push(event);
  if (picture.next && picture.next.inS * 1000 <= inMs) return;
  picture.next = { event, inS: inMs / 1000, rampInS: Math.max(0, (inMs - leadMs) / 1000) };
}
