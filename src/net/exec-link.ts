import { spawn } from "node:child_process";
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
  const { promise, resolve, reject } = Promise.withResolvers<ExecReply>();
  let stdout = "";
  let stderr = "";
  let problem: Error | null = null;
  const stop = (error: Error) => {
    problem ??= error;
    endGroup(child.pid, "SIGTERM");
    killer ??= setTimeout(() => endGroup(child.pid, "SIGKILL"), GRACE_MS);
  };
  let killer: NodeJS.Timeout | null = null;
  const timer = setTimeout(() => stop(tooSlow(program, totalMs)), totalMs);
  const onAbort = () => stop(signal.reason);
  signal.addEventListener("abort", onAbort, { once: true });
  child.stdout.on("data", (chunk: Buffer) => {
    stdout += chunk.toString("latin1");
    if (stdout.length > MOST_BYTES) stop(tooLarge(program));
  });
  child.stderr.on("data", (chunk: Buffer) => {
    stderr = (stderr + chunk.toString("utf8")).slice(-MOST_STDERR);
  });
  child.once("error", () => {
    problem ??= unreachableError("EXEC_FAILED", `${program} could not be started`, {
      hint: "check exec.argv, and that the file may be run",
    });
  });
  child.once("close", (exitCode) => {
    clearTimeout(timer);
    if (killer) clearTimeout(killer);
    signal.removeEventListener("abort", onAbort);
    // What it left running behind it goes too.
    endGroup(child.pid, "SIGKILL");
    if (problem) return reject(problem);
    const text = Buffer.from(stdout, "latin1").toString("utf8").trim();
    resolve({ exitCode, stdout: text, lastStderr: lastLine(stderr) });
  });
  return promise;
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
