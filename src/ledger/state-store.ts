import type { DatabaseSync, SQLOutputValue, StatementSync } from "node:sqlite";
import type { IntervalRow, WorkRow } from "../model/book-rows.ts";
import type { ReadingQuality } from "../model/settlement-record.ts";
import type { FlatJws } from "../model/terms.ts";
import { worseQuality } from "../settlement/energy.ts";
import { inTransaction, openDatabase } from "./database.ts";
import { stateSchema } from "./state-schema.ts";

export interface StoredTerms {
  version: number;
  sha256: string;
  jws: FlatJws;
  /** `pending`, `active`, `refused` or `replaced`. */
  state: string;
}

/** What the loop knows beyond the ledger; one writer process (reliability.md §5). */
export interface StateStore {
  /** The value last set; null when there is none. The caller does not trust its shape. */
  get<T>(key: string): T | null;
  set(key: string, value: unknown): void;
  /** Adds to the interval of that start when there is one: its worst quality and highest watts stay. */
  addInterval(row: IntervalRow): void;
  /** Intervals that start in `[fromMs, toMs)`, by time. */
  intervals(fromMs: number, toMs: number): IntervalRow[];
  /** Adds to the row of that miner, hour and role. */
  addWork(row: WorkRow): void;
  /** Work of the hours that start in `[fromMs, toMs)`, by time. */
  work(fromMs: number, toMs: number): WorkRow[];
  /** The oldest intervals that the co-op has not got, or not as they are now. */
  pendingIntervals(limit: number): IntervalRow[];
  /** Marks rows as sent; one that has grown since it was read stays pending. */
  markIntervalsUploaded(rows: readonly IntervalRow[]): void;
  pendingWork(limit: number): WorkRow[];
  markWorkUploaded(rows: readonly WorkRow[]): void;
  /** Stores terms, or changes the state of stored ones. */
  saveTerms(terms: StoredTerms): void;
  /** By version, newest first. */
  terms(): StoredTerms[];
  /** Everything written inside is on disk together at the end, or not at all. */
  transaction<T>(work: () => T): T;
  close(): void;
}

export interface StateStoreOptions {
  /** False when absent. */
  readOnly?: boolean;
  /** True when absent; false only where nothing real is lost with the last writes, as in fast motion. */
  isDurable?: boolean;
}

/**
 * Opens `state.db`, making it with mode 0600 where it is missing. Read-only never creates it.
 *
 * @throws HearthError `STATE_MISSING` (6), `STATE_ACCESS` (5), `STATE_BROKEN` (7).
 */
export function openStateStore(path: string, options: StateStoreOptions = {}): StateStore {
  const { readOnly = false, isDurable = true } = options;
  const database = openDatabase(path, { readOnly, isDurable, schema: stateSchema, codePrefix: "STATE" });
  const prepare = statementCache(database);
  return {
    ...keyValues(prepare),
    ...intervalTable(database, prepare),
    ...workTable(database, prepare),
    ...termsTable(prepare),
    transaction: (work) => inTransaction(database, work),
    close: () => database.close(),
  };
}

type Prepare = (sql: string) => StatementSync;
type Row = Record<string, SQLOutputValue>;

/** High rates in accelerated time: each statement is compiled once. */
function statementCache(database: DatabaseSync): Prepare {
  const statements = new Map<string, StatementSync>();
  return (sql) => {
    const known = statements.get(sql);
    if (known !== undefined) return known;
    const statement = database.prepare(sql);
    // Difficulty sums pass 2^53.
    statement.setReadBigInts(true);
    statements.set(sql, statement);
    return statement;
  };
}

function keyValues(prepare: Prepare): Pick<StateStore, "get" | "set"> {
  return {
    get<T>(key: string): T | null {
      const row = prepare("SELECT value FROM state WHERE key = ?").get(key);
      return row === undefined ? null : (JSON.parse(String(row["value"])) as T);
    },
    set(key, value) {
      prepare(
        "INSERT INTO state (key, value) VALUES (?, ?) ON CONFLICT DO UPDATE SET value = excluded.value",
      ).run(key, JSON.stringify(value ?? null));
    },
  };
}

const INTERVAL = "SELECT miner, start_ms, seconds, wh, quality, watt_max FROM intervals";

function intervalTable(
  database: DatabaseSync,
  prepare: Prepare,
): Pick<StateStore, "addInterval" | "intervals" | "pendingIntervals" | "markIntervalsUploaded"> {
  return {
    addInterval(row) {
      const former = prepare(`${INTERVAL} WHERE start_ms = ? AND miner = ?`).get(row.startMs, row.miner);
      const sum = former === undefined ? row : joined(toInterval(former), row);
      prepare(
        `INSERT INTO intervals (miner, start_ms, seconds, wh, quality, watt_max) VALUES (?, ?, ?, ?, ?, ?)
         ON CONFLICT DO UPDATE SET seconds = excluded.seconds, wh = excluded.wh, quality = excluded.quality,
           watt_max = excluded.watt_max, is_uploaded = 0`,
      ).run(
        row.miner,
        whole(row.startMs, "startMs"),
        whole(sum.seconds, "seconds"),
        whole(sum.wh, "wh"),
        sum.quality,
        sum.wattMax === null ? null : whole(sum.wattMax, "wattMax"),
      );
    },
    intervals: (fromMs, toMs) =>
      prepare(`${INTERVAL} WHERE start_ms >= ? AND start_ms < ? ORDER BY start_ms, miner`)
        .all(fromMs, toMs)
        .map(toInterval),
    pendingIntervals: (limit) =>
      prepare(`${INTERVAL} WHERE is_uploaded = 0 ORDER BY start_ms LIMIT ?`).all(limit).map(toInterval),
    markIntervalsUploaded(rows) {
      inTransaction(database, () => {
        const mark = prepare(
          "UPDATE intervals SET is_uploaded = 1 WHERE start_ms = ? AND miner = ? AND seconds = ? AND wh = ?",
        );
        for (const row of rows) mark.run(row.startMs, row.miner, row.seconds, row.wh);
      });
    },
  };
}

