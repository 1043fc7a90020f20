import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { inTime } from "#src/daemon/in-time.ts";
import { createInputBoard } from "#src/daemon/input-board.ts";
import type { MinerKeeper } from "#src/daemon/miner-keeper.ts";
import { leaveMiners } from "#src/daemon/safe-exit.ts";
import { createSystemClock } from "#src/net/system-clock.ts";
import type { Source } from "#src/sources/registry.ts";

const never = () => new Promise<never>(() => undefined);
const open = new AbortController().signal;

// Deadlines of ten seconds, without waiting for them.
beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

describe("work with a deadline", () => {
  it("answers its result, and its own failure", async () => {
    await expect(inTime(1_000, open, async () => 7)).resolves.toBe(7);
    await expect(inTime(1_000, open, () => Promise.reject(new Error("broken")))).rejects.toThrow("broken");
  });

  it("ends by its signal when it listens, and without it when it does not", async () => {
    const listening = (signal: AbortSignal) =>
      new Promise<never>((_, reject) => signal.addEventListener("abort", () => reject(signal.reason)));
    const late = expect.objectContaining({ name: "DeadlineError", totalMs: 5 });
    const both = Promise.all([
      expect(inTime(5, open, listening)).rejects.toEqual(late),
      expect(inTime(5, open, never)).rejects.toEqual(late),
    ]);
    await vi.advanceTimersByTimeAsync(5_000);
    await both;
  });
});

describe("what never answers and heeds no signal", () => {
  it("is a source without a value, and a miner of which nothing is known on exit", async () => {
    const board = createInputBoard(createSystemClock(), []);
    const source = {
      name: "meter",
      role: "grid",
      zone: null,
      everyS: 5,
      maxAgeS: null,
      read: never,
    } as Source;
    const keeper = { config: { name: "m1", on_exit: "off" }, leave: never } as unknown as MinerKeeper;

    const both = Promise.all([board.poll(source, open), leaveMiners([keeper], true)]);
    await vi.advanceTimersByTimeAsync(12_000);
    const [report, left] = await both;

    expect(report).toMatchObject({ value: null, reason: expect.stringContaining("DeadlineError") });
    expect(left).toEqual({ m1: "off: unknown" });
  });
});
