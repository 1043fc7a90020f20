import { type ChildProcess, spawn } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

const BIN = fileURLToPath(new URL("../../bin/run.js", import.meta.url));

export interface Run {
  exit: number | null;
  stdout: string;
  stderr: string;
}

/** A folder of its own for one test, and the built program run in it. */
export function temporaryHome() {
  const home = mkdtempSync(join(tmpdir(), "hearth-bin-"));
  const children: ChildProcess[] = [];
  const environment = (env: Record<string, string>) => ({
    PATH: process.env["PATH"] ?? "",
    HOME: home,
    HEARTH_HOME: home,
    TZ: "America/Denver",
    ...env,
  });
  const start = (argv: string[], env: Record<string, string> = {}) => {
    const child = spawn(process.execPath, [BIN, ...argv], {
      env: environment(env),
      stdio: ["ignore", "pipe", "pipe"],
    });
    children.push(child);
    return child;
  };
  return {
    home,
    /** Starts without waiting. */
    start,
    /** Runs to its end. */
    run: (argv: string[], env: Record<string, string> = {}): Promise<Run> => finished(start(argv, env)),
    /** Starts and resolves with the first line of stdout, parsed. */
    async serve(argv: string[]): Promise<{ child: ChildProcess; data: Record<string, unknown> }> {
      const child = start(argv);
      const line = await firstLine(child);
      return { child, data: (JSON.parse(line) as { data: Record<string, unknown> }).data };
    },
    async close(): Promise<void> {
      await Promise.all(children.map((child) => stopChild(child)));
      rmSync(home, { recursive: true, force: true });
    },
  };
}

/** Collects the output of a child until it ends. */
export function finished(child: ChildProcess): Promise<Run> {
  return new Promise((resolve) => {
    let stdout = "";
    let stderr = "";
    child.stdout?.on("data", (chunk) => {
      stdout += chunk;
    });
    child.stderr?.on("data", (chunk) => {
      stderr += chunk;
    });
    child.on("close", (exit) => resolve({ exit, stdout, stderr }));
  });
}

function firstLine(child: ChildProcess): Promise<string> {
  return new Promise((resolve, reject) => {
    let text = "";
    let errors = "";
    child.stderr?.on("data", (chunk) => {
      errors += chunk;
    });
    child.stdout?.on("data", (chunk) => {
      text += chunk;
      const end = text.indexOf("\n");
      if (end >= 0) resolve(text.slice(0, end));
    });
    child.on("close", (exit) => reject(new Error(`ended with ${exit} before its first line: ${errors}`)));
  });
}

function stopChild(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return Promise.resolve();
  return new Promise((resolve) => {
    child.on("close", () => resolve());
    child.kill("SIGKILL");
  });
}
