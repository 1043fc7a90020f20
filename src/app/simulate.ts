import { advance } from "../control/decide.ts";
import type { ControlConfig } from "../control/types.ts";
import type { CoopEvent } from "../model/coop-event.ts";
import { usageError } from "../model/errors.ts";
import type {
  ClairvoyantBound,
  Simulation,
  SimulationBaselines,
  SimulationMetrics,
  SimulationPlot,
  SimulationRun,
} from "../model/simulation.ts";
import { type HousePreset, steadyLossWk } from "../sim/house.ts";
import { Faults } from "../sim/plant/faults.ts";
import { type MinerPreset, minerFacts } from "../sim/plant/miner-presets.ts";
import { PlantHome } from "../sim/plant/plant-home.ts";
import { type MeterPreset, meterFacts } from "../sim/plant/plant-meter.ts";
import type { Trace } from "../sim/plant/trace.ts";
import { Hysteresis, type Pilot, ReferenceLoop, TpiThermostat } from "./simulate-baselines.ts";
import { boundSurplus } from "./simulate-bound.ts";
import { type AdvanceTick, BREAKER_A, CorePilot, configOf } from "./simulate-core.ts";
import { boundCost } from "./simulate-cost-bound.ts";
import { DayPlot } from "./simulate-plot.ts";
import { eventsOfTrace, limitAt, minuteSurplusW, runHomeInTurns } from "./simulate-run.ts";
import { type ScenarioEvent, type ScenarioRun, scenarios, scenarioTrace } from "./simulate-scenarios.ts";
import { SeriesWriter } from "./simulate-series.ts";
import { Tally } from "./simulate-tally.ts";
import { readTrace } from "./simulate-trace.ts";

export interface SimulateOptions {
  /** Path of a trace, or the letter of a scenario; exactly one of them. */
  trace: string | null;
  scenario: string | null;
  /** Null keeps what the scenario says, else the defaults of product.md §7. */
  miner: MinerPreset | null;
  house: HousePreset | "none" | null;
  meter: MeterPreset | null;
  seed: number;
  sees: "grid" | "grid+pv";
  /** Baselines and bounds too. */
  hasBaselines: boolean;
  /** Where the rows go; null keeps none. */
  series: string | null;
  /** Folder `templates` of the program. */
  templatesDir: string;
  /** Another core that keeps the contract of `advance`. */
  advanceTick?: AdvanceTick;
}

export interface SimulateResult {
  data: Simulation;
  plot: SimulationPlot;
  warnings: string[];
}

/** One run that is ready to go. */
interface Job extends ScenarioRun {
  trace: Trace;
  startMs: number;
  config: ControlConfig;
  options: SimulateOptions;
}

/** Where a trace that counts seconds begins, and the temperature assumed where it tells none, degC. */
const START_MS = Date.UTC(2026, 0, 15);
const TRACE_RUN: ScenarioRun = {
  ...{ variant: null, days: [], start: "", hours: 0, tz: "UTC", miners: ["C-3500"], house: "farmhouse" },
  ...{ meter: "M5", tariff: null, events: [], faults: "none", killEveryS: null, batteryPercent: null },
  mainA: 100,
};
const BREAKER_V = 240;
const TRACE_NOTICE_S = 4 * 3600;

/**
 * Runs the product's core, its baselines and the clairvoyant bounds on a trace or a scenario (control.md §15). The same
 * options give the same figures and the same series to the last byte; only the times that it took differ.
 * Throws usage errors for traces that cannot be read and letters that are not known.
 */
export async function simulate(options: SimulateOptions): Promise<SimulateResult> {
  const startedMs = performance.now();
  const { title, jobs } = jobsOf(options);
  const [first] = jobs;
  if (first === undefined) throw usageError("SCENARIO_EMPTY", "No run of this scenario fits the flags");
  const series = options.series === null ? null : new SeriesWriter(options.series);
  const plot = new DayPlot(first.startMs, first.trace.durationS, first.tz);
  const main = await runJob(first, series, plot);
  series?.close();
  const variants: SimulationRun[] = [];
  for (const job of jobs.slice(1)) variants.push(await runJob(job, null, null));
  const zone = first.config.zones[0];
  const data: Simulation = {
    scenario: options.scenario,
    title,
    seed: options.seed,
    sees: options.sees,
    setC: zone?.setC ?? 20,
    floorC: zone?.floorC ?? 15,
    ...main,
    variants,
    wallMs: Math.round(performance.now() - startedMs),
  };
  return { data, plot: plot.cells(), warnings: warningsOf(first, jobs.length, options) };
}

