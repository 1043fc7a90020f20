import { describe, expect, it } from "vitest";
import { minerCutAnswer, minerRefused } from "#src/model/miner-errors.ts";
import { miner, never, POOLS } from "./braiins-in-memory.ts";

const stopped = (reason: unknown) => ({
  status: 3,
  detailed_status: { status: { stopped: { reason } } },
});

describe("its changes", () => {
  it("offer a range, groups and no choice of one pool", async () => {
    const { driver, link } = miner();
    const { actions, ...can } = await driver.capabilities(link, never);

    expect(can).toMatchObject({
      ...{ canPause: true, power: "continuous", minW: 944, maxW: 5000, split: "groups", splitStepPpm: 1 },
      ...{ restartsOnChange: false, poolsNeedRestart: false, idleW: 20 },
    });
    expect(Object.keys(actions).sort()).toEqual([
      "locate",
      "pause",
      "restart",
      "resume",
      "setTarget",
      "writePools",
    ]);
  });

  it("offer no target where the tuner does not work by watts, or no range is told", async () => {
    const byHashrate = miner();
    byHashrate.state.configuration.tuner.tuner_mode = 2;
    const future = miner();
    future.state.configuration.tuner.tuner_mode = 3;
    const withoutRange = miner((request) => (request.endsWith("constraints") ? {} : undefined));

    for (const { driver, link } of [byHashrate, future, withoutRange]) {
      expect(await driver.capabilities(link, never)).toMatchObject({
        power: "onoff",
        minW: null,
        maxW: null,
      });
    }
  });

  it("pause and resume, and send nothing where it is so already", async () => {
    const { link, actions } = miner();
    const { pause, resume } = await actions();

    await expect(pause?.(never)).resolves.toBe("effective");
    await expect(pause?.(never)).resolves.toBe("effective");
    await expect(resume?.(never)).resolves.toBe("effective");
    await expect(resume?.(never)).resolves.toBe("effective");
    expect(link.written).toEqual(["PUT /api/v1/actions/pause", "PUT /api/v1/actions/resume"]);
  });

  it.each([
    ["its status", { status: 4, detailed_status: null }, "itself: its firmware has suspended it."],
    ["the reason beside a pause", stopped({ dps_cooldown: {} }), "itself: dps cooldown."],
  ])("do not resume a miner that protects itself, as %s tells", async (_, change, why) => {
    const { link, state, actions } = miner();
    Object.assign(state.details, change);

    await expect((await actions()).resume?.(never)).rejects.toMatchObject({
      ...{ code: "MINER_IN_FAULT", exit: 1, message: expect.stringContaining(why) },
    });
    expect(link.written).toEqual([]);
  });

  it("have nothing to resume where a miner only waits for its pools", async () => {
    const { link, state, actions } = miner();
    Object.assign(state.details, { ...stopped({ dead_pools: {} }), status: 4 });

    await expect((await actions()).resume?.(never)).resolves.toBe("pending");
    expect(link.written).toEqual([]);
  });

  it("set the target and nothing beside it, once", async () => {
    const { link, actions } = miner();
    const { setTarget } = await actions();

    await expect(setTarget?.(1800.4, never)).resolves.toBe("effective");
    await expect(setTarget?.(1800, never)).resolves.toBe("effective");
    expect(link.written).toEqual(['PUT /api/v1/performance/power-target {"watt":1800}']);
  });

  it("are rejected with the words of the device in the next reading", async () => {
    const no = minerRefused("192.0.2.7", "/api/v1/performance/power-target (400)", "Out of range 944-5000 W");
    const { link, driver, actions } = miner((request) => (request.endsWith("power-target") ? no : undefined));

    await expect((await actions()).setTarget?.(9000, never)).resolves.toBe("rejected");
    const { stateDetail } = await driver.read(link, never);
    expect(stateDetail).toBe("the latest target was refused: Out of range 944-5000 W");
  });

  it("tell a refusal no longer when the wish is what stands already", async () => {
    const no = minerRefused("192.0.2.7", "/api/v1/performance/power-target (400)", "Out of range 944-5000 W");
    const { link, driver, actions } = miner((request) => (request.endsWith("power-target") ? no : undefined));
    const { setTarget } = await actions();
    await setTarget?.(9000, never);

    await expect(setTarget?.(1200, never)).resolves.toBe("effective");
    await expect(driver.read(link, never)).resolves.toMatchObject({ stateDetail: null });
  });

  it("that the firmware says yes to and forgets are rejected", async () => {
    const { actions } = miner((request) => (request.startsWith("PUT") ? true : undefined));

    await expect((await actions()).setTarget?.(2000, never)).resolves.toBe("rejected");
  });

  it("whose answer is lost are decided by what the device then shows", async () => {
    const lost = minerCutAnswer("192.0.2.7");
    const gone = miner((request) => (request.endsWith("power-target") ? lost : undefined));
    const kept = miner((request, body) => {
      if (!request.endsWith("power-target")) return undefined;
      kept.state.configuration.tuner.power_target = body;
      return lost;
    });

    await expect((await gone.actions()).setTarget?.(2000, never)).resolves.toBe("unknown");
    await expect((await kept.actions()).setTarget?.(2000, never)).resolves.toBe("effective");
    expect(gone.link.written).toHaveLength(1);
  });

  it("of watts are refused where hash rate is what the tuner is set to by now", async () => {
    const { link, state, actions } = miner();
    const { setTarget } = await actions();
    Object.assign(state.configuration.tuner, { tuner_mode: 2, power_target: null });

    await expect(setTarget?.(2000, never)).rejects.toMatchObject({ code: "MINER_TARGET_UNSUPPORTED" });
    expect(link.written).toEqual([]);
  });

  it("are not sent when what they build on is not whole", async () => {
    const spoilt: [string, (state: ReturnType<typeof miner>["state"]) => void, string][] = [
      [
        "setTarget",
        (state) => void Object.assign(state.configuration.tuner, { power_target: null }),
        "power target",
      ],
      ["writePools", (state) => void Object.assign(state.configuration, { pool_groups: [] }), "pools"],
      ["writePools", (state) => void delete state.configuration.pool_groups[1].pools[0].user, "pools"],
      ["pause", (state) => void delete state.details.status, "state"],
    ];
    for (const [action, spoil, what] of spoilt) {
      const { link, state, actions } = miner();
      const { pause, setTarget, writePools } = await actions();
      spoil(state);
      const tried =
        action === "pause"
          ? pause?.(never)
          : action === "setTarget"
            ? setTarget?.(2000, never)
            : writePools?.(POOLS, never);

      await expect(tried).rejects.toMatchObject({
        code: "MINER_INCOMPLETE",
        message: expect.stringContaining(what),
      });
      expect(link.written).toEqual([]);
    }
  });

  it("restart the mining, and let the lamp blink until asked again", async () => {
    const { link, actions } = miner();
    const { restart, locate } = await actions();

    await expect(restart?.(never)).resolves.toBe("pending");
    await expect(locate?.(never)).resolves.toBe("effective");
    await expect(locate?.(never)).resolves.toBe("effective");
    expect(link.written).toEqual([
      "PUT /api/v1/actions/restart",
      "PUT /api/v1/actions/locate true",
      "PUT /api/v1/actions/locate false",
    ]);
  });
});
