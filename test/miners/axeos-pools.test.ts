import { describe, expect, it } from "vitest";
import { createAxeosDriver } from "#src/miners/axeos.ts";
import type { PoolTarget } from "#src/model/miner.ts";
import { board, NEW, never, OLD, recorded } from "./axeos-in-memory.ts";

describe("pools", () => {
  const plain = (host: string, user: string): PoolTarget => {
    return { url: `stratum+tcp://${host}:3333`, user, password: "x", role: "member", sharePpm: null };
  };
  const secret: PoolTarget = {
    ...{ url: "stratum+ssl://b.example:443", user: "b.w", password: "y", role: "coop", sharePpm: null },
  };
  const pools = [plain("a.example", "a.w"), secret];
  const plainPools = [plain("a.example", "a.w"), plain("b.example", "b.w")];

  it("go into slots with firmware 2.15, in one request that keeps the other fields", async () => {
    const { link, capabilities } = board();

    await expect((await capabilities()).actions.writePools?.(pools, never)).resolves.toBe("effective");
    expect(link.written).toEqual([
      'PATCH /api/system {"pools":[{"id":0,"stratumProtocol":"SV1","stratumURL":"a.example","stratumPort":3333,"stratumUser":"a.w","stratumPassword":"x","stratumSuggestedDifficulty":1000,"stratumTLS":0},' +
        '{"id":1,"stratumURL":"b.example","stratumPort":443,"stratumUser":"b.w","stratumPassword":"y","stratumTLS":1}]}',
    ]);
  });

  it("go into the slots in use, and choose one for the fallback where there is none", async () => {
    const slots = [0, 3, 5].map((id) => ({ ...NEW.pools[0], id, stratumURL: `pool${id}.example` }));
    const used = board({ ...NEW, pools: slots, primaryPoolIndex: 5, secondaryPoolIndex: 3 });
    const shared = board({ ...NEW, pools: slots, primaryPoolIndex: 0, secondaryPoolIndex: 0 });

    await expect((await used.capabilities()).actions.writePools?.(pools, never)).resolves.toBe("effective");
    expect(used.link.written[0]).toMatch(/"id":5.*"a\.example".*"id":3.*"b\.example"/);
    expect(used.link.written[0]).not.toContain("primaryPoolIndex");
    await expect((await shared.capabilities()).actions.writePools?.(pools, never)).resolves.toBe("effective");
    expect(shared.link.written[0]).toMatch(/"id":0.*"id":1.*"primaryPoolIndex":0,"secondaryPoolIndex":1/);
  });

  it("keep all else that a slot tells: what is left out would be reset", async () => {
    const settings = {
      stratumSuggestedDifficulty: 4096,
      stratumExtranonceSubscribe: true,
      stratumTLS: 2,
      stratumCert: "-----BEGIN CERTIFICATE-----",
      stratumDecodeCoinbase: false,
    };
    const { link, capabilities } = board({
      ...NEW,
      pools: [
        { ...NEW.pools[0], ...settings, stratumProtocol: "SV2", stratumV2RequireAuth: true, odd: null },
      ],
    });
    const secure = { ...secret, url: "stratum+ssl://a.example:443" };

    await expect((await capabilities()).actions.writePools?.([secure], never)).resolves.toBe("effective");
    const [, body] = link.written[0]?.split("system ") ?? [];
    expect(JSON.parse(body ?? "")).toEqual({
      pools: [
        {
          id: 0,
          ...{ stratumProtocol: "SV1", stratumURL: "a.example", stratumPort: 443 },
          ...{ stratumUser: "b.w", stratumPassword: "y", ...settings, stratumV2RequireAuth: true },
        },
      ],
    });
  });

  it("never overwrite a pool that is kept in a spare slot", async () => {
    const slots = [0, 1, 2].map((id) => ({ ...NEW.pools[0], id, stratumURL: `pool${id}.example` }));
    const shared = board({ ...NEW, pools: slots, primaryPoolIndex: 0, secondaryPoolIndex: 0 });
    const full = board({
      ...{ ...NEW, primaryPoolIndex: 0, secondaryPoolIndex: 0 },
      pools: Array.from({ length: 8 }, (_, id) => ({ ...NEW.pools[0], id })),
    });

    await expect((await shared.capabilities()).actions.writePools?.(pools, never)).resolves.toBe("effective");
    expect(shared.link.written[0]).toMatch(/"id":0.*"id":3.*"primaryPoolIndex":0,"secondaryPoolIndex":3/);
    await expect((await full.capabilities()).actions.writePools?.(pools, never)).rejects.toMatchObject({
      code: "MINER_TOO_MANY_POOLS",
      message: expect.stringContaining("no free slot"),
    });
    expect(full.link.written).toEqual([]);
  });

  it("use the older keys before it", async () => {
    const { link, capabilities } = board(OLD);

    await expect((await capabilities()).actions.writePools?.(plainPools, never)).resolves.toBe("effective");
    expect(link.written).toEqual([
      'PATCH /api/system {"stratumURL":"a.example","stratumPort":3333,"stratumUser":"a.w","stratumPassword":"x","fallbackStratumURL":"b.example","fallbackStratumPort":3333,"fallbackStratumUser":"b.w","fallbackStratumPassword":"x"}',
    ]);
  });

  it("leave no pool of Stratum V2 set by the older keys", async () => {
    const { link, capabilities } = board({
      ...recorded("2.14.2/api.system.info"),
      ...{ stratumProtocol: "SV2", fallbackStratumProtocol: "SV1" },
    });

    await expect((await capabilities()).actions.writePools?.(plainPools, never)).resolves.toBe("effective");
    expect(link.written[0]).toContain('"stratumProtocol":"SV1"');
    expect(link.written[0]).not.toContain("fallbackStratumProtocol");
  });

  it("are encrypted by the older keys only where the firmware shows one", async () => {
    const shows = board(recorded("2.14.2/api.system.info"));
    const lacks = board(OLD);

    await expect((await shows.capabilities()).actions.writePools?.(pools, never)).resolves.toBe("effective");
    expect(shows.link.written[0]).toMatch(/"stratumTLS":0.*"fallbackStratumTLS":1/);
    await expect((await lacks.capabilities()).actions.writePools?.(pools, never)).rejects.toMatchObject({
      code: "MINER_POOL_UNSUPPORTED",
      exit: 1,
      message: expect.stringContaining("stratum+ssl"),
    });
    expect(lacks.link.written).toEqual([]);
  });

  it("are not proved by a board that stored them without encryption", async () => {
    const { state, link, capabilities } = board(NEW, () => {
      state["pools"] = [
        { ...NEW.pools[0], id: 0, stratumURL: "a.example", stratumUser: "a.w" },
        { id: 1, stratumURL: "b.example", stratumPort: 443, stratumUser: "b.w", stratumTLS: 0 },
      ];
      return null;
    });

    await expect((await capabilities()).actions.writePools?.(pools, never)).resolves.toBe("rejected");
    expect(link.written).toHaveLength(1);
  });

  it("by the older keys on firmware with slots are a yes that changed nothing", async () => {
    const { link, capabilities } = board(NEW, () => null);

    await expect((await capabilities()).actions.writePools?.(pools, never)).resolves.toBe("rejected");
    expect(link.written).toHaveLength(1);
    expect(link.written[0]).not.toContain("fallbackStratumURL");
  });

  it("leave no fallback behind that nobody named", async () => {
    const { link, capabilities } = board(OLD);
    const { actions } = await capabilities();

    await expect(actions.writePools?.([plain("a.example", "a.w")], never)).resolves.toBe("effective");
    expect(link.written[0]).toMatch(/"stratumURL":"a\.example".*"fallbackStratumURL":"a\.example"/);
  });

  it("are refused before anything is sent: shares, a third one, no address, Stratum V2", async () => {
    const { link, capabilities } = board();
    const { actions } = await capabilities();
    const refused: [PoolTarget[], string][] = [
      [pools.map((pool) => ({ ...pool, sharePpm: 500_000 })), "SPLIT_UNSUPPORTED"],
      [[...pools, ...pools], "MINER_TOO_MANY_POOLS"],
      [[{ ...secret, url: "a.example" }], "POOL_TEXT_INVALID"],
      [[{ ...secret, url: "stratum2+tcp://a.example:3333" }], "MINER_POOL_UNSUPPORTED"],
    ];

    for (const [wanted, code] of refused) {
      await expect(actions.writePools?.(wanted, never)).rejects.toMatchObject({ code });
    }
    expect(link.written).toEqual([]);
  });

  it("are not written over what was not told whole", async () => {
    const { primaryPoolIndex: _, ...noChoice } = NEW;
    const { secondaryPoolIndex: _second, ...noSecond } = NEW;
    const { fallbackStratumURL: _url, ...noFallback } = OLD;

    for (const info of [noChoice, noSecond, noFallback]) {
      const { link, capabilities } = board(info);
      await expect((await capabilities()).actions.writePools?.(plainPools, never)).rejects.toMatchObject({
        code: "MINER_INCOMPLETE",
      });
      expect(link.written).toEqual([]);
    }
  });

  it("are switched with a restart, only when the choice was stored", async () => {
    const slots = [0, 1].map((id) => ({ ...NEW.pools[0], id }));
    const good = board({ ...NEW, pools: slots });
    const deaf = board({ ...NEW, pools: slots }, () => null);

    await expect((await good.capabilities()).actions.selectPool?.(1, never)).resolves.toBe("pending");
    expect(good.link.written).toEqual([
      'PATCH /api/system {"useFallbackStratum":1}',
      "POST /api/system/restart {}",
    ]);
    await expect((await deaf.capabilities()).actions.selectPool?.(1, never)).resolves.toBe("rejected");
    expect(deaf.link.written).toHaveLength(1);
    await expect((await good.capabilities()).actions.selectPool?.(2, never)).rejects.toMatchObject({
      code: "MINER_POOL_UNKNOWN",
    });
  });

  it("are chosen by what they are, where the first place is empty or the choice is stored already", async () => {
    const alone = board({ ...NEW, primaryPoolIndex: 4, secondaryPoolIndex: 0 });
    const stored = board({ ...NEW, useFallbackStratum: 0, isUsingFallbackStratum: 1 });

    await expect((await alone.capabilities()).actions.selectPool?.(0, never)).resolves.toBe("pending");
    expect(alone.link.written[0]).toBe('PATCH /api/system {"useFallbackStratum":1}');
    await expect((await stored.capabilities()).actions.selectPool?.(0, never)).resolves.toBe("pending");
    expect(stored.link.written).toEqual(["POST /api/system/restart {}"]);
  });

  it("are backed up without their passwords, which the board does not tell", async () => {
    const { link } = board(recorded("2.14.2/api.system.info"));

    await expect(createAxeosDriver().backup(link, never)).resolves.toEqual({
      pools: [
        {
          url: "stratum+tcp://pool.member.example:3333",
          user: "bc1qmember.office",
          password: null,
          sharePpm: null,
        },
        {
          url: "stratum+ssl://pool.spare.example:4333",
          user: "bc1qmember.office",
          password: null,
          sharePpm: null,
        },
      ],
      settings: null,
    });
  });
});
