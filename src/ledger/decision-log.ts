import type { DatabaseSync } from "node:sqlite";
import { deflateRawSync, inflateRawSync } from "node:zlib";
import { inTransaction, openDatabase } from "./database.ts";

/**
 * One tick as the pure core saw and answered it. `config`, `before` and `after` are the core's own objects: the log
 * tells by their identity whether one tick goes on from the last, and stores them only where it does not.
 */
export interface LoggedTick {
  atMs: number;
  config: object;
  /** State handed to the core, and the state that it answered. */
  before: object;
  after: object;
  /** Whatever the core saw and answered, plain JSON. */
  snapshot: object;
  commands: object[];
  decision: object;
}

/** One stored tick with all that is needed to decide it again, parsed and not yet trusted. */
export interface StoredTick {
  seq: number;
  atMs: number;
  /** Version of the program that decided. */
  program: string;
  /** Set on the first tick of a stretch: where the core starts from. Null: it goes on from the tick before. */
  start: { config: unknown; state: unknown } | null;
  snapshot: unknown;
  commands: unknown;
  decision: unknown;
}

export interface DecisionLogLimits {
  /** Size of the file at most, bytes; the oldest stretches go first. */
  maxBytes: number;
  maxAgeMs: number;
}

/** Two weeks of several miners, or as much of them as fits. */
export const LOG_LIMITS: DecisionLogLimits = { maxBytes: 64 * 1_048_576, maxAgeMs: 14 * 86_400_000 };
/** Ticks after which the state is stored anew: ten minutes at the usual tick. What is dropped is such a stretch. */
const STRETCH_TICKS = 120;
/** Stretches dropped for their age at a time: a clock that jumps ten years ahead must not empty the log. */
const AGED_AT_ONCE = 2;
/** What deflate looks back on, bytes. */
const WINDOW_BYTES = 32_768;

const schema = `
CREATE TABLE IF NOT EXISTS ticks (
  seq INTEGER PRIMARY KEY,
  at_ms INTEGER NOT NULL,
  is_start INTEGER NOT NULL,
  packed BLOB NOT NULL
) STRICT;
CREATE INDEX IF NOT EXISTS tick_starts ON ticks (seq) WHERE is_start = 1;`;

/**
 * The ring of decisions in a file of its own (`decisions.db`): it grows to 64 MiB and may be lost, while
 * `state.db` stays small, quickly checked after a kill, and must not be. Every tick is in the file when `append`
 * returns, so a killed process loses none; the disk is not waited for, so a power cut may cost the last minutes.
 */
export interface DecisionLog {
  /** Throws what SQLite throws, as on a full disk; the next tick then begins a stretch of its own. */
  append(tick: LoggedTick): void;
  close(): void;
}

/** Opens the log for its one writer, making it with mode 0600. Throws `DECISIONS_ACCESS` (5), `DECISIONS_BROKEN` (7). */
export function openDecisionLog(path: string, program: string, limits = LOG_LIMITS): DecisionLog {
  const database = openDatabase(path, { readOnly: false, schema, isDurable: false, codePrefix: "DECISIONS" });
  // Nobody else writes here; should somebody, the record of a tick is not worth a wait.
  database.exec("PRAGMA busy_timeout = 0;");
  const insert = database.prepare("INSERT INTO ticks (at_ms, is_start, packed) VALUES (?, ?, ?)");
  let last: { tick: LoggedTick; text: string; count: number } | null = null;

  const begin = (tick: LoggedTick): string => {
    const text = JSON.stringify({ program, config: tick.config, state: tick.before });
    makeRoom(database, limits, tick.atMs);
    insert.run(tick.atMs, 1, deflateRawSync(text));
    return text;
  };

  return {
    append(tick) {
      const former = last;
      last = null;
      const goesOn =
        former !== null &&
        former.count < STRETCH_TICKS &&
        former.tick.after === tick.before &&
        former.tick.config === tick.config;
      const { snapshot, commands, decision } = tick;
      const text = JSON.stringify({ snapshot, commands, decision });
      inTransaction(database, () => {
        const dictionary = goesOn ? former.text : begin(tick);
        insert.run(tick.atMs, 0, deflateRawSync(text, packing(dictionary)));
      });
      last = { tick, text, count: goesOn ? former.count + 1 : 1 };
    },
    close: () => database.close(),
  };
}

