import { BaseCommand, type Outcome } from "../../base-command.ts";

export default class MinerList extends BaseCommand {
  static override summary = "The adopted miners: where each stands, what it does, since when it is offline.";
  static override examples = ["<%= config.bin %> miner list", "<%= config.bin %> miner list --json"];

  async run(): Promise<Outcome> {
    await this.parse(MinerList);
    const { listMiners } = await import("../../app/list-miners.ts");
    const { minerListLines } = await import("../../text/miner-lines.ts");
    const { miners, isLive } = await listMiners(process.env);
    const warnings = isLive
      ? []
      : ["no loop runs, so states are not known; hearth miner read NAME asks one miner"];
    return this.finish({ data: { miners }, lines: minerListLines(miners), warnings });
  }
}
