import { expect, test } from "vitest";
import { createSplitMechanisms } from "#src/app/split-mechanism.ts";
import type { MinerKeeper } from "#src/daemon/miner-keeper.ts";
import { createSplitWatch } from "#src/daemon/split-watch.ts";
import { openLedger } from "#src/ledger/ledger.ts";
import { openStateStore } from "#src/ledger/state-store.ts";
import type { PoolReading } from "#src/model/miner.ts";
import type { SplitTerms } from "#src/model/terms.ts";
import { createSystemClock } from "#src/net/system-clock.ts";
import { workerName } from "#src/settlement/worker-code.ts";
import { poolReading } from "./fixtures.ts";

const MEMBER = "7k3q9d2z";
const URL = "stratum+tcp://pool.example:3333";
const STOP = new AbortController().signal;
const worker = workerName(MEMBER, 1);

/** A watch over one miner whose firmware shares its work itself, and what it reads. */
function bench(capabilities: object | null, pools: PoolReading[]) {
  const store = openStateStore(":memory:");
  const legs = [
    { role: "coop", pool: URL, user: "rec", share_ppm: 300_000 },
    { role: "member", pool: URL, user: "bc1qme", share_ppm: 700_000 },
  ];
  const terms = { member: MEMBER, legs } as unknown as SplitTerms;
  const keeper = {
    config: { name: "cellar", id: "02:00:00:00:00:07" },
    capabilities: () => capabilities,
    latest: () => ({ reading: { state: "mining", uptimeS: 600, pools }, receivedMono: 0, seq: 1 }),
    learnt: () => ({ thsPerW: null }),
  } as unknown as MinerKeeper;
  const watch = createSplitWatch({
    active: { terms, sha256: "0".repeat(64), sinceMs: 0 },
    keepers: [keeper],
    store,
    ledger: openLedger(":memory:"),
    clock: createSystemClock(),
    onSwitch: () => undefined,
  });
  return { watch, keeper, kept: createSplitMechanisms(store) };
}

const GROUPS = { split: "groups", splitStepPpm: 1000, poolSwitch: "none", actions: {} };
const shared = (coopPpm: number) => [
  poolReading({ url: URL, user: `rec.${worker}`, sharePpm: coopPpm }),
  poolReading({ url: URL, user: `bc1qme.${worker}`, sharePpm: 1_000_000 - coopPpm }),
];

test("shares that the firmware keeps as agreed are no drift, within half a step of it", async () => {
  const { watch, keeper } = bench(GROUPS, shared(300_400));

  await watch.afterReading(keeper, STOP);

  expect(watch.drift()).toEqual([]);
});

test("other shares are told with both figures, for both legs", async () => {
  const { watch, keeper } = bench(GROUPS, shared(200_000));

  await watch.afterReading(keeper, STOP);

  expect(watch.drift()).toEqual([
    "cellar: its firmware sends 20 % of the work to the coop pool, the terms say 30 %",
    "cellar: its firmware sends 80 % of the work to the member pool, the terms say 70 %",
  ]);
});

test("a miner that nothing is known of has no mechanism until it answers, and keeps the one it told", () => {
  const silent = bench(null, []);
  expect(silent.watch.mechanisms()).toEqual({ cellar: "unknown" });

  silent.kept.keep("02:00:00:00:00:07", { mechanism: "dual", stepPpm: 10_000, slotS: null });
  expect(silent.watch.mechanisms()).toEqual({ cellar: "dual" });

  const answering = bench(GROUPS, shared(300_000));
  answering.watch.save();
  expect(answering.kept.of("02:00:00:00:00:07")).toEqual({ mechanism: "groups", stepPpm: 1000, slotS: null });
});
