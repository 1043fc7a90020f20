import { describe, expect, it } from "vitest";
import { createWhatsminerDriver } from "#src/miners/whatsminer.ts";
import { unreachableError } from "#src/model/errors.ts";
import { capable, never, notes, target, v2Unit } from "./whatsminer-units.ts";

describe("pause and resume by API v2", () => {
  it("are sealed with a token, read back, and not sent when they are so already", async () => {
    const { link, told, tokens } = v2Unit();
    const { actions } = await capable(link);

    await expect(actions.pause?.(never)).resolves.toBe("effective");
    await expect(actions.pause?.(never)).resolves.toBe("effective");
    await expect(actions.resume?.(never)).resolves.toBe("effective");
    expect(told).toEqual([{ cmd: "power_off", respbefore: "true" }, { cmd: "power_on" }]);
    expect(tokens()).toBe(1);
    expect(link.written.every((line) => line.startsWith('{"enc":1,'))).toBe(true);
  });

  it("use a token for 25 minutes", async () => {
    const { link, tokens } = v2Unit();
    const { actions } = await capable(link);

    await actions.pause?.(never);
    link.pace.slept += 24 * 60_000;
    await actions.resume?.(never);
    expect(tokens()).toBe(1);
    link.pace.slept += 2 * 60_000;
    await actions.pause?.(never);
    expect(tokens()).toBe(2);
  });

  it("sign in once more when the device has forgotten the token", async () => {
    let forgets = false;
    const { link, told, tokens } = v2Unit({
      special: () => {
        if (!forgets) return null;
        forgets = false;
        return '{"STATUS":"E","When":1,"Code":135,"Msg":"check token err","Description":""}';
      },
    });
    const { actions } = await capable(link);
    await actions.pause?.(never);
    forgets = true;

    await expect(actions.resume?.(never)).resolves.toBe("effective");
    expect([told.length, tokens()]).toEqual([2, 2]);
  });

  it.each([
    ["no password and another than the factory's", {}, "factory"],
    ["a wrong password", { password: "hunter2" }, "that was given"],
  ])(
    "with %s stop at the first refusal, and leave the device alone for a quarter of an hour",
    async (_, options, words) => {
      const { link, told, tokens } = v2Unit({ password: "secret8" });
      const { actions } = await capable(link, options);

      const refused = await actions.pause?.(never).catch((error: unknown) => error);
      expect(refused).toMatchObject({
        code: "MINER_PASSWORD_WRONG",
        exit: 5,
        message: expect.stringContaining(words),
      });
      expect(JSON.stringify([String(refused), refused])).not.toMatch(/hunter2|secret8|BQ5hoXV9|jbzkfQls/);
      await expect(actions.resume?.(never)).resolves.toBe("effective");
      await expect(actions.restart?.(never)).rejects.toMatchObject({ code: "MINER_PASSWORD_WRONG" });
      expect([told, tokens(), link.written.length]).toEqual([[], 1, 1]);

      link.pace.slept += 900_000;
      await expect(actions.pause?.(never)).rejects.toMatchObject({ code: "MINER_PASSWORD_WRONG" });
      expect(link.written).toHaveLength(2);
    },
  );

  it.each([
    [
      "the API is switched off",
      { special: () => '{"STATUS":"E","Code":132,"Msg":"can\'t access write cmd"}' },
      "MINER_WRITES_OFF",
    ],
    [
      "it may not be changed",
      { special: () => '{"STATUS":"E","Code":45,"Msg":"permission denied"}' },
      "MINER_WRITES_OFF",
    ],
    [
      "too many tokens are out",
      { getToken: '{"STATUS":"E","Code":136,"Msg":"over max connect"}' },
      "MINER_BUSY",
    ],
    ["it gives no token", { getToken: '{"STATUS":"S","Code":134,"Msg":{"time":"1"}}' }, "MINER_BAD_ANSWER"],
  ])("say so when %s", async (_, options, code) => {
    const { link, state } = v2Unit(options);
    const { actions } = await capable(link);

    await expect(actions.pause?.(never)).rejects.toMatchObject({ code, hint: expect.stringMatching(/\w/) });
    expect(state.off).toBe("false");
  });

  it.each([
    ["a yes that changed nothing", '{"STATUS":"S","Code":131,"Msg":"API command OK"}', "pending"],
    ["a refusal", '{"STATUS":"E","Code":132,"Msg":"API command ERROR"}', "rejected"],
    ["no answer", "", "unknown"],
    ["an answer that was lost", unreachableError("MINER_TIMEOUT", "lost"), "unknown"],
  ])("%s is decided by the read-back", async (_, answer, expected) => {
    const { link } = v2Unit({ special: () => answer });

    await expect((await capable(link)).actions.pause?.(never)).resolves.toBe(expected);
    expect(link.written).toHaveLength(1);
  });

  it("is neither sent again nor blamed on the password when a sealed answer breaks off", async () => {
    let isCut = false;
    const { link, told, tokens } = v2Unit({ special: () => (isCut ? '{"enc":"q83vASNFZ4mrze8BI0Vn' : null) });
    const { actions } = await capable(link);
    await actions.pause?.(never);
    isCut = true;

    await expect(actions.restart?.(never)).resolves.toBe("unknown");
    await expect(actions.resume?.(never)).resolves.toBe("unknown");
    expect([told.length, tokens(), link.written.length]).toEqual([1, 1, 3]);
  });
});

