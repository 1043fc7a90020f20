/** `npm run fuzz -- [--payloads N] [--seed N] [--only WORDS]`: the fuzz of the test suite, as long as you like; a million by default. */
import { parseArgs } from "node:util";
import { fuzz, fuzzTargets } from "./fuzz.ts";

const { values } = parseArgs({
  options: {
    payloads: { type: "string", default: "1000000" },
    seed: { type: "string", default: String(Date.now() % 1_000_000_000) },
    only: { type: "string", default: "" },
  },
});
const least = Number(values.payloads);
const seed = Number(values.seed);
process.stdout.write(`At least ${least} mutated payloads each, seed ${seed}\n`);
let isClean = true;
for (const target of await fuzzTargets()) {
  if (!target.name.includes(values.only)) continue;
  const startedMs = performance.now();
  const heapMb = () => process.memoryUsage().heapUsed / 1e6;
  try {
    const { payloads, slowestMs } = await fuzz(target, least, seed);
    const seconds = ((performance.now() - startedMs) / 1000).toFixed(0);
    process.stdout.write(
      `${target.name.padEnd(32)} ok, ${payloads} payloads, slowest ${slowestMs.toFixed(1)} ms, heap ${heapMb().toFixed(0)} MB, ${seconds} s\n`,
    );
  } catch (error) {
    isClean = false;
    process.stdout.write(
      `${target.name.padEnd(32)} FOUND: ${error instanceof Error ? error.message : String(error)}\n`,
    );
  }
}
process.exitCode = isClean ? 0 : 1;
