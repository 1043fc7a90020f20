import { describe, expect, it } from "vitest";
import { fuzz, fuzzTargets, LONGEST_MS } from "./fuzz.ts";

/** Per parser (reliability.md, fuzz plan); `npm run fuzz` feeds a million. */
const PAYLOADS = 50_000;
const SEED = Number(process.env["HEARTH_TEST_SEED"] ?? Date.now() % 1_000_000_000);

describe(`${PAYLOADS} mutated payloads (seed ${SEED})`, async () => {
  it.each(await fuzzTargets())(
    "end as a value or a typed error in $name",
    async (target) => {
      const { payloads, slowestMs } = await fuzz(target, PAYLOADS, SEED);

      expect(payloads).toBeGreaterThanOrEqual(PAYLOADS);
      expect(slowestMs).toBeLessThan(LONGEST_MS);
    },
    240_000,
  );
});
