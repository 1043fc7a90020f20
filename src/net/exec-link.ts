import { type ChildProcessByStdio, spawn } from "node:child_process";
import type { Readable } from "node:stream";
import { unreachableError, usageError } from "../model/errors.ts";
import { safeText } from "../model/parse.ts";
import type { ExecReply, ExecRequest } from "../model/source-link.ts";

/** Largest output, bytes (sources.md §4.4). */
const MOST_BYTES = 65_536;
/** From the polite signal to the other, ms. */
const GRACE_MS = 2_000;
const MOST_STDERR = 4_096;

/**
 * Runs a program without a shell, in a process group of its own and with no environment but `PATH`, and ends the whole
 * group when its time is up. Throws `EXEC_INVALID` (2), `EXEC_FAILED`, `EXEC_TIMEOUT`, `EXEC_TOO_LARGE` (3).
 */
export async function runProgram({ argv, totalMs }: ExecRequest, signal: AbortSignal): Promise<ExecReply> {
  const [program, ...rest] = argv;
  if (program === undefined || !program.startsWith("/")) {
    throw usageError("EXEC_INVALID", "The program of a source has to be named with its whole path", {
      left: "Nothing was run",
      hint: "exec.argv beginning with /",
    });
  }
  signal.throwIfAborted();
  const child = spawn(program, rest, {
    detached: true,
    shell: false,
    stdio: ["ignore", "pipe", "pipe"],
    env: { PATH: "/usr/local/bin:/usr/bin:/bin" },
  });
  const end = createEnd(child);
  const timer = setTimeout(() => end.by(tooSlow(program, totalMs)), totalMs);
  const onAbort = () => end.by(signal.reason);
  signal.addEventListener("abort", onAbort, { once: true });
  child.once("error", () => end.by(notStarted(program)));
  const out = collected(child.stdout, MOST_BYTES, () => end.by(tooLarge(program)));
  const err = collected(child.stderr, MOST_STDERR, () => undefined);
  try {
    const exitCode = await end.closed;
    return { exitCode, stdout: out().trim(), lastStderr: lastLine(err()) };
  } finally {
    clearTimeout(timer);
    signal.removeEventListener("abort", onAbort);
  }
}

type Child = ChildProcessByStdio<null, Readable, Readable>;

/** The end of a program, by itself or for a reason; then nothing of its group is left. */
function createEnd(child: Child): { by(error: Error): void; closed: Promise<number | null> } {
  const { promise, resolve, reject } = Promise.withResolvers<number | null>();
  let problem: Error | null = null;
  let killer: NodeJS.Timeout | null = null;
  child.once("exit", () => endGroup(child.pid, "SIGKILL"));
  child.once("close", (exitCode) => {
    if (killer) clearTimeout(killer);
    if (problem) reject(problem);
    else resolve(exitCode);
  });
  return {
    closed: promise,
    by(error) {
      problem ??= error;
      endGroup(child.pid, "SIGTERM");
      killer ??= setTimeout(() => {
        endGroup(child.pid, "SIGKILL");
        // One that left the group may still hold the other ends.
        child.stdout.destroy();
        child.stderr.destroy();
      }, GRACE_MS);
    },
  };
}

/** The last `most` bytes of a stream, as text; `onMore` when there were more. */
function collected(stream: Readable, most: number, onMore: () => void): () => string {
  let bytes = Buffer.alloc(0);
  stream.on("data", (chunk: Buffer) => {
    bytes = Buffer.concat([bytes, chunk]);
    if (bytes.length > most) onMore();
    bytes = bytes.subarray(-most);
  });
  return () => bytes.toString("utf8");
}

function endGroup(pid: number | undefined, name: "SIGTERM" | "SIGKILL"): void {
  if (pid === undefined) return;
  try {
    process.kill(-pid, name);
  } catch {
    // It is gone.
  }
}

function lastLine(text: string): string {
  const lines = text.split("\n").map((line) => safeText(line, 200));
  return lines.findLast((line) => line !== "") ?? "";
}

function notStarted(program: string) {
  return unreachableError("EXEC_FAILED", `${program} could not be started`, {
    hint: "check exec.argv, and that the file may be run",
  });
}

function tooSlow(program: string, totalMs: number) {
  return unreachableError("EXEC_TIMEOUT", `${program} did not end within ${totalMs / 1000} s`, {
    hint: "timeout_s of the source, or a quicker program",
  });
}

function tooLarge(program: string) {
  return unreachableError("EXEC_TOO_LARGE", `${program} printed more than ${MOST_BYTES} bytes`, {
    hint: "a program that prints one number, or JSON with select",
  });
}
