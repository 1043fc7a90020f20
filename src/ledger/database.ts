import { closeSync, constants, existsSync, mkdirSync, openSync } from "node:fs";
import { dirname } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { accessError, differenceError, type HearthError, staleError } from "../model/errors.ts";

export interface DatabaseOptions {
  /** Opens what is there and never creates a file. */
  readOnly: boolean;
  /** Statements that make the tables where they are missing; not run when read-only. */
  schema: string;
  /** Is every write on the disk when its call returns? False: a power cut may take the last ones, all or none of each. */
  isDurable: boolean;
  /** `LEDGER` or `STATE`: begins the error codes. */
  codePrefix: string;
}

/**
 * One SQLite file with the storage rules of reliability.md §5: write-ahead log, full sync (unless asked otherwise), foreign keys, mode
 * 0600, no symbolic link followed. `:memory:` is allowed for tests.
 *
 * @throws HearthError `…_MISSING` (6) when read-only and absent, `…_ACCESS` (5) when the file system refuses,
 *   `…_BROKEN` (7) when SQLite cannot read it for writing. A damaged file opens read-only without a word: its
 *   reader reports what is wrong.
 */
export function openDatabase(path: string, options: DatabaseOptions): DatabaseSync {
  return options.readOnly ? openForReading(path, options) : openForWriting(path, options);
}

/** Runs `work` in one transaction that is written at its end, or not at all when it throws. */
export function inTransaction<T>(database: DatabaseSync, work: () => T): T {
  if (database.isTransaction) return work();
  database.exec("BEGIN IMMEDIATE");
  try {
    const result = work();
    database.exec("COMMIT");
    return result;
  } catch (error) {
    // SQLite may have rolled back by itself, as when the disk is full.
    if (database.isTransaction) database.exec("ROLLBACK");
    throw error;
  }
}

function openForReading(path: string, options: DatabaseOptions): DatabaseSync {
  if (path !== ":memory:" && !existsSync(path)) {
    throw staleError(`${options.codePrefix}_MISSING`, `There is no file ${path} yet`, {
      hint: "hearth run",
    });
  }
  try {
    return new DatabaseSync(path, { readOnly: true, timeout: BUSY_MS });
  } catch (cause) {
    throw refusedAccess(path, options, cause);
  }
}

function openForWriting(path: string, options: DatabaseOptions): DatabaseSync {
  if (path !== ":memory:") createFile(path, options);
  let database: DatabaseSync;
  try {
    database = new DatabaseSync(path, { timeout: BUSY_MS, enableForeignKeyConstraints: true });
  } catch (cause) {
    throw refusedAccess(path, options, cause);
  }
  try {
    database.exec("PRAGMA journal_mode = WAL; PRAGMA trusted_schema = OFF;");
    database.exec(`PRAGMA synchronous = ${options.isDurable ? "FULL" : "NORMAL"}`);
    database.exec(options.schema);
    return database;
  } catch (cause) {
    database.close();
    throw broken(path, options, cause);
  }
}

/** How long a writer waits for another process that reads or writes, ms of real time. */
const BUSY_MS = 5_000;

function createFile(path: string, options: DatabaseOptions): void {
  try {
    mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
    // SQLite gives its side files the mode of the main file, so this covers all three.
    closeSync(openSync(path, constants.O_RDWR | constants.O_CREAT | constants.O_NOFOLLOW, 0o600));
  } catch (cause) {
    throw refusedAccess(path, options, cause);
  }
}

function refusedAccess(path: string, options: DatabaseOptions, cause: unknown): HearthError {
  return accessError(`${options.codePrefix}_ACCESS`, `The file ${path} cannot be opened`, {
    cause,
    left: "Nothing was written",
    hint: "Check the owner and mode of the file, and that it is no link",
  });
}

function broken(path: string, options: DatabaseOptions, cause: unknown): HearthError {
  return differenceError(`${options.codePrefix}_BROKEN`, `SQLite cannot read the file ${path}`, {
    cause,
    left: "The file was not changed",
    hint: "hearth settlement verify",
  });
}
