import { openHome } from "../../app/home-files.ts";
import { readSplitProof } from "../../app/live-documents.ts";
import { BaseCommand, type Outcome } from "../../base-command.ts";
import { differenceError, staleError } from "../../model/errors.ts";
import { splitLines } from "../../text/table.ts";

export default class SplitVerify extends BaseCommand {
  static override summary =
    "Prove the split: measured share of accepted work with its 95 % range, and the miners' pools against the terms.";
  static override examples = ["<%= config.bin %> split verify", "<%= config.bin %> split verify --json"];

  async run(): Promise<Outcome> {
    await this.parse(SplitVerify);
    const { paths, config } = openHome(process.env);
    const proof = await readSplitProof(paths);
    if (!proof) {
      throw staleError("SPLIT_UNMEASURED", "No split has been measured here yet", {
        hint: "hearth split set PERCENT, hearth split apply, then hearth run",
      });
    }
    const lines = splitLines(proof, config?.home.tz ?? "UTC");
    if (proof.verdict !== "drift" && proof.verdict !== "skewed") return this.finish({ data: proof, lines });
    const error =
      proof.verdict === "drift"
        ? differenceError(
            "SPLIT_DRIFT",
            `The miners' pools differ from the terms: ${proof.drift.join("; ")}`,
            { hint: "hearth split apply" },
          )
        : differenceError("SPLIT_SKEWED", "The measured share is outside what luck explains", {
            hint: "hearth settlement show, and ask the co-op",
          });
    return this.finish({ data: proof, lines, error });
  }
}
