import type { Simulation, SimulationMetrics, SimulationPlot, SimulationRun } from "../model/simulation.ts";
import { type Column, pairLines, tableLines } from "./columns.ts";
import { UNKNOWN } from "./format.ts";
import { hourRuler, rangeOf } from "./series.ts";
import { plotRows, sparkline } from "./sparkline.ts";

const HIGH_ROWS = 4;

/** A simulated run for people: the day as a plot, then its figures beside those of the simple loops and the bound. */
export function simulationLines(data: Simulation, plot: SimulationPlot): string[] {
  const name = data.scenario === null ? "Trace" : `Scenario ${data.scenario}: ${data.title}`;
  return [
    `${name}, seed ${data.seed}, sees ${data.sees}`,
    "",
    ...plotLines(plot),
    "",
    ...runLines(data),
    ...data.variants.flatMap((run) => ["", ...runLines(run)]),
    "",
    `${data.decisions} decisions in ${(data.wallMs / 1000).toFixed(1)} s, 99 % within ${data.decisionP99Us} µs each`,
  ];
}

function plotLines({ startMs, endMs, tz, sunW, budgetW, powerW, roomC }: SimulationPlot): string[] {
  const scale = { min: 0, max: Math.max(1, ...[...sunW, ...budgetW, ...powerW].map((watts) => watts ?? 0)) };
  const block = (title: string, values: (number | null)[]) =>
    plotRows(values, HIGH_ROWS, scale).map((row, index): [string, string] => [
      index === 0 ? title : index === 1 ? `${Math.round(rangeOf(values)?.max ?? 0)} W` : "",
      row,
    ]);
  const ruler = hourRuler({ fromMs: startMs, toMs: endMs }, sunW.length, tz);
  const room = rangeOf(roomC);
  const pairs: [string, string][] = [
    ...block("sun", sunW),
    ...block("budget", budgetW),
    ...block("watts", powerW),
  ];
  if (room !== null) {
    pairs.push([`room ${room.min.toFixed(1)}-${room.max.toFixed(1)} °C`, sparkline(roomC, room)]);
  }
  return pairLines([...pairs, ["", ruler.marks], ["", ruler.labels]]);
}

function runLines(run: SimulationRun): string[] {
  const title = `${run.miners.join(" + ")}, house ${run.house}, meter ${run.meter}`;
  const others = run.baselines;
  const columns: Column[] = ["", "hearth", "hysteresis", "simple loop", "thermostat", "bound"].map(
    (name, index) => ({ title: name, align: index === 0 ? "left" : "right" }),
  );
  const bound = run.clairvoyant;
  const rows = FIGURES.map(([name, show, ofBound]) => [
    name,
    show(run.metrics),
    ...(others === null
      ? ["", "", ""]
      : [show(others.hysteresis), show(others.referenceLoop), show(others.tpi)]),
    bound === null ? "" : ofBound(bound),
  ]);
  const used = others === null && bound === null ? 2 : columns.length;
  const heading = run.variant === null ? title : `${run.variant}: ${title}`;
  return [
    heading,
    ...tableLines(
      columns.slice(0, used),
      rows.map((row) => row.slice(0, used)),
    ),
  ];
}

type Bound = NonNullable<SimulationRun["clairvoyant"]>;
type Figure = readonly [
  name: string,
  show: (metrics: SimulationMetrics) => string,
  ofBound: (bound: Bound) => string,
];

const fixed = (value: number | null, digits: number) => (value === null ? UNKNOWN : value.toFixed(digits));
const none = () => "";

const FIGURES: readonly Figure[] = [
  [
    "surplus captured",
    ({ surplusCaptureRatio: part }) => (part === null ? UNKNOWN : `${(100 * part).toFixed(1)} %`),
    none,
  ],
  ["net ratio to the bound", ({ netRatio }) => fixed(netRatio, 3), () => "1.000"],
  [
    "import caused, kWh",
    ({ importCausedKwh }) => fixed(importCausedKwh, 2),
    ({ importCausedKwh }) => fixed(importCausedKwh, 2),
  ],
  ["starts", ({ starts }) => String(starts), ({ starts }) => String(starts)],
  ["setpoints sent", ({ writes }) => String(writes), none],
  ["too cold, K h", ({ degreeHours }) => fixed(degreeHours, 2), none],
  ["too warm, min", ({ overComfortMin }) => fixed(overComfortMin, 0), none],
  ["over the breaker, W s", ({ overLimitWs }) => fixed(overLimitWs, 0), none],
  ["event met after, s", ({ eventResponseS }) => fixed(eventResponseS, 0), none],
  ["cost, $ a day", ({ costUsd }) => fixed(costUsd, 2), ({ costUsd }) => fixed(costUsd, 2)],
];
