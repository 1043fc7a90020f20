import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { boundDebt, chooseLeg, slotSeconds } from "#src/settlement/time-slice.ts";

const HOUR_SLOTS = 4;

interface Run {
  coopDifficulty: bigint;
  memberDifficulty: bigint;
  slots: ("coop" | "member")[];
}

/** Works `slots` slots of uneven size; a leg in `dead` gives its slot to the other. */
function workSlots(
  targetPpm: number,
  sizes: bigint[],
  options: { start?: Run; maxSharePpm?: number; dead?: "coop" | "member" } = {},
): Run {
  const run: Run = options.start ?? { coopDifficulty: 0n, memberDifficulty: 0n, slots: [] };
  const recent: ["coop" | "member", bigint][] = [];
  for (const size of sizes) {
    const sumOf = (role: string) =>
      recent.slice(-10).reduce((sum, [leg, work]) => (leg === role ? sum + work : sum), 0n);
    const catchUp =
      options.maxSharePpm === undefined
        ? null
        : {
            maxSharePpm: options.maxSharePpm,
            recentCoopDifficulty: sumOf("coop"),
            recentMemberDifficulty: sumOf("member"),
          };
    const chosen = chooseLeg({ ...run, targetPpm, catchUp });
    const leg = chosen === options.dead ? (chosen === "coop" ? "member" : "coop") : chosen;
    if (leg === "coop") run.coopDifficulty += size;
    else run.memberDifficulty += size;
    run.slots.push(leg);
    recent.push([leg, size]);
  }
  return run;
}

describe("the length of a slot", () => {
  it("follows what a switch costs", () => {
    expect((["none", "reconnect", "restart"] as const).map(slotSeconds)).toEqual([60, 900, 7200]);
  });
});

describe("the choice of the leg", () => {
  it("stays within one slot of the target at every moment, whatever the slots hold", () => {
    const sizes = fc.array(fc.bigInt(0n, 10n ** 9n), { minLength: 1, maxLength: 200 });
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 1_000_000 }), sizes, (targetPpm, slots) => {
        const largest = slots.reduce((max, size) => (size > max ? size : max), 0n);
        const run: Run = { coopDifficulty: 0n, memberDifficulty: 0n, slots: [] };
        for (const size of slots) {
          workSlots(targetPpm, [size], { start: run });
          const total = run.coopDifficulty + run.memberDifficulty;
          const off = run.coopDifficulty * 1_000_000n - BigInt(targetPpm) * total;
          expect((off < 0n ? -off : off) <= largest * 1_000_000n).toBe(true);
        }
      }),
    );
  });

  it("gives everything or nothing when so agreed, from the first slot on", () => {
    expect(new Set(workSlots(1_000_000, [1n, 1n, 1n]).slots)).toEqual(new Set(["coop"]));
    expect(new Set(workSlots(0, [1n, 1n, 1n]).slots)).toEqual(new Set(["member"]));
  });

  it("repays an outage at once without limits", () => {
    const start = workSlots(300_000, new Array<bigint>(20).fill(100n), { dead: "coop" });
    start.slots = [];
    const { slots } = workSlots(300_000, new Array<bigint>(8).fill(100n), { start });
    expect(slots).toEqual(new Array(8).fill("coop"));
  });

  it("repays an outage with at most the agreed part of the work", () => {
    const start = workSlots(300_000, new Array<bigint>(200).fill(100n), { dead: "coop" });
    start.slots = [];
    const { slots } = workSlots(300_000, new Array<bigint>(100).fill(100n), { start, maxSharePpm: 500_000 });
    const coop = slots.filter((leg) => leg === "coop").length;
    expect(coop).toBeGreaterThanOrEqual(45);
    expect(coop).toBeLessThanOrEqual(52);
  });

  it("never cuts the own share of the leg that is behind", () => {
    const start = workSlots(300_000, new Array<bigint>(200).fill(100n), { dead: "coop" });
    start.slots = [];
    const { slots } = workSlots(300_000, new Array<bigint>(200).fill(100n), { start, maxSharePpm: 0 });
    const coop = slots.filter((leg) => leg === "coop").length;
    expect(coop).toBeGreaterThanOrEqual(55);
    expect(coop).toBeLessThanOrEqual(65);
  });
});

describe("the horizon of the debt", () => {
  it("leaves a young debt alone", () => {
    const work = { coopDifficulty: 100n, memberDifficulty: 300n, targetPpm: 300_000 };
    expect(boundDebt(work, 20n)).toEqual({ coopDifficulty: 100n, memberDifficulty: 300n, writtenOff: 0n });
  });

  it("writes the older part off, for either leg, and leaves the horizon to repay", () => {
    const coopBehind = boundDebt({ coopDifficulty: 0n, memberDifficulty: 1000n, targetPpm: 300_000 }, 90n);
    expect(coopBehind).toEqual({ coopDifficulty: 300n, memberDifficulty: 1000n, writtenOff: 210n });
    const memberBehind = boundDebt({ coopDifficulty: 1000n, memberDifficulty: 0n, targetPpm: 300_000 }, 90n);
    expect(memberBehind.writtenOff).toBe(-610n);
    const owed = (300_000n * (1000n + memberBehind.memberDifficulty)) / 1_000_000n - 1000n;
    expect(owed).toBeGreaterThanOrEqual(-91n - BigInt(HOUR_SLOTS));
    expect(owed).toBeLessThanOrEqual(-90n);
  });

  it("does nothing where one leg has everything", () => {
    const work = { coopDifficulty: 0n, memberDifficulty: 500n, targetPpm: 1_000_000 };
    expect(boundDebt(work, 0n).writtenOff).toBe(0n);
  });
});
