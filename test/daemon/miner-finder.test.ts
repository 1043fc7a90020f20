import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { findMiner } from "#src/app/follow-miner.ts";
import { createMinerPlaces } from "#src/app/miner-places.ts";
import { openAdopted } from "#src/app/open-adopted.ts";
import { createFolders, hearthPaths } from "#src/config/paths.ts";
import { createMinerFinder } from "#src/daemon/miner-finder.ts";
import { createMinerKeeper, type MinerKeeper } from "#src/daemon/miner-keeper.ts";
import { openStateStore, type StateStore } from "#src/ledger/state-store.ts";
import { configSchema, type MinerConfig } from "#src/model/config.ts";
import { type EmulatedMiner, type MinerModel, macOf } from "#src/sim/emulated-miner.ts";
import { startMiner } from "#src/sim/emulators.ts";
import { createSimClock, type SimClock } from "#src/sim/sim-clock.ts";

const never = new AbortController().signal;
const names = ["a", "b", "c", "d", "e", "f", "g", "h"];
const modelOf = (name: string): MinerModel => (names.indexOf(name) % 2 === 0 ? "bitaxe" : "avalon-mini3");

let home: string;
let store: StateStore;
let clock: SimClock;
beforeEach(() => {
  home = mkdtempSync(join(tmpdir(), "hearth-finder-"));
  const paths = hearthPaths({ HEARTH_HOME: home });
  createFolders(paths);
  store = openStateStore(paths.state);
  clock = createSimClock({ startMs: Date.UTC(2026, 0, 10), speed: null });
});
afterEach(() => {
  store.close();
  clock.stop();
  rmSync(home, { recursive: true, force: true });
});

const start = (name: string, port: number): Promise<EmulatedMiner> =>
  startMiner({ name, model: modelOf(name), id: macOf(name), port, pools: [], clock, seed: 1 });

function configOf(miner: EmulatedMiner): MinerConfig {
  const { name, id, host, port, model } = miner;
  const driver = model === "bitaxe" ? "axeos" : "avalon";
  const zone = { name: "den" };
  const circuit = { name: "c1", breaker_a: 20, voltage_v: 240 };
  const config = configSchema.parse({
    schema: "hearth.config/1",
    zones: [zone],
    circuits: [circuit],
    miners: [{ name, id, host, port, driver, zone: "den", circuit: "c1" }],
  });
  return config.miners[0] as MinerConfig;
}

