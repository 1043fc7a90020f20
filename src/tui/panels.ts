import type { DashboardView, SplitLegProof } from "../model/view.ts";
import { nextStep, notLess, notMore } from "../text/explain.ts";
import {
  degrees,
  formatCents,
  formatEnergy,
  formatMeasuredPpm,
  formatPpm,
  formatSats,
  formatTemperature,
  formatWatts,
  isKnown,
  UNKNOWN,
} from "../text/format.ts";
import { layerLabel, reasonText } from "../text/reason.ts";
import { luckRange } from "../text/table.ts";
import { formatTime } from "../text/time.ts";
import { cellWidth, fitText, padLeft, screenText, wrapText } from "../text/width.ts";
import { batteryWords, gridWords, verdictLabel } from "../text/words.ts";
import { budgetBar, roomGauge, splitGauge } from "./gauges.ts";
import { flowParts, type Line, lineWidth, span, strong, type Tone } from "./line.ts";
import { type Panel, singles } from "./panel.ts";

/** Each room: what it is now, its set point and floor, and where it stands between them. */
export function roomsPanel({ status, temperatureUnit: unit }: DashboardView, width: number): Panel {
  const zones = status.zone;
  const names = zones.map(({ name }) => screenText(name, 16));
  const nameWidth = Math.min(12, widest(names));
  const groups = zones.flatMap((zone, index): Line[][] => {
    const isCold = isKnown(zone.roomC) && zone.roomC < zone.floorC;
    const words: Line[] = [
      [
        span(`${fitText(names[index] ?? "", nameWidth)}  `),
        ...known(zone.roomC, padLeft(formatTemperature(zone.roomC, unit), 7), isCold ? "bad" : "room"),
      ],
      [span("set ", "label"), span(degrees(zone.setC, unit))],
      [span("floor ", "label"), span(degrees(zone.floorC, unit))],
      ...(isCold ? [[strong("below the floor", "bad")]] : []),
    ];
    const rows = flowParts(words, width, "  ");
    const rest = width - lineWidth(rows[0] ?? []) - 2;
    if (rows.length === 1 && rest >= 12)
      return [[[...(rows[0] ?? []), span("  "), ...roomGauge(zone, rest)]]];
    return zones.length > 1 ? [rows] : [rows, [roomGauge(zone, width)]];
  });
  const none: Line[][] = [[[span(`${UNKNOWN} no room is set up`, "label")]]];
  return { title: "Rooms", groups: groups.length > 0 ? groups : none, least: 1, rank: 3 };
}

/** Watts of all miners against the budget, then each miner. */
export function heatPanel({ status }: DashboardView, width: number): Panel {
  const { miners, budgetW } = status;
  const powerW = miners.some((miner) => !isKnown(miner.powerW))
    ? null
    : sum(miners.map((miner) => miner.powerW ?? 0));
  // What a resting miner still draws is no heat that a budget could be exceeded by.
  const isResting = miners.length > 0 && miners.every((miner) => miner.targetW === 0);
  const overW = !isResting && isKnown(powerW) && isKnown(budgetW) ? powerW - budgetW : 0;
  const words: Line = [
    strong(formatWatts(miners.length === 0 ? null : powerW), "heat"),
    span(isResting ? " at rest, " : " of ", "label"),
    span(`${formatWatts(budgetW)} budget`),
    // Meters wobble: a few watts above the budget are no news.
    ...(overW > Math.max(5, (budgetW ?? 0) * 0.02)
      ? [strong(`  over by ${formatWatts(overW)}`, "warn")]
      : []),
  ];
  const silent = miners.filter((miner) => !isKnown(miner.powerW));
  if (silent.length > 0) words.push(span(`  ${silenceWords(silent)}`, "label"));
  const drawnW = isResting ? 0 : powerW;
  const rest = width - lineWidth(words) - 2;
  const isWide = rest >= 10;
  const head: Line[] = isWide
    ? [[...words, span("  "), ...budgetBar(drawnW, budgetW, rest)]]
    : [words, budgetBar(drawnW, budgetW, width)];
  return { title: "Heat", groups: [head, ...singles(minerLines(status.miners, width))], least: 1, rank: 4 };
}

function silenceWords(silent: readonly { name: string }[]): string {
  const [first] = silent;
  return silent.length === 1
    ? `${screenText(first?.name ?? "", 12)} tells no watts`
    : `${silent.length} miners tell no watts`;
}

function minerLines(miners: DashboardView["status"]["miners"], width: number): Line[] {
  const names = miners.map(({ name }) => screenText(name, 24));
  const targets = miners.map(({ targetW }) => formatWatts(targetW));
  const stateWidth = widest(miners.map(({ state }) => state));
  const targetWidth = widest(targets);
  const others = 2 + stateWidth + 9 + 2 + targetWidth;
  const isWordy = widest(names) + others + "target ".length <= width;
  const nameWidth = Math.max(3, Math.min(widest(names), width - others - (isWordy ? 7 : 2)));
  return miners.map((miner, index) => [
    span(fitText(names[index] ?? "", nameWidth)),
    span(`  ${fitText(miner.state, stateWidth)}`, minerTone(miner.state)),
    strong(padLeft(formatWatts(miner.powerW), 9)),
    span(isWordy ? "  target " : "  → ", "label"),
    span(padLeft(targets[index] ?? "", targetWidth)),
  ]);
}

function widest(texts: readonly string[]): number {
  return Math.max(0, ...texts.map(cellWidth));
}

function minerTone(state: string): Tone {
  if (state === "mining") return "good";
  if (state === "fault") return "bad";
  return state === "starting" ? "warn" : "label";
}

