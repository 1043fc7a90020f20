import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { median, ms, say, verdictOf } from "./figures.ts";

const BIN = fileURLToPath(new URL("../../bin/run.js", import.meta.url));
const ROUNDS = 25;

/** Start-up of the program beside a bare Node, taken in turn so that a busy machine hits both alike. */
export function benchStartUp(): void {
  const times = measure();
  const bareMs = median(times.get("node -e 0") ?? []);
  const limitMs = 2.5 * bareMs + 100;
  say(
    `start-up, ${ROUNDS - 1} rounds each, milliseconds; goal: at most 2.5 x bare Node + 100 = ${limitMs.toFixed(0)}`,
  );
  for (const [name, values] of times) {
    const middle = median(values);
    const ratio = (middle / bareMs).toFixed(2);
    const verdict = name.startsWith("hearth") ? verdictOf(middle <= limitMs) : "";
    const least = Math.min(...values);
    say(`${name.padEnd(24)} median ${ms(middle)}  min ${ms(least)}  ${ratio} x bare  ${verdict}`);
  }
}

function measure(): Map<string, number[]> {
  const home = mkdtempSync(join(tmpdir(), "hearth-bench-"));
  const environment = { ...process.env, HEARTH_HOME: home };
  const cases: [name: string, argv: string[]][] = [
    ["node -e 0", ["-e", "0"]],
    ["hearth --version", [BIN, "--version"]],
    ["hearth status --json", [BIN, "status", "--json"]],
    ["hearth miner list --json", [BIN, "miner", "list", "--json"]],
    ["hearth --help", [BIN, "--help"]],
  ];
  const times = new Map<string, number[]>(cases.map(([name]) => [name, []]));
  for (let round = 0; round < ROUNDS; round++) {
    for (const [name, argv] of cases) {
      const startedMs = performance.now();
      spawnSync(process.execPath, argv, { env: environment, stdio: "ignore" });
      // The first round fills the compile cache.
      if (round > 0) times.get(name)?.push(performance.now() - startedMs);
    }
  }
  rmSync(home, { recursive: true, force: true });
  return times;
}
