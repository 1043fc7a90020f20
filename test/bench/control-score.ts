import { type Pilot, ReferenceLoop } from "#src/app/simulate-baselines.ts";
import { boundSurplus } from "#src/app/simulate-bound.ts";
import { type AdvanceTick, CorePilot, configOf } from "#src/app/simulate-core.ts";
import { minuteSurplusW, runHome } from "#src/app/simulate-run.ts";
import { Tally } from "#src/app/simulate-tally.ts";
import { advance } from "#src/control/decide.ts";
import { type MinerPreset, minerFacts } from "#src/sim/plant/miner-presets.ts";
import { PlantHome } from "#src/sim/plant/plant-home.ts";
import { type MeterPreset, meterFacts } from "#src/sim/plant/plant-meter.ts";
import { type SurplusDay, surplusDays } from "./control-days.ts";

/** The core under test: `advance`, or anything that keeps its contract. */
const advanceTick: AdvanceTick = advance;

/** One day for one plant, with all its seeds. */
export interface BenchTask {
  miner: MinerPreset;
  meter: MeterPreset;
  sees: "grid" | "grid+pv";
  day: string;
  seeds: number[];
  /** Scale of the household's load. */
  load: number;
}

/** Means over the seeds. */
export interface Score {
  /** J over J*; null where J* is below 0.2 kWh. */
  ratio: number | null;
  importKwh: number;
  starts: number;
  writes: number;
}

export interface DayScore {
  day: string;
  isBroken: boolean;
  jStar: number;
  core: Score;
  loop: Score;
  ticks: number;
  coreMs: number;
}

const SMALLEST_BOUND_KWH = 0.2;
const START_MS = Date.UTC(2026, 0, 15);

/** The core and the reference loop on one day. */
export function scoreDay(task: BenchTask): DayScore {
  const { miner, seeds } = task;
  const [day] = surplusDays(task.load, new RegExp(`^${task.day}\\.csv`));
  if (day === undefined) throw new Error(`there is no day ${task.day}`);
  const jStar = boundSurplus(minuteSurplusW(day.trace), minerFacts[miner]).jKwh;
  const startedMs = performance.now();
  const core = meanScore(seeds.map((seed) => run(task, day, seed, corePilot(task), jStar)));
  const coreMs = performance.now() - startedMs;
  const loop = meanScore(seeds.map((seed) => run(task, day, seed, new ReferenceLoop(), jStar)));
  const ticks = Math.ceil(day.trace.durationS / 5) * seeds.length;
  return { day: day.name, isBroken: day.isBroken, jStar, core, loop, ticks, coreMs };
}

/** Mean of the known values; null without any. */
export function meanOf(values: readonly (number | null)[]): number | null {
  const known = values.filter((value) => value !== null);
  return known.length === 0 ? null : known.reduce((sum, value) => sum + value, 0) / known.length;
}

function corePilot({ miner, meter, sees }: BenchTask): CorePilot {
  return new CorePilot({
    config: configOf([minerFacts[miner]], meterFacts[meter].latencyS),
    advance: advanceTick,
    startMs: START_MS,
    tz: "UTC",
    seesPv: sees === "grid+pv",
    hasBattery: false,
    highestImportUsdKwh: null,
    events: [],
    killEveryS: null,
  });
}

function run({ miner, meter }: BenchTask, day: SurplusDay, seed: number, pilot: Pilot, jStar: number): Score {
  const { trace } = day;
  const home = new PlantHome({
    ...{ trace, miners: [minerFacts[miner]], meter, house: "none", seed, startC: 20 },
    outdoorGuessC: () => 9,
  });
  const tally = new Tally({ setC: 20, maxC: 26, breakerW: 3840, events: [] }, 1);
  runHome({ home, pilot, tally, durationS: trace.durationS, faults: null, onTick: null });
  return {
    ratio: jStar < SMALLEST_BOUND_KWH ? null : tally.jKwh / jStar,
    importKwh: tally.importCausedKwh,
    starts: tally.starts,
    writes: pilot.writes,
  };
}

function meanScore(scores: readonly Score[]): Score {
  return {
    ratio: meanOf(scores.map(({ ratio }) => ratio)),
    importKwh: meanOf(scores.map(({ importKwh }) => importKwh)) ?? 0,
    starts: meanOf(scores.map(({ starts }) => starts)) ?? 0,
    writes: meanOf(scores.map(({ writes }) => writes)) ?? 0,
  };
}
