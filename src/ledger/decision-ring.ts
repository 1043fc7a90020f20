import type { DatabaseSync } from "node:sqlite";
import { inTransaction } from "./database.ts";

/** One stored decision: the JSON as handed in. */
export interface StoredDecision {
  /** Rises by one with each decision, also over restarts. */
  seq: number;
  atMs: number;
  json: string;
}

/** Decisions kept; older ones are dropped. */
export const RING_SIZE = 20_000;
/** Decisions that wait in memory before they are written together. */
const BATCH_SIZE = 500;
/** Time of the caller's clock after which waiting decisions are written with the next one, ms. */
const BATCH_MS = 60_000;

/**
 * The latest 20,000 decisions. They explain the past and decide nothing, so they are written in batches and
 * without waiting for the disk: a power cut may lose the last minute of them.
 */
export function createDecisionRing(database: DatabaseSync) {
  const waiting: { atMs: number; json: string }[] = [];
  const insert = () => database.prepare("INSERT INTO decisions (at_ms, json) VALUES (?, ?)");
  let prepared: ReturnType<typeof insert> | null = null;

  function flush(): void {
    if (waiting.length === 0) return;
    const statement = prepared ?? insert();
    prepared = statement;
    // Taken out first: on a full disk the batch is given up, so that it neither grows nor fails again each time.
    const batch = waiting.splice(0);
    withoutWaiting(database, () => {
      for (const { atMs, json } of batch) statement.run(atMs, json);
      database.exec(`DELETE FROM decisions WHERE seq <= (SELECT max(seq) FROM decisions) - ${RING_SIZE}`);
    });
  }

  return {
    append(json: string, atMs: number): void {
      const oldest = waiting[0]?.atMs ?? atMs;
      waiting.push({ json, atMs });
      // A clock that was set back also ends the wait.
      if (waiting.length >= BATCH_SIZE || Math.abs(atMs - oldest) >= BATCH_MS) flush();
    },
    flush,
    /** The latest `limit` decisions in rising order, waiting ones included. */
    latest(limit: number): StoredDecision[] {
      flush();
      const rows = database
        .prepare("SELECT seq, at_ms, json FROM decisions ORDER BY seq DESC LIMIT ?")
        .all(limit);
      return rows
        .reverse()
        .map((row) => ({ seq: Number(row["seq"]), atMs: Number(row["at_ms"]), json: String(row["json"]) }));
    },
  };
}

function withoutWaiting(database: DatabaseSync, work: () => void): void {
  // Inside a transaction the level cannot change, and its end waits for the disk anyway.
  if (database.isTransaction) {
    work();
    return;
  }
  database.exec("PRAGMA synchronous = NORMAL");
  try {
    inTransaction(database, work);
  } finally {
    database.exec("PRAGMA synchronous = FULL");
  }
}
