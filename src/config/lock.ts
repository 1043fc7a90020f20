import { closeSync, openSync } from "node:fs";
import { DatabaseSync } from "node:sqlite";
import { refusedError } from "../model/errors.ts";
import type { HearthPaths } from "./paths.ts";

/** Held while a loop runs; gone with the process, however it ends. */
export interface LoopLock {
  release(): void;
}

/**
 * One loop per home. The lock is SQLite's own file lock, which the operating system drops with the process, so
 * there is no stale lock to clean. Throws `LOOP_RUNNING` (4) when another process holds it.
 */
export function takeLock(paths: HearthPaths, left = "Nothing was started; that loop goes on"): LoopLock {
  closeSync(openSync(paths.lock, "a", 0o600));
  const database = new DatabaseSync(paths.lock);
  try {
    database.exec(
      "PRAGMA locking_mode = EXCLUSIVE; BEGIN EXCLUSIVE; CREATE TABLE IF NOT EXISTS holder (pid INTEGER);",
    );
  } catch (error) {
    database.close();
    throw refusedError("LOOP_RUNNING", "A hearth loop runs for this home", {
      left,
      hint: "hearth status; to change what the loop has read, stop it first (Ctrl-C where it runs)",
      cause: error,
    });
  }
  return { release: () => database.close() };
}
