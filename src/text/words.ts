import type { EventPriority, EventType } from "../model/coop-event.ts";
import type { CoopState, EventView, SplitProof, StatusView } from "../model/view.ts";
import { formatWatts, isKnown, UNKNOWN } from "./format.ts";
import { formatDay, formatDayTime, formatDuration, formatTime, toMs } from "./time.ts";
import { screenText } from "./width.ts";

const coopWords: Record<CoopState, string> = {
  unpaired: "no co-op paired",
  linked: "co-op linked",
  stale: "co-op silent",
  lost: "co-op lost",
  refused: "co-op refuses us",
};

/** State of the link to the co-op in two or three words. */
export function coopLabel(state: CoopState): string {
  return coopWords[state];
}

/** `co-op linked (Prairie REC)`, with the age of the last contact where the link is not well. */
export function coopLine(coop: StatusView["coop"], nowMs: number | null): string {
  const name = screenText(coop.name ?? "", 40);
  const words = coopLabel(coop.state) + (name === "" ? "" : ` (${name})`);
  const contactMs = toMs(coop.lastContactAt);
  if (coop.state === "linked" || coop.state === "unpaired" || nowMs === null) return words;
  if (contactMs === null)
    return coop.state === "stale" ? "connecting to the co-op" : `${words}, never reached`;
  return `${words} for ${formatDuration((nowMs - contactMs) / 1000)}`;
}

/** The sign of the grid in words: `importing 420 W`, `exporting 1300 W`, `balanced` within 1 W. */
export function gridWords(gridW: number | null): string {
  if (!isKnown(gridW)) return `grid ${UNKNOWN}`;
  if (Math.abs(gridW) < 1) return "grid balanced";
  return gridW > 0 ? `importing ${formatWatts(gridW)}` : `exporting ${formatWatts(-gridW)}`;
}

/** The sign of a battery in words; null when there is none or it does not answer. */
export function batteryWords(batteryW: number | null, socPercent: number | null): string | null {
  if (!isKnown(batteryW) && !isKnown(socPercent)) return null;
  const charge = isKnown(socPercent) ? `battery ${Math.round(socPercent)} %` : "battery";
  if (!isKnown(batteryW)) return charge;
  if (Math.abs(batteryW) < 1) return `${charge} resting`;
  return `${charge} ${batteryW > 0 ? "giving" : "taking"} ${formatWatts(Math.abs(batteryW))}`;
}

const priorityWords: Record<EventPriority, string> = {
  drill: "drill",
  economic: "price",
  peak: "peak",
  emergency: "emergency",
};

/** `co-op peak event`, `co-op drill`. */
export function eventName(event: EventView): string {
  return event.priority === "drill" ? "co-op drill" : `co-op ${priorityWords[event.priority]} event`;
}

const askWords: Record<EventType, (limit: string) => string> = {
  limit: (limit) => `at most ${limit}`,
  off: () => "heaters off",
  shift: (limit) => `shift, at most ${limit}`,
  raise: (limit) => `use more, up to ${limit}`,
};

/** What an event asks: `at most 500 W`. */
export function eventAsk(event: EventView): string {
  return askWords[event.type](formatWatts(event.limitW));
}

/** Countdown of an event: `starts in 4 min 10 s`, `1 h 55 min left`, `no end given`, `over`. */
export function eventCountdown(event: EventView, nowMs: number | null): string {
  const startMs = toMs(event.start);
  const endMs = toMs(event.end);
  if (event.state === "cancelled") return "cancelled";
  if (event.state === "ended") return "over";
  if (nowMs !== null && startMs !== null && nowMs < startMs) {
    return `starts in ${formatDuration((startMs - nowMs) / 1000)}`;
  }
  if (event.end === null) return "no end given";
  if (nowMs === null || endMs === null) return UNKNOWN;
  return nowMs >= endMs ? "over" : `${formatDuration((endMs - nowMs) / 1000)} left`;
}

/** From when to when: `17:00-19:00`, with the day where it begins on another one. */
export function eventHours(event: EventView, tz: string, nowMs: number | null): string {
  const isToday = formatDay(nowMs, tz) === formatDay(event.start, tz);
  const start = isToday ? formatTime(event.start, tz) : formatDayTime(event.start, tz);
  return `${start}-${event.end === null ? "open" : formatTime(event.end, tz)}`;
}

/** How this home does in an event. */
export function eventOutcome(event: EventView): string {
  if (event.optedOut) return "opted out";
  if (event.met === null) return event.state === "future" ? "not started" : "not yet measured";
  if (event.state === "active") return event.met ? "met so far" : "not met";
  return event.met ? "met" : "not met";
}

const verdictWords: Record<SplitProof["verdict"], string> = {
  ok: "ok, within luck",
  not_enough_shares: "not enough shares yet",
  drift: "drift: the pools are not as agreed",
  skewed: "skewed: outside the range of luck",
};

/** The verdict of a split in words. */
export function verdictLabel(verdict: SplitProof["verdict"]): string {
  return verdictWords[verdict];
}
