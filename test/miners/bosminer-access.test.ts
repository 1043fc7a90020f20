import { describe, expect, it } from "vitest";
import { minerCutAnswer } from "#src/model/miner-errors.ts";
import { heater, never, PARTS } from "./bosminer-in-memory.ts";
import { fixture } from "./fixtures.ts";

describe("its questions", () => {
  it("need no login, one for the figures and one for the settings", async () => {
    const { link, driver, state } = heater();

    await expect(driver.read(link, never)).resolves.toMatchObject({ state: "mining", powerTargetW: 900 });
    expect(link.asked.map((line) => line.slice(0, 13))).toEqual(["summary+tuner", "POST /graphql"]);
    expect(state.logins).toBe(0);
  });

  it("are asked again after a login where the device wants one", async () => {
    const open = JSON.parse(fixture("bosminer/22.08.1/post.graphql.json"));
    let isOpen = false;
    const { link, driver, state } = heater({
      web({ query }) {
        if (query.startsWith("mutation")) isOpen = true;
        else if (!isOpen) return { status: 401, body: null };
        else return { status: 200, body: open };
        return undefined;
      },
    });

    await expect(driver.identify(link, never)).resolves.toMatchObject({ serial: "g7CwPqTnE2sVbK41" });
    expect(state.logins).toBe(1);
  });

  it.each([
    ["status 401", { status: 401, body: null }],
    ["an error", { status: 200, body: { data: null, errors: [{ message: "Unauthorized access" }] } }],
  ])("do not try a password again that was refused with %s", async (_, answer) => {
    const { link, driver } = heater({
      web: ({ query }) => (query.includes("login(") ? answer : { status: 401, body: null }),
    });

    for (let turn = 0; turn < 3; turn++) {
      await expect(driver.identify(link, never)).rejects.toMatchObject({ code: "MINER_PASSWORD_WRONG" });
    }
    expect(link.asked.filter((line) => line.includes("login("))).toHaveLength(1);
  });

  it("fall back to single commands where the socket does not join them", async () => {
    const { link, driver } = heater({
      socket: (line) =>
        line.includes("+") || line === "tempctrl"
          ? '{"STATUS":[{"STATUS":"E","Code":14,"Msg":"Invalid command"}],"id":1}'
          : fixture(`bosminer/22.08.1/${line}.json`),
    });

    await expect(driver.read(link, never)).resolves.toMatchObject({
      state: "mining",
      powerW: 889,
      chipMaxC: 54.8125,
    });
    expect(link.asked.slice(1, 7)).toEqual([...PARTS]);
  });

  it("leave the heater readable when its settings are not", async () => {
    const { link, driver } = heater({ web: () => minerCutAnswer("192.0.2.7") });

    await expect(driver.read(link, never)).resolves.toMatchObject({
      ...{ state: "mining", powerTargetW: 900, pools: [{ sharePpm: null }, {}, {}] },
    });
  });

  it.each([
    ["newer firmware", { bos: { hwid: "abcdef12", info: { version: { full: "x-25.05-plus" } } } }],
    ["firmware of an unknown version", { bos: { hwid: "abcdef12", info: { version: { full: "x" } } } }],
    ["another GraphQL server", { shop: {} }],
  ])("do not take %s for this one", async (_, data) => {
    const { link, driver } = heater({ web: () => ({ status: 200, body: { data } }) });

    await expect(driver.identify(link, never)).resolves.toBeNull();
  });

  it("take an answer that cannot be read for a miss, and not for a firmware that tells less", async () => {
    const broken = (isBroken: (query: string) => boolean) => {
      let isFirst = true;
      return heater({
        web({ query }) {
          if (!isFirst || !isBroken(query)) return undefined;
          isFirst = false;
          return { status: 200, body: null };
        },
      });
    };
    const nameless = broken((query) => query.includes("hwid"));
    const unlimited = broken((query) => query.includes("metadata"));
    const unkept = broken((query) => query.includes("password"));

    const bad = { code: "MINER_BAD_ANSWER" };
    await expect(nameless.driver.identify(nameless.link, never)).rejects.toMatchObject(bad);
    await expect(unlimited.driver.capabilities(unlimited.link, never)).rejects.toMatchObject(bad);
    await expect(unkept.driver.backup(unkept.link, never)).rejects.toMatchObject(bad);
  });

  it("name no device by half its identity", async () => {
    const data = { bos: { hwid: null, info: { version: { full: "x-22.08-plus" } } } };
    const { link, driver } = heater({ web: () => ({ status: 200, body: { data } }) });

    await expect(driver.identify(link, never)).rejects.toMatchObject({ code: "MINER_INCOMPLETE" });
  });
});

describe("what it can do", () => {
  it("has the range that it tells, groups, and a restart with every change of watts", async () => {
    const { driver, link } = heater();
    const { actions, ...can } = await driver.capabilities(link, never);

    expect(can).toMatchObject({
      ...{ power: "continuous", minW: 400, maxW: 1420, split: "groups", splitStepPpm: 1 },
      ...{ restartsOnChange: true, poolsNeedRestart: true, canPause: true, idleW: 20 },
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

  it("has the range of its model where it tells none", async () => {
    const { driver, link } = heater({
      web: ({ query }) =>
        query.includes("metadata") ? { data: null, errors: [{ message: "Unknown field" }] } : undefined,
    });

    expect(await driver.capabilities(link, never)).toMatchObject({ minW: 400, maxW: 1400 });
  });

  it("is not known while its settings are not told, as at a start", async () => {
    const { driver, link, state } = heater();
    state.web.data.bosminer.config = null;

    await expect(driver.capabilities(link, never)).rejects.toMatchObject({ code: "MINER_INCOMPLETE" });
  });

  it.each([
    ["a tuner that is off", { enabled: false }],
    ["a tuner by hash rate", { mode: "HASHRATE_TARGET" }],
    ["no target", { powerTarget: null }],
  ])("has no target with %s", async (_, change) => {
    const { driver, link, state } = heater();
    Object.assign(state.web.data.bosminer.config.autotuning, change);

    expect(await driver.capabilities(link, never)).toMatchObject({ power: "onoff", minW: null });
  });
});
