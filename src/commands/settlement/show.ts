import { Args } from "@oclif/core";
import { coveragePercent, missingOf, notSettled, showDay } from "../../app/settlement-commands.ts";
import { BaseCommand, type Outcome } from "../../base-command.ts";
import { settlementLines } from "../../text/settlement-lines.ts";

export default class SettlementShow extends BaseCommand {
  static override summary =
    "One day: energy and charge, sats and shares, credit, carry, balance, and what is still missing.";
  static override examples = [
    "<%= config.bin %> settlement show",
    "<%= config.bin %> settlement show 2026-01-15 --json",
  ];
  static override args = {
    day: Args.string({ description: "a day, today or yesterday; the latest settled day when left out" }),
  };

  async run(): Promise<Outcome> {
    const { args } = await this.parse(SettlementShow);
    const { day, record, windows } = showDay(process.env, args.day ?? null, Date.now());
    if (!record) return this.finish({ data: { day, ...windows }, error: notSettled(day) });
    const covered = coveragePercent(record);
    const missing = missingOf(record);
    const lines = settlementLines(record, { missing, coveragePercent: covered });
    return this.finish({ data: { ...record, coveragePercent: covered, missing }, lines });
  }
}
