import { mkdtempSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "vitest";
import { applySplit } from "#src/app/split-apply.ts";
import { createSplitMechanisms } from "#src/app/split-mechanism.ts";
import { createFolders, hearthPaths } from "#src/config/paths.ts";
import { openStateStore } from "#src/ledger/state-store.ts";
import type { HearthConfig } from "#src/model/config.ts";
import type { SplitTerms } from "#src/model/terms.ts";
import { devices, inWorld, type World } from "./emulated-world.ts";

const signal = new AbortController().signal;
const device = (title: string) => {
  const found = devices.find((candidate) => candidate.title === title);
  if (found === undefined) throw new Error(`no device ${title}`);
  return found;
};

/** The terms' pools into the device of a world, as `hearth split apply` does it. */
async function apply({ miner, entry, clock, pools }: World) {
  const paths = hearthPaths({ HEARTH_HOME: mkdtempSync(join(tmpdir(), "hearth-split-")) });
  createFolders(paths);
  const store = openStateStore(":memory:");
  const { host, port, id } = miner;
  const config = {
    miners: [{ name: "den", id, host, port, driver: entry.firmware, secret_ref: null, allow_public: false }],
  } as unknown as HearthConfig;
  const legs = (["coop", "member"] as const).map((role, index) => ({
    ...{ role, pool: pools[index]?.url, user: role, share_ppm: role === "coop" ? 300_000 : 700_000 },
  }));
  const terms = { member: "7k3q9d2z", legs } as unknown as SplitTerms;
  const [applied] = await applySplit(config, terms, { dryRun: false, signal, paths, store, pace: clock });
  return { applied, kept: createSplitMechanisms(store).of(id) };
}

test("shares go into the groups of a firmware that has them, and its mechanism is kept", () =>
  inWorld(device("luxos-s19"), { hasPools: true }, async (world) => {
    const { applied, kept } = await apply(world);

    expect(applied).toMatchObject({ mechanism: "groups", problem: null });
    expect(kept).toEqual({ mechanism: "groups", stepPpm: 1000, slotS: null });
    const { pools } = await world.port.read();
    expect(pools.map(({ sharePpm }) => sharePpm).toSorted()).toEqual([300_000, 700_000]);
  }));

test.each([
  ["bitaxe 2.15", "time-slice"],
  ["nerdqaxe 1.0.37", "dual"],
])("a %s shares its work: %s", (title, mechanism) =>
  inWorld(device(title), { hasPools: true }, async (world) => {
    const { applied } = await apply(world);

    expect(applied).toMatchObject({ mechanism, problem: null });
    expect(["effective", "pending"]).toContain(applied?.result);
  }),
);

test.each(["whatsminer-m30 2.0.5", "nerdqaxe 1.0.30", "bitaxe 2.4"])(
  "a %s, which can neither share nor switch, is not half set",
  (title) =>
    inWorld(device(title), { hasPools: true }, async (world) => {
      const { applied } = await apply(world);

      expect(applied).toMatchObject({
        mechanism: "none",
        result: "rejected",
        problem: expect.stringMatching(/neither/),
      });
      expect(world.miner.orders()).toBe(0);
    }),
);

test("a resting miner is not woken for its pools: it is told to apply again", () =>
  inWorld(device("avalon-mini3"), { hasPools: true }, async (world) => {
    await world.port.pause();
    expect(await world.reaches("paused")).toBe(true);
    const orders = world.miner.orders();

    const { applied } = await apply(world);

    expect(applied).toMatchObject({ result: "rejected", problem: expect.stringMatching(/apply again/) });
    expect(world.miner.orders()).toBe(orders);
    await world.clock.sleep(300_000);
    expect((await world.port.read()).state).toBe("paused");
  }));
