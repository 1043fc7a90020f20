/** `prev` of the first row of each table (settlement.md §12). */
export const GENESIS = "0".repeat(64);

/**
 * The two append-only tables of settlement.md §12 and the triggers that keep them so, by name. `seq` counts each
 * table from 1 without a gap.
 */
const OBJECTS: Record<string, string> = {
  events: `CREATE TABLE events (
  seq INTEGER PRIMARY KEY,
  id TEXT NOT NULL,
  at TEXT NOT NULL,
  kind TEXT NOT NULL,
  body TEXT NOT NULL,
  prev TEXT NOT NULL,
  hash TEXT NOT NULL
) STRICT`,
  settlements: `CREATE TABLE settlements (
  seq INTEGER PRIMARY KEY,
  member TEXT NOT NULL,
  day TEXT NOT NULL,
  revision INTEGER NOT NULL,
  state TEXT NOT NULL,
  record TEXT NOT NULL,
  hash TEXT NOT NULL
) STRICT`,
  settlements_by_day: "CREATE INDEX settlements_by_day ON settlements (member, day, revision, seq)",
  events_by_kind: "CREATE INDEX events_by_kind ON events (kind, seq)",
  events_no_update: noChange("events", "UPDATE"),
  events_no_delete: noChange("events", "DELETE"),
  settlements_no_update: noChange("settlements", "UPDATE"),
  settlements_no_delete: noChange("settlements", "DELETE"),
};

/** SQL of each object exactly as SQLite stores it, to notice a changed schema. */
export const ledgerObjects: ReadonlyMap<string, string> = new Map(Object.entries(OBJECTS));

/** Makes what is missing. */
export const ledgerSchema = `${Object.values(OBJECTS)
  .map((sql) => sql.replace(/^CREATE (TABLE|INDEX|TRIGGER)/, "CREATE $1 IF NOT EXISTS"))
  .join(";\n")};`;

function noChange(table: string, action: "UPDATE" | "DELETE"): string {
  const name = `${table}_no_${action.toLowerCase()}`;
  return `CREATE TRIGGER ${name} BEFORE ${action} ON ${table} BEGIN SELECT RAISE(ABORT, 'the ledger only grows'); END`;
}
