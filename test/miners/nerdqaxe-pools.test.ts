import { describe, expect, it } from "vitest";
import {
  board,
  entries,
  FAILOVER,
  INFO,
  MIDDLE,
  never,
  OLD,
  SETTINGS,
  shared,
  target,
} from "./nerdqaxe-in-memory.ts";

describe("a split", () => {
  it("in dual mode is another balance, at work at once", async () => {
    const { link, capabilities } = board();

    await expect((await capabilities()).actions.writePools?.(shared(700_000), never)).resolves.toBe(
      "effective",
    );
    expect(link.written).toEqual([
      `PATCH /api/v2/settings {"poolMode":1,"poolBalance":70,"pools":[${entries}]}`,
    ]);
  });

  it("from failover mode is stored and waits for its restart", async () => {
    const { link, capabilities } = board({ info: FAILOVER });

    await expect((await capabilities()).actions.writePools?.(shared(700_000), never)).resolves.toBe(
      "pending",
    );
    expect(link.written).toHaveLength(1);
  });

  it("goes by the flat keys where there is nothing newer, though the balance is not told yet", async () => {
    const { link, state, capabilities } = board({ info: { ...MIDDLE, otp: false }, settings: null });

    const written = (await capabilities()).actions.writePools?.(shared(667_000), never);

    await expect(written).resolves.toBe("pending");
    expect(link.written).toEqual([
      'PATCH /api/system {"poolMode":1,"poolBalance":67,"stratumURL":"a.example","stratumPort":3333,"stratumUser":"a.example.w","stratumPassword":"x","stratumTLS":false,"fallbackStratumURL":"b.example","fallbackStratumPort":3333,"fallbackStratumUser":"b.example.w","fallbackStratumPassword":"x","fallbackStratumTLS":false}',
    ]);
    expect(state.info.stratum).toMatchObject({ poolMode: 1, activePoolMode: 0 });
  });

  it.each([
    [1_000, 1],
    [4_000, 1],
    [995_500, 99],
    [333_333, 33],
    [500_000, 50],
  ])("of %i ppm is %i percent: the nearest, and never all to one", async (firstPpm, percent) => {
    const { link, capabilities } = board();

    await (await capabilities()).actions.writePools?.(shared(firstPpm), never);

    expect(link.written[0]).toContain(`"poolBalance":${percent}`);
  });

  it("that the board says yes to and forgets is rejected", async () => {
    const forgets = (request: string) => (request.startsWith("PATCH") ? null : undefined);
    const { capabilities } = board({}, forgets);

    await expect((await capabilities()).actions.writePools?.(shared(700_000), never)).resolves.toBe(
      "rejected",
    );
  });

  it("is refused without its parts, and by firmware that has none, with nothing sent", async () => {
    const dual = board();
    const old = board({ info: OLD, settings: null });
    const halves = [target("a.example", 500_000), target("b.example", null)];

    for (const wanted of [halves, [target("a.example", 0), target("b.example", 0)]]) {
      await expect((await dual.capabilities()).actions.writePools?.(wanted, never)).rejects.toMatchObject({
        code: "SPLIT_UNSUPPORTED",
      });
    }
    await expect(
      (await old.capabilities()).actions.writePools?.(shared(500_000), never),
    ).rejects.toMatchObject({
      code: "SPLIT_UNSUPPORTED",
      exit: 1,
    });
    expect([...dual.link.written, ...old.link.written]).toEqual([]);
  });
});

describe("pools without shares", () => {
  const both = [target("a.example", null), target("b.example", null)];

  it("are a failover, which waits for a restart where the dual mode runs", async () => {
    const dual = board();
    const failover = board({ info: FAILOVER });

    await expect((await dual.capabilities()).actions.writePools?.(both, never)).resolves.toBe("pending");
    await expect((await failover.capabilities()).actions.writePools?.(both, never)).resolves.toBe(
      "effective",
    );
    expect(failover.link.written).toEqual([`PATCH /api/v2/settings {"poolMode":0,"pools":[${entries}]}`]);
  });

  it("go by the flat keys alone before the dual mode", async () => {
    const { link, capabilities } = board({ info: OLD, settings: null });

    await expect((await capabilities()).actions.writePools?.(both, never)).resolves.toBe("effective");
    expect(link.written[0]).not.toMatch(/poolMode|TLS/);
  });

  it("leave no second pool behind that nobody named", async () => {
    const { link, capabilities } = board();
    const { actions } = await capabilities();

    await actions.writePools?.([target("a.example", null)], never);
    await actions.writePools?.([target("a.example", 1_000_000)], never);

    expect(link.written).toEqual([
      `PATCH /api/v2/settings {"poolMode":0,"pools":[${entries[0]},${entries[0]}]}`,
      `PATCH /api/v2/settings {"poolMode":1,"poolBalance":100,"pools":[${entries[0]},${entries[0]}]}`,
    ]);
  });

  it("are encrypted only where the firmware can be", async () => {
    const secret = [target("a.example", null, "stratum+ssl")];
    const can = board();
    const cannot = board({ info: OLD, settings: null });

    await (await can.capabilities()).actions.writePools?.(secret, never);
    expect(can.link.written[0]).toContain('"tls":true');
    await expect((await cannot.capabilities()).actions.writePools?.(secret, never)).rejects.toMatchObject({
      code: "MINER_POOL_UNSUPPORTED",
    });
    expect(cannot.link.written).toEqual([]);
  });

  it("are not written over settings that were not told whole", async () => {
    const { stratumURL: _, ...noFirst } = OLD;
    const cut = board({ settings: { ...SETTINGS, pools: [SETTINGS.pools[0]] } });
    const flat = board({ info: noFirst, settings: null });
    // The mode that runs decides whether the second pool stands by or shares the work.
    const { activePoolMode: _mode, ...noMode } = FAILOVER.stratum;
    const modeless = board({ info: { ...INFO, stratum: noMode } });
    const modelessFlat = board({ info: { ...MIDDLE, otp: false, stratum: noMode }, settings: null });

    for (const { link, capabilities } of [cut, flat, modeless, modelessFlat]) {
      await expect((await capabilities()).actions.writePools?.(both, never)).rejects.toMatchObject({
        code: "MINER_INCOMPLETE",
      });
      expect(link.written).toEqual([]);
    }
  });

  it("are backed up with the mode and the balance that belong to them", async () => {
    const { link, driver } = board();

    await expect(driver.backup(link, never)).resolves.toMatchObject({
      pools: [
        { url: "stratum+tcp://pool.member.example:3333", password: null, sharePpm: 800_000 },
        { url: "stratum+tcp://pool.coop.example:3333", password: null, sharePpm: 200_000 },
      ],
      settings: { poolMode: 1, poolBalance: 80 },
    });
  });
});
