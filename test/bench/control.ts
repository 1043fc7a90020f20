/**
 * The goals of control on the recorded sunny days (control.md §15), house none:
 *
 *   node test/bench/control.ts [--quick] [--miner C-3500,R-3400] [--meter M5,P60] [--sees grid,grid+pv]
 *                              [--days REGEX] [--seeds 1,2,3,4,5] [--load 0.5] [--each] [--threads 2]
 *
 * Without flags: the table of the goals. `--quick` is C-3500 at M5 with seed 1, day by day, in one thread.
 * HEARTH_BENCH_DAYS names a folder with more days (`t,pv_w` as CSV, gzip). Each figure is the mean over the seeds.
 */
import { parseArgs } from "node:util";
import { isMainThread, parentPort, Worker, workerData } from "node:worker_threads";
import { type MinerPreset, minerPresets } from "#src/sim/plant/miner-presets.ts";
import { type MeterPreset, meterPresets } from "#src/sim/plant/plant-meter.ts";
import { surplusDays } from "./control-days.ts";
import { type BenchTask, type DayScore, meanOf, type Score, scoreDay } from "./control-score.ts";
import { say } from "./figures.ts";

/** One line of the table: a plant, its meter and what the loop sees. */
type Plant = Pick<BenchTask, "miner" | "meter" | "sees">;

const goals: Plant[] = [
  { miner: "C-3500", meter: "M5", sees: "grid" },
  { miner: "C-3500", meter: "P30", sees: "grid" },
  { miner: "C-3500", meter: "P60", sees: "grid" },
  { miner: "C-3500", meter: "P60", sees: "grid+pv" },
  { miner: "R-3400", meter: "M5", sees: "grid" },
  { miner: "C-500", meter: "M5", sees: "grid" },
  { miner: "D-5", meter: "M5", sees: "grid" },
  { miner: "X-1500", meter: "M5", sees: "grid" },
];

interface Settings {
  plants: Plant[];
  days: string;
  seeds: number[];
  load: number;
  isEach: boolean;
  threads: number;
}

/** `npm run bench -- control`, or this file alone with flags. */
export async function benchControl(argv: string[] = []): Promise<void> {
  const settings = settingsOf(argv);
  const days = surplusDays(settings.load, new RegExp(settings.days));
  say(
    `control on ${days.length} recorded days, seeds ${settings.seeds.join(" ")}, household times ${settings.load}`,
  );
  say("plant           J/J* mean worst  loop   least ahead  starts  on broken days  import kWh  ticks/s");
  for (const plant of settings.plants) {
    const tasks = days.map(({ name }): BenchTask => {
      return { ...plant, day: name, seeds: settings.seeds, load: settings.load };
    });
    const scores = await inThreads(tasks, settings.threads);
    say(lineOf(plant, scores));
    if (settings.isEach) for (const score of scores) say(dayLine(score));
  }
}

function settingsOf(argv: string[]): Settings {
  const text = { type: "string" } as const;
  const flag = { type: "boolean", default: false } as const;
  const { values } = parseArgs({
    args: argv,
    options: {
      ...{ quick: flag, each: flag, miner: text, meter: text, sees: text },
      days: { type: "string", default: "." },
      seeds: { type: "string", default: "1,2,3,4,5" },
      load: { type: "string", default: "0.5" },
      threads: { type: "string", default: "2" },
    },
  });
  const isChosen = [values.miner, values.meter, values.sees].some((value) => value !== undefined);
  const quick: Plant[] = [{ miner: "C-3500", meter: "M5", sees: "grid" }];
  return {
    plants: isChosen ? chosen(values) : values.quick ? quick : goals,
    days: values.days,
    seeds: (values.quick ? "1" : values.seeds).split(",").map(Number),
    load: Number(values.load),
    isEach: values.each || values.quick,
    threads: values.quick ? 1 : Number(values.threads),
  };
}

