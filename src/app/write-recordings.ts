import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { usageError } from "../model/errors.ts";

/**
 * Writes recorded answers, by file name, into a folder, which is made. Throws `FOLDER_NOT_WRITABLE` (2); `left` says what
 * stayed as it was.
 */
export function writeRecordings(folder: string, files: ReadonlyMap<string, string>, left?: string): void {
  try {
    mkdirSync(folder, { recursive: true });
    for (const [name, text] of files) writeFileSync(join(folder, name), text);
  } catch (cause) {
    throw usageError("FOLDER_NOT_WRITABLE", `${folder} cannot be written`, {
      cause,
      ...(left === undefined ? {} : { left }),
      hint: "--out with a folder of your own",
    });
  }
}
