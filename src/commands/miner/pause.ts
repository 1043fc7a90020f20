import type { Outcome } from "../../base-command.ts";
import { accessFlags, endFlags, MinerCommand, minerArgument } from "../../miner-command.ts";

export default class MinerPause extends MinerCommand {
  static override summary = "Let one miner rest: it stops hashing and heating, and keeps its settings.";
  static override examples = [
    "<%= config.bin %> miner pause mini3",
    "<%= config.bin %> miner pause mini3 --until 18:30",
  ];
  static override args = { miner: minerArgument };
  static override flags = { ...endFlags, ...accessFlags };

  async run(): Promise<Outcome> {
    const { args, flags } = await this.parse(MinerPause);
    return this.change(args.miner, "pause", null, flags);
  }
}
