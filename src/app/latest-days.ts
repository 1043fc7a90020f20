import type { Ledger, SettlementRow } from "../ledger/ledger.ts";

/** Latest row of every day and member, oldest day first. */
export function latestDays(ledger: Ledger): SettlementRow[] {
  const latest = new Map(ledger.settlements().map((row) => [`${row.member}|${row.day}`, row]));
  return [...latest.values()].toSorted((a, b) => a.day.localeCompare(b.day));
}
