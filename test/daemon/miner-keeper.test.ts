import { expect, it } from "vitest";
import type { MinerPort } from "#src/app/miner-port.ts";
import { createMinerKeeper, type LearntMiner } from "#src/daemon/miner-keeper.ts";
import type { MinerConfig } from "#src/model/config.ts";
import type { MinerCapabilities, MinerReading } from "#src/model/miner.ts";
import { createSystemClock } from "#src/net/system-clock.ts";

const never = new AbortController().signal;
const CONFIG = { name: "den", id: "02:00:00:00:00:01", zone: "den", circuit: "c1", max_w: null };

const stepping = (...watts: number[]) =>
  ({
    power: "discrete",
    canPause: true,
    steps: watts.map((wallW) => ({ label: `${wallW}`, targetW: wallW, wallW, hashrateThs: null })),
  }) as unknown as MinerCapabilities;

function keeperOf(device: { told: MinerCapabilities }, saved: LearntMiner | null) {
  const port = {
    capabilities: async () => device.told,
    read: async () => ({ state: "paused", powerW: 5, pools: [] }) as unknown as MinerReading,
  } as unknown as MinerPort;
  const config = CONFIG as unknown as MinerConfig;
  return createMinerKeeper({ config, port, clock: createSystemClock(), saved, circuitW: 3000 });
}

const learnt = (id: string, stepsW: number[]): LearntMiner => ({
  ...{ id, stepsW, thsPerW: 0.03, profile: null, lastSeenMs: 1 },
});

it("plans with what this device was measured to draw", async () => {
  const keeper = keeperOf({ told: stepping(500, 900) }, learnt(CONFIG.id, [520, 940]));
  await keeper.poll(never);

  expect(keeper.profile().stepsW).toEqual([520, 940]);
});

it("takes nothing from another device that bore its name before", async () => {
  const keeper = keeperOf({ told: stepping(1500, 3300) }, learnt("02:00:00:00:00:99", [100, 200]));
  expect(keeper.lastSeenMs()).toBeNull();
  await keeper.poll(never);

  expect(keeper.profile().stepsW).toEqual([1500, 3300]);
});

it("takes nothing from a firmware that had other steps", async () => {
  const keeper = keeperOf({ told: stepping(500, 900, 1300) }, learnt(CONFIG.id, [100, 200]));
  await keeper.poll(never);

  expect(keeper.profile().stepsW).toEqual([500, 900, 1300]);
});

it("plans with the steps of a new firmware as soon as the device tells them", async () => {
  const device = { told: stepping(500, 900) };
  const keeper = keeperOf(device, null);
  await keeper.poll(never);
  device.told = stepping(800, 1200, 1600);
  await keeper.poll(never);

  expect(keeper.profile().stepsW).toEqual([800, 1200, 1600]);
  expect(keeper.capabilities()?.steps).toHaveLength(3);
});
