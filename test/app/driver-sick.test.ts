import { describe, expect, it } from "vitest";
import { anyChange, changeWatts, GOOD, LONG_S } from "./contract-changes.ts";
import { devices, inWorld, type World } from "./emulated-world.ts";

/** What every driver must do with a device of its family at its worst (reliability.md F12-F17). */
/** Firmware that does not tell what it is set to: the watts of the minute after show a lie, so one call cannot. */
const SHOWN_BY_WATTS = new Set(["whatsminer-m30 2.0.5"]);

describe.each(devices)("a sick $title", (device) => {
  const spoils = ["truncate", "garbage", "wrong-type", "empty", "html", "login"] as const;

  it.each(spoils)("that answers with %s is missed with a typed error, and not written to (F12)", (kind) =>
    inWorld(device, { totalMs: 400 }, async (world) => {
      await isOnlyMissed(world, kind);
    }),
  );

  it.each(["huge", "deep", "bomb", "headers"] as const)(
    "that answers with %s is cut off at the cap (F13)",
    (kind) =>
      inWorld(device, { totalMs: 1_500 }, async (world) => {
        const beforeMb = process.memoryUsage().rss / 1e6;
        await isOnlyMissed(world, kind);
        // A cap of 1 MiB per answer: what is read and thrown away is not kept.
        expect(process.memoryUsage().rss / 1e6 - beforeMb).toBeLessThan(128);
      }),
  );

  it.each(["drip", "silent", "drop"] as const)("that answers with %s ends at its deadline (F14)", (kind) =>
    inWorld(device, { totalMs: 300 }, async (world) => {
      await isOnlyMissed(world, kind);
    }),
  );

  it("that says yes and does nothing is never believed (F15)", () =>
    inWorld(device, { faults: [{ kind: "lie" }], hasPools: true }, async ({ port, clock }) => {
      const can = await port.capabilities();
      for (let turn = 0; turn < 2; turn++) {
        const before = await port.read();
        // With two steps, two further is the present one again.
        const further = 1 + (can.steps.length > 1 ? turn % (can.steps.length - 1) : turn);
        const change = () => changeWatts(port, can, (before.stepIndex ?? 0) + further);
        const result = await change();
        if (result === null) continue;
        const isShownByWatts = SHOWN_BY_WATTS.has(device.title);
        expect(result).toBe(isShownByWatts ? "pending" : "rejected");
        await clock.sleep(isShownByWatts ? 60_000 : 0);
        expect(await change()).not.toBe("effective");
      }
      if (!can.actions.pause) return;
      const result = await port.pause();
      expect(result).not.toBe("effective");
      await clock.sleep(120_000);
      expect((await port.read()).state).not.toBe("paused");
    }));

  it("that obeys two seconds late is told as such, and not asked twice (F15)", () =>
    inWorld(
      device,
      { faults: [{ kind: "late", value: 2 }], hasPools: true },
      async ({ port, miner, reaches }) => {
        const can = await port.capabilities();
        if (!can.actions.pause) return;
        const before = miner.orders();

        expect(GOOD).toContain(await port.pause());
        expect(miner.orders()).toBe(before + 1);
        expect(await reaches("paused")).toBe(true);
      },
    ));

  it.each([1, 2, 3, 4, 5])(
    "whose answer to a write is lost is decided by what it then shows, and not asked twice (seed %i)",
    (seed) =>
      inWorld(device, { seed, totalMs: 400, hasPools: true }, async ({ port, miner, clock }) => {
        const can = await port.capabilities();
        await port.read();
        if (!can.actions.pause && can.power === "none") return;
        const before = miner.orders();
        // Every second answer is lost: some of the reads, and perhaps the write's own.
        miner.setFaults([{ kind: "drop", probability: 0.5 }]);
        const result = await anyChange(port, can).catch((error: { code: string }) => error.code);
        miner.setFaults([]);

        expect(miner.orders() - before).toBeLessThanOrEqual(1);
        await clock.sleep(180_000);
        const { state } = await port.read();
        if (can.actions.pause && result === "effective") expect(state).toBe("paused");
        if (result === "rejected") expect(state).not.toBe("paused");
        expect(String(result)).toMatch(/^(effective|pending|unknown|MINER_[A-Z_]+)$/);
      }),
  );

  it("that restarts by itself is read again with its counters at zero (F16)", () =>
    inWorld(device, { hasPools: true }, async ({ port, clock, miner, reaches }) => {
      await clock.sleep(LONG_S * 1000);
      const before = await port.read();
      miner.powerCycle(20);
      await clock.sleep(5_000);
      await expect(port.read()).rejects.toMatchObject({ exit: 3 });

      expect(await reaches("mining")).toBe(true);
      const after = await port.read();
      if (before.uptimeS !== null) expect(after.uptimeS).toBeLessThan(before.uptimeS);
      expect(sumAccepted(after)).toBeLessThan(sumAccepted(before));
    }));

  it.each(["hot", "fan"] as const)("that is %s says so, and nothing clears it (F17)", (kind) =>
    inWorld(device, { hasPools: true }, async ({ port, clock, miner }) => {
      miner.setFaults([{ kind }]);
      await clock.sleep(120_000);
      const reading = await port.read();

      // Firmware tells it as a fault, a dead fan, a chip beyond its limit, or no hash at all: never as healthy mining.
      const isTold =
        reading.state === "fault" ||
        reading.hasFanFault ||
        (reading.chipMaxC ?? 0) >= 100 ||
        reading.state !== "mining" ||
        reading.fans.some(({ rpm }) => rpm === 0);
      expect(isTold).toBe(true);
      const can = await port.capabilities();
      if (can.actions.resume) await port.resume().catch(() => undefined);
      await clock.sleep(60_000);
      expect((await port.read()).hashrateThs ?? 0).toBe(0);
    }),
  );

  it("with renamed fields is read without invention, and written to only with proof", () =>
    inWorld(device, { totalMs: 400, faults: [{ kind: "rename-fields" }] }, async ({ open, miner }) => {
      const port = await open({ id: null });
      const reading = await port.read().catch((error: { name: string; code: string }) => {
        expect(error).toMatchObject({ name: "HearthError", code: expect.stringMatching(/^MINER_/) });
        return null;
      });
      if (reading?.powerW != null && reading.powerSource === "measured") {
        expect(Math.abs(reading.powerW / miner.wallW() - 1)).toBeLessThan(0.3);
      }
      port.close();
      const adopted = await open();
      const can = await adopted.capabilities().catch(() => null);
      const before = JSON.stringify(miner.settings());
      if (can !== null) await anyChange(adopted, can, 1).catch(() => null);
      expect(JSON.stringify(miner.settings())).toBe(before);
      adopted.close();
    }));

  it("whose counters fall to zero is read on", () =>
    inWorld(device, { hasPools: true }, async ({ port, clock, miner }) => {
      await clock.sleep(LONG_S * 1000);
      const before = sumAccepted(await port.read());
      miner.setFaults([{ kind: "reset-counters" }]);
      await clock.sleep(2_000);

      expect(sumAccepted(await port.read())).toBeLessThan(Math.max(1, before));
    }));

  it("is called off at once by its caller", () =>
    inWorld(device, { faults: [{ kind: "silent" }] }, async ({ port }) => {
      const stop = new AbortController();
      const called = port.read(stop.signal);
      setImmediate(() => stop.abort(new Error("enough")));
      await expect(called).rejects.toThrow("enough");
    }));
});

