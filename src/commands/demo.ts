import { Flags } from "@oclif/core";
import { BaseCommand, envName, type Outcome } from "../base-command.ts";
import { demoLines } from "../text/demo-lines.ts";

export default class Demo extends BaseCommand {
  static override summary =
    "The whole journey without a heater: an emulated home, miners, pools and co-op on this machine; recorded days in fast motion.";
  static override description =
    "Recorded days for --day: 2003-09-22, 2012-05-17, 2019-02-02, 2022-01-02, 2022-01-03.";
  static override examples = [
    "<%= config.bin %> demo",
    "<%= config.bin %> demo --seed 7 --json",
    "<%= config.bin %> demo --day 2022-01-03 --day 2012-05-17",
  ];
  static override flags = {
    seed: Flags.integer({
      helpValue: "N",
      env: envName("seed"),
      default: 1,
      min: 0,
      description: "draws noise, luck and device faults",
    }),
    day: Flags.string({
      helpValue: "DAY",
      env: envName("day"),
      multiple: true,
      description:
        "one of 2003-09-22, 2012-05-17, 2019-02-02, 2022-01-02, 2022-01-03; several run in the order given, the event and the faults fall on the last [default: 2022-01-02, 2012-05-17]",
    }),
  };

  protected override readonly stopsByItself = true;

  async run(): Promise<Outcome> {
    const { flags } = await this.parse(Demo);
    const { demonstrate } = await import("../demo/demonstrate.ts");
    const isScreen =
      process.stdout.isTTY === true && process.env["TERM"] !== "dumb" && !this.jsonEnabled() && !flags.quiet;
    const result = await demonstrate({
      env: process.env,
      root: this.config.root,
      version: this.config.version,
      seed: flags.seed,
      days: flags.day ?? null,
      signal: this.signal,
      onProgress: isScreen ? () => {} : (line) => this.talk(line),
      show: isScreen
        ? async (views, onQuit) => {
            const { runDashboard } = await import("../tui/run-dashboard.tsx");
            return runDashboard({ views, onQuit });
          }
        : null,
    });
    const error = result.problem ?? undefined;
    return this.finish({ data: result.data, lines: demoLines(result.data), ...(error ? { error } : {}) });
  }
}
