import { existsSync, statSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it, onTestFinished } from "vitest";
import { openStateStore } from "#src/ledger/state-store.ts";
import type { WorkRow } from "#src/model/book-rows.ts";
import { jws, testFolder } from "./books.ts";

function freshStore() {
  const path = join(testFolder(), "state.db");
  const store = openStateStore(path);
  onTestFinished(() => {
    store.close();
  });
  return { store, path };
}

const interval = {
  miner: "mini3",
  startMs: 900_000,
  seconds: 900,
  wh: 200,
  quality: "valid",
  wattMax: 810,
} as const;
const work: WorkRow = {
  miner: "mini3",
  hourMs: 3_600_000,
  role: "coop",
  accepted: 2n ** 60n,
  rejected: 1n,
  stale: 0n,
  shares: 3,
  activeS: 60,
};

describe("the state store", () => {
  it("keeps values by key over reopening, and null for what was never set", () => {
    const { store, path } = freshStore();
    store.set("budget", { starts: [1, 2] });
    store.set("budget", { starts: [3] });
    const reader = openStateStore(path, { readOnly: true });
    expect(reader.get("budget")).toEqual({ starts: [3] });
    expect(reader.get("none")).toBeNull();
    reader.close();
    expect(statSync(path).mode & 0o777).toBe(0o600);
  });

  it("never makes a file when it only reads", () => {
    const path = join(testFolder(), "state.db");
    expect(() => openStateStore(path, { readOnly: true })).toThrow(
      expect.objectContaining({ code: "STATE_MISSING", exit: 6 }),
    );
    expect(existsSync(path)).toBe(false);
  });

  it("joins two parts of one interval and keeps the worse quality", () => {
    const { store } = freshStore();
    store.addInterval({ ...interval, seconds: 400, wh: 90 });
    store.addInterval({ ...interval, seconds: 450, wh: 100, quality: "estimated", wattMax: null });
    expect(store.intervals(0, 900_000)).toEqual([]);
    expect(store.intervals(900_000, 900_001)).toEqual([
      { ...interval, seconds: 850, wh: 190, quality: "estimated" },
    ]);
  });

  it("refuses parts of a watt-hour, which would be lost", () => {
    const { store } = freshStore();
    expect(() => store.addInterval({ ...interval, wh: 0.5 })).toThrow(RangeError);
  });

  it("gives rows to upload until they are marked, and again when they have grown", () => {
    const { store } = freshStore();
    store.addInterval({ ...interval, startMs: 1_800_000 });
    store.addInterval(interval);
    const pending = store.pendingIntervals(10);
    expect(pending.map((row) => row.startMs)).toEqual([900_000, 1_800_000]);
    expect(store.pendingIntervals(1)).toHaveLength(1);

    store.addInterval({ ...interval, seconds: 0, wh: 1 });
    store.markIntervalsUploaded(pending);
    expect(store.pendingIntervals(10)).toEqual([{ ...interval, wh: 201 }]);
  });

  it("adds work beyond 2^53 without losing a share, per miner, hour and leg", () => {
    const { store } = freshStore();
    store.addWork(work);
    store.addWork({ ...work, accepted: 1n });
    store.addWork({ ...work, role: "member", accepted: 5n });
    expect(store.work(0, 7_200_000)).toEqual([
      { ...work, accepted: 2n ** 60n + 1n, rejected: 2n, shares: 6, activeS: 120 },
      { ...work, role: "member", accepted: 5n },
    ]);

    const pending = store.pendingWork(10);
    store.markWorkUploaded(pending);
    expect(store.pendingWork(10)).toEqual([]);
    store.addWork({ ...work, accepted: 7n, rejected: 0n, shares: 0, activeS: 0 });
    store.markWorkUploaded(pending);
    expect(store.pendingWork(10).map((row) => row.role)).toEqual(["coop"]);
  });

  it("keeps terms by hash, newest first, and changes their state", () => {
    const { store } = freshStore();
    store.saveTerms({ version: 1, sha256: "a", jws, state: "active" });
    store.saveTerms({ version: 2, sha256: "b", jws, state: "pending" });
    store.saveTerms({ version: 2, sha256: "b", jws, state: "active" });
    expect(store.terms()).toEqual([
      { version: 2, sha256: "b", jws, state: "active" },
      { version: 1, sha256: "a", jws, state: "active" },
    ]);
  });

  it("writes all of a transaction or nothing, also when one stands in another", () => {
    const { store } = freshStore();
    expect(() =>
      store.transaction(() => {
        store.set("one", 1);
        store.transaction(() => store.addWork(work));
        throw new Error("stop");
      }),
    ).toThrow("stop");
    expect(store.get("one")).toBeNull();
    expect(store.work(0, 7_200_000)).toEqual([]);
    expect(store.transaction(() => 42)).toBe(42);
  });
});
