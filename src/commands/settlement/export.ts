import { exportLedger } from "../../app/settlement-commands.ts";
import { BaseCommand, type Outcome } from "../../base-command.ts";
import { staleError } from "../../model/errors.ts";

export default class SettlementExport extends BaseCommand {
  static override summary =
    "The whole ledger as JSON Lines, events then settlements, so that anyone can recompute its hashes.";
  static override examples = [
    "<%= config.bin %> settlement export > ledger.jsonl",
    "<%= config.bin %> settlement export --json",
  ];

  async run(): Promise<Outcome> {
    await this.parse(SettlementExport);
    const lines = exportLedger(process.env);
    if (!lines) {
      throw staleError("LEDGER_MISSING", "There is no ledger here yet", {
        hint: "hearth run, or hearth demo",
      });
    }
    if (this.jsonEnabled()) {
      return this.finish({ data: { rows: [...lines].map((line): unknown => JSON.parse(line)) } });
    }
    for (const line of lines) process.stdout.write(`${line.trimEnd()}\n`);
    return { data: null };
  }
}
