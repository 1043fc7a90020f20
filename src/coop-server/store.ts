import { chmodSync, closeSync, mkdirSync, openSync } from "node:fs";
import { dirname } from "node:path";
import { DatabaseSync, type SQLInputValue, type StatementSync } from "node:sqlite";
import { createSigningKey, loadSigningKey, type SigningKey } from "../coop/keys.ts";

export type Row = Record<string, unknown>;

/** The co-op's database: one file, 0600, one writer. Statements are prepared once. */
export interface Store {
  run(sql: string, ...values: SQLInputValue[]): void;
  get(sql: string, ...values: SQLInputValue[]): Row | null;
  all(sql: string, ...values: SQLInputValue[]): Row[];
  /** All or nothing; `work` must not be asynchronous. */
  transaction<T>(work: () => T): T;
  close(): void;
}

const SCHEMA = `
CREATE TABLE IF NOT EXISTS kv (key TEXT PRIMARY KEY, value TEXT NOT NULL) STRICT;
CREATE TABLE IF NOT EXISTS grants (id TEXT PRIMARY KEY, member TEXT, is_revoked INTEGER NOT NULL DEFAULT 0) STRICT;
CREATE TABLE IF NOT EXISTS device_codes (code_hash TEXT PRIMARY KEY, user_code TEXT NOT NULL UNIQUE, state TEXT NOT NULL,
  expires_ms INTEGER NOT NULL, interval_s INTEGER NOT NULL, polled_ms INTEGER, scope TEXT NOT NULL) STRICT;
CREATE TABLE IF NOT EXISTS tokens (hash TEXT PRIMARY KEY, kind TEXT NOT NULL, grant_id TEXT NOT NULL, scope TEXT NOT NULL,
  expires_ms INTEGER NOT NULL, is_used INTEGER NOT NULL DEFAULT 0) STRICT;
CREATE TABLE IF NOT EXISTS members (member TEXT PRIMARY KEY, device_key TEXT NOT NULL, thumbprint TEXT NOT NULL UNIQUE,
  tool_version TEXT NOT NULL, consent_sha256 TEXT NOT NULL, enrolled_ms INTEGER NOT NULL) STRICT;
CREATE TABLE IF NOT EXISTS terms (member TEXT NOT NULL, version INTEGER NOT NULL, sha256 TEXT NOT NULL, jws TEXT NOT NULL,
  consent TEXT, effective_from TEXT NOT NULL, wish TEXT NOT NULL, PRIMARY KEY (member, version)) STRICT;
CREATE TABLE IF NOT EXISTS devices (member TEXT NOT NULL, id TEXT NOT NULL, body TEXT NOT NULL, PRIMARY KEY (member, id)) STRICT;
CREATE TABLE IF NOT EXISTS intervals (member TEXT NOT NULL, device TEXT NOT NULL, start_ms INTEGER NOT NULL, seconds INTEGER NOT NULL,
  wh INTEGER NOT NULL, source TEXT NOT NULL, quality TEXT NOT NULL, PRIMARY KEY (member, device, start_ms)) STRICT;
CREATE TABLE IF NOT EXISTS meter (member TEXT NOT NULL, start_ms INTEGER NOT NULL, seconds INTEGER NOT NULL, wh INTEGER NOT NULL,
  PRIMARY KEY (member, start_ms)) STRICT;
CREATE TABLE IF NOT EXISTS work (member TEXT NOT NULL, device TEXT NOT NULL, hour_ms INTEGER NOT NULL, role TEXT NOT NULL,
  accepted TEXT NOT NULL, rejected TEXT NOT NULL, stale TEXT NOT NULL, active_s INTEGER NOT NULL,
  PRIMARY KEY (member, device, hour_ms, role)) STRICT;
CREATE TABLE IF NOT EXISTS settlements (member TEXT NOT NULL, day TEXT NOT NULL, revision INTEGER NOT NULL, state TEXT NOT NULL,
  record TEXT NOT NULL, jws TEXT NOT NULL, PRIMARY KEY (member, day, revision)) STRICT;
CREATE TABLE IF NOT EXISTS events (id TEXT PRIMARY KEY, version INTEGER NOT NULL, audience TEXT NOT NULL, body TEXT NOT NULL,
  jws TEXT NOT NULL, oadr TEXT NOT NULL, changed_ms INTEGER NOT NULL, expires_ms INTEGER NOT NULL) STRICT;
CREATE TABLE IF NOT EXISTS oadr_objects (id TEXT PRIMARY KEY, kind TEXT NOT NULL, client_id TEXT NOT NULL, name TEXT NOT NULL,
  body TEXT NOT NULL, UNIQUE (kind, client_id, name)) STRICT;
CREATE TABLE IF NOT EXISTS answers (key TEXT NOT NULL, subject TEXT NOT NULL, body_hash TEXT NOT NULL, status INTEGER NOT NULL,
  body TEXT NOT NULL, created_ms INTEGER NOT NULL, PRIMARY KEY (key, subject)) STRICT;
`;

/** Opens or makes the database. `:memory:` keeps nothing. The file is made 0600 before anything is in it. */
export function openStore(path: string): Store {
  if (path !== ":memory:") makePrivate(path);
  const db = new DatabaseSync(path);
  db.exec("PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL; PRAGMA busy_timeout=2000;");
  db.exec(SCHEMA);
  const prepared = new Map<string, StatementSync>();
  const statement = (sql: string) => {
    let found = prepared.get(sql);
    if (!found) {
      found = db.prepare(sql);
      prepared.set(sql, found);
    }
    return found;
  };
  return {
    run: (sql, ...values) => {
      statement(sql).run(...values);
    },
    get: (sql, ...values) => statement(sql).get(...values) ?? null,
    all: (sql, ...values) => statement(sql).all(...values),
    transaction: (work) => inTransaction(db, work),
    close: () => db.close(),
  };
}

/** The co-op's signing key: made at the first start, the same ever after. It lies in the 0600 database. */
export function coopKey(store: Store): SigningKey {
  const stored = readKv(store, "signing_key");
  if (stored !== null) return loadSigningKey(JSON.parse(stored));
  const key = createSigningKey();
  writeKv(store, "signing_key", JSON.stringify(key.privateJwk));
  return key;
}

/** A setting by name; null when it was never written. */
export function readKv(store: Store, key: string): string | null {
  const value = store.get("SELECT value FROM kv WHERE key = ?", key)?.["value"];
  return typeof value === "string" ? value : null;
}

export function writeKv(store: Store, key: string, value: string): void {
  store.run(
    "INSERT INTO kv VALUES (?, ?) ON CONFLICT (key) DO UPDATE SET value = excluded.value",
    key,
    value,
  );
}

function inTransaction<T>(db: DatabaseSync, work: () => T): T {
  db.exec("BEGIN IMMEDIATE");
  try {
    const result = work();
    db.exec("COMMIT");
    return result;
  } catch (error) {
    db.exec("ROLLBACK");
    throw error;
  }
}

function makePrivate(path: string): void {
  mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
  closeSync(openSync(path, "a", 0o600));
  chmodSync(path, 0o600);
}
