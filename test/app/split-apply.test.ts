import { describe, expect, it } from "vitest";
import { applyToMiner } from "#src/app/split-apply.ts";
import type { PoolTarget } from "#src/model/miner.ts";
import { devices, inWorld } from "./emulated-world.ts";

const titled = (title: string) => {
  const device = devices.find((candidate) => candidate.title === title);
  if (device === undefined) throw new Error(`no device ${title}`);
  return device;
};
/** The legs of some terms, at the pools of the device. */
const legsAt = (pools: readonly PoolTarget[]) =>
  pools.map((pool, index) => ({ ...pool, user: `leg${index}.w`, sharePpm: index === 0 ? 700_000 : 300_000 }));

describe("a split by terms", () => {
  it.each(["bitaxe 2.15", "nerdqaxe 1.0.37"])("is set where the %s can keep it", (title) =>
    inWorld(titled(title), { hasPools: true }, async ({ port, pools }) => {
      const applied = await applyToMiner(port, "den", legsAt(pools), false);
      expect(applied).toMatchObject({ problem: null, result: expect.stringMatching(/effective|pending/) });
    }),
  );

  it.each(["whatsminer-m30 2.0.5", "nerdqaxe 1.0.30", "bitaxe 2.4"])(
    "is not half set in a %s, which neither shares its work nor can be told which pool to use",
    (title) =>
      inWorld(titled(title), { hasPools: true }, async ({ port, pools, miner }) => {
        for (const isDryRun of [true, false]) {
          expect(await applyToMiner(port, "den", legsAt(pools), isDryRun)).toMatchObject({
            result: "rejected",
            problem: expect.stringContaining("which of its pools to use"),
          });
        }
        expect(miner.orders()).toBe(0);
      }),
  );
});
