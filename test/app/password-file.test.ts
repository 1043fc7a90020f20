import { mkdtempSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "vitest";
import { readPasswordFile } from "#src/app/password-file.ts";

const folder = mkdtempSync(join(tmpdir(), "hearth-password-"));

function fileOf(text: string): string {
  const path = join(folder, "password.txt");
  writeFileSync(path, text);
  return path;
}

test.each([
  ["hunter2", "hunter2"],
  ["hunter2\n", "hunter2"],
  ["hunter2\r\nnot this\n", "hunter2"],
  [" with spaces ", " with spaces "],
  ["pässword", "pässword"],
  ["\uFEFFhunter2", "hunter2"],
  ["", ""],
])("the first line of %j is the password", (text, password) => {
  expect(readPasswordFile(fileOf(text))).toBe(password);
});

test("without a file there is none", () => {
  expect(readPasswordFile(undefined)).toBeNull();
});

test.each([
  ["a control character", () => fileOf("hunter2\u001b[2J\n")],
  ["far too much", () => fileOf("hunter2".repeat(500))],
  ["no file", () => join(folder, "missing")],
  ["a folder", () => folder],
])("%s is refused without showing what was read", (_, path) => {
  const read = () => readPasswordFile(path());

  expect(read).toThrow(expect.objectContaining({ code: "PASSWORD_FILE", exit: 2 }));
  expect(read).toThrow(expect.objectContaining({ message: expect.not.stringContaining("hunter2") }));
});
