import { Args, Flags } from "@oclif/core";
import { BaseCommand, envName, type Outcome } from "../../base-command.ts";
import type { SplitTerms } from "../../model/terms.ts";
import { formatPpm } from "../../text/format.ts";

export default class SplitSet extends BaseCommand {
  static override summary =
    "Agree with the co-op on its part of the hashing. Both sides sign; the miners change only with split apply.";
  static override examples = [
    "<%= config.bin %> split set 30 --payee bc1qar0srrr7xfkvy5l643lydnw9re59gtzzwf5mdq",
    "<%= config.bin %> split set 12.5 --yes",
  ];
  static override args = {
    percent: Args.string({ required: true, description: "the co-op's part in percent, to four decimals" }),
  };
  static override flags = {
    payee: Flags.string({
      helpValue: "ADDRESS",
      env: envName("payee"),
      description: "your own payout address; kept when left out",
    }),
  };

  async run(): Promise<Outcome> {
    const { args, flags } = await this.parse(SplitSet);
    const { agreeOnSplit } = await import("../../app/split-commands.ts");
    const known = await agreeOnSplit({
      env: process.env,
      percent: args.percent,
      payee: flags.payee ?? null,
      dryRun: flags["dry-run"],
      confirm: async (terms, changes) => {
        for (const line of termsLines(terms)) this.talk(line);
        for (const change of changes) this.talk(`Changes: ${change}`);
        return this.confirm("Do you agree to this split?", flags);
      },
    });
    if (!known) return this.finish({ data: { state: "planned" }, lines: ["Nothing was changed (dry run)."] });
    const data = {
      terms: { version: known.terms.version, sha256: known.sha256, state: known.state },
      legs: known.terms.legs,
    };
    const lines = [...termsLines(known.terms), "Both sides have signed. Next: hearth split apply"];
    return this.finish({ data, lines });
  }
}

function termsLines(terms: SplitTerms): string[] {
  return [
    `Split terms version ${terms.version}, from ${terms.effective_from}:`,
    ...terms.legs.map((leg) => {
      const who = leg.role === "coop" ? "co-op " : "member";
      return `  ${who}  ${formatPpm(leg.share_ppm).padStart(8)}  ${leg.pool}  ${leg.user}`;
    }),
  ];
}
