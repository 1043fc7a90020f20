import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { createWorkMeter, legOf, type MinerLeg } from "#src/daemon/work-meter.ts";
import { openStateStore, type StateStore } from "#src/ledger/state-store.ts";
import type { MinerReading, PoolReading } from "#src/model/miner.ts";
import { poolReading } from "./fixtures.ts";

const LEGS: MinerLeg[] = [
  { role: "member", url: "stratum+tcp://pool.example:3333", user: "bc1qme.7k3q9d2z01" },
  { role: "coop", url: "stratum+tcp://pool.example:3333", user: "rec.7k3q9d2z01" },
];
const pool = (over: Partial<PoolReading>) => poolReading({ url: "stratum+tcp://POOL.example:3333", ...over });
const reading = (uptimeS: number, pools: PoolReading[]): MinerReading => ({
  state: "mining",
  stateDetail: null,
  powerW: 800,
  powerSource: "measured",
  hashrateThs: 38,
  chipMaxC: null,
  boardC: null,
  inletC: null,
  outletC: null,
  fans: [],
  hasFanFault: false,
  uptimeS,
  powerTargetW: null,
  mode: null,
  stepIndex: 3,
  pools,
});

let folder: string;
let store: StateStore;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "hearth-work-"));
  store = openStateStore(join(folder, "state.db"));
});
afterEach(() => {
  store.close();
  rmSync(folder, { recursive: true, force: true });
});

test("a pool is a leg by address and full user, and nothing else is", () => {
  expect(legOf(pool({}), LEGS)).toBe("coop");
  expect(legOf(pool({ user: "bc1qme.7k3q9d2z01" }), LEGS)).toBe("member");
  expect(legOf(pool({ user: "bc1qthief.7k3q9d2z01" }), LEGS)).toBeNull();
  expect(legOf(pool({ url: "stratum+tcp://pool.example:3334" }), LEGS)).toBeNull();
});

test("what the counters held before the first reading is not counted", () => {
  const meter = createWorkMeter("mini3", store, "t");

  meter.observe(0, reading(100, [pool({ acceptedDifficulty: 50_000 })]), LEGS);
  meter.observe(10_000, reading(110, [pool({ acceptedDifficulty: 53_000 })]), LEGS);

  expect(meter.totals().coop).toEqual({ accepted: 3000n, rejected: 0n, shares: 3 });
});

test("counters that fell count from zero, so nothing is subtracted", () => {
  const meter = createWorkMeter("mini3", store, "t");

  meter.observe(0, reading(100, [pool({ acceptedDifficulty: 50_000 })]), LEGS);
  const { resets } = meter.observe(10_000, reading(5, [pool({ acceptedDifficulty: 2000 })]), LEGS);

  expect(resets).toHaveLength(1);
  expect(meter.totals().coop.accepted).toBe(2000n);
});

test("without a difficulty sum it is shares times the difficulty of now", () => {
  const meter = createWorkMeter("axe", store, "t");
  const axe = (accepted: number) => pool({ acceptedDifficulty: null, accepted, shareDifficulty: 8192 });

  meter.observe(0, reading(100, [axe(10)]), LEGS);
  meter.observe(10_000, reading(110, [axe(13)]), LEGS);

  expect(meter.totals().coop).toEqual({ accepted: 24_576n, rejected: 0n, shares: 3 });
});

test("work of a stranger's pool is counted for nobody", () => {
  const meter = createWorkMeter("mini3", store, "t");
  const stranger = (sum: number) => pool({ user: "bc1qthief.w", acceptedDifficulty: sum });

  meter.observe(0, reading(100, [stranger(0)]), LEGS);
  meter.observe(10_000, reading(110, [stranger(9000)]), LEGS);

  expect(meter.totals()).toMatchObject({ coop: { accepted: 0n }, member: { accepted: 0n } });
});

test("rows of the hour and totals are on disk after save, and a new meter goes on from there", () => {
  const meter = createWorkMeter("mini3", store, "t");
  meter.observe(0, reading(100, [pool({})]), LEGS);
  meter.observe(3_599_000, reading(3699, [pool({ acceptedDifficulty: 4000 })]), LEGS);
  meter.observe(3_601_000, reading(3701, [pool({ acceptedDifficulty: 6000 })]), LEGS);
  meter.save();

  expect(store.work(0, 7_200_000).map((row) => [row.hourMs, row.accepted])).toEqual([
    [0, 4000n],
    [3_600_000, 2000n],
  ]);
  expect(createWorkMeter("mini3", store, "t").totals().coop.accepted).toBe(6000n);
});
