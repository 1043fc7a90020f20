import { expect, it } from "vitest";
import { discoverHome } from "#src/app/discover-home.ts";
import { followMiner } from "#src/app/follow-miner.ts";
import { listMiners } from "#src/app/list-miners.ts";
import { changeMiner, showMiner } from "#src/app/miner-commands.ts";
import { createMinerPlaces } from "#src/app/miner-places.ts";
import { readConfig } from "#src/config/config-store.ts";
import { hearthPaths } from "#src/config/paths.ts";
import { openStateStore } from "#src/ledger/state-store.ts";
import { adoptAt, inHome } from "./emulated-home.ts";
import { startMs } from "./emulated-world.ts";

const signal = new AbortController().signal;

it("an adopted miner that is named by another of its addresses stays adopted, with its circuit's limit", () =>
  inHome(async (env, { miner }) => {
    const name = `localhost:${miner.port}`;
    const orders = miner.orders();

    expect((await showMiner({ env, name, purpose: "read", signal })).miner.name).toBe("den");
    await expect(
      changeMiner({
        ...{ env, name, action: "set-power", powerW: 3000, until: null, dryRun: false },
        ...{ isApproved: true, signal },
      }),
    ).rejects.toMatchObject({ code: "LIMIT_BREAKER" });
    expect(miner.orders()).toBe(orders);
  }));

it("a change without a loop says that nothing will end it", () =>
  inHome(async (env) => {
    const pause = (until: string | null) =>
      changeMiner({ env, name: "den", action: "pause", powerW: null, until, dryRun: false, signal });

    expect((await pause("2026-01-10T18:30:00Z")).warnings).toEqual([
      expect.stringMatching(/nothing ends it at 2026-01-10T18:30:00Z; hearth miner resume den/),
    ]);
    expect((await pause(null)).warnings).toEqual([]);
  }));

it("a miner is offline since its last answer only when a loop looked for it after that", () =>
  inHome(async (env, { miner }) => {
    const store = openStateStore(hearthPaths(env).state);
    const sinceOf = async (id: string, lookedMs: number) => {
      store.set("rungs:den", { id, lastSeenMs: startMs });
      store.set("status", { at: new Date(lookedMs).toISOString(), miners: [] });
      return (await listMiners(env)).miners[0]?.offlineSince;
    };

    expect(await sinceOf(miner.id, startMs + 5_000)).toBeNull();
    expect(await sinceOf(miner.id, startMs + 600_000)).toBe("2026-01-10T06:00:00Z");
    expect(await sinceOf("02:00:00:00:00:99", startMs + 600_000)).toBeNull();
    store.close();
  }));

it("a miner that answers at two new places is not followed to either", () =>
  inHome(async (env, { miner, entry, clock }) => {
    const options = { name: "den", model: entry.model, id: miner.id, pools: [], clock, seed: 1 };
    const doubles = [await entry.start(options), await entry.start(options)];
    const hosts = doubles.map(({ port }) => `127.0.0.1:${port}`);

    const found = await discoverHome(env, { hosts, dryRun: false });

    expect(found.warnings).toEqual([expect.stringMatching(/den answers at .* and .*double/)]);
    expect(found.miners).toMatchObject([{ name: "den", movedFrom: null }]);
    expect(readConfig(hearthPaths(env))?.config.miners).toMatchObject([{ port: miner.port }]);
    for (const double of doubles) await double.close();
  }));

it("a miner that is back at its own address is no longer looked for where the loop had found it", () =>
  inHome(async (env, { miner }) => {
    const paths = hearthPaths(env);
    const [den] = readConfig(paths)?.config.miners ?? [];
    if (den === undefined) throw new Error("not adopted");
    const { id, host, port } = den;
    const store = openStateStore(paths.state);
    const places = createMinerPlaces(store);
    places.keep(den, { id, host: "192.0.2.9", port: 80 });

    expect(followMiner(paths, { id, host, port })).toBe(true);

    expect(places.placed(den)).toMatchObject({ host: "127.0.0.1", port: miner.port });
    store.close();
  }));

it("a miner that was adopted by a name keeps it when it is found by its address", () =>
  inHome(async (env, { miner }) => {
    await adoptAt(env, `localhost:${miner.port}`);

    const { miners, warnings } = await discoverHome(env, {
      ...{ hosts: [`127.0.0.1:${miner.port}`], dryRun: false },
    });

    expect(miners).toMatchObject([{ name: "den", movedFrom: null }]);
    expect(warnings).toEqual([]);
    expect(readConfig(hearthPaths(env))?.config.miners).toMatchObject([{ host: "localhost" }]);
  }));
