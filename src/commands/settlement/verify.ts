import { homePaths } from "../../app/home-paths.ts";
import { verifyLedgerOf } from "../../app/settlement-commands.ts";
import { BaseCommand, type Outcome } from "../../base-command.ts";
import { differenceError, staleError } from "../../model/errors.ts";

export default class SettlementVerify extends BaseCommand {
  static override summary =
    "Recompute the ledger from its own rows: every hash, every link, every identity of every day. Needs no network.";
  static override examples = [
    "<%= config.bin %> settlement verify",
    "<%= config.bin %> settlement verify --json",
  ];

  async run(): Promise<Outcome> {
    await this.parse(SettlementVerify);
    const result = verifyLedgerOf(homePaths(process.env));
    if (!result)
      throw staleError("LEDGER_MISSING", "There is no ledger here yet", {
        hint: "hearth run, or hearth demo",
      });
    const lines = [
      `${result.events} events and ${result.settlements} settlement rows read.`,
      ...result.days.map(({ day, state, checks }) => {
        const failed = checks.filter((check) => !check.ok);
        const words = failed
          .map((check) => `${check.name}: ${check.found} instead of ${check.expected}`)
          .join("; ");
        return `${day} ${state}: ${failed.length === 0 ? `${checks.length} identities ok` : words}`;
      }),
      ...result.breaks.map(({ table, seq, text }) => `${table}${seq === null ? "" : ` row ${seq}`}: ${text}`),
    ];
    if (result.verified) return this.finish({ data: result, lines: [...lines, "The ledger is whole."] });
    const error = differenceError("LEDGER_BROKEN", "The ledger is not as it was written", {
      left: "The file was not changed",
      hint: "keep a copy of the file and tell the co-op; compare with a backup",
    });
    return this.finish({ data: result, lines, error });
  }
}
