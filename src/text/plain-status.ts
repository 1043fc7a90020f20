import type { StatusView } from "../model/view.ts";
import { pairLines } from "./columns.ts";
import {
  degrees,
  formatCents,
  formatEnergy,
  formatSats,
  formatTemperature,
  formatWatts,
  isKnown,
  UNKNOWN,
} from "./format.ts";
import { reasonText } from "./reason.ts";
import { formatDayTime, toMs, zoneName } from "./time.ts";
import { fitText, padLeft, screenText } from "./width.ts";
import {
  batteryWords,
  coopLine,
  eventAsk,
  eventCountdown,
  eventHours,
  eventName,
  eventOutcome,
  gridWords,
} from "./words.ts";

/** How the member wants to read it. */
export interface StatusStyle {
  tz: string;
  temperatureUnit: "C" | "F";
}

/** `hearth status` in plain words: a few aligned lines, no colour, no control characters. */
export function statusLines(status: StatusView, style: StatusStyle): string[] {
  const { tz } = style;
  const nowMs = toMs(status.at);
  const battery = batteryWords(status.batteryW, status.socPercent);
  const loop = status.loop ? "" : "   the loop is not running";
  return pairLines([
    ["At", `${formatDayTime(status.at, tz)} ${zoneName(status.at, tz)}${loop}`],
    ...roomPairs(status, style),
    ...minerPairs(status),
    ["Budget", formatWatts(status.budgetW)],
    ["Sun", isKnown(status.pvW) ? formatWatts(status.pvW) : NO_READING],
    ["Grid", isKnown(status.gridW) ? gridWords(status.gridW) : NO_READING],
    ...(battery === null ? [] : [pair("Battery", battery.replace(/^battery /, ""))]),
    ...eventPair(status, tz, nowMs),
    pair("Reason", status.reason === null ? `${UNKNOWN} no decision yet` : reasonText(status.reason)),
    ["Co-op", coopLine(status.coop, nowMs)],
    ["Today", todayWords(status.today)],
  ]);
}

function roomPairs({ zone }: StatusView, { temperatureUnit: unit }: StatusStyle): Pair[] {
  return zone.map(({ name, roomC, setC, floorC }) => {
    const room = isKnown(roomC) ? formatTemperature(roomC, unit) : NO_READING;
    return pair(
      screenText(name, 24),
      `${room}   set ${degrees(setC, unit)}   floor ${degrees(floorC, unit)}`,
    );
  });
}

function minerPairs({ miners }: StatusView): Pair[] {
  const states = Math.max(0, ...miners.map(({ state }) => state.length));
  const watts = Math.max(0, ...miners.map(({ powerW }) => formatWatts(powerW).length));
  return miners.map(({ name, state, powerW, targetW }) => {
    const power = padLeft(formatWatts(powerW), watts);
    return pair(
      screenText(name, 24),
      `${fitText(state, states)}   ${power}   target ${formatWatts(targetW)}`,
    );
  });
}

/** Today's figures in one line, always marked as an estimate. */
function todayWords({ energyWh, sats, creditCents }: StatusView["today"]): string {
  const energy = isKnown(energyWh) ? formatEnergy(energyWh) : `energy ${UNKNOWN}`;
  const mined = isKnown(sats) ? formatSats(sats) : `sats ${UNKNOWN}`;
  return `${energy}   ${mined}   credit ${formatCents(creditCents)}   (estimated)`;
}

function eventPair({ event }: StatusView, tz: string, nowMs: number | null): Pair[] {
  if (event === null) return [];
  const words = [
    eventAsk(event),
    eventHours(event, tz, nowMs),
    eventCountdown(event, nowMs),
    eventOutcome(event),
  ];
  return [pair("Event", `${eventName(event)}: ${words.join(", ")}`)];
}

function pair(name: string, value: string): Pair {
  return [name, value];
}

type Pair = readonly [name: string, value: string];

const NO_READING = `${UNKNOWN} no reading`;
