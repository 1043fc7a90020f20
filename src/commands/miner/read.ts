import { Args, Flags } from "@oclif/core";
import { BaseCommand, envName, type Outcome } from "../../base-command.ts";
import { accessFlags } from "../../miner-command.ts";
import { usageError } from "../../model/errors.ts";

export default class MinerRead extends BaseCommand {
  static override summary =
    "One truthful reading of one miner, adopted or not. Unknown is shown as such, never as 0.";
  static override examples = [
    "<%= config.bin %> miner read mini3",
    "<%= config.bin %> miner read --host 192.168.1.44",
    "<%= config.bin %> miner read --host 127.0.0.1:4028 --json",
  ];
  static override args = {
    miner: Args.string({ required: false, description: "its name, its id, or HOST[:PORT]" }),
  };
  static override flags = {
    host: Flags.string({
      helpValue: "HOST[:PORT]",
      env: envName("host"),
      description: "the same, for a miner that is not adopted",
    }),
    ...accessFlags,
  };

  async run(): Promise<Outcome> {
    const { args, flags } = await this.parse(MinerRead);
    const name = args.miner ?? flags.host;
    if (name === undefined || (args.miner !== undefined && flags.host !== undefined)) {
      throw usageError("FLAG_NEEDED", "Say which miner to read: its name, or --host HOST[:PORT], not both", {
        left: "Nothing was sent",
        hint: "hearth miner list",
      });
    }
    const { readMiner } = await import("../../app/miner-commands.ts");
    const { readPasswordFile } = await import("../../app/password-file.ts");
    const { readingLines } = await import("../../text/miner-lines.ts");
    const { reading, warnings } = await readMiner({
      env: process.env,
      name,
      purpose: "read",
      password: readPasswordFile(flags["password-file"]),
      allowPublic: flags["allow-public"],
      signal: this.signal,
    });
    return this.finish({ data: reading, lines: readingLines(reading), warnings });
  }
}
