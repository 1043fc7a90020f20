import { createHash } from "node:crypto";
import type { DatabaseSync } from "node:sqlite";
import { monotonicFactory } from "ulid";
import { toInstant } from "../model/clock.ts";
import { differenceError } from "../model/errors.ts";
import type { SettlementRecord } from "../model/settlement-record.ts";
import type { FlatJws } from "../model/terms.ts";
import { canonicalText } from "../settlement/canonical.ts";
import { checkRecord, failedChecks } from "../settlement/record.ts";
import { readRecord } from "../settlement/record-shape.ts";
import { moveProblem } from "../settlement/states.ts";
import { inTransaction, openDatabase } from "./database.ts";
import { GENESIS, ledgerSchema } from "./ledger-schema.ts";
import {
  type HashHex,
  type LedgerEvent,
  type LedgerVerification,
  type SettlementRow,
  SIGNED_KIND,
} from "./rows.ts";
import { verifyLedger } from "./verify.ts";

export type { HashHex, LedgerBreak, LedgerEvent, LedgerVerification, SettlementRow } from "./rows.ts";

/** Which events to read; all when empty. */
export interface EventFilter {
  /** Kind, or the part before its dot with the dot: `terms.` is every event of terms. */
  kind?: string;
  /** Only rows after this number. */
  afterSeq?: number;
  /** At most so many, the latest ones; in rising order. */
  last?: number;
}

/** The member's books: append-only, hash-chained, durable when a call returns (settlement.md §12). */
export interface Ledger {
  /**
   * Writes one event. `body` is the outer shape: snake_case, whole numbers.
   *
   * @throws TypeError when the body has no canonical form; HearthError `LEDGER_KIND`, exit 7.
   */
  append(kind: string, body: Record<string, unknown>, atMs: number): LedgerEvent;
  /**
   * Writes the next row of a day, linked to the row before it. A new revision gets `supersedes` by itself. With
   * `jws` an event `settlement.signed` keeps the co-op's signature in the chain too, stamped like the last event
   * or with `atMs`.
   *
   * @throws HearthError `LEDGER_RECORD_REFUSED`, exit 7, naming the identity or move that does not hold;
   *   `RECORD_INVALID`, exit 5, for a record without its shape. Nothing is written then.
   */
  appendSettlement(record: NewSettlement, jws?: FlatJws | null, atMs?: number): SettlementRow;
  /** In order of writing. */
  events(filter?: EventFilter): LedgerEvent[];
  /** Every row in order of writing. */
  settlements(): SettlementRow[];
  /** The latest row of the latest revision of a day; null when there is none. */
  latest(day: string, member?: string): SettlementRow | null;
  /**
   * The record that the next row of a day must link to: latest revision of the last settled day before it, of the
   * same co-op and member, however many days lie between. Null for the first day.
   */
  former(place: Pick<SettlementRecord, "coop" | "member" | "day">): SettlementRecord | null;
  /** Every row of a day, oldest first. */
  history(day: string, member?: string): SettlementRow[];
  /** Never throws: a file that cannot be read is a break. */
  verify(): LedgerVerification;
  /** JSON Lines, events then settlements, columns as keys (interfaces.md §7). */
  exportLines(): Iterable<string>;
  close(): void;
}

/** A record as it is handed in; a `prev` of another table is replaced. */
export type NewSettlement = Omit<SettlementRecord, "prev">;

export interface LedgerOptions {
  /** False when absent. */
  readOnly?: boolean;
  /** True when absent; false only where nothing real is lost with the last writes, as in fast motion. */
  isDurable?: boolean;
  /** SHA-256 in lower-case hex; node's by default. */
  hash?: HashHex;
}

/**
 * Opens the ledger file, making it with mode 0600 where it is missing. Read-only never creates it.
 *
 * @throws HearthError `LEDGER_MISSING` (6), `LEDGER_ACCESS` (5), `LEDGER_BROKEN` (7, only for writing).
 */
