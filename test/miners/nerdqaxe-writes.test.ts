import { describe, expect, it } from "vitest";
import { unreachableError } from "#src/model/errors.ts";
import { board, DASHBOARD, INFO, never, shared } from "./nerdqaxe-in-memory.ts";

describe("pause and resume", () => {
  it("are a shutdown and a restart, each sent only where it is needed", async () => {
    const { link, capabilities } = board();
    const { actions } = await capabilities();

    await expect(actions.resume?.(never)).resolves.toBe("effective");
    expect(link.written).toEqual([]);
    await expect(actions.pause?.(never)).resolves.toBe("effective");
    await expect(actions.pause?.(never)).resolves.toBe("effective");
    await expect(actions.resume?.(never)).resolves.toBe("effective");
    expect(link.written).toEqual(["POST /api/system/shutdown {}", "POST /api/system/restart {}"]);
  });

  it("count the silence after a restart as the sign that it does", async () => {
    let isGone = false;
    const { capabilities } = board({ info: { ...INFO, shutdown: true, hashRate: 0 } }, (request) => {
      if (isGone) return unreachableError("MINER_UNREACHABLE", "gone");
      isGone = request === "POST /api/system/restart";
      return isGone ? null : undefined;
    });

    await expect((await capabilities()).actions.resume?.(never)).resolves.toBe("pending");
  });

  it("are not believed of a board that says yes and stays as it was", async () => {
    const lies = (request: string) => (request.startsWith("POST") ? null : undefined);
    const awake = await board({}, lies).capabilities();
    const down = await board({ info: { ...INFO, shutdown: true, hashRate: 0 } }, lies).capabilities();

    await expect(awake.actions.pause?.(never)).resolves.toBe("rejected");
    await expect(down.actions.resume?.(never)).resolves.toBe("rejected");
  });

  it("are told again to a board that says it is shut down and hashes", async () => {
    const { link, capabilities } = board({ info: { ...INFO, shutdown: true } }, (request) =>
      request.startsWith("POST") ? null : undefined,
    );

    await expect((await capabilities()).actions.pause?.(never)).resolves.toBe("pending");
    expect(link.written).toEqual(["POST /api/system/shutdown {}"]);
  });
});

describe("a board that protects itself", () => {
  const faulty = { ...DASHBOARD, system: { ...DASHBOARD.system, boardError: 1 } };
  const inFault = (info: object) =>
    board({ info: { ...INFO, ...info } }, (request) =>
      request === "GET /api/v2/dashboard" ? faulty : undefined,
    );

  it.each([
    ["shut down", { shutdown: true, hashRate: 0 }],
    // Another voltage in its settings would give the chips their power back.
    ["with its chips switched off by the firmware", { hashRate: 0, coreVoltage: 1200, coreVoltageActual: 0 }],
  ])("is woken by nothing: %s", async (_, info) => {
    const { link, capabilities } = inFault(info);
    const { actions } = await capabilities();

    for (const wake of [
      () => actions.resume?.(never),
      () => actions.setStep?.(0, never),
      () => actions.restart?.(never),
    ]) {
      await expect(wake()).rejects.toMatchObject({
        code: "MINER_IN_FAULT",
        exit: 1,
        message: expect.stringContaining("overheated"),
      });
    }
    expect(link.written).toEqual([]);
  });

  it("is not woken either while its fault cannot be asked for", async () => {
    const { link, capabilities } = board({ info: { ...INFO, shutdown: true, hashRate: 0 } }, (request) =>
      request === "GET /api/v2/dashboard" ? unreachableError("MINER_TIMEOUT", "slow") : undefined,
    );

    await expect((await capabilities()).actions.resume?.(never)).rejects.toMatchObject({
      code: "MINER_TIMEOUT",
    });
    expect(link.written).toEqual([]);
  });
});

describe("one-time codes", () => {
  it("forbid every write before it is sent, and no read", async () => {
    const { link, driver, capabilities } = board({ info: { ...INFO, otp: true } });
    const { actions } = await capabilities();
    const writes = [
      () => actions.pause?.(never),
      () => actions.resume?.(never),
      () => actions.setStep?.(0, never),
      () => actions.writePools?.(shared(700_000), never),
      () => actions.restart?.(never),
    ];

    for (const write of writes) {
      await expect(write()).rejects.toMatchObject({
        code: "MINER_OTP_REQUIRED",
        exit: 5,
        hint: expect.stringContaining("own page"),
      });
    }
    expect(link.written).toEqual([]);
    await expect(driver.read(link, never)).resolves.toMatchObject({ state: "mining" });
  });
});

describe("a rung", () => {
  it("is a clock at the default voltage, also set while shut down", async () => {
    const { link, capabilities } = board({ info: { ...INFO, shutdown: true, coreVoltage: 1200 } });

    await expect((await capabilities()).actions.setStep?.(0, never)).resolves.toBe("effective");
    expect(link.written).toEqual(['PATCH /api/system {"frequency":500,"coreVoltage":1150}']);
  });
});
