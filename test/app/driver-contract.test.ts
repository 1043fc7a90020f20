import { describe, expect, it } from "vitest";
import { discoverMiners } from "#src/app/discover.ts";
import { identifyMiner } from "#src/app/identify-miner.ts";
import { anyChange, changeWatts, GOOD, LONG_S } from "./contract-changes.ts";
import { closedDevices, devices, inWorld, type World } from "./emulated-world.ts";

/** What every driver must do with a healthy device of its family on a real socket. */
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
