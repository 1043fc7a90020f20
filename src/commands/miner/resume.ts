import type { Outcome } from "../../base-command.ts";
import { accessFlags, MinerCommand, minerArgument } from "../../miner-command.ts";

export default class MinerResume extends MinerCommand {
  static override summary =
    "End your wish or pause of one miner: it runs again in the mode that it had, or as the loop decides.";
  static override examples = ["<%= config.bin %> miner resume mini3"];
  static override args = { miner: minerArgument };
  static override flags = accessFlags;

  async run(): Promise<Outcome> {
    const { args, flags } = await this.parse(MinerResume);
    return this.change(args.miner, "resume", null, flags);
  }
}
