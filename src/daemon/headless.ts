import { readFileSync } from "node:fs";
import { setFlagsFromString } from "node:v8";
import { EXIT, errorText, toHearthError } from "../model/errors.ts";

/**
 * What keeps a process small that runs for months and reckons for a millisecond every five seconds: the heap's young
 * part stays as it begins, it is tidied without helpers, and nothing is compiled for speed.
 */
export const SMALL_PROCESS_FLAGS = [
  "--semi-space-growth-factor=1",
  "--optimize-for-size",
  "--single-threaded-gc",
  "--no-opt",
  "--no-maglev",
];
/** Ctrl-C twice within this time is once: a terminal and a parent may both pass it on. */
const REPEAT_MS = 250;

/** `hearth run --headless` without the frame of the other commands, which would double its memory. Ends the process. */
export async function runHeadless(): Promise<void> {
  for (const flag of SMALL_PROCESS_FLAGS) setFlagsFromString(flag);
  try {
    const { runHome } = await import("./run-home.ts");
    const end = await runHome({
      env: process.env,
      version: ownVersion(),
      mode: "ndjson",
      signal: interruptSignal(),
      write: (text) => process.stdout.write(text),
      talk: (line) => process.stderr.write(`${line}\n`),
      show: () => Promise.resolve(),
    });
    process.exitCode = end.exit;
  } catch (error) {
    const known = toHearthError(error);
    process.stderr.write(errorText(known));
    process.exitCode = known.exit;
  }
  process.stdout.write("", () => process.exit());
}

/** Aborted by the first Ctrl-C; the second ends the process. */
function interruptSignal(): AbortSignal {
  const interrupt = new AbortController();
  let firstMono = 0;
  process.on("SIGINT", () => {
    if (!interrupt.signal.aborted) {
      firstMono = performance.now();
      interrupt.abort();
    } else if (performance.now() - firstMono >= REPEAT_MS) process.exit(EXIT.interrupted);
  });
  return interrupt.signal;
}

function ownVersion(): string {
  const manifest: unknown = JSON.parse(readFileSync(new URL("../../package.json", import.meta.url), "utf8"));
  return String((manifest as { version?: unknown }).version);
}
