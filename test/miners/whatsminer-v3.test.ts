import { describe, expect, it } from "vitest";
import { createWhatsminerDriver } from "#src/miners/whatsminer.ts";
import { unreachableError } from "#src/model/errors.ts";
import { capable, never, notes, target, v3Unit } from "./whatsminer-units.ts";

describe("an M60S by API v3", () => {
  it("is paused, resumed, set and restarted by the account with all rights, at the time of its own clock", async () => {
    const { link, told } = v3Unit();
    const driver = createWhatsminerDriver();
    const { actions } = await driver.capabilities(link, never);

    await expect(actions.pause?.(never)).resolves.toBe("effective");
    await expect(actions.pause?.(never)).resolves.toBe("effective");
    await expect(actions.resume?.(never)).resolves.toBe("effective");
    await expect(actions.setTarget?.(2550, never)).resolves.toBe("effective");
    expect((await driver.read(link, never)).powerTargetW).toBe(2520);
    await expect(actions.restart?.(never)).resolves.toBe("pending");

    const account = "super";
    expect(told).toEqual([
      { cmd: "set.miner.service", param: "stop", account },
      { cmd: "set.miner.service", param: "start", account },
      { cmd: "set.miner.power_percent", param: { percent: "70", mode: "fast" }, account },
      { cmd: "set.miner.service", param: "restart", account },
    ]);
    expect(link.written.every((line) => line.includes('"ts":1763705560,'))).toBe(true);
  });

  it("gets its pools sealed", async () => {
    const { link, told } = v3Unit();

    await expect((await capable(link)).actions.writePools?.([target()], never)).resolves.toBe("pending");
    expect(told).toMatchObject([
      { param: [{ pool: "stratum+tcp://c.example:3", worker: "c.w", passwd: "x" }] },
    ]);
    expect(link.written[0]).not.toMatch(/c\.example|c\.w/);
  });

  it("is not told anything while its owner has not switched the API on", async () => {
    const { link } = v3Unit({ apiswitch: "0" });
    const { actions } = await capable(link);

    await expect(actions.pause?.(never)).rejects.toMatchObject({
      code: "MINER_WRITES_OFF",
      hint: expect.stringContaining("Miner API Switch"),
    });
    expect(link.written).toEqual([]);
  });

  it("says that changes are not allowed where the device says so itself", async () => {
    const { link } = v3Unit({
      special: () => ({ code: -4, msg: "no permission for write command", when: 1 }),
    });

    await expect((await capable(link)).actions.pause?.(never)).rejects.toMatchObject({
      code: "MINER_WRITES_OFF",
    });
  });

  it("has no pools to tell or to write while it is paused, and says what to do", async () => {
    const { link, state } = v3Unit({ pools: { code: -1, msg: "fail", when: 1 } });
    const { actions } = await capable(link);
    const wanted = { code: "MINER_INCOMPLETE", exit: 3, hint: expect.stringMatching(/^Resume it/) };

    await expect(actions.writePools?.([target()], never)).rejects.toMatchObject({ code: "MINER_BAD_ANSWER" });
    state.working = "false";
    await expect(actions.writePools?.([target()], never)).rejects.toMatchObject(wanted);
    await expect(createWhatsminerDriver().backup(link, never)).rejects.toMatchObject(wanted);
    expect(link.written).toEqual([]);
  });

  it("is left alone after one wrong password", async () => {
    const { link } = v3Unit({ password: "other123" });
    const { actions } = await capable(link, { password: "hunter2" });

    const error = await actions.pause?.(never).catch((thrown: unknown) => thrown);
    expect(error).toMatchObject({ code: "MINER_PASSWORD_WRONG", exit: 5 });
    expect(JSON.stringify([String(error), error])).not.toMatch(/hunter2|other123|QbVy1Ou3/);
    await expect(actions.setTarget?.(2520, never)).rejects.toMatchObject({ code: "MINER_PASSWORD_WRONG" });
    expect(link.written).toHaveLength(1);
  });

  it.each([
    ["a yes that changed nothing", { code: 0, msg: "ok", when: 1 }, "rejected"],
    ["a failure", { code: -1, msg: "fail", when: 1 }, "rejected"],
    ["an answer without a code", { code: null, msg: null, when: null }, "unknown"],
    ["an answer that was lost", unreachableError("MINER_CUT_ANSWER", "lost"), "unknown"],
  ])("decides %s by the read-back", async (_, answer, expected) => {
    const { link } = v3Unit({ special: () => answer });

    await expect((await capable(link)).actions.setTarget?.(2520, never)).resolves.toBe(expected);
    expect(link.written).toHaveLength(1);
  });

  it("without percents gets limits in watts as a number", async () => {
    const memory = notes();
    const { link, told } = v3Unit({
      special: (command) =>
        command.endsWith("percent") ? { code: -2, msg: "invalid command", when: 1 } : null,
    });

    await expect((await capable(link, { memory })).actions.setTarget?.(2520, never)).resolves.toBe(
      "rejected",
    );
    await expect((await capable(link, { memory })).actions.setTarget?.(2520, never)).resolves.toBe(
      "effective",
    );
    expect(told).toMatchObject([{ cmd: "set.miner.power_limit", param: 2520 }]);
  });

  it("tells no target while its settings cannot be read", async () => {
    const { link } = v3Unit();
    const driver = createWhatsminerDriver();
    const frames = {
      ...link.frames,
      ask: (request: Readonly<Record<string, unknown>>, signal: AbortSignal) =>
        request["cmd"] === "get.miner.setting"
          ? Promise.reject(unreachableError("MINER_TIMEOUT", "slow"))
          : link.frames.ask(request, signal),
    };

    expect(await driver.read({ ...link, frames }, never)).toMatchObject({
      state: "mining",
      powerW: 3156,
      powerTargetW: null,
    });
  });

  it("is read in five requests, and without the parts that a stopped mining process does not tell", async () => {
    const { link, state } = v3Unit();
    const driver = createWhatsminerDriver();
    await driver.identify(link, never);
    link.asked.length = 0;
    await driver.read(link, never);
    expect(link.asked).toHaveLength(5);

    state.working = "false";
    state.pools = null;
    expect(await driver.read(link, never)).toMatchObject({
      state: "paused",
      pools: [{ accepted: 5204 }, {}],
    });
  });
});
