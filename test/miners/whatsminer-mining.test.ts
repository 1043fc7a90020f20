import { describe, expect, it } from "vitest";
import { createWhatsminerDriver } from "#src/miners/whatsminer.ts";
import { unreachableError } from "#src/model/errors.ts";
import { capable, never, notes, v2Unit, v3Unit } from "./whatsminer-units.ts";

describe("a pause", () => {
  it("is ordered again from a miner that says it is off and hashes, and believed when it stands still", async () => {
    const lying = v2Unit({ special: () => '{"STATUS":"S","Code":131,"Msg":"API command OK"}' });
    const deaf = v2Unit();
    for (const { state } of [lying, deaf]) state.off = "true";

    await expect((await capable(lying.link)).actions.pause?.(never)).resolves.toBe("pending");
    await expect((await capable(deaf.link)).actions.pause?.(never)).resolves.toBe("effective");
    expect(deaf.told).toEqual([{ cmd: "power_off", respbefore: "true" }]);
  });

  it("is ordered again by API v3 too", async () => {
    const { link, told, state } = v3Unit();
    state.working = "false";

    await expect((await capable(link)).actions.pause?.(never)).resolves.toBe("effective");
    expect(told).toMatchObject([{ cmd: "set.miner.service", param: "stop" }]);
  });
});

describe("a resume", () => {
  it("gives the percent back that the start of the mining process forgets", async () => {
    const told = v2Unit();
    const untold = v2Unit({ tellsPercent: false });

    for (const { link, told: orders, state } of [told, untold]) {
      const { actions } = await capable(link);
      await actions.setTarget?.(2040, never);
      await actions.pause?.(never);
      await actions.resume?.(never);
      expect(orders.map(({ cmd }) => cmd)).toEqual([
        "set_power_pct",
        "power_off",
        "power_on",
        "set_power_pct",
      ]);
      expect(state.powerW).toBe(2040);
    }
  });

  it("is as good as the percent that shows: pending where it does not", async () => {
    const memory = notes();
    const shows = v2Unit();
    const hides = v2Unit({ tellsPercent: false });
    let isAwake = false;
    const refuses = v2Unit({
      special: (command) => {
        if (command === "set_power_pct" && isAwake) return '{"STATUS":"E","Code":132,"Msg":"not now"}';
        isAwake ||= command === "power_on";
        return null;
      },
    });

    const results = [];
    for (const { link } of [shows, hides, refuses]) {
      const { actions } = await capable(link, { memory });
      await actions.setTarget?.(2040, never);
      await actions.pause?.(never);
      results.push(await actions.resume?.(never));
    }
    expect(results).toEqual(["effective", "pending", "pending"]);
  });

  it("is done, whatever becomes of the percent", async () => {
    let isLost = false;
    const { link, state } = v2Unit({
      special: (command) => {
        if (isLost) return unreachableError("MINER_CUT_ANSWER", "cut");
        isLost = command === "power_on";
        return null;
      },
    });
    const { actions } = await capable(link);
    await actions.setTarget?.(2040, never);
    await actions.pause?.(never);

    await expect(actions.resume?.(never)).resolves.toBe("pending");
    expect(state.off).toBe("false");
  });

  it("never raises a percent over the one that the device starts with", async () => {
    const { link, told, state } = v2Unit({
      special(command) {
        if (command !== "power_on") return null;
        Object.assign(state, { off: "false", percent: "55" });
        return '{"STATUS":"S","Code":131,"Msg":"API command OK"}';
      },
    });
    const { actions } = await capable(link);
    await actions.setTarget?.(2720, never);
    await actions.pause?.(never);

    await expect(actions.resume?.(never)).resolves.toBe("effective");
    expect(told.map(({ cmd }) => cmd)).toEqual(["set_power_pct", "power_off"]);
  });

  it("is refused while the firmware keeps the chips off for their heat", async () => {
    const hot = v2Unit({ errors: '["350":"2026-01-10 09:15:00"]' });
    hot.state.off = "true";
    const v3 = v3Unit({ errors: [{ 350: "2026-01-10", reason: "SM0 temperature protecting" }] });
    v3.state.working = "false";

    for (const { link } of [hot, v3]) {
      await expect((await capable(link)).actions.resume?.(never)).rejects.toMatchObject({
        code: "MINER_IN_FAULT",
        exit: 1,
        message: expect.stringContaining("error 350"),
      });
      expect(link.written).toEqual([]);
    }
  });
});

describe("a target for a miner that is off and does not tell its percent", () => {
  it("is kept, told, and given to it as it starts", async () => {
    const memory = notes();
    const { link, told, state } = v2Unit({ tellsPercent: false });
    const driver = createWhatsminerDriver({ memory });
    const { actions } = await driver.capabilities(link, never);
    await actions.pause?.(never);
    told.length = 0;

    await expect(actions.setTarget?.(1700, never)).resolves.toBe("effective");
    expect(told).toEqual([]);
    expect((await driver.read(link, never)).powerTargetW).toBe(1700);
    await expect(actions.resume?.(never)).resolves.toBe("pending");
    expect(told).toEqual([{ cmd: "power_on" }, { cmd: "set_power_pct", percent: "50" }]);
    expect(state.powerW).toBe(1700);
    expect((await driver.read(link, never)).powerTargetW).toBe(1700);
  });
});
