import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { Errors, flush, run } from "@oclif/core";
import { EXIT } from "./model/errors.ts";
import { safeText } from "./model/parse.ts";

/**
 * Entry of the program: runs one command and turns what escapes it into words and an exit code.
 * Commands handle their own errors (base-command.ts); here are only those raised before a command is known.
 */
export async function main(entryUrl: string): Promise<void> {
  const argv = process.argv.slice(2);
  try {
    await run(argv, { root: fileURLToPath(new URL("..", entryUrl)), userPlugins: false, devPlugins: false });
  } catch (error) {
    report(error, argv, entryUrl);
  }
  await flush();
  process.exit();
}

function report(error: unknown, argv: readonly string[], entryUrl: string): void {
  const wanted = error instanceof Errors.CLIError ? error.oclif.exit : undefined;
  if (error instanceof Errors.ExitError) {
    process.exitCode ??= wanted ?? EXIT.done;
    return;
  }
  const isUsage = error instanceof Errors.CLIError;
  const problem = isUsage ? usageOf(error, argv, entryUrl) : bugOf(error);
  process.exitCode = isUsage ? EXIT.usage : EXIT.bug;
  const wantsJson = argv.includes("--json") || ["1", "true"].includes(process.env["HEARTH_JSON"] ?? "");
  if (wantsJson) {
    const document = { schema: "hearth.error/1", ok: false, error: problem, warnings: [] };
    process.stdout.write(`${JSON.stringify(document)}\n`);
  } else {
    process.stderr.write(`${problem.message}.\nTry: ${problem.hint}\n`);
  }
}

function bugOf(error: unknown) {
  const text = safeText(error instanceof Error ? error.message : String(error), 300);
  const hint = "hearth --help; if it happens again, report the command and this line";
  return { code: "UNEXPECTED", message: `hearth failed unexpectedly: ${text}`, hint };
}

function usageOf(error: Error, argv: readonly string[], entryUrl: string) {
  const text = safeText(error.message.split("\n")[0] ?? "", 300);
  if (!/^command .* not found$/.test(text))
    return { code: "USAGE", message: text.replace(/\.$/, ""), hint: "hearth --help" };
  const words = argv.filter((word) => !word.startsWith("-"));
  const nearest = nearestCommand(words.join(" "), entryUrl);
  const message = `hearth has no command "${safeText(words.join(" "), 60)}"`;
  return { code: "USAGE", message, hint: nearest ? `hearth ${nearest}` : "hearth --help" };
}

/** The command that was probably meant; null when none is close. */
function nearestCommand(typed: string, entryUrl: string): string | null {
  let best: { name: string; distance: number } | null = null;
  for (const name of commandNames(entryUrl)) {
    const distance = editDistance(typed.slice(0, 60), name);
    if (distance <= 2 && distance < (best?.distance ?? 3)) best = { name, distance };
    if (typed.startsWith(`${name} `) && !best) best = { name, distance: 2 };
  }
  return best?.name ?? null;
}

function commandNames(entryUrl: string): string[] {
  try {
    const manifest = JSON.parse(readFileSync(new URL("../oclif.manifest.json", entryUrl), "utf8"));
    return Object.keys(manifest.commands).map((id) => id.replaceAll(":", " "));
  } catch {
    return [];
  }
}

/** Levenshtein's distance. */
function editDistance(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, index) => index);
  for (const [i, letter] of [...a].entries()) {
    const next = [i + 1];
    for (const [j, other] of [...b].entries()) {
      const replaced = (row[j] ?? 0) + (letter === other ? 0 : 1);
      next.push(Math.min(replaced, (row[j + 1] ?? 0) + 1, (next[j] ?? 0) + 1));
    }
    row = next;
  }
  return row[b.length] ?? 0;
}
