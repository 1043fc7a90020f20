import { describe, expect, it } from "vitest";
import { discoverMiners, identifyMiner } from "#src/app/discover.ts";
import { openMiner } from "#src/app/miner-port.ts";
import type { MinerState } from "#src/model/miner.ts";
import { startAvalonMini3 } from "#src/sim/avalon-mini3.ts";
import { startBitaxe } from "#src/sim/bitaxe.ts";
import type { EmulatedMiner, EmulatorOptions } from "#src/sim/emulated-miner.ts";
import { startPool } from "#src/sim/pool.ts";
import { createSimClock } from "#src/sim/sim-clock.ts";

const START = Date.UTC(2026, 0, 10, 6);
const starters: Record<
  string,
  { start: (options: EmulatorOptions) => Promise<EmulatedMiner>; driver: string }
> = {
  avalon: { start: startAvalonMini3, driver: "avalon" },
  "axeos 2.15": { start: startBitaxe, driver: "axeos" },
  "axeos 2.14": { start: (options) => startBitaxe({ ...options, firmware: "2.14" }), driver: "axeos" },
};

/** An emulated miner and two pools on one clock that runs as fast as it can. */
async function startWorld(kind: keyof typeof starters) {
  const { start, driver } = starters[kind] as (typeof starters)[string];
  const clock = createSimClock({ startMs: START, speed: null });
  return clock.spawn(async () => {
    const facts = { clock, feePpm: 0, networkDifficulty: 10n ** 14n, rewardSats: 312_500_000n };
    const pools = [
      await startPool({ ...facts, name: "member" }),
      await startPool({ ...facts, name: "coop" }),
    ];
    const entries = pools.map(({ url }, index) => ({ url, user: `user${index}.w`, password: "x" }));
    const miner = await start({
      ...{
        name: "den",
        model: kind === "avalon" ? "avalon-mini3" : "bitaxe",
        pools: entries,
        clock,
        seed: 7,
      },
    });
    const { host, port, id } = miner;
    return {
      clock,
      miner,
      pools: entries,
      open: (other = id) => openMiner({ host, port, driver, id: other, name: "den" }),
      async close() {
        await miner.close();
        await Promise.all(pools.map((pool) => pool.close()));
        clock.stop();
      },
    };
  });
}

describe.each(Object.keys(starters))("an emulated %s", (kind) => {
  it("is found, read, paused, woken, stepped and switched through its real socket", async () => {
    const world = await startWorld(kind);
    const { clock, miner } = world;
    try {
      await clock.spawn(async () => {
        const [found] = await discoverMiners({ hosts: [`${miner.host}:${miner.port}`] });
        expect(found).toMatchObject({ isSupported: true, identity: { id: miner.id } });
        const port = await world.open();
        await clock.sleep(900_000);
        const reading = await port.read();
        expect(reading).toMatchObject({ state: "mining", powerSource: "measured" });
        expect(reading.pools).toHaveLength(2);
        expect(reading.pools.map(({ url }) => url)).toEqual(world.pools.map(({ url }) => url));
        expect(reading.pools[0]?.isActive).toBe(true);
        const reaches = async (state: MinerState) => {
          for (let tries = 0; tries < 60; tries++) {
            if ((await port.read()).state === state) return true;
            await clock.sleep(10_000);
          }
          return false;
        };

        expect(["effective", "pending"]).toContain(await port.pause());
        expect(await reaches("paused")).toBe(true);
        expect(["effective", "pending"]).toContain(await port.resume());
        expect(await reaches("mining")).toBe(true);
        await clock.sleep(900_000);

        expect(["effective", "pending"]).toContain(await port.setStep(0));
        await clock.sleep(900_000);
        const low = await port.read();
        const lowest = (await port.capabilities()).steps[0];
        expect(low.stepIndex).toBe(0);
        expect(Math.abs((low.powerW ?? 0) - (lowest?.wallW ?? 0))).toBeLessThan(0.3 * (lowest?.wallW ?? 0));

        expect(["effective", "pending"]).toContain(await port.selectPool(1));
        await clock.sleep(300_000);
        expect((await port.read()).pools.map(({ isActive }) => isActive)).toEqual([false, true]);
        port.close();
      });
    } finally {
      await world.close();
    }
  });

  it("takes new pools, which stand after a restart", async () => {
    const world = await startWorld(kind);
    try {
      await world.clock.spawn(async () => {
        const port = await world.open();
        const wanted = world.pools.map((pool) => ({
          ...pool,
          user: `new.${pool.user}`,
          role: "member" as const,
        }));
        expect(["effective", "pending"]).toContain(await port.writePools(wanted));
        await port.restart();
        await world.clock.sleep(600_000);
        expect((await port.read()).pools.map(({ user }) => user)).toEqual(wanted.map(({ user }) => user));
      });
    } finally {
      await world.close();
    }
  });

  it("is not written to when another device has taken its address", async () => {
    const world = await startWorld(kind);
    try {
      await world.clock.spawn(async () => {
        const port = await world.open("02:00:00:00:00:01");

        await expect(port.pause()).rejects.toMatchObject({ code: "MINER_IDENTITY_CHANGED", exit: 5 });
        await expect(port.read()).rejects.toMatchObject({ code: "MINER_IDENTITY_CHANGED" });
        await world.clock.sleep(60_000);
        const seen = await identifyMiner({ host: world.miner.host, port: world.miner.port });
        expect(seen.identity.id).toBe(world.miner.id);
      });
    } finally {
      await world.close();
    }
  });
});