export function openLedger(path: string, options: LedgerOptions = {}): Ledger {
  const database = openDatabase(path, {
    readOnly: options.readOnly ?? false,
    isDurable: options.isDurable ?? true,
    schema: ledgerSchema,
    codePrefix: "LEDGER",
  });
  const hash = options.hash ?? sha256Hex;
  const ulid = monotonicFactory();
  const writeEvent = (kind: string, body: Record<string, unknown>, at: string) =>
    insertEvent(database, { id: ulid(Date.parse(at)), at, kind, body }, hash);

  return {
    append: (kind, body, atMs) => inTransaction(database, () => writeEvent(kind, body, toInstant(atMs))),
    appendSettlement: (record, jws = null, atMs) =>
      inTransaction(database, () => {
        const row = insertSettlement(database, record, hash);
        if (jws === null) return row;
        const at = atMs === undefined ? stampAfter(database, record) : toInstant(atMs);
        writeEvent(SIGNED_KIND, signedBody(row, jws), at);
        return { ...row, jws };
      }),
    events: (filter = {}) => reading(path, () => readEvents(database, filter)),
    settlements: () => reading(path, () => readSettlements(database, "1", [])),
    latest: (day, member) => reading(path, () => readDay(database, day, member).at(-1) ?? null),
    former: (place) => reading(path, () => formerRecord(database, place)),
    history: (day, member) => reading(path, () => readDay(database, day, member)),
    verify: () => verifyLedger(database, hash),
    exportLines: () => exportLines(database, path),
    close: () => database.close(),
  };
}

/** A row that cannot be read is a broken ledger, not a bug of the reader. */
function reading<T>(path: string, work: () => T): T {
  try {
    return work();
  } catch (cause) {
    throw differenceError("LEDGER_BROKEN", `The ledger ${path} cannot be read`, {
      cause,
      left: "The file was not changed",
      hint: "hearth settlement verify",
    });
  }
}

function sha256Hex(data: string | Uint8Array): string {
  return createHash("sha256").update(data).digest("hex");
}

function insertEvent(
  database: DatabaseSync,
  event: Pick<LedgerEvent, "id" | "at" | "kind" | "body">,
  hash: HashHex,
): LedgerEvent {
  if (!/^[a-z][a-z_]*(\.[a-z_]+)*$/.test(event.kind)) {
    throw differenceError("LEDGER_KIND", "An event kind has lower-case words with dots", {
      left: "Nothing was written",
    });
  }
  const { seq, prev } = nextPlace(database, "events");
  const record = { seq, ...event, prev };
  const text = canonicalText(event.body);
  const row = { ...record, hash: hash(canonicalText(record)) };
  database
    .prepare("INSERT INTO events (seq, id, at, kind, body, prev, hash) VALUES (?, ?, ?, ?, ?, ?, ?)")
    .run(seq, row.id, row.at, row.kind, text, prev, row.hash);
  return row;
}

function insertSettlement(database: DatabaseSync, record: NewSettlement, hash: HashHex): SettlementRow {
  const { seq, prev } = nextPlace(database, "settlements");
  const history = readDay(database, record.day, record.member).filter(
    (row) => row.record.coop === record.coop,
  );
  const replaced = history.at(-1);
  const isCorrection = replaced !== undefined && record.revision > replaced.revision;
  const linked = readRecord({ ...record, ...(isCorrection ? { supersedes: replaced.hash } : {}), prev });
  refuseUnsound(database, linked, history);
  const text = canonicalText(linked);
  const { member, day, revision, state } = linked;
  const row = { seq, member, day, revision, state, record: linked, hash: hash(text), jws: null };
  database
    .prepare(
      "INSERT INTO settlements (seq, member, day, revision, state, record, hash) VALUES (?, ?, ?, ?, ?, ?, ?)",
    )
    .run(seq, member, day, revision, state, text, row.hash);
  return row;
}

function refuseUnsound(database: DatabaseSync, record: SettlementRecord, history: SettlementRow[]): void {
  const move = moveProblem(history, record);
  const former = formerRecord(database, record);
  const failed = failedChecks(checkRecord(record, former, null))[0];
  const problem = move ?? (failed && `${failed.name} should be ${failed.expected} and is ${failed.found}`);
  if (problem === undefined) return;
  throw differenceError("LEDGER_RECORD_REFUSED", `The record of ${record.day} is refused: ${problem}`, {
    left: "The ledger is unchanged",
    hint: `hearth settlement show ${record.day}`,
  });
}

