import { Flags } from "@oclif/core";
import { BaseCommand, envName, type Outcome } from "../base-command.ts";
import { usageError } from "../model/errors.ts";
import { simulationLines } from "../text/simulate-lines.ts";

const MINERS = ["C-3500", "C-500", "D-5", "X-1500", "R-3400"] as const;
const HOUSES = ["farmhouse", "farmhouse-zone", "workshop", "room", "none"] as const;
const METERS = ["M5", "P30", "P60"] as const;
const SCENARIOS = "ABCDEFGHIJKLMN".split("");

export default class Simulate extends BaseCommand {
  static override summary =
    "The loop of this program on a recorded or a given day, beside simple loops and the best that was possible.";
  static override description =
    `A trace is CSV, plain or gzip, with a header: t (RFC 3339, or seconds from the first row) and any of pv_w, load_w, outdoor_c, ghi_wm2, import_usd_kwh, export_usd_kwh, event_limit_w. Empty cells are missing values, lines that begin with # are comments.

Scenarios: A clear day, B broken cloud, C broken cloud at 10 s, D cold snap, E battery, F evening event, G silent sensors, H clock change with a time-of-use tariff, I slow meters, J each miner, K several miners, L process killed, M negative prices, N lying sensors.

The same flags and seed give the same figures and the same series. Nothing is sent to any device.

--replay decides each tick of a kept log again (decisions.db of a loop) and says whether every decision is the same, byte for byte; else exit 7 and the first one that is not.`;
  static override examples = [
    "<%= config.bin %> simulate --scenario B",
    "<%= config.bin %> simulate --trace my-day.csv --miner C-500 --house room",
    "<%= config.bin %> simulate --trace my-day.csv.gz --house none --series out.csv --json",
    "<%= config.bin %> simulate --replay decisions.db",
  ];
  static override flags = {
    trace: Flags.string({ helpValue: "FILE", env: envName("trace"), description: "the day as CSV" }),
    scenario: Flags.string({
      env: envName("scenario"),
      options: SCENARIOS,
      helpValue: "A..N",
      description: "a day that ships",
    }),
    replay: Flags.string({
      helpValue: "FILE",
      env: envName("replay"),
      description: "a decision log, to be decided again; all other flags of a run are then without effect",
    }),
    miner: Flags.option({
      options: MINERS,
      env: envName("miner"),
      description: "reference miner [default: C-3500, or that of the scenario]",
    })(),
    house: Flags.option({
      options: HOUSES,
      env: envName("house"),
      description: "none: the room never limits [default: farmhouse, or that of the scenario]",
    })(),
    meter: Flags.option({
      options: METERS,
      env: envName("meter"),
      description: "samples each 5 s, 30 s old or 60 s old [default: M5, or that of the scenario]",
    })(),
    seed: Flags.integer({
      helpValue: "N",
      env: envName("seed"),
      default: 1,
      min: 0,
      description: "draws noise, luck and faults",
    }),
    sees: Flags.option({
      options: ["grid", "grid+pv"] as const,
      env: envName("sees"),
      default: "grid",
      description: "what the loop reads beside the miner",
    })(),
    "no-baselines": Flags.boolean({
      env: envName("no-baselines"),
      description: "without the simple loops and the bound (for long runs)",
    }),
    series: Flags.string({
      helpValue: "FILE",
      env: envName("series"),
      description: "write one row per tick as CSV",
    }),
  };

  async run(): Promise<Outcome> {
    const { flags } = await this.parse(Simulate);
    const wanted = [flags.trace, flags.scenario, flags.replay].filter((flag) => flag !== undefined);
    if (wanted.length !== 1) {
      throw usageError(
        "TRACE_OR_SCENARIO",
        "A run needs one of --trace FILE, --scenario with a letter, --replay FILE",
        {
          left: "Nothing was simulated",
          hint: "hearth simulate --scenario B",
        },
      );
    }
    if (flags.replay !== undefined) return this.replay(flags.replay);
    const { simulate } = await import("../app/simulate.ts");
    const { data, plot, warnings } = await simulate({
      trace: flags.trace ?? null,
      scenario: flags.scenario ?? null,
      miner: flags.miner ?? null,
      house: flags.house ?? null,
      meter: flags.meter ?? null,
      seed: flags.seed,
      sees: flags.sees,
      hasBaselines: !flags["no-baselines"],
      series: flags["dry-run"] ? null : (flags.series ?? null),
      templatesDir: `${this.config.root}/templates`,
    });
    return this.finish({ data, lines: simulationLines(data, plot), warnings });
  }
  private async replay(path: string): Promise<Outcome> {
    const { replayDecisions, replayError } = await import("../app/replay.ts");
    const result = replayDecisions(path);
    const error = replayError(result);
    const { decisions, stretches, from, to } = result;
    const lines = error
      ? []
      : [
          decisions === 0
            ? "The log holds no decision yet."
            : `${decisions} decisions from ${from} to ${to}, in ${stretches} ${stretches === 1 ? "stretch" : "stretches"}: each one is decided the same again.`,
        ];
    const outcome = { data: { replay: result }, lines };
    return this.finish(error ? { ...outcome, error } : outcome);
  }
}
