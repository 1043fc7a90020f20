import { fileURLToPath } from "node:url";
import { Errors, flush, run } from "@oclif/core";
import { EXIT } from "./model/errors.ts";
import { safeText } from "./model/parse.ts";
import { nearestCommand } from "./near-miss.ts";

/**
 * Entry of the program: runs one command and turns what escapes it into words and an exit code.
 * Commands handle their own errors (base-command.ts); here are only those raised before a command is known.
 */
export async function main(entryUrl: string): Promise<void> {
  const argv = process.argv.slice(2);
  try {
    await run(await wantedCommand(argv), {
      root: fileURLToPath(new URL("..", entryUrl)),
      userPlugins: false,
      devPlugins: false,
    });
  } catch (error) {
    report(error, argv, entryUrl);
  }
  await flush();
  process.exit();
}

/** `hearth` alone is the dashboard where a loop runs and a person looks on, else the short help (product.md §7). */
async function wantedCommand(argv: string[]): Promise<string[]> {
  if (argv.length > 0 || process.stdout.isTTY !== true) return argv;
  const { hasLoop } = await import("./app/home-paths.ts");
  return hasLoop(process.env) ? ["watch"] : argv;
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
