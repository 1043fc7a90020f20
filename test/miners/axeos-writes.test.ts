import { describe, expect, it } from "vitest";
import { unreachableError, unsupportedError } from "#src/model/errors.ts";
import { ASIC, board, NEW, never } from "./axeos-in-memory.ts";

describe("writes", () => {
  it("pause and resume with a read-back, and not when it is so already", async () => {
    const { link, capabilities } = board();
    const { actions } = await capabilities();

    await expect(actions.resume?.(never)).resolves.toBe("effective");
    expect(link.written).toEqual([]);
    await expect(actions.pause?.(never)).resolves.toBe("effective");
    await expect(actions.resume?.(never)).resolves.toBe("effective");
    expect(link.written).toEqual(["POST /api/system/pause {}", "POST /api/system/resume {}"]);
  });

  it("pause a board again that says it is paused and hashes, and believe it when it stands still", async () => {
    const lying = board({ ...NEW, miningPaused: true });
    const slow = board({ ...NEW, miningPaused: true }, (request) => {
      if (request.endsWith("pause")) slow.state["hashRate"] = 0;
      return undefined;
    });

    await expect((await lying.capabilities()).actions.pause?.(never)).resolves.toBe("pending");
    await expect((await slow.capabilities()).actions.pause?.(never)).resolves.toBe("effective");
    expect([lying.link.written.length, slow.link.written.length]).toEqual([1, 1]);
  });

  it.each([
    [
      "overheated, with the clock and the voltage that its firmware chose",
      { overheat_mode: 1, frequency: 50, coreVoltage: 1000 },
    ],
    ["with a power fault", { power_fault: "VOUT undervoltage" }],
    [
      "with a fan that stands still, and paused",
      { hardware_fault: "Fan stopped", miningPaused: true, hashRate: 0 },
    ],
  ])("wake no board that protects itself: %s", async (_, fault) => {
    const { link, capabilities } = board({ ...NEW, ...fault });
    const { actions } = await capabilities();
    const waking = [
      () => actions.resume?.(never),
      () => actions.setStep?.(2, never),
      () => actions.setStep?.(0, never),
      () => actions.restart?.(never),
      () => actions.selectPool?.(0, never),
    ];

    for (const wake of waking) {
      await expect(wake()).rejects.toMatchObject({ code: "MINER_IN_FAULT", exit: 1 });
    }
    expect(link.written).toEqual([]);
    await expect(actions.pause?.(never)).resolves.toBe("effective");
  });

  it("that the firmware says yes to and forgets are rejected, like those it refuses", async () => {
    const lies = await board(NEW, () => null).capabilities();
    const refuses = await board(NEW, () => unsupportedError("MINER_REFUSED", "no")).capabilities();

    await expect(lies.actions.pause?.(never)).resolves.toBe("rejected");
    await expect(lies.actions.setStep?.(0, never)).resolves.toBe("rejected");
    await expect(refuses.actions.pause?.(never)).resolves.toBe("rejected");
  });

  it("whose answer is lost are decided by what the board shows", async () => {
    const lost = (request: string) =>
      request.startsWith("POST") ? unreachableError("MINER_CUT_ANSWER", "cut") : undefined;
    const { actions } = await board(NEW, lost).capabilities();

    await expect(actions.pause?.(never)).resolves.toBe("unknown");
  });

  it("set only what differs, and only documented clocks", async () => {
    const { link, capabilities } = board();
    const { actions } = await capabilities();

    await expect(actions.setStep?.(1, never)).resolves.toBe("effective");
    await expect(actions.setStep?.(1, never)).resolves.toBe("effective");
    await expect(actions.setStep?.(6, never)).rejects.toMatchObject({ code: "MINER_STEP_UNKNOWN" });
    expect(link.written).toEqual(['PATCH /api/system {"frequency":490}']);
  });

  it("bring an overclocked board back to a documented clock at the chip's default voltage", async () => {
    const { link, capabilities } = board({ ...NEW, frequency: 800, coreVoltage: 1300 });

    await expect((await capabilities()).actions.setStep?.(5, never)).resolves.toBe("effective");
    expect(link.written).toEqual(['PATCH /api/system {"frequency":625,"coreVoltage":1150}']);
  });

  it("do not trust a default voltage that is none of the options", async () => {
    const { link, capabilities } = board(NEW, undefined, { ...ASIC, defaultVoltage: 1900 });

    await expect((await capabilities()).actions.setStep?.(0, never)).resolves.toBe("effective");
    expect(link.written).toEqual(['PATCH /api/system {"frequency":400}']);
  });

  it("set no clock where the present one is not told", async () => {
    const { frequency: _, ...info } = NEW;
    const { link, capabilities } = board(info);

    await expect((await capabilities()).actions.setStep?.(0, never)).rejects.toMatchObject({
      code: "MINER_INCOMPLETE",
    });
    expect(link.written).toEqual([]);
  });
});
