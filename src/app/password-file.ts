import { readFileSync, statSync } from "node:fs";
import { usageError } from "../model/errors.ts";

const LONGEST_BYTES = 1024;

/**
 * Password in the first line of a file; null when none was named. Secrets come by file, never by flag or variable
 * (interfaces.md §1). Throws `PASSWORD_FILE` (2); its text never shows what stands in the file.
 */
export function readPasswordFile(path: string | undefined): string | null {
  if (path === undefined) return null;
  const complain = (why: string) =>
    usageError("PASSWORD_FILE", `The password file ${path} ${why}`, {
      left: "Nothing was sent",
      hint: "a file whose first line is the password of the miner's own page",
    });
  let text: string;
  try {
    if (statSync(path).size > LONGEST_BYTES) throw complain("is too long for a password");
    text = readFileSync(path, "utf8");
  } catch (error) {
    if (error instanceof Error && "hint" in error) throw error;
    throw complain("cannot be read");
  }
  // Editors of Windows put a mark of their own in front.
  const [line = ""] = text.replace(/^\uFEFF/, "").split(/\r?\n/);
  if (/[\u0000-\u001f\u007f]/.test(line)) throw complain("holds a control character in its first line");
  return line;
}
