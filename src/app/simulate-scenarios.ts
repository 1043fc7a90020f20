import { readFileSync } from "node:fs";
import { join } from "node:path";
import type { EventPriority, EventType } from "../model/coop-event.ts";
import type { HousePreset } from "../sim/house.ts";
import type { FaultPlan } from "../sim/plant/faults.ts";
import { type MinerPreset, minerPresets } from "../sim/plant/miner-presets.ts";
import type { MeterPreset } from "../sim/plant/plant-meter.ts";
import { type Trace, traceColumns } from "../sim/plant/trace.ts";
import { listRecordedDays, loadRecordedDay } from "../sim/recorded-day.ts";
import { createWeather, localOffset } from "../sim/weather.ts";
import { parseTrace } from "./simulate-trace.ts";

/** An event of a scenario; seconds from its start. */
export interface ScenarioEvent {
  startS: number;
  endS: number;
  type: EventType;
  priority: EventPriority;
  limitW: number;
  /** Known so long before its start, s. */
  noticeS: number;
}

/** One run of a scenario: everything that it does not say is the default of a trace. */
export interface ScenarioRun {
  /** What sets it apart from its neighbours; null when the scenario has one run. */
  variant: string | null;
  /** Recorded days in a row, or the three fast hours. */
  days: readonly string[] | "fast hours";
  /** Civil moment of the start in the zone, and how long it runs, h. */
  start: string;
  hours: number;
  tz: string;
  miners: readonly MinerPreset[];
  house: HousePreset | "none";
  meter: MeterPreset;
  tariff: Tariff | null;
  events: readonly ScenarioEvent[];
  faults: FaultPlan;
  killEveryS: number | null;
  batteryPercent: number | null;
  /** Main fuse of the panel, A at 240 V. */
  mainA: number;
}

export interface Scenario {
  title: string;
  runs: readonly ScenarioRun[];
}

/** Prices by local time: import in $/kWh by hour, on workdays and at the weekend. */
export interface Tariff {
  workdayUsdKwh: readonly number[];
  weekendUsdKwh: readonly number[];
  exportUsdKwh: (importUsdKwh: number) => number;
}

const hours = (...spans: readonly (readonly [hours: number, price: number])[]) =>
  spans.flatMap(([count, price]) => new Array<number>(count).fill(price));

/** Made-up tariffs (CC0); no real utility's. */
const timeOfUse: Tariff = {
  workdayUsdKwh: hours([6, 0.07], [3, 0.21], [8, 0.12], [4, 0.24], [3, 0.12]),
  weekendUsdKwh: hours([6, 0.07], [18, 0.11]),
  exportUsdKwh: () => 0.03,
};
const windyPrices = [
  ...[0.012, 0.008, -0.004, -0.011, -0.015, -0.006, 0.018, 0.041, 0.052, 0.038, 0.021, 0.009],
  ...[0.002, -0.003, 0.004, 0.016, 0.047, 0.089, 0.112, 0.094, 0.066, 0.043, 0.029, 0.019],
];
const windy: Tariff = {
  workdayUsdKwh: windyPrices,
  weekendUsdKwh: windyPrices,
  exportUsdKwh: (importUsdKwh) => importUsdKwh - 0.01,
};

const sunny: ScenarioRun = {
  variant: null,
  days: ["2012-05-17"],
  start: "2026-01-15T00:00",
  hours: 24,
  tz: "America/Denver",
  miners: ["C-3500"],
  house: "none",
  meter: "M5",
  tariff: null,
  events: [],
  faults: "none",
  killEveryS: null,
  batteryPercent: null,
  mainA: 100,
};
const heated: ScenarioRun = { ...sunny, days: ["2003-09-22"], house: "farmhouse-zone" };
const peak = { type: "limit", priority: "peak", limitW: 500 } as const;

