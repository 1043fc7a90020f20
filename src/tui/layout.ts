import type { DashboardView } from "../model/view.ts";
import { toMs } from "../text/time.ts";
import { alarmGroups, eventLines, headerLines, headlineLines, type Moment } from "./header.ts";
import { footerLine, helpLines } from "./help.ts";
import { plotLines, plotRowsNeeded, sparkPanel } from "./history.ts";
import { besideLines, fitLine, type Line } from "./line.ts";
import { type Panel, singles, stackPanels, wantedRows } from "./panel.ts";
import {
  heatPanel,
  logPanel,
  powerPanel,
  roomsPanel,
  splitPanel,
  todayPanel,
  todayRow,
  whyPanel,
} from "./panels.ts";

export interface FrameSize {
  columns: number;
  rows: number;
}

export interface FrameOptions {
  isHelp?: boolean;
  /** Real seconds without a new picture; null while they come. */
  silentS?: number | null;
  /** Time of the picture, epoch ms; the view's own when left out. */
  nowMs?: number | null;
}

/** The whole screen: exactly `rows` lines of exactly `columns` cells, whatever the view holds. */
export function frameLines(
  view: DashboardView,
  { columns, rows }: FrameSize,
  options: FrameOptions = {},
): Line[] {
  const width = Math.max(1, columns - 2 * MARGIN);
  const moment: Moment = { nowMs: options.nowMs ?? toMs(view.status.at), silentS: options.silentS ?? null };
  const isHelp = options.isHelp ?? false;
  const height = Math.max(0, rows - 1);
  const body = isHelp ? helpLines(width) : pageLines(view, moment, width, height);
  const filled = Array.from({ length: height }, (_, row) => body[row] ?? []);
  return [...filled, footerLine(isHelp, width)]
    .map((line) => insetLine(line, columns, width))
    .slice(0, Math.max(1, rows));
}

function pageLines(view: DashboardView, moment: Moment, width: number, height: number): Line[] {
  if (width < 72 || height < 20) return smallPage(view, moment, width, height);
  if (width >= 108 && height >= 32) return largePage(view, moment, width, height);
  return mediumPage(view, moment, width, height);
}

/** One column without headings: only what a member must know, in the order in which it is given up. */
function smallPage(view: DashboardView, moment: Moment, width: number, height: number): Line[] {
  const untitled = (panel: Panel, least = panel.least): Panel => ({ ...panel, title: "", least });
  const header = headerLines(view, moment, width);
  const event = eventLines(view, moment.nowMs, width, false);
  const alarms = alarmGroups(view, width);
  return stackPanels(
    [
      { title: "", groups: [header], least: 1, rank: 0 },
      { title: "", groups: [headlineLines(view, width)], least: 0, rank: 9 },
      { title: "", groups: alarms, least: 1, rank: 1 },
      { title: "", groups: singles(event), least: 2, rank: 2 },
      untitled(roomsPanel(view, width)),
      untitled(heatPanel(view, width)),
      untitled(powerPanel(view, width)),
      untitled(whyPanel(view, moment.nowMs, width)),
      todayRow(view, width),
      untitled(splitPanel(view, width), 1),
      untitled(sparkPanel(view, width), 0),
      untitled(logPanel(view, width), 0),
    ],
    width,
    height,
  );
}

/** Two blocks side by side, sparklines across, then the log. */
function mediumPage(view: DashboardView, moment: Moment, width: number, height: number): Line[] {
  const top = topLines(view, moment, width, height >= 32);
  const sparks = sparkPanel(view, width);
  const leftWidth = Math.floor((width - GAP) / 2);
  const rightWidth = width - GAP - leftWidth;
  const left = [roomsPanel(view, leftWidth), heatPanel(view, leftWidth), powerPanel(view, leftWidth)];
  const right = [
    whyPanel(view, moment.nowMs, rightWidth),
    splitPanel(view, rightWidth),
    todayPanel(view, rightWidth),
  ];
  const topHeight = top.length;
  const free = height - topHeight;
  const sparkHeight = wantedRows([sparks]);
  const wanted = Math.max(wantedRows(left) + left.length - 1, wantedRows(right) + right.length - 1);
  const blockHeight = Math.max(
    0,
    Math.min(wanted, Math.max(free - sparkHeight, Math.min(LEAST_BLOCK_ROWS, free))),
  );
  const blocks = besideLines(
    stackPanels(left, leftWidth, blockHeight),
    leftWidth,
    stackPanels(right, rightWidth, blockHeight),
    rightWidth,
    GAP,
  );
  const below = free - blocks.length;
  const air: Line[] = below > sparkHeight ? [[]] : [];
  if (below > sparkHeight + 1) top.push([]);
  const log = { ...logPanel(view, width), least: 0, isFiller: false };
  return [
    ...top,
    ...blocks,
    ...air,
    ...stackPanels([sparks, log], width, free + topHeight - top.length - blocks.length - air.length),
  ];
}

/** Panels on the left, plots several rows high and the log on the right. */
function largePage(view: DashboardView, moment: Moment, width: number, height: number): Line[] {
  const top = [...topLines(view, moment, width, true), []];
  const leftWidth = Math.min(58, Math.max(46, Math.floor(width * 0.42)));
  const rightWidth = width - leftWidth - GAP;
  const free = height - top.length;
  const left = stackPanels(
    [
      roomsPanel(view, leftWidth),
      heatPanel(view, leftWidth),
      powerPanel(view, leftWidth),
      whyPanel(view, moment.nowMs, leftWidth),
      splitPanel(view, leftWidth),
      todayPanel(view, leftWidth),
      logPanel(view, leftWidth),
    ],
    leftWidth,
    free,
  );
  const plotHeight = Math.max(2, Math.min(12, Math.floor((free - plotRowsNeeded(0)) / 4)));
  const right = plotLines(view, rightWidth, plotHeight);
  return [...top, ...besideLines(left, leftWidth, right, rightWidth, GAP)];
}

function topLines(view: DashboardView, moment: Moment, width: number, isRoomy: boolean): Line[] {
  return [
    ...headerLines(view, moment, width),
    ...headlineLines(view, width),
    ...alarmGroups(view, width).flat(),
    ...eventLines(view, moment.nowMs, width, isRoomy),
  ].slice(0, MOST_TOP_ROWS);
}

function insetLine(line: Line, columns: number, width: number): Line {
  const margin = columns > width ? " ".repeat(Math.min(MARGIN, columns - width)) : "";
  return fitLine([{ text: margin }, ...line], columns);
}

const MARGIN = 1;
const GAP = 3;
/** Many alarms must not push the rooms off the screen. */
const MOST_TOP_ROWS = 8;
/** Rooms, heat and the reason stay before the sparklines do. */
const LEAST_BLOCK_ROWS = 10;
