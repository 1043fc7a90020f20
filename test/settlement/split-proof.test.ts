import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  isAlarmingSkew,
  type ProofLeg,
  proveSplit,
  type SplitProofInput,
  silentAfterS,
  splitSd,
} from "#src/settlement/split-proof.ts";

/** Small seeded generator (mulberry32), so that every run is the same run. */
function random(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** Shares of a leg in a window, by waiting times between them. */
function poisson(mean: number, next: () => number): number {
  let count = 0;
  let waited = -Math.log(1 - next());
  while (waited < mean) {
    count += 1;
    waited -= Math.log(1 - next());
  }
  return count;
}

const leg = (role: ProofLeg["role"], shares: number, difficulty: number): ProofLeg => ({
  role,
  shares,
  acceptedDifficulty: BigInt(shares) * BigInt(difficulty),
  meanShareDifficulty: difficulty,
});

function input(change: Partial<SplitProofInput>): SplitProofInput {
  return {
    targetPpm: 300_000,
    legs: [leg("coop", 300, 1000), leg("member", 700, 1000)],
    largestSlotDifficulty: null,
    drift: [],
    window: { startMs: 0, endMs: 86_400_000 },
    mechanisms: { mini3: "time-slice" },
    ...change,
  };
}

const coopOf = (change: Partial<SplitProofInput>) => {
  const [coop] = proveSplit(input(change)).legs;
  if (coop === undefined) throw new Error("a proof has two legs");
  return coop;
};

describe("expected luck", () => {
  it.each([
    [1.2, 1000, 1000, 0.29],
    [1.2, 1000, 8192, 0.72],
    [40, 65_536, 65_536, 0.41],
    [100, 131_072, 524_288, 0.65],
  ])(
    "at %d TH/s with shares of %d and %d is %d points after a day",
    (ths, memberDifficulty, coopDifficulty, points) => {
      const totalDifficulty = (ths * 1e12 * 86_400) / 2 ** 32;
      const sd = splitSd({ share: 0.3, totalDifficulty, coopDifficulty, memberDifficulty });
      expect((sd * 100).toFixed(2)).toBe(points.toFixed(2));
    },
  );

  it("is that of a fair draw when all shares are equal", () => {
    const sd = splitSd({ share: 0.3, totalDifficulty: 5000, coopDifficulty: 1, memberDifficulty: 1 });
    expect(sd).toBeCloseTo(Math.sqrt((0.3 * 0.7) / 5000), 12);
  });
});

describe("the proof of a split", () => {
  it("shows both legs as mirror images with a window and mechanisms", () => {
    const proof = proveSplit(input({}));
    const [coop, member] = proof.legs;
    expect(proof).toMatchObject({ verdict: "ok", shares: 1000, mechanisms: { mini3: "time-slice" } });
    expect(proof.window).toEqual({ start: "1970-01-01T00:00:00Z", end: "1970-01-02T00:00:00Z" });
    expect(coop).toMatchObject({ targetPpm: 300_000, measuredPpm: 300_000, acceptedDifficulty: "300000" });
    expect(member).toMatchObject({ targetPpm: 700_000, measuredPpm: 700_000, acceptedDifficulty: "700000" });
    expect((coop?.lowPpm ?? 0) + (member?.highPpm ?? 0)).toBe(1_000_000);
    expect((coop?.highPpm ?? 0) + (member?.lowPpm ?? 0)).toBe(1_000_000);
  });

  it("judges the document's example: 70.06 percent for 70, luck 0.42 points", () => {
    const legs = [leg("coop", 8243, 65_536), leg("member", 3523, 65_536)];
    const coop = coopOf({ targetPpm: 700_000, legs });
    expect(coop.measuredPpm).toBe(700_578);
    expect((coop.highPpm ?? 0) - 700_578).toBeGreaterThan(8200);
    expect((coop.highPpm ?? 0) - 700_578).toBeLessThan(8400);
  });

  it("is within one point at 5,000 equal shares for shares up to 15 percent", () => {
    for (const percent of [1, 5, 10, 15]) {
      const shares = percent * 50;
      const coop = coopOf({
        targetPpm: percent * 10_000,
        legs: [leg("coop", shares, 512), leg("member", 5000 - shares, 512)],
      });
      expect((coop.highPpm ?? 0) - (coop.lowPpm ?? 0)).toBeLessThanOrEqual(20_000);
    }
  });

  it("is at least one slot of work wide on each side", () => {
    const legs = [leg("coop", 3000, 65_536), leg("member", 7000, 65_536)];
    const slot = 0.05 * 10_000 * 65_536;
    const coop = coopOf({ legs, largestSlotDifficulty: slot });
    expect(coop).toMatchObject({ measuredPpm: 300_000, lowPpm: 250_000, highPpm: 350_000 });
    expect(proveSplit(input({ legs, targetPpm: 345_000, largestSlotDifficulty: slot })).verdict).toBe("ok");
    expect(proveSplit(input({ legs, targetPpm: 345_000 })).verdict).toBe("skewed");
  });

  it.each<[string, Partial<SplitProofInput>, string]>([
    ["ninety-nine shares", { legs: [leg("coop", 30, 1), leg("member", 69, 1)] }, "not_enough_shares"],
    ["a hundred shares", { legs: [leg("coop", 30, 1), leg("member", 70, 1)] }, "ok"],
    ["no shares", { legs: [leg("coop", 0, 1), leg("member", 0, 1)] }, "not_enough_shares"],
    ["no legs", { legs: [] }, "not_enough_shares"],
    ["a target far off", { targetPpm: 400_000 }, "skewed"],
    ["a failed read-back with good shares", { drift: ["mini3: user differs"] }, "drift"],
    ["a failed read-back without shares", { legs: [], drift: ["mini3: user differs"] }, "drift"],
    [
      "nothing for the co-op when all is promised",
      { targetPpm: 1_000_000, legs: [leg("member", 500, 1)] },
      "skewed",
    ],
    ["everything as promised", { targetPpm: 1_000_000, legs: [leg("coop", 500, 1)] }, "ok"],
    ["nothing as promised", { targetPpm: 0, legs: [leg("member", 500, 1)] }, "ok"],
  ])("with %s is %s", (_name, change, verdict) => {
    expect(proveSplit(input(change)).verdict).toBe(verdict);
  });

  it("knows nothing without an accepted share", () => {
    expect(coopOf({ legs: [], window: null })).toMatchObject({
      measuredPpm: null,
      lowPpm: null,
      highPpm: null,
    });
  });

  it("keeps the range around the measured share and inside 0 to 100 percent for any work", () => {
    const legs = fc.tuple(
      fc.nat(5000),
      fc.nat(5000),
      fc.integer({ min: 1, max: 1e6 }),
      fc.integer({ min: 1, max: 1e6 }),
    );
    fc.assert(
      fc.property(
        legs,
        fc.nat(1_000_000),
        fc.option(fc.nat(10 ** 9)),
        ([coops, members, dc, dm], targetPpm, slot) => {
          fc.pre(coops + members > 0);
          const coop = coopOf({
            targetPpm,
            legs: [leg("coop", coops, dc), leg("member", members, dm)],
            largestSlotDifficulty: slot,
          });
          const { measuredPpm, lowPpm, highPpm } = coop;
          expect(lowPpm).toBeGreaterThanOrEqual(0);
          expect(lowPpm).toBeLessThanOrEqual(measuredPpm ?? -1);
          expect(highPpm).toBeGreaterThanOrEqual(measuredPpm ?? 2e6);
          expect(highPpm).toBeLessThanOrEqual(1_000_000);
        },
      ),
    );
  });

  it.each([
    [0.3, 1000, 1000, 1000],
    [0.3, 500, 1000, 8192],
    [0.02, 2000, 512, 512],
    [0.7, 11_766, 65_536, 65_536],
    [0.95, 400, 4096, 512],
  ])(
    "holds the true share %d in at least 94 percent of 1,000 runs of about %d shares",
    (share, shares, dm, dc) => {
      const next = random(Math.round(share * 1000) + shares);
      const total = shares / ((1 - share) / dm + share / dc);
      let inside = 0;
      for (let run = 0; run < 1000; run += 1) {
        const legs = [
          leg("coop", poisson((total * share) / dc, next), dc),
          leg("member", poisson((total * (1 - share)) / dm, next), dm),
        ];
        const { lowPpm, highPpm } = coopOf({ legs, targetPpm: 500_000 });
        if (share * 1e6 >= (lowPpm ?? 2e6) && share * 1e6 <= (highPpm ?? -1)) inside += 1;
      }
      expect(inside).toBeGreaterThanOrEqual(940);
    },
  );
});

describe("split alarms", () => {
  it("need three sd and one point", () => {
    expect(isAlarmingSkew(0.309, 0.3, 0.001)).toBe(false);
    expect(isAlarmingSkew(0.311, 0.3, 0.001)).toBe(true);
    expect(isAlarmingSkew(0.32, 0.3, 0.007)).toBe(false);
  });

  it("call a leg silent after ten minutes or eight expected gaps", () => {
    expect(silentAfterS({ hashrateHs: 40e12, sharePpm: 300_000, shareDifficulty: 1000 })).toBe(600);
    const slow = silentAfterS({ hashrateHs: 1.2e12, sharePpm: 300_000, shareDifficulty: 65_536 });
    expect(slow).toBeCloseTo((8 * 65_536 * 2 ** 32) / 0.36e12, 6);
    expect(silentAfterS({ hashrateHs: 1e12, sharePpm: 0, shareDifficulty: 1 })).toBeNull();
  });
});
