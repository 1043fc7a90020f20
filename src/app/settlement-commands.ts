import { type Ledger, openLedger, type SettlementRow } from "../ledger/ledger.ts";
import { openStateStore } from "../ledger/state-store.ts";
import { settlementTz } from "../model/config.ts";
import { HearthError, staleError, usageError } from "../model/errors.ts";
import type { SettlementRecord } from "../model/settlement-record.ts";
import type { SplitTerms } from "../model/terms.ts";
import { addDays, dayOf } from "../settlement/day.ts";
import { checkRecord, type IdentityCheck } from "../settlement/identities.ts";
import { coveragePercent } from "../settlement/record.ts";
import { windowsOf } from "../settlement/record-windows.ts";
import { openHome } from "./home-files.ts";
import { latestDays } from "./latest-days.ts";
import { newestTerms } from "./split-terms.ts";

/** A day as `settlement show` gives it (product.md §7, interfaces.md §7). */
export type ShownDay = (SettlementRecord & { coverage_percent: number | null; missing: string[] }) | null;

/** What a record still waits for, in words (settlement.md §16). */
export function missingOf(record: SettlementRecord): string[] {
  const missing: string[] = [];
  if (record.state === "estimated") {
    missing.push("the co-op's confirmation");
    if (record.energy.every((bucket) => bucket.source !== "ami")) missing.push("meter data");
    if (record.mining.some((leg) => leg.status === "estimated")) missing.push("the pool's figures");
  }
  if (record.energy.some((bucket) => (bucket.coverage_ppm ?? 1_000_000) < 990_000))
    missing.push("some readings");
  return missing;
}

/** The day asked for, else the latest settled one. Throws `NOT_SETTLED` (6) with both windows in `windows`. */
export function showDay(env: NodeJS.ProcessEnv, day: string | null, nowMs: number) {
  const { paths, config } = openHome(env);
  const tz = config ? settlementTz(config) : "UTC";
  const wanted = day === null ? null : parseDay(day, nowMs, tz);
  const ledger = openForReading(paths.ledger);
  try {
    const row = ledger && (wanted === null ? latestDays(ledger).at(-1) : ledger.latest(wanted));
    const shown = wanted ?? row?.day ?? dayOf(nowMs, tz);
    return { day: shown, tz, record: row?.record ?? null, windows: { tz, ...windowsOf(shown, tz) } };
  } finally {
    ledger?.close();
  }
}

/** Error of a day without a record. */
export function notSettled(day: string): HearthError {
  return staleError("NOT_SETTLED", `${day} has no settlement record yet`, {
    hint: "hearth settlement list; a day is estimated half an hour after it is over, while the loop runs",
  });
}

/** Latest row of every day, oldest first. */
export function listDays(env: NodeJS.ProcessEnv): SettlementRow[] {
  return listDaysIn(openHome(env).paths.ledger);
}

/** As `listDays`, of one ledger file. */
export function listDaysIn(ledgerPath: string): SettlementRow[] {
  const ledger = openForReading(ledgerPath);
  if (!ledger) return [];
  try {
    return latestDays(ledger);
  } finally {
    ledger.close();
  }
}

export interface Verification {
  events: number;
  settlements: number;
  breaks: { table: string; seq: number | null; text: string }[];
  /** Identities of every row, by day. */
  days: { day: string; state: string; checks: IdentityCheck[] }[];
  verified: boolean;
}

/** Recomputes every hash, link and identity of the ledger file; needs no network (settlement.md §11, §12). */
export function verifyLedgerOf(paths: { ledger: string; state: string }): Verification | null {
  const ledger = openForReading(paths.ledger);
  if (!ledger) return null;
  try {
    const { events, settlements, breaks } = ledger.verify();
    const days = breaks.some((entry) => entry.table === "file")
      ? []
      : checkDays(ledger, termsOf(paths.state));
    const holds = days.every((day) => day.checks.every((check) => check.ok));
    return { events, settlements, breaks, days, verified: breaks.length === 0 && holds };
  } finally {
    ledger.close();
  }
}

/** JSON Lines of the whole ledger; null when there is none. */
export function exportLedger(env: NodeJS.ProcessEnv): Iterable<string> | null {
  const ledger = openForReading(openHome(env).paths.ledger);
  if (!ledger) return null;
  return closing(ledger);
}

function* closing(ledger: Ledger): Iterable<string> {
  try {
    yield* ledger.exportLines();
  } finally {
    ledger.close();
  }
}

function checkDays(ledger: Ledger, terms: SplitTerms | null): Verification["days"] {
  return ledger.settlements().map((row, index, rows) => {
    // As it was when the row was written: the last settled day before it, of the same co-op and member.
    const former = rows
      .slice(0, index)
      .filter(
        ({ record }) =>
          record.coop === row.record.coop && record.member === row.member && record.day < row.day,
      )
      .toSorted((a, b) => a.day.localeCompare(b.day) || a.seq - b.seq)
      .at(-1);
    const isInForce = row.record.terms !== null && terms?.version === row.record.terms.version;
    const checks = checkRecord(row.record, former?.record ?? null, isInForce ? terms : null);
    return { day: row.day, state: row.state, checks };
  });
}

function termsOf(statePath: string): SplitTerms | null {
  try {
    const store = openStateStore(statePath, { readOnly: true });
    try {
      return newestTerms(store)?.terms ?? null;
    } finally {
      store.close();
    }
  } catch (error) {
    if (error instanceof HearthError && error.code === "STATE_MISSING") return null;
    throw error;
  }
}

function openForReading(path: string): Ledger | null {
  try {
    return openLedger(path, { readOnly: true });
  } catch (error) {
    if (error instanceof HearthError && error.code === "LEDGER_MISSING") return null;
    throw error;
  }
}

function parseDay(text: string, nowMs: number, tz: string): string {
  const today = dayOf(nowMs, tz);
  if (text === "today") return today;
  if (text === "yesterday") return addDays(today, -1);
  if (/^\d{4}-\d{2}-\d{2}$/.test(text) && !Number.isNaN(Date.parse(`${text}T00:00:00Z`))) return text;
  throw usageError("DAY_INVALID", `"${text.slice(0, 20)}" is no day`, {
    hint: "hearth settlement show 2026-01-15, today or yesterday",
  });
}

export { coveragePercent };
