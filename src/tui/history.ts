import type { DashboardView, HistoryPoint } from "../model/view.ts";
import { degrees, fixed, formatTemperature, formatWatts, UNKNOWN } from "../text/format.ts";
import { bucketSeries, hourRuler, lastHours, rangeOf, type TimeSpan } from "../text/series.ts";
import { plotRows, rowOf, type Scale, signedRows, sparkline } from "../text/sparkline.ts";
import { fitText, padLeft } from "../text/width.ts";
import { mergeSpans } from "./gauges.ts";
import { type Line, type Span, span, strong, type Tone } from "./line.ts";
import { type Panel, singles } from "./panel.ts";

/** How many of the last hours a plot shows: whole hours that hold the history, 2 to 24. */
export function shownHours(history: readonly HistoryPoint[]): number {
  const first = history[0]?.atMs ?? 0;
  const hours = ((history.at(-1)?.atMs ?? 0) - first) / 3_600_000;
  return Math.min(24, Math.max(2, Math.ceil(hours)));
}

/** One-row plots with least and greatest value, and one ruler of hours below. */
export function sparkPanel(view: DashboardView, width: number): Panel {
  const cells = width - NAME - NUMBER - 2 - TAIL;
  const hours = historySpan(view);
  if (cells < 16) return { title: "", groups: [], least: 0, rank: 9 };
  const rows = seriesOf(view).map((series): Line => {
    const values = bucketSeries(view.history, hours, cells, series.pick);
    const range = rangeOf(pointsIn(view, hours).map(series.pick));
    const name = span(fitText(series.name, NAME), "label");
    if (range === null) return [name, span(padLeft(UNKNOWN, NUMBER)), span(" no reading", "label")];
    return [
      name,
      span(padLeft(series.bare(range.min), NUMBER)),
      span(" "),
      span(sparkline(values, range), series.tone),
      span(` ${series.full(range.max)}`),
    ];
  });
  const ruler = hourRuler(hours, cells, view.tz);
  const indent = " ".repeat(NAME + NUMBER + 1);
  const groups = singles([...rows, [span(indent + ruler.labels, "label")]]);
  return { title: `Last ${shownHours(view.history)} hours`, groups, least: 1, rank: 9 };
}

/** Plots `height` rows high each, one ruler below all of them. */
export function plotLines(view: DashboardView, width: number, height: number): Line[] {
  const cells = width - AXIS - 1;
  const hours = historySpan(view);
  const lines: Line[] = [];
  for (const series of seriesOf(view)) {
    const values = bucketSeries(view.history, hours, cells, series.pick);
    const marks = series.marks.map((mark) => ({
      ...mark,
      values: bucketSeries(view.history, hours, cells, mark.pick),
    }));
    lines.push(plotTitle(series, rangeOf(pointsIn(view, hours).map(series.pick))));
    const rows = series.isSigned
      ? signedPlot(series, values, height)
      : risingPlot(series, values, marks, height);
    lines.push(...rows);
  }
  const ruler = hourRuler(hours, cells, view.tz);
  const indent = " ".repeat(AXIS);
  lines.push([span(`${indent}└${ruler.marks}`, "label")], [span(`${indent} ${ruler.labels}`, "label")]);
  return lines;
}

/** Rows that `plotLines` takes for a height. */
export function plotRowsNeeded(height: number): number {
  return SERIES_COUNT * (height + 1) + 2;
}

interface Mark {
  /** A bound that must stay in sight where the bar has reached it. */
  isLimit: boolean;
  pick: (point: HistoryPoint) => number | null;
  shape: string;
  tone: Tone;
}

interface Series {
  name: string;
  title: string;
  tone: Tone;
  pick: (point: HistoryPoint) => number | null;
  marks: Mark[];
  isSigned: boolean;
  /** Values that the scale must hold beside the plotted ones. */
  anchors: number[];
  bare: (value: number) => string;
  full: (value: number) => string;
}

