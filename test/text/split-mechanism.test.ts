import { expect, test } from "vitest";
import { splitMechanismOf } from "#src/app/split-mechanism.ts";
import { mechanismWords } from "#src/text/split-mechanism.ts";

const selectPool = async () => "effective" as const;

test.each([
  ["groups", 1000, "none", {}, "pool groups of its firmware, in steps of 0.1 %"],
  ["dual", 10_000, "reconnect", { selectPool }, "two pools at once by its firmware, in steps of 1 %"],
  ["quota", 10_000, "none", {}, "quotas of its firmware, in steps of 1 %"],
  ["none", null, "reconnect", { selectPool }, "time slices of 15 min"],
  ["none", null, "restart", { selectPool }, "time slices of 2 h"],
  ["none", null, "restart", {}, "no split is possible"],
] as const)(
  "a firmware with %s in steps of %s, a switch by %s: %#",
  (split, splitStepPpm, poolSwitch, actions, words) => {
    expect(mechanismWords(splitMechanismOf({ split, splitStepPpm, poolSwitch, actions }))).toBe(words);
  },
);

test("a miner that has not answered has no words made up for it", () => {
  expect(mechanismWords({ mechanism: null, stepPpm: null, slotS: null })).toBe(
    "how is not known until it has answered",
  );
});
