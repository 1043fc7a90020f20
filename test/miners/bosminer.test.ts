import { describe, expect, it } from "vitest";
import { toBosVersion, toSelf } from "#src/miners/bos-graphql.ts";
import { toBosReading } from "#src/miners/bos-socket.ts";
import { createBosminerDriver, toIdentity } from "#src/miners/bosminer.ts";
import { toConfig } from "#src/miners/bosminer-config.ts";
import type { PoolTarget } from "#src/model/miner.ts";
import { minerCutAnswer } from "#src/model/miner-errors.ts";
import { fixture, scripted, sections } from "./fixtures.ts";

const never = new AbortController().signal;
const PARTS = ["summary", "tunerstatus", "temps", "fans", "tempctrl", "pools"] as const;
const SOCKET: Record<string, unknown> = Object.assign(
  {},
  ...PARTS.map((part) => sections(`bosminer/22.08.1/${part}.json`)),
);
const WEB = JSON.parse(fixture("bosminer/22.08.1/post.graphql.json"));
const CONFIG = toConfig(WEB.data);
const SIDE = { groups: CONFIG.groups, targetW: CONFIG.targetW, isPausedByUs: false };

describe("an S9 with Braiins OS 22.08", () => {
  it("reads as recorded", () => {
    const reading = toBosReading(SOCKET, SIDE);

    expect(reading).toMatchObject({
      ...{ state: "mining", stateDetail: null, powerW: 889, powerSource: "estimated", powerTargetW: 900 },
      ...{ hashrateThs: 9_143_268.06 * 1e-6, chipMaxC: 54.8125, boardC: 43.5, inletC: null, outletC: null },
      ...{ hasFanFault: false, uptimeS: 260_281, mode: "power target", stepIndex: null },
      // Two places of the board have no fan.
      fans: [
        { rpm: 5340, percent: 100 },
        { rpm: 4620, percent: 100 },
      ],
    });
    expect(reading.pools.map(({ user, sharePpm, isActive }) => [user, sharePpm, isActive])).toEqual([
      ["member.s9", 700_000, true],
      ["member.s9", 0, false],
      ["coop.member0417", 300_000, true],
    ]);
    expect(reading.pools[0]).toMatchObject({
      ...{ url: "stratum+tcp://pool.member.example:3333", state: "alive", accepted: 620, rejected: 2 },
      ...{ acceptedDifficulty: 162_529_280, shareDifficulty: 262_144 },
    });
  });

  it("is known by the number of its hardware", () => {
    expect(toIdentity(toSelf(WEB.data))).toEqual({
      ...{ id: "serial:g7CwPqTnE2sVbK41", mac: null, serial: "g7CwPqTnE2sVbK41", make: "Bitmain" },
      ...{ model: "Antminer S9", firmware: "bosminer", firmwareVersion: "22.08.1" },
    });
  });

  it.each([
    ["2022-09-13-0-11012d53-22.08-plus", "22.08", 22],
    ["2022-09-27-0-26ba61b9-22.08.1-plus-nightly", "22.08.1", 22],
    ["2026-04-14-0-912d084c-26.04-plus", "26.04", 26],
    ["22.02", "22.02", 22],
  ])("has the version of %s", (full, text, year) => {
    expect(toBosVersion(full)).toEqual({ text, year });
  });

  it.each([null, "", "2022-09-13", "dirty-build"])("has no version in %s", (full) => {
    expect(toBosVersion(full)).toBeNull();
  });
});

const part = (name: string, change: Record<string, unknown>) => ({
  ...SOCKET,
  [name]: [{ ...(SOCKET[name] as Record<string, unknown>[])[0], ...change }],
});
const still = {
  ...part("SUMMARY", { "MHS 5s": 0, "MHS 1m": 120_000 }),
  TUNERSTATUS: [{ ApproximateMinerPowerConsumption: 0, PowerLimit: 900 }],
};
const chain = (Status: string) => ({ ...still, TUNERSTATUS: [{ TunerChainStatus: [{ Status }] }] });