function formerRecord(
  database: DatabaseSync,
  place: Pick<SettlementRecord, "coop" | "member" | "day">,
): SettlementRecord | null {
  const rows = database
    .prepare(
      "SELECT record FROM settlements WHERE member = ? AND day < ? ORDER BY day DESC, revision DESC, seq DESC",
    )
    .iterate(place.member, place.day);
  for (const row of rows) {
    const former = readRecord(JSON.parse(String(row["record"])));
    if (former.coop === place.coop) return former;
  }
  return null;
}

function nextPlace(database: DatabaseSync, table: "events" | "settlements"): { seq: number; prev: string } {
  const last = database.prepare(`SELECT seq, hash FROM ${table} ORDER BY seq DESC LIMIT 1`).get();
  return last === undefined
    ? { seq: 1, prev: GENESIS }
    : { seq: Number(last["seq"]) + 1, prev: String(last["hash"]) };
}

/** Without a time handed in: that of the last event, or the end of the day that is settled. */
function stampAfter(database: DatabaseSync, record: NewSettlement): string {
  const last = database.prepare("SELECT at FROM events ORDER BY seq DESC LIMIT 1").get();
  return last === undefined ? record.energy_window.end : String(last["at"]);
}

function signedBody(row: SettlementRow, jws: FlatJws): Record<string, unknown> {
  const { member, day, revision, state, hash } = row;
  const { payload, protected: header, signature } = jws;
  return { member, day, revision, state, hash, jws: { payload, protected: header, signature } };
}

function readEvents(database: DatabaseSync, filter: EventFilter): LedgerEvent[] {
  const kind = filter.kind ?? "";
  const rows = database
    .prepare(
      `SELECT seq, id, at, kind, body, prev, hash FROM events
       WHERE seq > ? AND kind >= ? AND kind < ? ORDER BY seq DESC LIMIT ?`,
    )
    .all(filter.afterSeq ?? 0, kind, kindEnd(kind), filter.last ?? -1);
  return rows.reverse().map((row) => ({
    seq: Number(row["seq"]),
    id: String(row["id"]),
    at: String(row["at"]),
    kind: String(row["kind"]),
    body: JSON.parse(String(row["body"])) as Record<string, unknown>,
    prev: String(row["prev"]),
    hash: String(row["hash"]),
  }));
}

/** First kind behind those asked for: all, a whole group (`terms.`), or exactly one. */
function kindEnd(kind: string): string {
  if (kind === "") return "~";
  return kind.endsWith(".") ? `${kind}~` : `${kind} `;
}

function readDay(database: DatabaseSync, day: string, member: string | undefined): SettlementRow[] {
  return member === undefined
    ? readSettlements(database, "day = ?", [day])
    : readSettlements(database, "day = ? AND member = ?", [day, member]);
}

function readSettlements(database: DatabaseSync, where: string, values: string[]): SettlementRow[] {
  const signed = signedRecords(database);
  return database
    .prepare(`SELECT seq, record, hash FROM settlements WHERE ${where} ORDER BY seq`)
    .all(...values)
    .map((row) => {
      const record = readRecord(JSON.parse(String(row["record"])));
      const { member, day, revision, state } = record;
      const hash = String(row["hash"]);
      return {
        seq: Number(row["seq"]),
        member,
        day,
        revision,
        state,
        record,
        hash,
        jws: signed.get(hash) ?? null,
      };
    });
}

/** Signed records by the hash of the row that they belong to. */
function signedRecords(database: DatabaseSync): Map<string, FlatJws> {
  const events = readEvents(database, { kind: SIGNED_KIND });
  return new Map(events.map(({ body }) => [String(body["hash"]), body["jws"] as FlatJws]));
}

function* exportLines(database: DatabaseSync, path: string): Iterable<string> {
  yield* lines(database, path, "SELECT seq, id, at, kind, body, prev, hash FROM events ORDER BY seq", "body");
  const settlements = "SELECT seq, member, day, revision, state, record, hash FROM settlements ORDER BY seq";
  yield* lines(database, path, settlements, "record");
}

function* lines(database: DatabaseSync, path: string, sql: string, column: string): Iterable<string> {
  const rows = reading(path, () => database.prepare(sql).iterate());
  while (true) {
    const line = reading(path, () => {
      const { done, value } = rows.next();
      if (done) return null;
      return JSON.stringify({ ...value, [column]: JSON.parse(String(value[column])) });
    });
    if (line === null) return;
    yield line;
  }
}