const WORK = "SELECT miner, hour_ms, role, accepted, rejected, stale, shares, active_s FROM work";

function workTable(
  database: DatabaseSync,
  prepare: Prepare,
): Pick<StateStore, "addWork" | "work" | "pendingWork" | "markWorkUploaded"> {
  return {
    addWork(row) {
      const { miner, hourMs, role, accepted, rejected, stale, shares, activeS } = row;
      prepare(
        `INSERT INTO work (miner, hour_ms, role, accepted, rejected, stale, shares, active_s)
         VALUES (?, ?, ?, ?, ?, ?, ?, ?)
         ON CONFLICT DO UPDATE SET accepted = accepted + excluded.accepted,
           rejected = rejected + excluded.rejected, stale = stale + excluded.stale,
           shares = shares + excluded.shares, active_s = active_s + excluded.active_s, is_uploaded = 0`,
      ).run(
        miner,
        whole(hourMs, "hourMs"),
        role,
        accepted,
        rejected,
        stale,
        whole(shares, "shares"),
        whole(activeS, "activeS"),
      );
    },
    work: (fromMs, toMs) =>
      prepare(`${WORK} WHERE hour_ms >= ? AND hour_ms < ? ORDER BY hour_ms, miner, role`)
        .all(fromMs, toMs)
        .map(toWork),
    pendingWork: (limit) =>
      prepare(`${WORK} WHERE is_uploaded = 0 ORDER BY hour_ms LIMIT ?`).all(limit).map(toWork),
    markWorkUploaded(rows) {
      inTransaction(database, () => {
        const mark = prepare(
          `UPDATE work SET is_uploaded = 1 WHERE hour_ms = ? AND miner = ? AND role = ?
             AND accepted = ? AND rejected = ? AND stale = ? AND active_s = ?`,
        );
        for (const row of rows) {
          const { hourMs, miner, role, accepted, rejected, stale, activeS } = row;
          mark.run(hourMs, miner, role, accepted, rejected, stale, activeS);
        }
      });
    },
  };
}

function termsTable(prepare: Prepare): Pick<StateStore, "saveTerms" | "terms"> {
  return {
    saveTerms({ version, sha256, jws, state }) {
      prepare(
        `INSERT INTO terms (sha256, version, jws, state) VALUES (?, ?, ?, ?)
         ON CONFLICT DO UPDATE SET jws = excluded.jws, state = excluded.state`,
      ).run(sha256, version, JSON.stringify(jws), state);
    },
    terms: () =>
      prepare("SELECT sha256, version, jws, state FROM terms ORDER BY version DESC, sha256")
        .all()
        .map((row) => ({
          version: Number(row["version"]),
          sha256: String(row["sha256"]),
          jws: JSON.parse(String(row["jws"])) as FlatJws,
          state: String(row["state"]),
        })),
  };
}

function joined(former: IntervalRow, row: IntervalRow): IntervalRow {
  const { wattMax } = former;
  return {
    ...row,
    seconds: former.seconds + row.seconds,
    wh: former.wh + row.wh,
    quality: worseQuality(former.quality, row.quality),
    wattMax:
      wattMax === null || row.wattMax === null ? (wattMax ?? row.wattMax) : Math.max(wattMax, row.wattMax),
  };
}

function toInterval(row: Row): IntervalRow {
  return {
    miner: String(row["miner"]),
    startMs: Number(row["start_ms"]),
    seconds: Number(row["seconds"]),
    wh: Number(row["wh"]),
    quality: String(row["quality"]) as ReadingQuality,
    wattMax: row["watt_max"] === null ? null : Number(row["watt_max"]),
  };
}

function toWork(row: Row): WorkRow {
  return {
    miner: String(row["miner"]),
    hourMs: Number(row["hour_ms"]),
    role: String(row["role"]) as WorkRow["role"],
    accepted: BigInt(row["accepted"] as bigint),
    rejected: BigInt(row["rejected"] as bigint),
    stale: BigInt(row["stale"] as bigint),
    shares: Number(row["shares"]),
    activeS: Number(row["active_s"]),
  };
}

function whole(value: number, name: string): number {
  if (Number.isSafeInteger(value) && value >= 0) return value;
  throw new RangeError(`${name} must be a whole number, 0 or more, and is ${value}`);
}
