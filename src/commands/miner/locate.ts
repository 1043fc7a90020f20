import type { Outcome } from "../../base-command.ts";
import { accessFlags, MinerCommand, minerArgument } from "../../miner-command.ts";

export default class MinerLocate extends MinerCommand {
  static override summary = "Let one miner show itself: a light or a word on its display, where it has one.";
  static override examples = [
    "<%= config.bin %> miner locate mini3",
    "<%= config.bin %> miner locate 192.168.1.44 --yes",
  ];
  static override args = { miner: minerArgument };
  static override flags = accessFlags;

  async run(): Promise<Outcome> {
    const { args, flags } = await this.parse(MinerLocate);
    return this.change(args.miner, "locate", null, flags);
  }
}
