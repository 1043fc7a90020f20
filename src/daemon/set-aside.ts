import { renameSync, rmSync } from "node:fs";
import { HearthError } from "../model/errors.ts";

export interface Opened<T> {
  opened: T;
  /** What went wrong with the former file, for an alarm; null when nothing did. */
  spoilt: string | null;
}

/**
 * Opens a database that the loop can begin anew: a file whose bytes are no database is kept aside (reliability.md
 * F22). Throws what `open` throws for every other reason: on a full disk a good file stays where it is (F04).
 */
export function openOrSetAside<T>(path: string, open: () => T): Opened<T> {
  try {
    return { opened: open(), spoilt: null };
  } catch (error) {
    if (!isSpoilt(error)) throw error;
    const aside = `${path}.broken`;
    renameSync(path, aside);
    for (const side of ["-wal", "-shm"]) rmSync(`${path}${side}`, { force: true });
    const why = error instanceof HearthError ? error.message : "it is no database";
    return {
      opened: open(),
      spoilt: `could not be read (${why}); it is kept as ${aside} and a new one was begun`,
    };
  }
}

/** SQLite's own word for bytes that it cannot make sense of: SQLITE_CORRUPT, SQLITE_NOTADB. */
const SPOILT = new Set([11, 26]);

function isSpoilt(error: unknown): boolean {
  const cause = error instanceof HearthError ? error.cause : error;
  const { errcode } = (cause ?? {}) as { errcode?: number };
  // The low byte; the others tell where it was noticed.
  return errcode !== undefined && SPOILT.has(errcode & 0xff);
}