function chosen(values: { miner?: string; meter?: string; sees?: string }): Plant[] {
  const pick = <Name extends string>(asked: string | undefined, known: readonly Name[], usual: Name) => {
    const names = asked?.split(",") ?? [usual];
    return names.map((name) => {
      const found = known.find((candidate) => candidate === name);
      if (found === undefined) throw new Error(`${name} is none of ${known.join(", ")}`);
      return found;
    });
  };
  return pick<MinerPreset>(values.miner, minerPresets, "C-3500").flatMap((miner) =>
    pick<MeterPreset>(values.meter, meterPresets, "M5").flatMap((meter) =>
      pick(values.sees, ["grid", "grid+pv"] as const, "grid").map((sees) => ({ miner, meter, sees })),
    ),
  );
}

/** Each worker takes every n-th task; the answers come back in the order of the tasks. */
async function inThreads(tasks: BenchTask[], threads: number): Promise<DayScore[]> {
  if (threads <= 1) return tasks.map(scoreDay);
  const answers = new Array<DayScore>(tasks.length);
  const work = (first: number) =>
    new Promise<void>((resolve, reject) => {
      const own = tasks.filter((_, index) => index % threads === first);
      const worker = new Worker(new URL(import.meta.url), { workerData: own });
      worker.on("message", (scores: DayScore[]) => {
        scores.forEach((score, index) => {
          answers[index * threads + first] = score;
        });
      });
      worker.on("error", reject);
      worker.on("exit", () => resolve());
    });
  await Promise.all(Array.from({ length: threads }, (_, index) => work(index)));
  return answers;
}

function lineOf({ miner, meter, sees }: Plant, days: DayScore[]): string {
  const mean = (pick: (score: DayScore) => number | null, of = days) => meanOf(of.map(pick));
  const broken = days.filter(({ isBroken }) => isBroken);
  const ahead = days.map(({ core, loop }) => difference(core, loop));
  const pair = (pick: (score: Score) => number, digits: number, of = days) =>
    `${shown(
      mean(({ core }) => pick(core), of),
      digits,
    )} / ${shown(
      mean(({ loop }) => pick(loop), of),
      digits,
    )}`;
  return [
    `${miner} ${meter} ${sees}`.padEnd(19),
    shown(mean(({ core }) => core.ratio)),
    shown(least(days.map(({ core }) => core.ratio))),
    shown(mean(({ loop }) => loop.ratio)),
    shown(least(ahead)).padStart(8),
    pair(({ starts }) => starts, 1).padStart(12),
    pair(({ starts }) => starts, 1, broken).padStart(13),
    pair(({ importKwh }) => importKwh, 2).padStart(13),
    String(Math.round(days.reduce((sum, { ticks }) => sum + ticks, 0) / seconds(days))).padStart(8),
  ].join("  ");
}

function dayLine({ day, jStar, core, loop }: DayScore): string {
  const pair = (pick: (score: Score) => number, digits: number) =>
    `${shown(pick(core), digits)} / ${shown(pick(loop), digits)}`;
  return [
    `  ${day.padEnd(22)} J* ${shown(jStar, 2).padStart(5)} kWh`,
    `${shown(core.ratio)} / ${shown(loop.ratio)} (${shown(difference(core, loop))})`.padEnd(26),
    `import ${pair(({ importKwh }) => importKwh, 2)}`,
    `starts ${pair(({ starts }) => starts, 1)}`,
    `writes ${pair(({ writes }) => writes, 0)}`,
  ].join("  ");
}

function difference(core: Score, loop: Score): number | null {
  return core.ratio === null || loop.ratio === null ? null : core.ratio - loop.ratio;
}

function least(values: (number | null)[]): number | null {
  const known = values.filter((value) => value !== null);
  return known.length === 0 ? null : Math.min(...known);
}

function seconds(days: DayScore[]): number {
  return days.reduce((sum, { coreMs }) => sum + coreMs, 0) / 1000;
}

function shown(value: number | null, digits = 3): string {
  return value === null ? "-" : value.toFixed(digits);
}

if (!isMainThread && parentPort !== null) {
  parentPort.postMessage((workerData as BenchTask[]).map(scoreDay));
} else if (import.meta.main) await benchControl(process.argv.slice(2));
