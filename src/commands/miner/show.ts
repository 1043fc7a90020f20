import { BaseCommand, type Outcome } from "../../base-command.ts";
import { accessFlags, minerArgument } from "../../miner-command.ts";

export default class MinerShow extends BaseCommand {
  static override summary =
    "One miner in full: who it is, what it can do, how it stands, how well its firmware is supported.";
  static override examples = [
    "<%= config.bin %> miner show mini3",
    "<%= config.bin %> miner show 192.168.1.44 --json",
  ];
  static override args = { miner: minerArgument };
  static override flags = accessFlags;

  async run(): Promise<Outcome> {
    const { args, flags } = await this.parse(MinerShow);
    const { showMiner } = await import("../../app/miner-commands.ts");
    const { readPasswordFile } = await import("../../app/password-file.ts");
    const { minerLines } = await import("../../text/miner-lines.ts");
    const { miner, warnings } = await showMiner({
      env: process.env,
      name: args.miner,
      purpose: "read",
      password: readPasswordFile(flags["password-file"]),
      allowPublic: flags["allow-public"],
      signal: this.signal,
    });
    return this.finish({ data: miner, lines: minerLines(miner), warnings });
  }
}
