import { Flags } from "@oclif/core";
import { envName, type Outcome, StreamCommand } from "../../base-command.ts";
import { EXIT } from "../../model/errors.ts";

export default class EmulateHome extends StreamCommand {
  static override summary =
    "An emulated home in real time on real sockets: an Avalon Mini 3, a Bitaxe, a grid meter, a thermometer, two pools.";
  static override examples = [
    "<%= config.bin %> emulate home",
    "<%= config.bin %> emulate home --day 2022-01-02 --seed 7 --json",
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
      default: "2022-01-02",
      description: "recorded day of weather and sun",
    }),
  };

  async run(): Promise<Outcome> {
    const { flags } = await this.parse(EmulateHome);
    const { emulateHome } = await import("../../app/emulate-home.ts");
    await emulateHome({
      templatesDir: `${this.config.root}/templates`,
      seed: flags.seed,
      day: flags.day,
      signal: this.signal,
      onReady: (home) => {
        const miners = home.miners.map(
          (miner) => `${miner.name} (${miner.model}) at ${miner.host}:${miner.port}`,
        );
        this.announce({
          data: home,
          lines: [
            ...miners,
            `grid meter ${home.meterUrl}`,
            `thermometer ${home.thermometerUrl}`,
            `weather ${home.weatherUrl}`,
            `pools ${home.pools.join(", ")}`,
            "Ctrl-C ends it.",
          ],
        });
      },
    });
    if (this.signal.aborted) process.exitCode = EXIT.interrupted;
    return { data: null };
  }
}