const noPercents = (command: string, _isKnown: boolean) =>
  command === "set_power_pct" ? '{"STATUS":"E","Code":14,"Msg":"invalid cmd"}' : null;

describe("targets by API v2", () => {
  it.each([
    [3400, null],
    [9000, null],
    [2380, "70"],
    [2379, "69"],
    [1360, "40"],
  ])("of %d W become the percent %s of the limit, rounded down", async (watts, percent) => {
    const { link, told, state } = v2Unit();

    await expect((await capable(link)).actions.setTarget?.(watts, never)).resolves.toBe("effective");
    expect(told).toEqual(percent === null ? [] : [{ cmd: "set_power_pct", percent }]);
    expect(state.limitW).toBe(3400);
  });

  it("are read back as watts of the limit", async () => {
    const { link } = v2Unit();
    const driver = createWhatsminerDriver();
    await (await driver.capabilities(link, never)).actions.setTarget?.(2400, never);

    expect((await driver.read(link, never)).powerTargetW).toBe(2380);
  });

  it("below the least percent, or without a limit, are refused with nothing sent", async () => {
    const { link, state } = v2Unit();
    const { actions } = await capable(link);

    await expect(actions.setTarget?.(1300, never)).rejects.toMatchObject({
      code: "MINER_TARGET_TOO_LOW",
      exit: 2,
    });
    state.limitW = 0;
    const forgetful = (await capable(link)).actions;
    await expect(forgetful.setTarget?.(2000, never)).rejects.toMatchObject({ code: "MINER_INCOMPLETE" });
    expect(link.written).toEqual([]);
  });

  it("that were said yes to and not taken are rejected within seconds", async () => {
    const { link } = v2Unit({ special: () => '{"STATUS":"S","Code":131,"Msg":"API command OK"}' });

    await expect((await capable(link)).actions.setTarget?.(2380, never)).resolves.toBe("rejected");
    expect(link.pace.slept).toBeLessThan(5_000);
  });

  it("are proved by the measured watts where the percent is not told, and kept in mind until a restart", async () => {
    const memory = notes();
    const { link, told, state } = v2Unit({ tellsPercent: false });
    const driver = createWhatsminerDriver({ memory });
    const { actions } = await driver.capabilities(link, never);

    await expect(actions.setTarget?.(2380, never)).resolves.toBe("effective");
    await expect(actions.setTarget?.(2380, never)).resolves.toBe("effective");
    expect(told).toHaveLength(1);
    expect((await driver.read(link, never)).powerTargetW).toBe(2380);
    Object.assign(state, { elapsed: 30, powerW: 3400 });
    expect((await driver.read(link, never)).powerTargetW).toBe(3400);
    await actions.setTarget?.(2380, never);
    expect(told).toHaveLength(2);
  });

  it("are pending where neither percent nor watts show them yet", async () => {
    const { link, state } = v2Unit({
      tellsPercent: false,
      special: () => '{"STATUS":"S","Code":131,"Msg":"API command OK"}',
    });
    const { actions } = await capable(link);

    await expect(actions.setTarget?.(2380, never)).resolves.toBe("pending");
    // Watts that are there already prove nothing of the order.
    state.powerW = 2040;
    await expect(actions.setTarget?.(2000, never)).resolves.toBe("pending");
  });

  it("become limits, with a restart, on firmware that turns out not to know percents", async () => {
    const memory = notes();
    const { link, told, state } = v2Unit({ special: noPercents });

    await expect((await capable(link, { memory })).actions.setTarget?.(2380, never)).resolves.toBe(
      "rejected",
    );
    const can = await capable(link, { memory });
    expect(can).toMatchObject({ restartsOnChange: true, minW: 1360, maxW: 3400 });
    await expect(can.actions.setTarget?.(2385, never)).resolves.toBe("effective");
    await expect(can.actions.setTarget?.(1000, never)).rejects.toMatchObject({
      code: "MINER_TARGET_TOO_LOW",
    });
    expect(told).toEqual([{ cmd: "adjust_power_limit", power_limit: "2385" }]);
    // A lowered limit is not the most that it can do.
    expect(state.limitW).toBe(2385);
    expect(await capable(link, { memory })).toMatchObject({ maxW: 3400 });
  });

  it("become limits at once in a driver that has just learnt it, without another look at what it can do", async () => {
    const { link, told } = v2Unit({ special: noPercents });
    const { actions } = await capable(link);

    await expect(actions.setTarget?.(2380, never)).resolves.toBe("rejected");
    await expect(actions.setTarget?.(2380, never)).resolves.toBe("effective");
    expect(told).toEqual([{ cmd: "adjust_power_limit", power_limit: "2380" }]);
  });

  it("as limits never pass the owner's own, also one that he lowers later", async () => {
    const memory = notes();
    let isLost = false;
    const { link, state } = v2Unit({
      special: (command, isKnown) => (isLost ? "" : noPercents(command, isKnown)),
    });
    const { actions } = await capable(link, { memory });
    await actions.setTarget?.(2380, never);
    await actions.setTarget?.(2500, never);
    isLost = true;
    await expect(actions.setTarget?.(2000, never)).resolves.toBe("unknown");
    isLost = false;
    expect(await capable(link, { memory })).toMatchObject({ maxW: 3400 });

    state.limitW = 2800;
    expect(await capable(link, { memory })).toMatchObject({ maxW: 2800 });
    await expect(actions.setTarget?.(3400, never)).resolves.toBe("effective");
    expect(state.limitW).toBe(2800);
  });
});