/** Reads and writes fail with typed errors while the fault lasts; the device is not changed; then all is well again. */
async function isOnlyMissed(world: World, kind: Parameters<World["miner"]["setFaults"]>[0][number]["kind"]) {
  const { port, miner } = world;
  const can = await port.capabilities();
  await port.read();
  const before = { orders: miner.orders(), settings: JSON.stringify(miner.settings()) };
  miner.setFaults([{ kind }]);

  const failures = [
    await port.read().then(
      () => null,
      (error: unknown) => error,
    ),
  ];
  if (can.actions.pause || can.power !== "none") {
    failures.push(
      await anyChange(port, can, 1).then(
        () => null,
        (error: unknown) => error,
      ),
    );
  }
  for (const failure of failures) {
    expect(failure).toMatchObject({ name: "HearthError", code: expect.stringMatching(/^MINER_/) });
    const { message = "" } = failure as Error;
    expect(message).not.toMatch(/[\u0000-\u001f\u007f-\u009f]/);
    expect(message.length).toBeLessThan(600);
  }
  expect({ orders: miner.orders(), settings: JSON.stringify(miner.settings()) }).toEqual(before);
  miner.setFaults([]);
  await expect(port.read()).resolves.toMatchObject({ pools: expect.any(Array) });
}

function sumAccepted({ pools }: { pools: { accepted: number | null }[] }): number {
  return pools.reduce((sum, { accepted }) => sum + (accepted ?? 0), 0);
}