function seriesOf(view: DashboardView): Series[] {
  const unit = view.temperatureUnit;
  const zone = view.status.zone[0];
  const hasEvent = view.history.some((point) => point.eventLimitW !== null);
  const watts = {
    isSigned: false,
    anchors: [0],
    bare: (value: number) => fixed(value, 0),
    full: formatWatts,
  };
  return [
    {
      name: "room",
      title: zone === undefined ? "Room" : "Room above its floor, set point ─",
      tone: "room",
      pick: (point) => point.roomC,
      marks: zone === undefined ? [] : [{ pick: () => zone.setC, shape: "─", tone: "label", isLimit: false }],
      isSigned: false,
      anchors: zone === undefined ? [] : [zone.floorC, zone.setC + 0.5],
      bare: (value) => degrees(value, unit),
      full: (value) => formatTemperature(value, unit),
    },
    {
      ...watts,
      name: "heat",
      title: hasEvent ? "Heat, budget ─, event limit ━" : "Heat, budget ─",
      tone: "heat",
      pick: (point) => point.powerW,
      marks: [
        { pick: (point) => point.eventLimitW, shape: "━", tone: "warn", isLimit: true },
        { pick: (point) => point.budgetW, shape: "─", tone: "label", isLimit: true },
      ],
    },
    { ...watts, name: "sun", title: "Sun", tone: "sun", pick: (point) => point.pvW, marks: [] },
    {
      ...watts,
      name: "grid",
      title: "Grid, importing up, exporting down",
      tone: "grid",
      pick: (point) => point.gridW,
      marks: [],
      isSigned: true,
    },
  ];
}

function plotTitle(series: Series, range: Scale | null): Line {
  const words =
    range === null ? `${UNKNOWN} no reading` : `${series.bare(range.min)} to ${series.full(range.max)}`;
  return [strong(series.title, series.tone), span(`   ${words}`, "label")];
}

type PlacedMark = Mark & { values: (number | null)[] };

function risingPlot(series: Series, values: (number | null)[], marks: PlacedMark[], height: number): Line[] {
  const all = [...values, ...marks.flatMap((mark) => mark.values)];
  const range = rangeOf(values) === null ? null : rangeOf([...all, ...series.anchors]);
  const rows = plotRows(values, height, range);
  return rows.map((row, index) => {
    const cells = [...row].map((shape, column): Span => {
      if (shape !== " " || range === null) return span(shape, series.tone);
      const isOnBar = [...(rows[index + 1] ?? "")][column] !== " ";
      const mark = marks.find(({ values: limits, isLimit }) => {
        const markRow = values[column] === null ? null : rowOf(limits[column] ?? null, height, range);
        // A limit that the bar has just reached is drawn on top of the bar.
        return markRow === index || (isLimit && isOnBar && markRow === index + 1);
      });
      return mark === undefined ? span(" ") : span(mark.shape, mark.tone);
    });
    return [...axis(axisLabel(series, range, index, height)), ...mergeSpans(cells)];
  });
}

function axisLabel(series: Series, range: Scale | null, row: number, height: number): string {
  if (range === null) return row === height - 1 ? UNKNOWN : "";
  if (row === 0) return series.bare(range.max);
  return row === height - 1 ? series.bare(range.min) : "";
}

function signedPlot(series: Series, values: (number | null)[], height: number): Line[] {
  const range = rangeOf([...values, 0]) ?? { min: 0, max: 0 };
  const [above, below] = signedHeights(range, height);
  const perRow = Math.max(range.max / Math.max(1, above), -range.min / Math.max(1, below), 1);
  const isKnown = rangeOf(values) !== null;
  const rows = signedRows(values, above, below, perRow);
  return rows.map((row, index) => {
    const label = !isKnown
      ? index === height - 1
        ? UNKNOWN
        : ""
      : index === 0 && above > 0
        ? fixed(perRow * above, 0)
        : index === height - 1 && below > 0
          ? fixed(-perRow * below, 0)
          : "";
    return [...axis(label), span(row, index < above ? series.tone : "good")];
  });
}

/** Rows above and below zero, in the proportion of the two extremes. */
function signedHeights({ min, max }: Scale, height: number): [number, number] {
  if (min >= 0) return [height, 0];
  if (max <= 0) return [0, height];
  const above = Math.min(height - 1, Math.max(1, Math.round((height * max) / (max - min))));
  return [above, height - above];
}

function pointsIn({ history }: DashboardView, { fromMs, toMs }: TimeSpan): HistoryPoint[] {
  return history.filter((point) => point.atMs >= fromMs && point.atMs <= toMs);
}

function axis(label: string): Line {
  return [span(`${padLeft(label, AXIS)}│`, "label")];
}

function historySpan(view: DashboardView): TimeSpan {
  const endMs = view.history.at(-1)?.atMs ?? Date.parse(view.status.at);
  return lastHours(Number.isFinite(endMs) ? endMs : 0, shownHours(view.history));
}

const SERIES_COUNT = 4;
const NAME = 6;
const NUMBER = 6;
const TAIL = 8;
const AXIS = 6;
