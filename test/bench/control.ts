/**
 * The goals of control on the recorded sunny days (control.md §15):
 *
 *   node test/bench/control.ts [--quick] [--miner C-3500,R-3400] [--meter M5,P60] [--sees grid,grid+pv]
 *                              [--days REGEX] [--seeds 1,2,3,4,5] [--load 0.5] [--each]
 *
 * `--quick` is C-3500 at M5 with seed 1. HEARTH_BENCH_DAYS names a folder with more days.
 */
import { parseArgs } from "node:util";
import { type Pilot, ReferenceLoop } from "#src/app/simulate-baselines.ts";
import { boundSurplus } from "#src/app/simulate-bound.ts";
import { CorePilot, configOf, type DecideTick } from "#src/app/simulate-core.ts";
import { minuteSurplusW, runHome } from "#src/app/simulate-run.ts";
import { Tally } from "#src/app/simulate-tally.ts";
import { decide } from "#src/control/decide.ts";
import { type MinerPreset, minerFacts } from "#src/sim/plant/miner-presets.ts";
import { PlantHome } from "#src/sim/plant/plant-home.ts";
import { type MeterPreset, meterFacts } from "#src/sim/plant/plant-meter.ts";
import { type SurplusDay, surplusDays } from "./control-days.ts";

const MIDNIGHT = Date.UTC(2026, 0, 15);
/** The core under test; put another one here that keeps the contract of `decide`. */
const decideTick: DecideTick = decide;

interface Score {
  ratio: number | null;
  capture: number | null;
  importKwh: number;
  starts: number;
  writes: number;
}

const { values: flags } = parseArgs({
  options: {
    quick: { type: "boolean", default: false },
    each: { type: "boolean", default: false },
    miner: { type: "string", default: "C-3500,R-3400" },
    meter: { type: "string", default: "M5,P60" },
    sees: { type: "string", default: "grid" },
    days: { type: "string", default: "." },
    seeds: { type: "string", default: "1,2,3,4,5" },
    load: { type: "string", default: "0.5" },
  },
});

function score(
  day: SurplusDay,
  miner: MinerPreset,
  meter: MeterPreset,
  seed: number,
  pilot: Pilot,
  jStar: number,
) {
  const facts = minerFacts[miner];
  const home = new PlantHome({
    trace: day.trace,
    miners: [facts],
    meter,
    house: "none",
    seed,
    startC: 20,
    outdoorGuessC: () => 9,
  });
  const tally = new Tally({ setC: 20, maxC: 26, breakerW: 3840, events: [] }, 1);
  runHome({ home, pilot, tally, durationS: day.trace.durationS, faults: null, onTick: null });
  return {
    ratio: jStar < 0.2 ? null : tally.jKwh / jStar,
    capture: tally.surplusKwh > 0 ? tally.capturedKwh / tally.surplusKwh : null,
    importKwh: tally.importCausedKwh,
    starts: tally.starts,
    writes: pilot.writes,
  };
}

const mean = (numbers: number[]) => numbers.reduce((sum, value) => sum + value, 0) / numbers.length;
const shown = (value: number | null | undefined, digits = 3) => (value == null ? "-" : value.toFixed(digits));

function meanScore(scores: Score[]): Score {
  const ratios = scores.flatMap(({ ratio }) => ratio ?? []);
  return {
    ratio: ratios.length === 0 ? null : mean(ratios),
    capture: mean(scores.flatMap(({ capture }) => capture ?? [])),
    importKwh: mean(scores.map((entry) => entry.importKwh)),
    starts: mean(scores.map((entry) => entry.starts)),
    writes: mean(scores.map((entry) => entry.writes)),
  };
}

const days = surplusDays(Number(flags.load), new RegExp(flags.days));
const seeds = (flags.quick ? "1" : flags.seeds).split(",").map(Number);
const miners = (flags.quick ? "C-3500" : flags.miner).split(",") as MinerPreset[];
const meters = (flags.quick ? "M5" : flags.meter).split(",") as MeterPreset[];
for (const miner of miners) {
  const bounds = days.map((day) => boundSurplus(minuteSurplusW(day.trace), minerFacts[miner]));
  for (const meter of meters) {
    for (const sees of flags.sees.split(","))
      bench(
        miner,
        meter,
        sees,
        bounds.map(({ jKwh }) => jKwh),
      );
  }
}

function bench(miner: MinerPreset, meter: MeterPreset, sees: string, jStars: number[]): void {
  let ticks = 0;
  const started = performance.now();
  const rows = days.map((day, index) => {
    const jStar = jStars[index] ?? 0;
    const config = configOf([minerFacts[miner]], meterFacts[meter].latencyS);
    const core = seeds.map((seed) => {
      ticks += day.trace.durationS / 5;
      const pilot = new CorePilot({
        config,
        decide: decideTick,
        startMs: MIDNIGHT,
        tz: "UTC",
        hasBattery: false,
        killEveryS: null,
        seesPv: sees === "grid+pv",
        highestImportUsdKwh: null,
        events: [],
      });
      return score(day, miner, meter, seed, pilot, jStar);
    });
    return { day, jStar, core: meanScore(core), own: core };
  });
  const coreMs = performance.now() - started;
  const references = days.map((day, index) =>
    meanScore(seeds.map((seed) => score(day, miner, meter, seed, new ReferenceLoop(), jStars[index] ?? 0))),
  );
  console.log(`\n${miner} ${meter} sees ${sees}, seeds ${seeds.join(" ")}`);
  if (flags.each || flags.quick) {
    console.log(
      "  day                       J* kWh  ratio   loop    diff    import kWh    starts      writes",
    );
    rows.forEach(({ day, jStar, core }, index) => {
      const loop = references[index];
      const diff = core.ratio === null || loop?.ratio == null ? null : core.ratio - loop.ratio;
      console.log(
        `  ${day.name.padEnd(24)} ${shown(jStar, 2).padStart(6)}  ${shown(core.ratio)}  ${shown(loop?.ratio)}  ${shown(diff).padStart(6)}` +
          `  ${shown(core.importKwh, 2).padStart(5)} / ${shown(loop?.importKwh, 2).padStart(5)}` +
          `  ${shown(core.starts, 1).padStart(4)} / ${shown(loop?.starts, 1).padStart(4)}  ${shown(core.writes, 0)} / ${shown(loop?.writes, 0)}`,
      );
    });
  }
  const all = meanScore(rows.flatMap(({ own }) => own));
  const loop = meanScore(references);
  const ratios = rows.flatMap(({ core }) => core.ratio ?? []);
  const diffs = rows.flatMap(({ core }, index) =>
    core.ratio === null ? [] : [core.ratio - (references[index]?.ratio ?? 0)],
  );
  console.log(
    `  mean ${shown(all.ratio)} (loop ${shown(loop.ratio)}), worst day ${shown(Math.min(...ratios))}, worst difference ${shown(Math.min(...diffs))}; ` +
      `capture ${shown(all.capture)} / ${shown(loop.capture)}, import ${shown(all.importKwh, 2)} / ${shown(loop.importKwh, 2)} kWh, ` +
      `starts ${shown(all.starts, 1)} / ${shown(loop.starts, 1)}; ${Math.round(ticks / (coreMs / 1000))} ticks/s`,
  );
}