describe("a state that nothing tells", () => {
  it.each([
    [
      "stands still and we paused it",
      still,
      { isPausedByUs: true },
      { state: "paused", powerW: 20, powerSource: "estimated", hashrateThs: 0, stateDetail: null },
    ],
    [
      "stands still, and it was not us",
      still,
      {},
      { state: "unknown", powerW: 20, stateDetail: expect.stringContaining("paused from elsewhere") },
    ],
    ["its tuner says that it is paused", chain("Paused"), {}, { state: "paused" }],
    ["its tuner resumes", chain("resuming"), {}, { state: "starting", stateDetail: "tuner: resuming" }],
    [
      "draws while we paused it: not at rest yet",
      part("SUMMARY", { "MHS 5s": 0 }),
      { isPausedByUs: true },
      { state: "unknown", powerW: 889, stateDetail: "draws power and does not hash" },
    ],
    ["hashes although we paused it", SOCKET, { isPausedByUs: true }, { state: "mining" }],
    [
      "has just started",
      { ...still, ...part("SUMMARY", { "MHS 5s": 0, Elapsed: 30 }) },
      {},
      { state: "starting" },
    ],
    [
      "is too hot and stands still",
      { ...still, TEMPS: [{ Board: 98, Chip: 112 }] },
      {},
      { state: "fault", chipMaxC: 112 },
    ],
    ["tells no hash rate", { ...SOCKET, SUMMARY: [] }, {}, { state: "unknown", hashrateThs: null }],
    ["tells nothing", {}, {}, { state: "unknown", powerW: null, powerSource: null, pools: [], fans: [] }],
  ])("%s", (_, told, change, expected) =>
    expect(toBosReading(told, { ...SIDE, ...change })).toMatchObject(expected),
  );

  it("the shortest live window counts, never the average since the start", () => {
    const withoutShort = part("SUMMARY", { "MHS 5s": undefined });
    expect(toBosReading(withoutShort, SIDE).hashrateThs).toBe(8_888_120.96 * 1e-6);
    expect(toBosReading(part("SUMMARY", { "MHS 5s": null, "MHS 1m": null }), SIDE).hashrateThs).toBeNull();
  });

  it("a limit below the set target is dynamic scaling", () => {
    expect(toBosReading(part("TUNERSTATUS", { PowerLimit: 700 }), SIDE)).toMatchObject({
      ...{ powerTargetW: 900, stateDetail: "dynamic scaling holds it at 700 W" },
    });
  });

  it("all four fans count where the board has four", () => {
    const FANS = [0, 1, 2, 3].map((FAN) => ({ FAN, RPM: FAN === 3 ? 0 : 4000, Speed: 60 }));
    expect(toBosReading({ ...SOCKET, FANS }, SIDE).fans.map(({ rpm }) => rpm)).toEqual([4000, 4000, 4000, 0]);
  });
});

interface Asked {
  query: string;
  variables?: Record<string, unknown>;
}

/** An S9 in memory; `special` answers a question of the web, or a line of the socket, in its place. */
function heater(
  special: { web?: (asked: Asked) => unknown; socket?: (line: string) => string | undefined } = {},
) {
  const state = { web: structuredClone(WEB), isPaused: false, password: "", logins: 0 };
  const config = () => state.web.data.bosminer.config;
  const change = ({ query, variables = {} }: Asked, cookie: string | undefined) => {
    if (query.includes("login(")) {
      state.logins += 1;
      const isRight = variables["password"] === state.password;
      return isRight
        ? {
            status: 200,
            headers: { "set-cookie": "session_id=s1; HttpOnly" },
            body: { data: { auth: { login: { __typename: "VoidResult" } } } },
          }
        : { status: 200, body: { data: { auth: { login: { __typename: "AuthError", message: "no" } } } } };
    }
    if (cookie !== "session_id=s1") {
      return {
        data: null,
        errors: [{ message: "Unauthorized access", extensions: { code: "UNAUTHORIZED" } }],
      };
    }
    if (query.includes("updateAutotuning")) {
      config().autotuning.powerTarget = (variables["input"] as { powerTarget: number }).powerTarget;
      return { data: { bosminer: { config: { updateAutotuning: { __typename: "AutotuningOut" } } } } };
    }
    if (query.includes("updateGroups")) {
      config().groups = (variables["groups"] as { quota: number; pools: object[] }[]).map(
        ({ quota, ...group }) => ({
          ...group,
          strategy: { __typename: "QuotaStrategy", quota },
        }),
      );
      return { data: { bosminer: { config: { updateGroups: { __typename: "GroupList" } } } } };
    }
    if (query.includes("setFaultLight")) {
      state.web.data.bos.faultLight = variables["enable"];
      return { data: { bos: { setFaultLight: { __typename: "FaultLight" } } } };
    }
    return { data: { bosminer: { restart: { __typename: "VoidResult" } } } };
  };
  const link = scripted({
    http(_request, body, headers) {
      const asked = body as unknown as Asked;
      const found = special.web?.(asked);
      if (found !== undefined) return found;
      if (asked.query.startsWith("mutation")) return change(asked, headers["cookie"]);
      return { status: 200, body: structuredClone(state.web) };
    },
    cgminer(line) {
      const found = special.socket?.(line);
      if (found !== undefined) return found;
      if (line === "pause" || line === "resume") {
        state.isPaused = line === "pause";
        return `{"STATUS":[{"STATUS":"S","Code":204,"Msg":"Pause"}],"${line.toUpperCase()}":[true],"id":1}`;
      }
      const told = PARTS.map((name) => [name, JSON.parse(fixture(`bosminer/22.08.1/${name}.json`))]);
      const joined = Object.fromEntries(told.map(([name, answer]) => [name, [answer]]));
      if (state.isPaused) {
        joined["summary"][0].SUMMARY[0]["MHS 5s"] = 0;
        joined["tunerstatus"][0].TUNERSTATUS[0].ApproximateMinerPowerConsumption = 0;
      }
      return JSON.stringify({ ...joined, id: 1 });
    },
  });
  const notes = new Map<string, unknown>();
  const memory = {
    get: (key: string) => notes.get(key) ?? null,
    set: (key: string, value: unknown) => void (value === null ? notes.delete(key) : notes.set(key, value)),
  };
  const driver = createBosminerDriver({ password: "", memory });
  return {
    link,
    state,
    notes,
    memory,
    driver,
    actions: async () => (await driver.capabilities(link, never)).actions,
  };
}