/** The scenarios of control.md §15 by letter. */
export const scenarios: Readonly<Record<string, Scenario>> = {
  A: { title: "clear day", runs: [{ ...sunny, days: ["1998-06-13"] }] },
  B: { title: "broken cloud at 1 min", runs: [sunny] },
  C: { title: "broken cloud at 10 s", runs: [{ ...sunny, days: "fast hours", hours: 3 }] },
  D: {
    title: "cold snap down to -23 degC",
    runs: [{ ...heated, days: ["2016-01-01", "2022-01-02"], hours: 48, house: "room" }],
  },
  E: {
    title: "shoulder season with a battery",
    runs: [{ ...heated, days: ["2003-09-22", "2019-02-02"], hours: 48, batteryPercent: 50 }],
  },
  F: {
    title: "two-hour evening peak event",
    runs: [
      {
        ...{ ...heated, days: ["2022-01-02"], variant: "scheduled" },
        events: [{ ...peak, startS: 61_200, endS: 68_400, noticeS: 14_400 }],
      },
      {
        ...{ ...heated, days: ["2022-01-02"], variant: "immediate" },
        events: [{ ...peak, startS: 61_200, endS: 68_400, noticeS: 0 }],
      },
    ],
  },
  G: {
    title: "sensors that fall silent: grid 10 min, room 2 h, miner 5 min",
    runs: [{ ...heated, days: ["2003-09-22", "2012-05-17"], hours: 48, faults: "drop-outs" }],
  },
  H: {
    title: "both nights of the clock change with a time-of-use tariff",
    runs: [
      { ...clockChange("2026-03-07T12:00"), variant: "spring" },
      { ...clockChange("2026-10-31T12:00"), variant: "autumn" },
    ],
  },
  I: {
    title: "slow meters",
    runs: [
      { ...sunny, variant: "P30", meter: "P30" },
      { ...sunny, variant: "P60", meter: "P60" },
    ],
  },
  J: {
    title: "each reference miner",
    runs: minerPresets.map((miner) => ({ ...sunny, variant: miner, miners: [miner] })),
  },
  K: {
    title: "two and four miners on one panel of 60 A",
    runs: [
      { ...sunny, variant: "two", miners: ["C-3500", "C-500"], mainA: 60 },
      { ...sunny, variant: "four", miners: ["C-3500", "C-500", "D-5", "X-1500"], mainA: 60 },
    ],
  },
  L: {
    title: "the process is killed every 3 h",
    runs: [{ ...heated, days: ["2003-09-22", "2012-05-17"], hours: 48, killEveryS: 10_800 }],
  },
  M: { title: "negative prices", runs: [{ ...heated, days: ["2022-01-03"], tariff: windy }] },
  N: {
    title: "sensors that lie: no number, negative, frozen, out of range",
    runs: [{ ...heated, days: ["2003-09-22", "2012-05-17"], hours: 48, faults: "lies" }],
  },
};

function clockChange(start: string): ScenarioRun {
  return { ...heated, days: ["2022-01-02", "2022-01-03"], start, tz: "America/Chicago", tariff: timeOfUse };
}

const MINUTE_S = 60;
const LOAD_SCALE = 0.5;
/** The household that goes with the fast hours, W: a quiet day. */
const QUIET_LOAD_W = 300;

/** The trace of a run from the recorded days that ship in `templatesDir`. */
export function scenarioTrace(run: ScenarioRun, templatesDir: string): Trace {
  if (run.days === "fast hours") return fastHours(templatesDir);
  const startMs = startOf(run);
  const count = run.hours * 60;
  const columns = Object.fromEntries(traceColumns.map((name) => [name, null])) as Trace["columns"];
  const own = listRecordedDays(templatesDir, "scenarios");
  const days = run.days.map((day) => {
    const isOwn = own.some((info) => info.day === day);
    return loadRecordedDay(templatesDir, day, isOwn ? "scenarios" : "days");
  });
  const weatherAt = createWeather(days, startMs, run.tz, LOAD_SCALE);
  const [pv, load, outdoor, ghi] = [0, 0, 0, 0].map(() => new Float64Array(count)) as [
    Float64Array,
    Float64Array,
    Float64Array,
    Float64Array,
  ];
  for (let minute = 0; minute < count; minute += 1) {
    const moment = weatherAt(startMs + minute * MINUTE_S * 1000);
    pv[minute] = moment.pvW;
    load[minute] = moment.loadW;
    outdoor[minute] = moment.outdoorC;
    ghi[minute] = moment.ghiWm2;
  }
  Object.assign(columns, { pv_w: pv, load_w: load, outdoor_c: outdoor, ghi_wm2: ghi });
  if (run.tariff !== null) Object.assign(columns, pricesOf(run, run.tariff, startMs, count));
  const timesS = Float64Array.from({ length: count }, (_, minute) => minute * MINUTE_S);
  return { startMs, timesS, columns, durationS: count * MINUTE_S };
}

/** Epoch ms of a civil moment in the run's zone; the starts of the table are unambiguous. */
function startOf({ start, tz }: ScenarioRun): number {
  const asUtcMs = Date.parse(`${start}:00Z`);
  return asUtcMs - localOffset(tz)(asUtcMs - localOffset(tz)(asUtcMs));
}

function pricesOf(run: ScenarioRun, tariff: Tariff, startMs: number, count: number) {
  const offsetAt = localOffset(run.tz);
  const imported = Float64Array.from({ length: count }, (_, minute) => {
    const utcMs = startMs + minute * MINUTE_S * 1000;
    const local = new Date(utcMs + offsetAt(utcMs));
    const isWeekend = local.getUTCDay() % 6 === 0;
    const day = isWeekend ? tariff.weekendUsdKwh : tariff.workdayUsdKwh;
    return day[local.getUTCHours()] ?? Number.NaN;
  });
  return { import_usd_kwh: imported, export_usd_kwh: imported.map(tariff.exportUsdKwh) };
}

function fastHours(templatesDir: string): Trace {
  const name = join(templatesDir, "scenarios", "cloudy_hours_10s.csv");
  const trace = parseTrace(readFileSync(name, "utf8"), name);
  trace.columns.load_w = new Float64Array(trace.timesS.length).fill(QUIET_LOAD_W);
  return trace;
}
