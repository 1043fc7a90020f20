import { Args } from "@oclif/core";
import type { Outcome } from "../../base-command.ts";
import { accessFlags, endFlags, MinerCommand, minerArgument } from "../../miner-command.ts";
import { usageError } from "../../model/errors.ts";

export default class MinerSetPower extends MinerCommand {
  static override summary =
    "Set the watts of one miner: the highest setting that does not pass them, a rest below the lowest one.";
  static override description =
    "While a loop runs this is your wish for two hours, or as long as you say; the loop keeps it below its limits, the heat floor and the co-op's events. Without a loop it is written once, read back, and nothing else in the miner is touched.";
  static override examples = [
    "<%= config.bin %> miner set-power mini3 600",
    "<%= config.bin %> miner set-power mini3 600 --for 90m",
    "<%= config.bin %> miner set-power den 0 --dry-run",
  ];
  static override args = {
    miner: minerArgument,
    watts: Args.string({ required: true, description: "watts, from 0 up" }),
  };
  static override flags = { ...endFlags, ...accessFlags };

  async run(): Promise<Outcome> {
    const { args, flags } = await this.parse(MinerSetPower);
    const powerW = /^\d{1,6}(?:\.\d{1,3})?\s*W?$/i.test(args.watts)
      ? Number.parseFloat(args.watts)
      : Number.NaN;
    if (Number.isNaN(powerW) || powerW > 100_000) {
      throw usageError("POWER_INVALID", `"${args.watts.slice(0, 20)}" is no number of watts from 0 up`, {
        left: "Nothing was sent",
        hint: "hearth miner set-power NAME 600",
      });
    }
    return this.change(args.miner, "set-power", powerW, flags);
  }
}
