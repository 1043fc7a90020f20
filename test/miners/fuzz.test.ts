import { describe, expect, it } from "vitest";
import { fuzz, fuzzTargets, LONGEST_MS } from "./fuzz.ts";

/** Per parser and change (reliability.md, fuzz plan); `npm run fuzz` runs a million. */
const RUNS = 50_000;
const SEED = Number(process.env["HEARTH_TEST_SEED"] ?? Date.now() % 1_000_000_000);

describe(`${RUNS} mutated payloads (seed ${SEED})`, async () => {
  it.each(await fuzzTargets())(
    "end as a value or a typed error in $name",
    async (target) => {
      const { slowestMs } = await fuzz(target, RUNS, SEED);

      expect(slowestMs).toBeLessThan(LONGEST_MS);
    },
    240_000,
  );
});
