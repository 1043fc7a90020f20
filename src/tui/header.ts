import type { DashboardView } from "../model/view.ts";
import { formatDay, formatDuration, formatTime, formatTimeSeconds, zoneName } from "../text/time.ts";
import { screenText, wrapText } from "../text/width.ts";
import {
  coopLabel,
  coopLine,
  eventAsk,
  eventCountdown,
  eventHours,
  eventName,
  eventOutcome,
} from "../text/words.ts";
import { flowParts, joinParts, type Line, lineWidth, span, spreadLine, strong, type Tone } from "./line.ts";

/** What the header must know beside the view. */
export interface Moment {
  /** Time of the picture, epoch ms; null when it carries none. */
  nowMs: number | null;
  /** Real seconds since the last picture came, when that is long enough to tell; else null. */
  silentS: number | null;
}

/** Home, local time, link to the co-op and the mark of a simulation, in one or two rows. */
export function headerLines(view: DashboardView, { nowMs, silentS }: Moment, width: number): Line[] {
  const { tz, status } = view;
  const home = screenText(view.home, 40);
  const title: Line = [strong("Hearth", "heat"), ...(home === "" ? [] : [span(`  ${home}`)])];
  const mark: Line[] = view.simulated ? [[strong("SIMULATED", "warn")]] : [];
  const link: Line = [span(coopLine(status.coop, nowMs), linkTone(view))];
  const shortLink: Line = [span(coopLabel(status.coop.state), linkTone(view))];
  const zone = zoneName(nowMs, tz);
  const seconds: Line = [strong(`${formatTimeSeconds(nowMs, tz)} ${zone}`.trim())];
  const minutes: Line = [strong(`${formatTime(nowMs, tz)} ${zone}`.trim())];
  const dated: Line = [strong(`${formatDay(nowMs, tz)}  `), ...seconds];
  const oneRow = [
    [...mark, link, dated],
    [...mark, shortLink, dated],
    [...mark, shortLink, seconds],
  ]
    .map((parts) => flowParts(parts, Number.POSITIVE_INFINITY)[0] ?? [])
    .find((right) => lineWidth(title) + GAP + lineWidth(right) <= width);
  const rows =
    oneRow === undefined
      ? [spreadLine(title, minutes, width), joinParts([shortLink, ...mark], width)]
      : [spreadLine(title, oneRow, width)];
  return [...rows, ...silenceLines(view, silentS, width)];
}

/** What the caller has to say about this run, wrapped in at most two rows. */
export function headlineLines(view: DashboardView, width: number): Line[] {
  const text = screenText(view.headline ?? "", 300);
  return wrapText(text, width, 2).map((row) => [span(row, "label")]);
}

/**
 * The co-op event as a banner: what it asks, until when, how long yet, and how this home does in it. The command that
 * opts out gets a row of its own only where the screen is roomy.
 */
export function eventLines(
  view: DashboardView,
  nowMs: number | null,
  width: number,
  isRoomy: boolean,
): Line[] {
  const { event } = view.status;
  if (event === null) return [];
  const isOver = event.state === "ended" || event.state === "cancelled";
  const tone: Tone = isOver ? "label" : event.state === "active" ? "warn" : "coop";
  const name = eventName(event).toUpperCase();
  const bar: Line = [span("▌", tone)];
  const parts: Line[] = [
    [strong(name, tone)],
    [strong(eventAsk(event))],
    [strong(eventCountdown(event, nowMs), tone)],
    [span(eventHours(event, view.tz, nowMs))],
    [span(eventOutcome(event), event.met === false ? "bad" : event.met === true ? "good" : "label")],
  ];
  const rows = flowParts(parts, width - 2, "  ");
  // A command that a person may copy: only where the id holds nothing that a shell would read.
  if (!isOver && !event.optedOut && /^[\w.-]{1,40}$/.test(event.id)) {
    const command: Line = [span(`leave it: hearth event opt-out ${event.id}`, "label")];
    const last = rows.at(-1) ?? [];
    if (isRoomy) rows.push(...flowParts([rows.pop() ?? [], command], width - 2, "  "));
    else if (lineWidth(last) + 2 + lineWidth(command) <= width - 2)
      rows.push([...(rows.pop() ?? []), span("  "), ...command]);
  }
  return rows.map((row) => [...bar, span(" "), ...row]);
}

/** Alarms first and in words, one group each; colour only repeats the mark. */
export function alarmGroups(view: DashboardView, width: number): Line[][] {
  return view.alarms.map((alarm) => {
    const text = screenText(alarm.text) || screenText(alarm.code, 40);
    return wrapText(text, width - 8, 2).map(
      (row, index): Line => [strong(index === 0 ? "! ALARM " : "        ", "bad"), span(row)],
    );
  });
}

function linkTone({ status }: DashboardView): Tone {
  if (status.coop.state === "linked") return "coop";
  return status.coop.state === "unpaired" ? "label" : "warn";
}

function silenceLines(view: DashboardView, silentS: number | null, width: number): Line[] {
  const words: string[] = [];
  if (!view.status.loop) words.push("the loop is not running: this is its last picture");
  if (silentS !== null) words.push(`no news for ${formatDuration(silentS)}`);
  return wrapText(words.join(", "), width - 2, 1).map((row) => [strong(`! ${row}`, "bad")]);
}

const GAP = 3;