const POOLS: PoolTarget[] = [
  { url: "stratum+tcp://a.example:3333", user: "a.w", password: "x", role: "member", sharePpm: 750_000 },
  { url: "stratum+tcp://b.example:3333", user: "b.w", password: "y", role: "coop", sharePpm: 250_000 },
];
const variablesOf = (line: string | undefined) =>
  JSON.parse(line?.slice("POST /graphql ".length) ?? "{}").variables;

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

describe("its changes", () => {
  it("send the power field alone, with a login, once", async () => {
    const { link, actions, state } = heater();
    const { setTarget } = await actions();

    await expect(setTarget?.(650.2, never)).resolves.toBe("effective");
    await expect(setTarget?.(650, never)).resolves.toBe("effective");
    expect(link.written.map(variablesOf)).toEqual([{ input: { powerTarget: 650 }, apply: true }]);
    expect(state.logins).toBe(1);
    expect(state.web.data.bosminer.config.groups).toEqual(WEB.data.bosminer.config.groups);
  });

  it("are rejected where the answer is an error of the schema, with status 200", async () => {
    const answer = { __typename: "AutotuningError", message: "Power target must be between 400 and 1420" };
    const { link, actions } = heater({
      web: ({ query }) =>
        query.includes("updateAutotuning")
          ? { data: { bosminer: { config: { updateAutotuning: answer } } } }
          : undefined,
    });

    await expect((await actions()).setTarget?.(5000, never)).resolves.toBe("rejected");
    expect(link.written).toHaveLength(1);
  });

  it("that it says yes to and forgets are rejected, and lost answers decided by what it shows", async () => {
    const yes = { data: { bosminer: { config: { updateAutotuning: { __typename: "AutotuningOut" } } } } };
    const answering = (answer: unknown) =>
      heater({ web: ({ query }) => (query.includes("updateAutotuning") ? answer : undefined) });

    await expect((await answering(yes).actions()).setTarget?.(650, never)).resolves.toBe("rejected");
    const lost = answering(minerCutAnswer("192.0.2.7"));
    await expect((await lost.actions()).setTarget?.(650, never)).resolves.toBe("unknown");
    const empty = answering({ data: null });
    await expect((await empty.actions()).setTarget?.(650, never)).resolves.toBe("unknown");
  });

  it("sign in anew when the session has ended, but not with a password that was refused", async () => {
    let isEnded = true;
    const unauthorized = { data: null, errors: [{ message: "Unauthorized access" }] };
    const again = heater({
      web({ query }) {
        if (!query.includes("updateAutotuning") || !isEnded) return undefined;
        isEnded = false;
        return unauthorized;
      },
    });
    const changes = await again.actions();
    // The first login is fresh, and a fresh one that does not open the door is not made twice.
    await expect(changes.setTarget?.(650, never)).rejects.toMatchObject({ code: "MINER_AUTH_REQUIRED" });
    await expect(changes.setTarget?.(650, never)).resolves.toBe("effective");

    const wrong = heater();
    wrong.state.password = "other";
    const refused = await wrong.actions();
    for (let turn = 0; turn < 3; turn++) {
      await expect(refused.setTarget?.(650, never)).rejects.toMatchObject({ code: "MINER_PASSWORD_WRONG" });
    }
    expect(wrong.state.logins).toBe(1);
    expect(wrong.link.written).toEqual([]);
  });

  it("are not sent when what they build on is not whole", async () => {
    const { link, state, actions } = heater();
    const { setTarget, writePools } = await actions();
    const { config } = state.web.data.bosminer;
    delete config.groups[1].pools;
    await expect(writePools?.(POOLS, never)).rejects.toMatchObject({ code: "MINER_INCOMPLETE" });
    config.groups = [];
    await expect(writePools?.(POOLS, never)).rejects.toMatchObject({ code: "MINER_INCOMPLETE" });
    config.autotuning = {};
    await expect(setTarget?.(650, never)).rejects.toMatchObject({ code: "MINER_INCOMPLETE" });
    config.autotuning = { enabled: true, mode: "HASHRATE_TARGET", powerTarget: 900 };
    await expect(setTarget?.(650, never)).rejects.toMatchObject({ code: "MINER_TARGET_UNSUPPORTED" });
    expect(link.written).toEqual([]);
  });

  it("pause and resume over the socket without a login, and remember whose pause it is", async () => {
    const { link, driver, actions, state, memory } = heater();
    const { pause, resume } = await actions();

    await expect(pause?.(never)).resolves.toBe("effective");
    await expect(driver.read(link, never)).resolves.toMatchObject({ state: "paused", powerW: 20 });
    // Another run of the program knows it too.
    const later = createBosminerDriver({ memory });
    await expect(later.read(link, never)).resolves.toMatchObject({ state: "paused" });
    await expect(resume?.(never)).resolves.toBe("effective");
    expect(link.written).toEqual(["pause", "resume"]);
    expect(state.logins).toBe(0);
  });

  it("forget a pause that somebody else has ended, but not by the figures of before", async () => {
    const { link, driver, actions, state, notes } = heater();
    await (await actions()).pause?.(never);
    state.isPaused = false;

    await driver.read(link, never);
    expect(notes.size).toBe(1);
    link.pace.slept += 180_000;
    await driver.read(link, never);
    expect(notes.size).toBe(0);
  });

  it("put pools into groups, which a restart makes effective", async () => {
    const { link, actions } = heater();
    const { writePools, restart } = await actions();

    await expect(writePools?.(POOLS, never)).resolves.toBe("effective");
    await expect(writePools?.(POOLS, never)).resolves.toBe("effective");
    await expect(restart?.(never)).resolves.toBe("pending");
    expect(link.written).toHaveLength(2);
    expect(variablesOf(link.written[0])).toEqual({
      groups: [
        {
          name: "member",
          quota: 3,
          pools: [{ url: "stratum+tcp://a.example:3333", user: "a.w", password: "x" }],
        },
        {
          name: "coop",
          quota: 1,
          pools: [{ url: "stratum+tcp://b.example:3333", user: "b.w", password: "y" }],
        },
      ],
    });
  });

  it("let the lamp blink until asked again", async () => {
    const { actions, state } = heater();
    const { locate } = await actions();

    await expect(locate?.(never)).resolves.toBe("effective");
    expect(state.web.data.bos.faultLight).toBe(true);
    await expect(locate?.(never)).resolves.toBe("effective");
    expect(state.web.data.bos.faultLight).toBe(false);
  });

  it("start with a backup of all groups, without passwords where the schema has none", async () => {
    const told = heater();
    expect(await told.driver.backup(told.link, never)).toMatchObject({
      pools: [
        { user: "member.s9", password: "x", sharePpm: 700_000 },
        { user: "member.s9", sharePpm: 0 },
        { user: "coop.member0417", sharePpm: 300_000 },
      ],
      settings: { autotuning: { powerTarget: 900 } },
    });
    const hidden = heater({
      web: ({ query }) =>
        query.includes("user password")
          ? { status: 200, body: { data: null, errors: [{ message: "Unknown field" }] } }
          : undefined,
    });
    for (const group of hidden.state.web.data.bosminer.config.groups) {
      for (const pool of group.pools) delete pool.password;
    }
    expect((await hidden.driver.backup(hidden.link, never)).pools[0]).toMatchObject({ password: null });
  });
});
