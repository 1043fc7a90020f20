import type { EnergyBucket, MiningLeg, SettlementRecord } from "../model/settlement-record.ts";
import { pairLines, tableLines } from "./columns.ts";
import {
  formatCents,
  formatDifficulty,
  formatMeasuredPpm,
  formatMsat,
  formatPercent,
  formatPpm,
  formatUusd,
  grouped,
  isKnown,
  UNKNOWN,
} from "./format.ts";
import { formatDayTime, zoneName } from "./time.ts";
import { screenText } from "./width.ts";

/** What stands beside a record when it is shown (product.md §7, settlement.md §16). */
export interface SettlementContext {
  /** What the day still waits for: `meter data`. Empty when complete. */
  missing: readonly string[];
  /** Part of the charge that the credit covers; null when there is no charge. */
  coveragePercent: number | null;
  /** Agreed share of the co-op in ppm, where the terms are at hand. */
  targetPpm?: number | null;
  /** Half of the 95 % range of luck in ppm, where the shares were counted. */
  luckPpm?: number | null;
}

/** One day for the member, as settlement.md §16 asks: energy, mining, credit, balance, what is missing or estimated. */
export function settlementLines(record: SettlementRecord, context: SettlementContext): string[] {
  const title = `${record.day}  ${screenText(record.coop, 60)}, member ${screenText(record.member, 40)}`;
  return [
    title,
    `${stateWords(record)}, revision ${record.revision}`,
    "",
    ...energyLines(record),
    "",
    ...miningLines(record, context),
    "",
    ...pairLines([...creditPairs(record, context), ...balancePairs(record), ...stateNotes(record, context)]),
    "",
    "The co-op's bill rules.",
  ];
}

function stateWords({ state }: SettlementRecord): string {
  if (state === "estimated" || state === "accruing")
    return `${state}: numbers are ours until the co-op confirms`;
  return state;
}

function energyLines({ energy, balance }: SettlementRecord): string[] {
  const total = energy.reduce((sum, { wh }) => sum + wh, 0);
  return tableLines(
    [
      { title: "ENERGY" },
      { title: "kWh", align: "right" },
      { title: "$ per kWh", align: "right" },
      { title: "CHARGE", align: "right" },
      { title: "FROM" },
    ],
    [
      ...energy.map((bucket) => [
        screenText(bucket.bucket, 24),
        kwh(bucket.wh),
        formatUusd(bucket.rate_uusd_per_kwh),
        formatUusd(bucket.charge_uusd),
        energyOrigin(bucket),
      ]),
      ["all", kwh(total), "", formatUusd(balance.charge_uusd), ""],
    ],
  );
}

function energyOrigin({ source, quality, coverage_ppm: coverage }: EnergyBucket): string {
  const words = source === "estimate" ? "estimated" : source === "ami" ? "co-op meter" : source;
  const rest = coverage === undefined || coverage === 1_000_000 ? "" : `, ${formatPpm(coverage)} of the time`;
  return `${words}, ${quality}${rest}`;
}

function miningLines({ mining }: SettlementRecord, { targetPpm, luckPpm }: SettlementContext): string[] {
  const total = mining.reduce((sum, leg) => sum + work(leg), 0n);
  const lines = tableLines(
    [
      { title: "MINED" },
      { title: "NET", align: "right" },
      { title: "WORK", align: "right" },
      { title: "PART", align: "right" },
      { title: "FROM" },
    ],
    mining.map((leg) => [
      leg.role === "coop" ? "to the co-op" : "to you",
      formatMsat(leg.net_msat),
      formatDifficulty(leg.diff_accepted),
      total === 0n ? UNKNOWN : formatMeasuredPpm(Number((work(leg) * 1_000_000n) / total)),
      `${leg.source}, ${leg.status}`,
    ]),
  );
  if (!isKnown(targetPpm)) return lines;
  const luck = isKnown(luckPpm) ? `, luck explains ±${formatMeasuredPpm(luckPpm)}` : "";
  return [...lines, `Agreed part of the co-op: ${formatPpm(targetPpm)}${luck}`];
}

function creditPairs(record: SettlementRecord, { coveragePercent }: SettlementContext): [string, string][] {
  const { credit, price } = record;
  const mark = price.status === undefined ? "" : `, ${price.status}`;
  const at = `${formatDayTime(price.at, record.tz)} ${zoneName(price.at, record.tz)}`;
  return [
    ["Credit", `${formatCents(credit.posted_cents)} posted${estimatedMark(record)}`],
    [
      "",
      `worth ${formatUusd(credit.value_uusd, 6)}, carried in ${carry(credit.carry_in_uusd)}, carried on ${carry(credit.carry_out_uusd)}`,
    ],
    [
      "Price",
      `$${grouped((price.cents_per_btc / 100).toFixed(2))} per BTC at ${at} (${screenText(price.source, 40)}, ${screenText(price.method, 24)}${mark})`,
    ],
    ["Covers", `${formatPercent(coveragePercent)} of the charge`],
  ];
}

function balancePairs({ balance }: SettlementRecord): [string, string][] {
  return [
    ["Balance", `${owed(balance.open_uusd)} before, ${owed(balance.close_uusd)} after`],
    ["", `${formatUusd(balance.charge_uusd)} charged, ${formatUusd(balance.credit_uusd)} credited`],
  ];
}

function stateNotes(record: SettlementRecord, { missing }: SettlementContext): [string, string][] {
  const notes: [string, string][] = missing.map((what): [string, string] => [
    "Waiting",
    `for ${screenText(what)}`,
  ]);
  if (record.debt !== undefined) {
    notes.push(["Split", debtWords(record.debt.msat)]);
  }
  if (record.terms !== null) {
    notes.push([
      "Terms",
      `version ${record.terms.version}, ${screenText(record.terms.sha256, 64).slice(0, 16)}`,
    ]);
  }
  return notes;
}

function debtWords(amountMsat: number): string {
  if (amountMsat === 0) return "even since the terms began";
  const side = amountMsat > 0 ? "still to go to the co-op" : "more than agreed has gone to the co-op";
  return `${formatMsat(Math.abs(amountMsat))} ${side} since the terms began`;
}

function estimatedMark(record: SettlementRecord): string {
  const isEstimate =
    record.state === "estimated" ||
    record.state === "accruing" ||
    record.price.status === "estimated" ||
    record.energy.some(({ source, quality }) => source === "estimate" || quality === "estimated") ||
    record.mining.some(({ status }) => status === "estimated");
  return isEstimate ? ", estimated" : "";
}

function owed(amountUusd: number): string {
  if (amountUusd === 0) return "nothing owed";
  return amountUusd > 0 ? `${formatUusd(amountUusd)} owed` : `${formatUusd(-amountUusd)} in your favour`;
}

function carry(amountUusd: number): string {
  return formatUusd(amountUusd, 6);
}

function kwh(wh: number): string {
  return grouped((wh / 1000).toFixed(3));
}

function work({ diff_accepted: accepted }: MiningLeg): bigint {
  return /^\d{1,60}$/.test(accepted) ? BigInt(accepted) : 0n;
}
