import { Flags } from "@oclif/core";
import { BaseCommand, envName, type Outcome } from "../../base-command.ts";
import { accessFlags, minerArgument } from "../../miner-command.ts";

export default class MinerRecord extends BaseCommand {
  static override summary =
    "Write what a miner answers into files, without passwords, addresses, names and serial numbers, for a bug report or a test.";
  static override examples = [
    "<%= config.bin %> miner record 192.168.1.44",
    "<%= config.bin %> miner record mini3 --out ./report",
  ];
  static override args = { miner: minerArgument };
  static override flags = {
    out: Flags.string({
      helpValue: "FOLDER",
      env: envName("out"),
      default: "hearth-recording",
      description: "folder for FIRMWARE/VERSION/*.json",
    }),
    ...accessFlags,
  };

  async run(): Promise<Outcome> {
    const { args, flags } = await this.parse(MinerRecord);
    const { recordMiner } = await import("../../app/record-miner.ts");
    const { readPasswordFile } = await import("../../app/password-file.ts");
    const { folder, files, problems } = await recordMiner({
      env: process.env,
      name: args.miner,
      folder: flags.out,
      password: readPasswordFile(flags["password-file"]),
      allowPublic: flags["allow-public"],
      dryRun: flags["dry-run"],
      signal: this.signal,
    });
    const verb = flags["dry-run"] ? "would be written" : "were written";
    const lines = [
      `${files.length} answers ${verb} to ${folder}: ${files.join(", ")}`,
      "Look through them before you pass them on: words that only you know may have slipped through.",
    ];
    return this.finish({ data: { folder, files }, lines, warnings: problems });
  }
}