/**
 * The stored ticks in their order, each stretch from its start on. With a time, those of the stretches that may hold
 * `[fromMs, toMs]`, so that each can be decided again. Throws also what SQLite, zlib and JSON throw on
 * bytes of another kind.
 *
 * @throws HearthError `DECISIONS_MISSING` (6), `DECISIONS_ACCESS` (5).
 */
export function* readDecisionLog(
  path: string,
  { fromMs = Number.NEGATIVE_INFINITY, toMs = Number.POSITIVE_INFINITY } = {},
): Generator<StoredTick> {
  const database = openDatabase(path, { readOnly: true, schema, isDurable: false, codePrefix: "DECISIONS" });
  try {
    const first = Number.isFinite(fromMs) ? startBefore(database, fromMs) : 0;
    const rows = database.prepare(
      "SELECT seq, at_ms, is_start, packed FROM ticks WHERE seq >= ? ORDER BY seq",
    );
    let program = "";
    let start: StoredTick["start"] = null;
    let text: string | null = null;
    for (const row of rows.iterate(first)) {
      const atMs = Number(row["at_ms"]);
      const packed = row["packed"] as Uint8Array;
      if (row["is_start"] === 1) {
        if (atMs > toMs) return;
        text = inflateRawSync(packed).toString();
        const head = JSON.parse(text);
        program = String(head.program);
        start = { config: head.config, state: head.state };
        continue;
      }
      // The start of the oldest stretch is gone only with its ticks.
      if (text === null) continue;
      text = inflateRawSync(packed, packing(text)).toString();
      yield { seq: Number(row["seq"]), atMs, program, start, ...JSON.parse(text) };
      start = null;
    }
  } finally {
    database.close();
  }
}

function packing(dictionary: string) {
  return { dictionary: Buffer.from(dictionary).subarray(-WINDOW_BYTES) };
}

/** Number of the last start at or before that time; 0 when all starts are later. */
function startBefore(database: DatabaseSync, atMs: number): number {
  const row = database
    .prepare("SELECT max(seq) AS seq FROM ticks WHERE is_start = 1 AND at_ms <= ?")
    .get(atMs);
  return Number(row?.["seq"] ?? 0);
}

function makeRoom(database: DatabaseSync, limits: DecisionLogLimits, nowMs: number): void {
  let aged = 0;
  for (let oldest = oldestStretch(database); oldest; oldest = oldestStretch(database)) {
    const isAged = nowMs - oldest.atMs > limits.maxAgeMs && aged < AGED_AT_ONCE;
    if (!isAged && usedBytes(database) <= limits.maxBytes) return;
    if (isAged) aged += 1;
    database.prepare("DELETE FROM ticks WHERE seq < ?").run(oldest.endSeq);
  }
}

/** The oldest stretch and where the next begins; null when there is only one. */
function oldestStretch(database: DatabaseSync): { atMs: number; endSeq: number } | null {
  const starts = database
    .prepare("SELECT seq, at_ms FROM ticks WHERE is_start = 1 ORDER BY seq LIMIT 2")
    .all();
  const [oldest, next] = starts;
  return oldest && next ? { atMs: Number(oldest["at_ms"]), endSeq: Number(next["seq"]) } : null;
}

function usedBytes(database: DatabaseSync): number {
  const figure = (name: string) => Number(database.prepare(`PRAGMA ${name}`).get()?.[name] ?? 0);
  return (figure("page_count") - figure("freelist_count")) * figure("page_size");
}
