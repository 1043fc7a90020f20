import { describe, expect, it } from "vitest";
import { discoverMiners } from "#src/app/discover.ts";
import { identifyMiner } from "#src/app/identify-miner.ts";
import type { MinerPort } from "#src/app/miner-port.ts";
import type { MinerCapabilities, WriteResult } from "#src/model/miner.ts";
import { closedDevices, devices, inWorld, type World } from "./emulated-world.ts";

/** What every driver must do with a device of its family on a real socket, at its best and at its worst. */
const GOOD: WriteResult[] = ["effective", "pending"];
const LONG_S = 900;
/** Firmware that does not tell what it is set to: the watts of the minute after show a lie, so one call cannot. */
const SHOWN_BY_WATTS = new Set(["whatsminer-m30 2.0.5"]);

/** Another wattage than the present one, by whatever lever the device has; null where it has none. */
async function changeWatts(
  port: MinerPort,
  can: MinerCapabilities,
  turn: number,
): Promise<WriteResult | null> {
  if (can.power === "discrete") return port.setStep(turn % can.steps.length);
  if (can.power !== "continuous" || can.minW === null || can.maxW === null) return null;
  const span = can.maxW - can.minW;
  return port.setTarget(Math.round((can.minW + span * ((turn * 0.37) % 1)) / 10) * 10);
}

/** Any change that the device can be asked for. */
async function anyChange(port: MinerPort, can: MinerCapabilities, turn = 0): Promise<WriteResult | null> {
  if (can.actions.pause) return port.pause();
  return changeWatts(port, can, turn);
}

describe.each(devices)("an emulated $title", (device) => {
  it("is found by its address, named, and read as it truly is", () =>
    inWorld(device, { hasPools: true }, async ({ clock, miner, port, pools, entry }) => {
      const { miners } = await discoverMiners({ hosts: [`${miner.host}:${miner.port}`] });
      expect(miners).toMatchObject([{ identity: { id: miner.id, firmware: entry.firmware } }]);
      expect(miners[0]?.capabilities).not.toBeNull();

      await clock.sleep(LONG_S * 1000);
      const reading = await port.read();

      expect(reading.state).toBe("mining");
      expect(reading.hashrateThs).toBeGreaterThan(0);
      const error = Math.abs((reading.hashrateThs ?? 0) / miner.hashrateThs() - 1);
      expect(error).toBeLessThan(0.15);
      if (reading.powerSource === "measured" && reading.powerW !== null) {
        // A board behind a mains adapter tells what it draws itself.
        expect(reading.powerW).toBeGreaterThan(0.8 * miner.wallW());
        expect(reading.powerW).toBeLessThan(1.1 * miner.wallW());
      }
      const destinations = reading.pools.filter(({ role }) => role !== "dev_fee").map(({ url }) => url);
      expect(destinations).toEqual(pools.map(({ url }) => url));
      expect(reading.pools.some(({ isActive, accepted }) => isActive !== false && (accepted ?? 1) > 0)).toBe(
        true,
      );
    }));

  it("pauses, resumes in the mode it had, and shows itself, where it can", () =>
    inWorld(device, { hasPools: true }, async ({ clock, port, reaches }) => {
      const can = await port.capabilities();
      if (can.steps.length > 1) await port.setStep(0);
      if (can.power === "continuous") await changeWatts(port, can, 1);
      await clock.sleep(LONG_S * 1000);
      const before = await port.read();

      if (can.actions.pause) {
        expect(GOOD).toContain(await port.pause());
        expect(await reaches("paused")).toBe(true);
        const { hashrateThs, stepIndex } = await port.read();
        expect([hashrateThs ?? 0, stepIndex]).toEqual([0, null]);
        expect(GOOD).toContain(await port.resume());
        expect(await reaches("mining")).toBe(true);
        await clock.sleep(LONG_S * 1000);
        const after = await port.read();
        expect(after).toMatchObject({
          state: "mining",
          mode: before.mode,
          stepIndex: before.stepIndex,
          powerTargetW: before.powerTargetW,
        });
        const drift = (after.powerW ?? 0) / (before.powerW ?? 1) - 1;
        if (before.powerW !== null) expect(Math.abs(drift)).toBeLessThan(0.1);
      } else {
        await expect(port.pause()).rejects.toMatchObject({ code: "MINER_PAUSE_UNSUPPORTED", exit: 1 });
      }
      if (can.actions.locate) expect(GOOD).toContain(await port.locate());
    }));

  it("takes each of its steps, or a target, and tells it", () =>
    inWorld(device, { hasPools: true }, async ({ clock, port }) => {
      const can = await port.capabilities();
      for (const [index, step] of can.steps.entries()) {
        expect([step.label, await port.setStep(index)]).toEqual([
          step.label,
          expect.stringMatching(/effective|pending/),
        ]);
        await clock.sleep(LONG_S * 1000);
        expect((await port.read()).stepIndex).toBe(index);
      }
      if (can.power !== "continuous") return;
      for (const targetW of [can.minW ?? 0, ((can.minW ?? 0) + (can.maxW ?? 0)) / 2]) {
        const rounded = Math.round(targetW / 10) * 10;
        expect(GOOD).toContain(await port.setTarget(rounded));
        await clock.sleep(LONG_S * 1000);
        const reading = await port.read();
        expect(Math.abs((reading.powerTargetW ?? 0) - rounded)).toBeLessThanOrEqual(0.02 * rounded);
        expect(Math.abs((reading.powerW ?? 0) - rounded)).toBeLessThanOrEqual(0.1 * rounded);
      }
    }));

  it("takes new pools after a backup of the old ones, and works for them", () =>
    inWorld(device, { hasPools: true }, async ({ clock, port, pools, backups, reaches }) => {
      const can = await port.capabilities();
      if (!can.actions.writePools) return;
      const shares = can.split === "none" ? [null, null] : [700_000, 300_000];
      const wanted = pools.map((pool, index) => ({
        ...pool,
        user: `new${index}.worker`,
        sharePpm: shares[index] ?? null,
      }));

      expect(GOOD).toContain(await port.writePools(wanted));
      expect(backups).toHaveLength(1);
      expect(backups[0]?.pools.map(({ url, user }) => [url, user])).toEqual(
        pools.map(({ url, user }) => [url, user]),
      );
      if (can.poolsNeedRestart) expect(GOOD).toContain(await port.restart());
      await clock.sleep(600_000);
      expect(await reaches("mining")).toBe(true);
      const { pools: after } = await port.read();
      const destinations = after.filter(({ role }) => role !== "dev_fee");
      expect(destinations.map(({ user }) => user)).toEqual(wanted.map(({ user }) => user));
      if (can.split !== "none") {
        for (const [index, { sharePpm }] of destinations.entries()) {
          expect(Math.abs((sharePpm ?? 0) - (shares[index] ?? 0))).toBeLessThanOrEqual(
            (can.splitStepPpm ?? 0) / 2 + 1,
          );
        }
      }
    }));

  it("refuses a split that its firmware cannot keep, with nothing sent", () =>
    inWorld(device, {}, async ({ miner, port, pools }) => {
      const can = await port.capabilities();
      if (!can.actions.writePools || can.split !== "none") return;
      const before = miner.orders();

      const written = port.writePools(pools.map((pool) => ({ ...pool, sharePpm: 500_000 })));

      await expect(written).rejects.toMatchObject({ code: "SPLIT_UNSUPPORTED", exit: 1 });
      expect(miner.orders()).toBe(before);
    }));

  it("is not written to when another device has taken its address (T01)", () =>
    inWorld(device, {}, async ({ miner, port, clock, open }) => {
      const can = await port.capabilities();
      const orders = miner.orders();
      miner.setFaults([{ kind: "swap-identity" }]);
      await clock.sleep(5_000);

      if (can.actions.pause || can.power !== "none") {
        await expect(anyChange(port, can)).rejects.toMatchObject({ code: "MINER_IDENTITY_CHANGED", exit: 5 });
      }
      const fresh = await open();
      // No password is told to it either, for what it can do.
      await expect(fresh.capabilities()).rejects.toMatchObject({ code: "MINER_IDENTITY_CHANGED" });
      await expect(fresh.read()).rejects.toMatchObject({ code: "MINER_IDENTITY_CHANGED" });
      fresh.close();
      const stranger = await identifyMiner({ host: miner.host, port: miner.port });
      expect(stranger.identity.id).not.toBe(miner.id);
      expect(miner.orders()).toBe(orders);
    }));
});

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

