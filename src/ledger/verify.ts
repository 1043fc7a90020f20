import type { DatabaseSync } from "node:sqlite";
import { field, safeText } from "../model/parse.ts";
import type { SettlementRecord } from "../model/settlement-record.ts";
import { canonicalText } from "../settlement/canonical.ts";
import { checkRecord, failedChecks } from "../settlement/record.ts";
import { readRecord } from "../settlement/record-shape.ts";
import { GENESIS, ledgerObjects } from "./ledger-schema.ts";
import type { HashHex, LedgerBreak, LedgerVerification } from "./rows.ts";

type Report = (table: LedgerBreak["table"], seq: number | null, text: string) => void;

/**
 * Recomputes a ledger from its own rows: the file, the schema, each hash, each link, gaps in the numbers, the
 * columns against the record, and the identities of every record against the rows before it. Whatever is wrong,
 * also a file that SQLite cannot read, becomes a break; nothing is thrown. What a missing tail held cannot be
 * known from the rows alone.
 */
export function verifyLedger(database: DatabaseSync, hash: HashHex): LedgerVerification {
  const breaks: LedgerBreak[] = [];
  const report: Report = (table, seq, text) => {
    breaks.push({ table, seq, text: safeText(text, 300) });
  };
  guarded(report, "file", () => checkFile(database, report));
  guarded(report, "file", () => checkSchema(database, report));
  const events = guarded(report, "events", () => checkEvents(database, hash, report)) ?? 0;
  const settlements = guarded(report, "settlements", () => checkSettlements(database, hash, report)) ?? 0;
  return { events, settlements, breaks };
}

function guarded<T>(report: Report, table: LedgerBreak["table"], work: () => T): T | null {
  try {
    return work();
  } catch (error) {
    report(
      table,
      null,
      `SQLite cannot read the ledger: ${error instanceof Error ? error.message : "unknown"}`,
    );
    return null;
  }
}

function checkFile(database: DatabaseSync, report: Report): void {
  for (const row of database.prepare("PRAGMA integrity_check(20)").all()) {
    const text = String(row["integrity_check"]);
    if (text !== "ok") report("file", null, `SQLite finds the file damaged: ${text}`);
  }
}

function checkSchema(database: DatabaseSync, report: Report): void {
  const rows = database.prepare("SELECT name, sql FROM sqlite_schema WHERE sql IS NOT NULL").all();
  const found = new Map(rows.map((row) => [String(row["name"]), String(row["sql"])]));
  for (const [name, sql] of ledgerObjects) {
    if (found.get(name) !== sql) report("file", null, `The ledger's ${name} is missing or changed`);
  }
  for (const name of found.keys()) {
    if (!ledgerObjects.has(name)) report("file", null, `The ledger has a ${name} that does not belong to it`);
  }
}

function checkEvents(database: DatabaseSync, hash: HashHex, report: Report): number {
  let count = 0;
  let prev = GENESIS;
  const rows = database.prepare("SELECT seq, id, at, kind, body, prev, hash FROM events ORDER BY seq");
  for (const row of rows.iterate()) {
    count += 1;
    const seq = Number(row["seq"]);
    const { id, at, kind } = row;
    if (seq !== count) report("events", seq, `Row ${count} is missing: the next one is ${seq}`);
    count = seq;
    if (row["prev"] !== prev) report("events", seq, "It does not follow the row before it");
    const body = parseCanonical(row["body"]);
    const record = { seq, id, at, kind, body, prev: row["prev"] };
    if (body === undefined) report("events", seq, "Its body is not what was written");
    else if (hash(canonicalText(record)) !== row["hash"])
      report("events", seq, "Its hash is not that of its content");
    prev = String(row["hash"]);
  }
  return count;
}

function checkSettlements(database: DatabaseSync, hash: HashHex, report: Report): number {
  let count = 0;
  let prev = GENESIS;
  const latest = new Map<string, SettlementRecord>();
  const rows = database.prepare(
    "SELECT seq, member, day, revision, state, record, hash FROM settlements ORDER BY seq",
  );
  for (const row of rows.iterate()) {
    count += 1;
    const seq = Number(row["seq"]);
    if (seq !== count) report("settlements", seq, `Row ${count} is missing: the next one is ${seq}`);
    count = seq;
    const text = String(row["record"]);
    if (hash(text) !== row["hash"]) report("settlements", seq, "Its hash is not that of its record");
    const record = parseCanonical(text);
    if (field(record, "prev") !== prev) report("settlements", seq, "It does not follow the row before it");
    for (const column of ["member", "day", "revision", "state"]) {
      if (field(record, column) !== row[column])
        report("settlements", seq, `Its ${column} is not that of its record`);
    }
    checkIdentities(record, latest, (problem) => report("settlements", seq, problem));
    prev = String(row["hash"]);
  }
  return count;
}

function checkIdentities(
  value: unknown,
  latest: Map<string, SettlementRecord>,
  report: (problem: string) => void,
): void {
  try {
    const record = readRecord(value);
    const former = formerOf(record, latest.values());
    for (const check of failedChecks(checkRecord(record, former, null))) {
      report(`${check.name} should be ${check.expected} and is ${check.found}`);
    }
    latest.set(`${record.coop}|${record.member}|${record.day}`, record);
  } catch (error) {
    report(error instanceof Error ? error.message : "Its record cannot be read");
  }
}

/** The latest record of the last day before `record`'s, of the same member; null for the first day. */
function formerOf(
  record: Pick<SettlementRecord, "coop" | "member" | "day">,
  candidates: Iterable<SettlementRecord>,
): SettlementRecord | null {
  let former: SettlementRecord | null = null;
  for (const candidate of candidates) {
    if (candidate.coop !== record.coop || candidate.member !== record.member) continue;
    if (candidate.day >= record.day) continue;
    if (former === null || candidate.day >= former.day) former = candidate;
  }
  return former;
}

/** The value of a text that is canonical JSON to the byte; undefined for any other text. */
function parseCanonical(text: unknown): unknown {
  if (typeof text !== "string") return undefined;
  try {
    const value: unknown = JSON.parse(text);
    return canonicalText(value) === text ? value : undefined;
  } catch {
    return undefined;
  }
}