describe("eight miners whose addresses are dealt anew", () => {
  it("are each found again by their identity, and no command reaches another one", () =>
    clock.spawn(async () => {
      const paths = hearthPaths({ HEARTH_HOME: home });
      const ground = { paths, store, pace: clock };
      const places = createMinerPlaces(store);
      let devices: EmulatedMiner[] = [];
      for (const name of names) devices.push(await start(name, 0));
      const ports = devices.map(({ port }) => port);
      const keepers: MinerKeeper[] = [];
      for (const device of devices) {
        const config = configOf(device);
        const port = await openAdopted(config, ground);
        keepers.push(createMinerKeeper({ config, port, clock, saved: null, circuitW: 3000 }));
      }
      const finder = createMinerFinder({
        clock,
        ground,
        places,
        find: ({ id }) => findMiner({ id, among: ports.map((port) => `127.0.0.1:${port}`) }),
      });
      const poll = async () => {
        for (const keeper of keepers) await finder.follow(keeper, await keeper.poll(never), never);
      };
      await poll();

      for (const device of devices) await device.close();
      devices = [];
      // Everybody gets the address of the next but two.
      for (const [index, name] of names.entries())
        devices.push(await start(name, ports[(index + 3) % 8] ?? 0));
      const orders = devices.map((device) => device.orders());
      // Before anybody has noticed: commands are refused, not carried out by a stranger.
      for (const keeper of keepers) {
        const wish = { miner: keeper.config.name, action: "pause", targetW: 0, stepIndex: null } as const;
        expect(await keeper.execute({ ...wish, isUrgent: true, code: "COMFORT_FULL" }, never)).toBe(
          "rejected",
        );
      }
      expect(devices.map((device) => device.orders())).toEqual(orders);

      // A stranger of the same family is noticed at once; one that speaks otherwise is a miss like any other.
      for (let polls = 0; polls < 12; polls++) await poll();

      for (const [index, keeper] of keepers.entries()) {
        expect(keeper.place().port).toBe(ports[(index + 3) % 8]);
        const set = { miner: keeper.config.name, action: "set", targetW: 1, stepIndex: index % 4 } as const;
        expect(await keeper.execute({ ...set, isUrgent: false, code: "COMFORT_HEAT" }, never)).toBe(
          "effective",
        );
        await keeper.poll(never);
        expect(keeper.latest()?.reading.stepIndex).toBe(index % 4);
        expect(places.placed(keeper.config).port).toBe(ports[(index + 3) % 8]);
      }
      for (const keeper of keepers) keeper.close();
      for (const device of devices) await device.close();
    }));

  it("are not followed to a double: one identity at two addresses is nobody's place", () =>
    clock.spawn(async () => {
      const one = await start("a", 0);
      const other = await start("a", 0);
      const among = [one, other].map(({ port }) => `127.0.0.1:${port}`);

      await expect(findMiner({ id: one.id, among })).resolves.toBeNull();
      await expect(findMiner({ id: one.id, among: among.slice(0, 1) })).resolves.toMatchObject({
        port: one.port,
      });
      await one.close();
      await other.close();
    }));

  it("are looked for one after the other when several are lost at once", () =>
    clock.spawn(async () => {
      let searching = 0;
      let most = 0;
      const find = async () => {
        most = Math.max(most, ++searching);
        await new Promise((resolve) => setTimeout(resolve, 5));
        searching -= 1;
        return null;
      };
      const ground = { paths: hearthPaths({ HEARTH_HOME: home }), store, pace: clock };
      const finder = createMinerFinder({ clock, ground, places: createMinerPlaces(store), find });
      const lost = names.map((name) => ({ config: { id: macOf(name) } }) as unknown as MinerKeeper);

      await Promise.all(lost.map((keeper) => finder.follow(keeper, "MINER_IDENTITY_CHANGED", never)));

      expect(most).toBe(1);
    }));

  it("are looked for no more often than a refused password may be shown again", () =>
    clock.spawn(async () => {
      const searchedMono: number[] = [];
      const find = async () => {
        searchedMono.push(clock.monoMs());
        return null;
      };
      const ground = { paths: hearthPaths({ HEARTH_HOME: home }), store, pace: clock };
      const finder = createMinerFinder({ clock, ground, places: createMinerPlaces(store), find });
      const snapshot = () => ({ missedPolls: 9 });
      const keeper = { config: { id: macOf("a") }, snapshot } as unknown as MinerKeeper;

      for (let polls = 0; polls < 360; polls++) {
        await finder.follow(keeper, "MINER_PASSWORD_WRONG", never);
        await clock.sleep(10_000);
      }

      const gaps = searchedMono.slice(1).map((mono, index) => mono - (searchedMono[index] ?? 0));
      expect(gaps.length).toBeGreaterThanOrEqual(2);
      expect(Math.min(...gaps)).toBeGreaterThanOrEqual(900_000);
    }));

  it("are looked for ever more seldom while they stay away", () =>
    clock.spawn(async () => {
      const device = await start("a", 0);
      const config = configOf(device);
      const ground = { paths: hearthPaths({ HEARTH_HOME: home }), store, pace: clock };
      const keeper = createMinerKeeper({
        config,
        port: await openAdopted(config, ground),
        clock,
        saved: null,
        circuitW: 3000,
      });
      let searches = 0;
      const find = async () => {
        searches += 1;
        return null;
      };
      const finder = createMinerFinder({ clock, ground, places: createMinerPlaces(store), find });
      await keeper.poll(never);
      await device.close();

      for (let polls = 0; polls < 360; polls++) {
        await finder.follow(keeper, await keeper.poll(never), never);
        await clock.sleep(10_000);
      }
      expect(searches).toBeGreaterThanOrEqual(4);
      expect(searches).toBeLessThanOrEqual(6);
      keeper.close();
    }));
});
