import { listDays } from "../../app/settlement-commands.ts";
import { BaseCommand, type Outcome } from "../../base-command.ts";
import { type Column, tableLines } from "../../text/columns.ts";
import { formatCents, formatUusd } from "../../text/format.ts";

export default class SettlementList extends BaseCommand {
  static override summary = "All settled days, the latest state of each.";
  static override examples = [
    "<%= config.bin %> settlement list",
    "<%= config.bin %> settlement list --json",
  ];

  async run(): Promise<Outcome> {
    await this.parse(SettlementList);
    const rows = listDays(process.env);
    const columns: Column[] = [
      { title: "day" },
      { title: "state" },
      { title: "kWh", align: "right" },
      { title: "charge", align: "right" },
      { title: "credit", align: "right" },
      { title: "balance", align: "right" },
    ];
    const lines = tableLines(
      columns,
      rows.map(({ day, state, record }) => [
        day,
        state,
        (record.energy.reduce((sum, bucket) => sum + bucket.wh, 0) / 1000).toFixed(1),
        formatUusd(record.balance.charge_uusd, 2),
        formatCents(record.credit.posted_cents),
        formatUusd(record.balance.close_uusd, 2),
      ]),
    );
    return this.finish({
      data: { settlements: rows },
      lines: rows.length > 0 ? lines : ["No day is settled yet."],
    });
  }
}