function jobsOf(options: SimulateOptions): { title: string; jobs: Job[] } {
  if (options.trace !== null) {
    const trace = readTrace(options.trace);
    const events = eventsOfTrace(trace).map((event): ScenarioEvent => {
      return { ...event, type: "limit", priority: "peak", noticeS: TRACE_NOTICE_S };
    });
    return { title: "trace", jobs: [jobOf({ ...TRACE_RUN, events }, trace, options)] };
  }
  const scenario = scenarios[options.scenario ?? ""];
  if (scenario === undefined) {
    throw usageError("SCENARIO_UNKNOWN", "A run needs --trace FILE or --scenario with a letter", {
      hint: `the scenarios are ${Object.keys(scenarios).join(", ")}`,
    });
  }
  const runs = scenario.runs.filter((run) => fits(run, scenario.runs, options));
  const jobs = runs.map((run) => jobOf(run, scenarioTrace(run, options.templatesDir), options));
  return { title: scenario.title, jobs };
}

/** A flag that the variants of a scenario differ in picks among them. */
function fits(run: ScenarioRun, all: readonly ScenarioRun[], { miner, meter }: SimulateOptions): boolean {
  const differs = (of: (run: ScenarioRun) => string) => new Set(all.map(of)).size > 1;
  if (meter !== null && differs((one) => one.meter) && all.some((one) => one.meter === meter)) {
    return run.meter === meter;
  }
  const isOfMiners = all.every((one) => one.miners.length === 1) && differs((one) => one.miners.join());
  return miner === null || !isOfMiners || run.miners[0] === miner;
}

function jobOf(run: ScenarioRun, trace: Trace, options: SimulateOptions): Job {
  const miners = options.miner === null || run.miners.length > 1 ? run.miners : [options.miner];
  const house = options.house ?? run.house;
  const meter = options.meter ?? run.meter;
  const config = configOf(
    miners.map((name) => minerFacts[name]),
    meterFacts[meter].latencyS,
    { lossWk: house === "none" ? null : steadyLossWk(house), mainA: run.mainA },
  );
  return { ...run, miners, house, meter, trace, startMs: trace.startMs ?? START_MS, config, options };
}

async function runJob(job: Job, series: SeriesWriter | null, plot: DayPlot | null): Promise<SimulationRun> {
  const { options, miners } = job;
  const facts = miners.map((name) => minerFacts[name]);
  const [fact] = facts;
  const isScored = options.hasBaselines && fact !== undefined && facts.length === 1;
  const bound = isScored ? boundSurplus(minuteSurplusW(job.trace), fact) : null;
  const cost = options.hasBaselines ? await boundCost({ ...job, miners: facts, ...limitsOf(job) }) : null;
  const pilot = new CorePilot({
    config: job.config,
    advance: options.advanceTick ?? advance,
    startMs: job.startMs,
    tz: job.tz,
    seesPv: options.sees === "grid+pv",
    hasBattery: job.batteryPercent !== null,
    highestImportUsdKwh: highestOf(job.trace),
    events: job.events.map((event, index) => coopEvent(event, index, job.startMs)),
    killEveryS: job.killEveryS,
  });
  const metrics = await runPilot(job, pilot, bound?.jKwh ?? null, series, plot);
  const baselines = isScored ? await baselinesOf(job, bound?.jKwh ?? null) : null;
  const clairvoyant: ClairvoyantBound | null =
    bound === null
      ? null
      : {
          ...bound,
          costUsd: cost?.costUsd ?? null,
          costReason: cost === null ? "not asked for" : cost.reason,
        };
  return {
    variant: job.variant,
    miners: [...miners],
    house: job.house,
    meter: job.meter,
    metrics,
    baselines,
    clairvoyant,
    costGap: gapOf(metrics, baselines, clairvoyant),
    decisions: pilot.decisions,
    decisionP99Us: pilot.decisionP99Us,
  };
}

