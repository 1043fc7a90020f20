import { BaseCommand, type Outcome } from "../../base-command.ts";
import { EXIT, HearthError } from "../../model/errors.ts";
import { mechanismWords } from "../../text/split-mechanism.ts";

export default class SplitApply extends BaseCommand {
  static override summary =
    "Write the pools of the signed split into the adopted miners, read them back, and restart those that need it.";
  static override examples = [
    "<%= config.bin %> split apply --dry-run",
    "<%= config.bin %> split apply --yes",
  ];

  async run(): Promise<Outcome> {
    const { flags } = await this.parse(SplitApply);
    const { applyAgreedSplit } = await import("../../app/split-commands.ts");
    const miners = await applyAgreedSplit({
      env: process.env,
      dryRun: flags["dry-run"],
      signal: this.signal,
      confirm: (question) => this.confirm(question, flags),
    });
    const lines = miners.map(
      ({ miner, result, problem, ...how }) => `${miner}: ${problem ?? result} (${mechanismWords(how)})`,
    );
    const bad = miners.filter(
      (entry) => entry.problem !== null || entry.result === "rejected" || entry.result === "unknown",
    );
    if (bad.length === 0) return this.finish({ data: { miners }, lines });
    const error = new HearthError(
      EXIT.unreachable,
      "SPLIT_NOT_APPLIED",
      `The split could not be set on ${bad.map((entry) => entry.miner).join(", ")}`,
      {
        left: "As far as known, the pools that were there before are still at work",
        hint: "hearth split verify, then hearth split apply again",
      },
    );
    return this.finish({ data: { miners }, lines, error });
  }
}
