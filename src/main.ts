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
    await run(argv, entryUrl);
  } catch (error) {
    report(error, argv.includes("--json"));
  }
  await flush();
  process.exit();
}

function report(error: unknown, wantsJson: boolean): void {
  const wanted = error instanceof Errors.CLIError ? error.oclif.exit : undefined;
  if (error instanceof Errors.ExitError) {
    process.exitCode ??= wanted ?? EXIT.done;
    return;
  }
  const isUsage = error instanceof Errors.CLIError;
  const message = isUsage
    ? safeText(error.message.split("\n")[0] ?? "", 300)
    : `hearth failed unexpectedly: ${safeText(error instanceof Error ? error.message : String(error), 300)}`;
  const code = isUsage ? "USAGE" : "UNEXPECTED";
  const hint = isUsage
    ? "hearth help"
    : "hearth --help; if it happens again, report the command and this line";
  process.exitCode = isUsage ? EXIT.usage : EXIT.bug;
  if (wantsJson) {
    const document = { schema: "hearth.error/1", ok: false, error: { code, message, hint }, warnings: [] };
    process.stdout.write(`${JSON.stringify(document)}\n`);
  } else {
    process.stderr.write(`${message}\nTry: ${hint}\n`);
  }
}