function limitsOf(job: Job) {
  const zone = job.config.zones[0];
  return {
    setC: zone?.setC ?? 20,
    maxC: zone?.maxC ?? 26,
    limitAt: (nowS: number) => limitAt(job.events, nowS),
  };
}

async function baselinesOf(job: Job, jStarKwh: number | null): Promise<SimulationBaselines> {
  const setC = limitsOf(job).setC;
  const run = (pilot: Pilot) => runPilot(job, pilot, jStarKwh, null, null);
  return {
    hysteresis: await run(new Hysteresis(setC, job.house !== "none")),
    referenceLoop: await run(new ReferenceLoop()),
    tpi: await run(new TpiThermostat(setC)),
  };
}

/** One pilot in a home of its own; every pilot meets the same noise, luck and faults. */
async function runPilot(
  job: Job,
  pilot: Pilot,
  jStarKwh: number | null,
  series: SeriesWriter | null,
  plot: DayPlot | null,
): Promise<SimulationMetrics> {
  const { trace, options, events } = job;
  const { setC, maxC } = limitsOf(job);
  const home = new PlantHome({
    trace,
    miners: job.miners.map((name) => minerFacts[name]),
    meter: job.meter,
    house: job.house,
    seed: options.seed,
    startC: setC,
    batteryPercent: job.batteryPercent,
    outdoorGuessC: shoulderC,
  });
  const tally = new Tally({ setC, maxC, breakerW: 0.8 * BREAKER_A * BREAKER_V, events }, job.miners.length);
  const hasRows = series !== null || plot !== null;
  const onTick = (nowS: number) => {
    series?.add(nowS, home, pilot, limitAt(events, nowS), tally.starts);
    plot?.add(nowS, home, pilot);
  };
  const faults = job.faults === "none" ? null : new Faults(job.faults, options.seed);
  await runHomeInTurns({
    ...{ home, pilot, tally, durationS: trace.durationS, faults },
    onTick: hasRows ? onTick : null,
  });
  return tally.metrics(pilot, jStarKwh);
}

/** A limit of a trace or a scenario as the event that control is told. */
function coopEvent(
  event: ScenarioEvent,
  index: number,
  startMs: number,
): CoopEvent & { isOptedOut: boolean } {
  const fromMs = startMs + event.startS * 1000;
  return {
    id: `event-${index + 1}`,
    version: 1,
    issuedMs: fromMs - event.noticeS * 1000,
    startMs: fromMs,
    endMs: startMs + event.endS * 1000,
    type: event.type,
    priority: event.priority,
    limitW: event.limitW,
    raiseW: null,
    floorW: 0,
    noticeS: event.noticeS,
    source: "simulation",
    isCancelled: false,
    isOptedOut: false,
  };
}

function gapOf(
  { costUsd }: SimulationMetrics,
  baselines: SimulationBaselines | null,
  clairvoyant: ClairvoyantBound | null,
): number | null {
  const boundUsd = clairvoyant?.costUsd ?? null;
  const plainUsd = baselines?.hysteresis.costUsd ?? null;
  if (costUsd === null || boundUsd === null || plainUsd === null || plainUsd === boundUsd) return null;
  return (costUsd - boundUsd) / Math.abs(plainUsd - boundUsd);
}

function highestOf({ columns }: Trace): number | null {
  const highest = columns.import_usd_kwh?.reduce((most, price) => (price > most ? price : most), -Infinity);
  return highest === undefined || highest === -Infinity ? null : highest;
}

/** The shoulder season of data without a temperature, degC by time of day. */
function shoulderC(nowS: number): number {
  return 9 - 6 * Math.cos((2 * Math.PI * (nowS / 3600 - 4)) / 24);
}

function warningsOf(job: Job, runs: number, { series }: SimulateOptions): string[] {
  const { columns } = job.trace;
  const warnings: string[] = [];
  if (columns.outdoor_c === null && job.house !== "none") {
    warnings.push(
      "The trace has no outdoor_c: the house stands in a made-up shoulder season, the loop sees none",
    );
  }
  if (columns.pv_w === null) warnings.push("The trace has no pv_w: there is no sun");
  if (columns.load_w === null) warnings.push("The trace has no load_w: the household draws nothing");
  if (series !== null && runs > 1) warnings.push("The series is that of the first variant");
  return warnings;
}
