import type { SettlementRecord } from "../model/settlement-record.ts";
import { pairLines, tableLines } from "./columns.ts";
import {
  formatCents,
  formatEnergy,
  formatMeasuredPpm,
  formatMsat,
  formatPpm,
  formatUusd,
  grouped,
} from "./format.ts";

/** What the summary of a demo needs of its result. */
export interface DemoSummary {
  seed: number;
  folder: string;
  days: { day: string; recorded: string }[];
  pairing: { coop: string; memberCode: string | null };
  split: {
    targetPpm: number;
    measuredPpm: number | null;
    lowPpm: number | null;
    highPpm: number | null;
    shares: number;
    verdict: string;
  };
  events: { id: string; limitW: number; met: boolean; floorOverEventWh: number }[];
  settlements: SettlementRecord[];
  ledger: { rows: number; verified: boolean };
  safety: { floorBreachMin: number; overLimitWs: number; lowestRoomC: number; highestW: number };
  reasons: Record<string, number>;
  decisions: number;
  wallMs: number;
}

/** The end of `hearth demo` for people: what was promised, what was measured. */
export function demoLines(demo: DemoSummary): string[] {
  const { split, safety, ledger } = demo;
  const range = `${formatMeasuredPpm(split.lowPpm)} to ${formatMeasuredPpm(split.highPpm)}`;
  return [
    "",
    ...pairLines([
      ["days", demo.days.map(({ day, recorded }) => `${day} (recorded ${recorded})`).join(", ")],
      ["paired", `${demo.pairing.coop}, member ${demo.pairing.memberCode}`],
      ["room", `lowest ${safety.lowestRoomC.toFixed(1)} °C, ${safety.floorBreachMin} min below the floor`],
      ["circuit", `highest ${safety.highestW} W, ${safety.overLimitWs} W s above the limit`],
      ...demo.events.map(
        ({ limitW, met, floorOverEventWh }) =>
          [
            "event",
            `at most ${limitW} W: ${met ? "met from its start" : "NOT met"}, ${floorOverEventWh} Wh above it for the floor`,
          ] as const,
      ),
      [
        "split",
        `${formatPpm(split.targetPpm)} agreed, ${formatMeasuredPpm(split.measuredPpm)} measured (95 %: ${range}, ${grouped(String(split.shares))} shares): ${split.verdict}`,
      ],
      ["ledger", `${ledger.rows} rows, ${ledger.verified ? "verified" : "BROKEN"}`],
      ["reasons", topReasons(demo.reasons)],
    ]),
    "",
    ...tableLines(
      [
        { title: "day" },
        { title: "state" },
        { title: "energy", align: "right" },
        { title: "charge", align: "right" },
        { title: "co-op's part", align: "right" },
        { title: "your part", align: "right" },
        { title: "credit", align: "right" },
        { title: "balance", align: "right" },
      ],
      demo.settlements.map(settlementRow),
    ),
    "",
    `${demo.decisions} decisions in ${(demo.wallMs / 1000).toFixed(1)} s; everything is in ${demo.folder}`,
    "Look closer:",
    `  export HEARTH_HOME=${demo.folder}`,
    "  npx hearth settlement show; npx hearth settlement verify; npx hearth split verify",
  ];
}

function settlementRow(record: SettlementRecord): string[] {
  const msat = (role: string) => record.mining.find((leg) => leg.role === role)?.net_msat ?? 0;
  return [
    record.day,
    record.state,
    formatEnergy(record.energy.reduce((sum, bucket) => sum + bucket.wh, 0)),
    formatUusd(record.balance.charge_uusd, 2),
    formatMsat(msat("coop")),
    formatMsat(msat("member")),
    formatCents(record.credit.posted_cents),
    formatUusd(record.balance.close_uusd, 2),
  ];
}

function topReasons(reasons: Record<string, number>): string {
  const sorted = Object.entries(reasons).toSorted((a, b) => b[1] - a[1]);
  return sorted
    .slice(0, 4)
    .map(([code, count]) => `${code} ${count}`)
    .join(", ");
}
