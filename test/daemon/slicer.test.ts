import { expect, test } from "vitest";
import type { MinerKeeper } from "#src/daemon/miner-keeper.ts";
import { createSlicer } from "#src/daemon/slicer.ts";
import type { LegTotals, MinerLeg } from "#src/daemon/work-meter.ts";
import type { MinerState, WriteResult } from "#src/model/miner.ts";
import { poolReading } from "./fixtures.ts";

const LEGS: MinerLeg[] = [
  { role: "member", url: "stratum+tcp://pool.example:3333", user: "bc1qme.w01" },
  { role: "coop", url: "stratum+tcp://pool.example:3333", user: "rec.w01" },
];
const STOP = new AbortController().signal;
const totals = (coop: bigint, member: bigint): LegTotals => ({
  coop: { accepted: coop, rejected: 0n, shares: 0 },
  member: { accepted: member, rejected: 0n, shares: 0 },
});

/** A miner with both pools, its clock, and a record of the switches asked for. */
function bench(result: WriteResult = "effective") {
  const seen = {
    monoMs: 0,
    state: "mining" as MinerState,
    uptimeS: 600,
    active: 0,
    asked: [] as number[],
    users: ["bc1qme.w01", "rec.w01"],
  };
  const pools = () => seen.users.map((user, index) => poolReading({ user, isActive: index === seen.active }));
  const keeper = {
    capabilities: () => ({
      split: "none",
      poolSwitch: "reconnect",
      actions: { selectPool: async () => result },
    }),
    latest: () => ({
      reading: { state: seen.state, uptimeS: seen.uptimeS, pools: pools() },
      receivedMono: 0,
      seq: 1,
    }),
    selectPool: async (index: number) => {
      seen.asked.push(index);
      if (result === "effective") seen.active = index;
      return result;
    },
  } as unknown as MinerKeeper;
  const clock = { monoMs: () => seen.monoMs } as Parameters<typeof createSlicer>[1];
  return { seen, slicer: createSlicer(keeper, clock) };
}

test("the leg that is behind gets the next slot, and a slot lasts fifteen minutes", async () => {
  const { seen, slicer } = bench();

  expect(await slicer.step(LEGS, totals(0n, 100n), 300_000, STOP)).toMatchObject({
    from: "member",
    to: "coop",
    result: "effective",
  });
  seen.monoMs = 899_000;
  expect(await slicer.step(LEGS, totals(100n, 100n), 300_000, STOP)).toBeNull();
  seen.monoMs = 900_000;
  expect(await slicer.step(LEGS, totals(100n, 100n), 300_000, STOP)).toMatchObject({ to: "member" });
  expect(seen.asked).toEqual([1, 0]);
});

test.each([
  ["paused", { state: "paused" as MinerState }],
  ["within a minute after a start", { uptimeS: 59 }],
  ["when a pool of the terms is missing", { users: ["bc1qme.w01", "somebody.else"] }],
])("nothing is switched %s", async (_, over) => {
  const { seen, slicer } = bench();
  Object.assign(seen, over);

  expect(await slicer.step(LEGS, totals(0n, 100n), 300_000, STOP)).toBeNull();
  expect(seen.asked).toEqual([]);
  expect(slicer.view().blocked).not.toBeNull();
});

test("after two failed switches it gives up and says so, until it is reset", async () => {
  const { seen, slicer } = bench("rejected");

  for (let slot = 0; slot < 5; slot++) {
    seen.monoMs = slot * 900_000;
    await slicer.step(LEGS, totals(0n, 100n), 300_000, STOP);
  }

  expect(seen.asked).toHaveLength(2);
  expect(slicer.view().isGivenUp).toBe(true);
  slicer.reset();
  expect(slicer.view().isGivenUp).toBe(false);
});