/** Sun, grid with its sign in words, battery, outdoors. */
export function powerPanel(view: DashboardView, width: number): Panel {
  const { status, history, temperatureUnit } = view;
  const battery = batteryWords(status.batteryW, status.socPercent);
  const outdoorC = view.explain?.inputs.outdoorC ?? history.at(-1)?.outdoorC ?? null;
  const parts: Line[] = [
    [span("sun ", "label"), ...known(status.pvW, formatWatts(status.pvW), "sun")],
    [span("grid ", "label"), ...known(status.gridW, gridWords(status.gridW), "grid")],
    ...(battery === null ? [] : [[span(battery)]]),
    ...(isKnown(outdoorC)
      ? [[span("outside ", "label"), span(formatTemperature(outdoorC, temperatureUnit))]]
      : []),
  ];
  return { title: "Sun and grid", groups: singles(flowParts(parts, width)), least: 1, rank: 5 };
}

/** A value, or an en dash and why it is not there. */
function known(value: number | null, words: string, tone?: Tone, why = "no reading"): Line {
  return isKnown(value) ? [strong(words, tone)] : [strong(UNKNOWN), span(` ${why}`, "label")];
}

/** The decision in words: why, what comes next, what stops more and less. */
export function whyPanel(view: DashboardView, nowMs: number | null, width: number): Panel {
  const { explain, status, tz } = view;
  const reason = explain?.reason ?? status.reason;
  if (reason === null) {
    return { title: "Why", groups: [[[span(`${UNKNOWN} no decision yet`, "label")]]], least: 1, rank: 6 };
  }
  const groups = [wrapText(reasonText(reason), width, 3).map((row): Line => [strong(row)])];
  if (explain !== null) {
    groups.push(
      labelled("next", nextStep(explain, nowMs, tz), width),
      labelled("not more", notMore(explain), width),
      labelled("not less", notLess(explain), width),
    );
  }
  const title = explain === null ? "Why" : `Why: ${layerLabel(explain.reason.layer)}`;
  return { title, groups, least: 1, rank: 6 };
}

function labelled(label: string, text: string, width: number): Line[] {
  const indent = 10;
  return wrapText(text, width - indent, 3).map((row, index) => [
    span(fitText(index === 0 ? label : "", indent), "label"),
    span(row),
  ]);
}

/** The co-op's part: agreed, measured, the range of luck, and the verdict. */
export function splitPanel({ split, status }: DashboardView, width: number): Panel {
  const leg = split?.legs.find(({ role }) => role === "coop");
  if (split === null || leg === undefined) {
    const words =
      status.coop.state === "unpaired" ? "no co-op paired, all work is yours" : "no split measured yet";
    return { title: "Split", groups: [[[span(`${UNKNOWN} ${words}`, "label")]]], least: 1, rank: 8 };
  }
  const verdictTone: Tone =
    split.verdict === "ok" ? "good" : split.verdict === "not_enough_shares" ? "label" : "bad";
  const verdict: Line = [strong(verdictLabel(split.verdict), verdictTone)];
  const range: Line = [span("range ", "label"), span(luckRange(leg))];
  return {
    title: "Split",
    groups: [
      ...singles(flowParts([splitWords(leg)], width)),
      ...singles(flowParts([verdict, [span(`${split.shares} shares`, "label")]], width)),
      ...singles(flowParts([range], width)),
      [splitGauge(leg, Math.min(width, 60))],
    ],
    least: 2,
    rank: 8,
  };
}

function splitWords(leg: SplitLegProof): Line {
  return [
    span("to the co-op ", "label"),
    strong(formatMeasuredPpm(leg.measuredPpm), "coop"),
    span(" of ", "label"),
    span(`${formatPpm(leg.targetPpm)} agreed`),
  ];
}

/** Energy, sats and credit of today, which are estimates until the day is settled. */
export function todayPanel({ status }: DashboardView, width: number): Panel {
  const { energyWh, sats, creditCents } = status.today;
  const parts: Line[] = [
    isKnown(energyWh)
      ? [strong(formatEnergy(energyWh), "heat")]
      : [span("energy ", "label"), strong(UNKNOWN)],
    isKnown(sats) ? [strong(formatSats(sats))] : [span("sats ", "label"), strong(UNKNOWN)],
    [span("credit ", "label"), strong(formatCents(creditCents), "good")],
  ];
  return { title: "Today, estimated", groups: singles(flowParts(parts, width)), least: 1, rank: 7 };
}

/** The same in a row without a heading, money first. */
export function todayRow({ status }: DashboardView, width: number): Panel {
  const { energyWh, sats, creditCents } = status.today;
  const parts: Line[] = [
    [span("estimated today", "label")],
    isKnown(sats) ? [strong(formatSats(sats))] : [span("sats ", "label"), strong(UNKNOWN)],
    [span("credit ", "label"), strong(formatCents(creditCents), "good")],
    isKnown(energyWh)
      ? [strong(formatEnergy(energyWh), "heat")]
      : [span("energy ", "label"), strong(UNKNOWN)],
  ];
  return { title: "", groups: singles(flowParts(parts, width, "  ")), least: 1, rank: 7 };
}

/** The log, newest first, as far as there is room. */
export function logPanel({ log, tz }: DashboardView, width: number): Panel {
  const indent = 7;
  const newestFirst = [...log].reverse().slice(0, 40);
  const groups = newestFirst.map(({ at, text }) =>
    wrapText(screenText(text), width - indent, 2).map(
      (row, index): Line => [
        span(fitText(index === 0 ? formatTime(at, tz) : "", indent), "label"),
        span(row),
      ],
    ),
  );
  return {
    title: "Log",
    groups: groups.filter((group) => group.length > 0),
    least: 1,
    rank: 10,
    isFiller: true,
  };
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0);
}