describe("pools by API v2", () => {
  it("are written with all nine fields and wait for a restart", async () => {
    const { link, told } = v2Unit();

    await expect((await capable(link)).actions.writePools?.([target()], never)).resolves.toBe("pending");
    expect(told).toEqual([
      {
        cmd: "update_pools",
        ...{ pool1: "stratum+tcp://c.example:3", worker1: "c.w", passwd1: "x" },
        ...{ pool2: "", worker2: "", passwd2: "", pool3: "", worker3: "", passwd3: "" },
      },
    ]);
  });

  it("are effective where they show at once", async () => {
    const shown =
      '{"STATUS":[{"STATUS":"S","Msg":"1 Pool(s)"}],"POOLS":[{"POOL":1,"URL":"stratum+tcp://c.example:3","User":"c.w"}],"id":1}';
    const { link } = v2Unit({ pools: shown });

    await expect((await capable(link)).actions.writePools?.([target()], never)).resolves.toBe("effective");
  });

  it("never fall together to one, and are not written over a list that was not told whole", async () => {
    const { link } = v2Unit({ pools: '{"STATUS":[{"STATUS":"S","Msg":"0"}],"id":1}' });
    const driver = createWhatsminerDriver();
    const { actions } = await driver.capabilities(link, never);

    const shared = [target({ sharePpm: 500_000 }), target({ sharePpm: 500_000 })];
    await expect(actions.writePools?.(shared, never)).rejects.toMatchObject({ code: "SPLIT_UNSUPPORTED" });
    await expect(
      actions.writePools?.(
        [1, 2, 3, 4].map(() => target()),
        never,
      ),
    ).rejects.toMatchObject({ exit: 2 });
    await expect(actions.writePools?.([target()], never)).rejects.toMatchObject({ code: "MINER_INCOMPLETE" });
    await expect(driver.backup(link, never)).rejects.toMatchObject({ code: "MINER_INCOMPLETE" });
    expect(link.written).toEqual([]);
  });

  it("are backed up in their order, without the passwords that the firmware keeps to itself", async () => {
    await expect(createWhatsminerDriver().backup(v2Unit().link, never)).resolves.toEqual({
      pools: [
        { url: "stratum+tcp://pool.member.example:3333", user: "member.m30", password: null, sharePpm: null },
        {
          url: "stratum+tcp://pool.coop.example:3333",
          user: "coop.member0417",
          password: null,
          sharePpm: null,
        },
      ],
      settings: null,
    });
  });
});