describe.each(devices)("a thousand changes of watts on a $title", (device) => {
  it(
    "leave its pools, its fans and its split as they were",
    () =>
      inWorld(device, {}, async (world) => {
        const { port, miner } = world;
        const can = await port.capabilities();
        // Taken before the first change: what that one resets stays reset.
        const before = JSON.stringify(miner.settings());
        if ((await changeWatts(port, can, 0)) === null) return;
        const results: Record<string, number> = {};

        for (let turn = 1; turn <= 1000; turn++) {
          // What restarts for each change is away for a while.
          if (can.restartsOnChange) await isBack(world);
          const result = (await changeWatts(port, can, turn)) ?? "none";
          results[result] = (results[result] ?? 0) + 1;
        }

        expect(JSON.stringify(miner.settings())).toBe(before);
        expect((results["effective"] ?? 0) + (results["pending"] ?? 0)).toBe(1000);
      }),
    120_000,
  );
});

describe.each(closedDevices)("a $title, whose owner allows no changes", (device) => {
  it("is found and read, and says of every change how it is allowed, with nothing changed", () =>
    inWorld(device, { hasPools: true }, async ({ miner, port, pools, entry }) => {
      const { miners } = await discoverMiners({ hosts: [`${miner.host}:${miner.port}`] });
      expect(miners).toMatchObject([{ identity: { id: miner.id, firmware: entry.firmware } }]);
      expect((await port.read()).state).toBe("mining");
      const can = await port.capabilities();

      const changes: [keyof typeof can.actions, () => Promise<unknown>][] = [
        ["pause", () => port.pause()],
        ["setStep", () => port.setStep(0)],
        ["setTarget", () => changeWatts(port, can, 1)],
        ["writePools", () => port.writePools(pools.map((pool) => ({ ...pool, sharePpm: null })))],
        ["restart", () => port.restart()],
      ];
      for (const [action, change] of changes) {
        if (can.actions[action] === undefined) continue;
        await expect(change()).rejects.toMatchObject({
          code: "MINER_WRITES_OFF",
          exit: 5,
          hint: expect.stringMatching(/\w/),
        });
      }
      expect(miner.orders()).toBe(0);
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

/** Waits until the device answers again, at most ten minutes of the clock. */
async function isBack({ port, clock }: World): Promise<void> {
  for (let tries = 0; tries < 40; tries++) {
    const isThere = await port.identify().then(
      () => true,
      () => false,
    );
    if (isThere) return;
    await clock.sleep(15_000);
  }
}

function sumAccepted({ pools }: { pools: { accepted: number | null }[] }): number {
  return pools.reduce((sum, { accepted }) => sum + (accepted ?? 0), 0);
}
