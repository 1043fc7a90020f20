import type { PairResult } from "../app/pair-coop.ts";
import { listDaysIn, verifyLedgerOf } from "../app/settlement-commands.ts";
import type { KnownTerms } from "../app/split-terms.ts";
import type { KnownEvent } from "../daemon/event-book.ts";
import { toInstant } from "../model/clock.ts";
import type { MinerIdentity } from "../model/miner.ts";
import type { SettlementRecord } from "../model/settlement-record.ts";
import type { SplitProof } from "../model/view.ts";
import type { RecordedDay } from "../sim/recorded-day.ts";
import type { DemoPlan } from "./demo-plan.ts";
import type { recordStream, SafetyRecord } from "./demo-records.ts";
import type { DemoOptions } from "./journey.ts";

/** `hearth demo --json` (product.md §7). Every figure comes from the run. */
export interface DemoResult {
  seed: number;
  folder: string;
  days: { day: string; recorded: string; source: string; licence: string }[];
  miners: { name: string; model: string; id: string; firmware: string; firmwareVersion: string }[];
  pairing: { coop: string; keyFingerprint: string; keyWords: string; memberCode: string | null };
  split: {
    targetPpm: number;
    measuredPpm: number | null;
    lowPpm: number | null;
    highPpm: number | null;
    shares: number;
    verdict: string;
    mechanisms: Record<string, string>;
  };
  events: {
    id: string;
    start: string;
    end: string | null;
    limitW: number;
    met: boolean;
    floorOverEventWh: number;
  }[];
  settlements: SettlementRecord[];
  ledger: { rows: number; verified: boolean };
  safety: { floorBreachMin: number; overLimitWs: number; lowestRoomC: number; highestW: number };
  reasons: Record<string, number>;
  decisions: number;
  alarms: string[];
  wallMs: number;
}

export interface ResultInput {
  options: DemoOptions;
  plan: DemoPlan;
  days: RecordedDay[];
  identities: { name: string; identity: MinerIdentity }[];
  pairing: PairResult;
  known: KnownTerms;
  proof: SplitProof | null;
  events: KnownEvent[];
  paths: { ledger: string; state: string };
  safety: SafetyRecord;
  heard: ReturnType<typeof recordStream>;
  wallMs: number;
}

/** Gathers the result; the ledger is read again from its file and verified there. */
export function toResult(input: ResultInput): DemoResult {
  const { options, plan, days, identities, pairing, proof, safety, heard, paths } = input;
  const verification = verifyLedgerOf(paths);
  const coopLeg = proof?.legs.find((leg) => leg.role === "coop");
  return {
    seed: options.seed,
    folder: options.folder,
    days: plan.days.map((day, index) => {
      const recorded = days[index];
      return {
        day,
        recorded: recorded?.day ?? "",
        source: recorded?.source ?? "",
        licence: recorded?.licence ?? "",
      };
    }),
    miners: identities.map(({ name, identity }) => {
      const { model, id, firmware, firmwareVersion } = identity;
      return { name, model, id, firmware, firmwareVersion };
    }),
    pairing: {
      coop: pairing.name,
      keyFingerprint: pairing.keyThumbprint,
      keyWords: pairing.keyWords,
      memberCode: pairing.coop?.member ?? null,
    },
    split: {
      targetPpm: coopLeg?.targetPpm ?? 0,
      measuredPpm: coopLeg?.measuredPpm ?? null,
      lowPpm: coopLeg?.lowPpm ?? null,
      highPpm: coopLeg?.highPpm ?? null,
      shares: proof?.shares ?? 0,
      verdict: proof?.verdict ?? "not_enough_shares",
      mechanisms: proof?.mechanisms ?? {},
    },
    events: input.events.map(({ event, isMet, floorOverEventWh }) => ({
      id: event.id,
      start: toInstant(event.startMs),
      end: event.endMs === null ? null : toInstant(event.endMs),
      limitW: event.limitW,
      met: isMet === true,
      floorOverEventWh: Math.round(floorOverEventWh),
    })),
    settlements: listDaysIn(paths.ledger).map((row) => row.record),
    ledger: {
      rows: (verification?.events ?? 0) + (verification?.settlements ?? 0),
      verified: verification?.verified === true,
    },
    safety: {
      floorBreachMin: round(safety.floorBreachMin, 2),
      overLimitWs: round(safety.overLimitWs, 0),
      lowestRoomC: round(safety.lowestRoomC, 2),
      highestW: round(safety.highestW, 0),
    },
    reasons: heard.reasons(),
    decisions: heard.decisions(),
    alarms: heard.alarms(),
    wallMs: input.wallMs,
  };
}

function round(value: number, decimals: number): number {
  return Math.round(value * 10 ** decimals) / 10 ** decimals;
}
