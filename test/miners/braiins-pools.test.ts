import { describe, expect, it } from "vitest";
import { minerCutAnswer } from "#src/model/miner-errors.ts";
import { miner, never, POOLS } from "./braiins-in-memory.ts";

const batch = (link: { written: string[] }) =>
  link.written.map((line) => JSON.parse(line.replace("PUT /api/v1/pools/batch ", "")));
const quotas = (link: { written: string[] }) =>
  batch(link)[0].map((group: { load_balance_strategy: { quota: { value: number } } }) =>
    Number(group.load_balance_strategy.quota.value),
  );

describe("its pools", () => {
  it("become groups with the smallest whole quotas, without a uid", async () => {
    const { link, actions } = miner();
    const { writePools } = await actions();

    await expect(writePools?.(POOLS, never)).resolves.toBe("effective");
    await expect(writePools?.(POOLS, never)).resolves.toBe("effective");
    expect(batch(link)).toEqual([
      [
        {
          name: "member",
          load_balance_strategy: { quota: { value: 279 } },
          pools: [{ url: "stratum+tcp://a.example:3333", user: "a.w", password: "x", enabled: true }],
        },
        {
          name: "coop",
          load_balance_strategy: { quota: { value: 121 } },
          pools: [{ url: "stratum+tcp://b.example:3333", user: "b.w", password: "y", enabled: true }],
        },
      ],
    ]);
  });

  it("stand in one group in order of failover without shares", async () => {
    const { link, actions } = miner();
    const pools = POOLS.map((pool) => ({ ...pool, sharePpm: null }));

    await expect((await actions()).writePools?.(pools, never)).resolves.toBe("effective");
    expect(batch(link)[0]).toMatchObject([
      { name: "member", load_balance_strategy: { quota: { value: 1 } } },
    ]);
    expect(batch(link)[0][0].pools.map(({ user }: { user: string }) => user)).toEqual(["a.w", "b.w"]);
  });

  it("with the share 0 stand in for the one before, so that they get no work of their own", async () => {
    const { link, actions } = miner();
    const pools = POOLS.map((pool, index) => ({ ...pool, sharePpm: index === 0 ? 1_000_000 : 0 }));

    await expect((await actions()).writePools?.(pools, never)).resolves.toBe("effective");
    expect(batch(link)[0]).toHaveLength(1);
  });

  it.each([
    ["some shares missing", [700_000, null]],
    ["no share above zero", [0, 0]],
    ["a broken share", [500_000.5, 499_999.5]],
    ["less than the whole", [700_000, 200_000]],
    ["more than the whole", [700_000, 700_000]],
  ])("are refused with %s, before anything is sent", async (_, shares) => {
    const { link, actions } = miner();
    const pools = POOLS.map((pool, index) => ({ ...pool, sharePpm: shares[index] ?? null }));

    await expect((await actions()).writePools?.(pools, never)).rejects.toMatchObject({
      code: "SPLIT_UNSUPPORTED",
    });
    expect(link.written).toEqual([]);
  });

  it("take the rounded thirds of a backup for the whole", async () => {
    const { link, actions } = miner();
    const [pool] = POOLS;
    const thirds = ["a", "b", "c"].flatMap((user) => (pool ? [{ ...pool, user, sharePpm: 333_333 }] : []));

    await expect((await actions()).writePools?.(thirds, never)).resolves.toBe("effective");
    expect(quotas(link)).toEqual([1, 1, 1]);
  });

  it("leave the group of the firmware's maker its part of the work", async () => {
    const { link, state, driver, actions } = miner();
    const pools = [
      { uid: "f", url: "stratum+tcp://fee.example:3333", user: "fee", password: null, enabled: true },
    ];
    state.configuration.pool_groups.push({
      ...{ uid: "fee", name: "BOS devfee", load_balance_strategy: { quota: { value: 2 } }, pools },
    });
    const { writePools } = await actions();

    await expect(writePools?.(POOLS, never)).resolves.toBe("effective");
    // Before: 80, 20 and 2; after: 69.75 and 30.25 parts of the same 100, and 2.
    expect(quotas(link)).toEqual([27_900, 12_100, 800]);
    expect(batch(link)[0][2].pools).toEqual([
      { url: "stratum+tcp://fee.example:3333", user: "fee", enabled: true },
    ]);
    await expect(writePools?.(POOLS, never)).resolves.toBe("effective");
    expect(link.written).toHaveLength(1);
    expect((await driver.backup(link, never)).pools.map(({ user }) => user)).toEqual(["a.w", "b.w"]);
  });

  it("of another password alone are proved by the password", async () => {
    const { link, actions } = miner((request) =>
      link.written.length === 2 && request.startsWith("PUT") ? true : undefined,
    );
    const { writePools } = await actions();
    await writePools?.(POOLS, never);

    const renewed = POOLS.map((pool) => ({ ...pool, password: "new" }));
    await expect(writePools?.(renewed, never)).resolves.toBe("pending");
  });

  it("are written again for another password, and for one that the device does not tell", async () => {
    const { link, state, actions } = miner();
    const { writePools } = await actions();
    await writePools?.(POOLS, never);
    await writePools?.(
      POOLS.map((pool) => ({ ...pool, password: "z" })),
      never,
    );
    expect(link.written).toHaveLength(2);
    for (const { pools } of state.configuration.pool_groups) for (const pool of pools) pool.password = null;

    await writePools?.(POOLS, never);
    expect(link.written).toHaveLength(3);
  });

  it("are pending while the miner is silent over its restart", async () => {
    let isWritten = false;
    const { actions } = miner((request) => {
      if (request.startsWith("PUT")) isWritten = true;
      return isWritten && request.startsWith("GET") ? minerCutAnswer("192.0.2.7") : undefined;
    });

    await expect((await actions()).writePools?.(POOLS, never)).resolves.toBe("pending");
  });

  it("are kept with passwords, shares and the whole configuration for a restore", async () => {
    const { link, driver } = miner();

    expect(await driver.backup(link, never)).toMatchObject({
      pools: [
        { user: "member.s19", password: "x", sharePpm: 800_000 },
        { user: "coop.member0417", password: "x", sharePpm: 200_000 },
      ],
      settings: { pool_groups: [{ uid: "7WHmZqjc" }, {}], tuner: { power_target: { watt: 1200 } } },
    });
  });
});
