import { describe, expect, it } from "vitest";
import { createBosminerDriver } from "#src/miners/bosminer.ts";
import { minerCutAnswer } from "#src/model/miner-errors.ts";
import { heater, never, POOLS, variablesOf, WEB, without } from "./bosminer-in-memory.ts";

const PAUSED = '{"STATUS":[{"STATUS":"S","Code":204,"Msg":"Pause"}],"PAUSE":[true],"id":1}';

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
    config.autotuning = { enabled: true, mode: "HASHRATE_TARGET", powerTarget: null };
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

  it("pause and resume only what is not so already", async () => {
    const { link, actions } = heater();
    const { pause, resume } = await actions();

    await expect(resume?.(never)).resolves.toBe("effective");
    await expect(pause?.(never)).resolves.toBe("effective");
    await expect(pause?.(never)).resolves.toBe("effective");
    expect(link.written).toEqual(["pause"]);
  });

  it("resume a miner that was paused just now, whatever its figures of before say", async () => {
    const { link, actions } = heater({ socket: (line) => (line === "pause" ? PAUSED : undefined) });
    const { pause, resume } = await actions();
    await pause?.(never);

    await expect(resume?.(never)).resolves.toBe("effective");
    expect(link.written).toEqual(["pause", "resume"]);
  });

  it("pause a miner that stands still for another reason, and do not call that proved", async () => {
    const { link, driver, actions, state } = heater();
    state.isWithoutPool = true;

    await expect((await actions()).pause?.(never)).resolves.toBe("pending");
    expect(link.written).toEqual(["pause"]);
    await expect(driver.read(link, never)).resolves.toMatchObject({ state: "paused" });

    const lost = heater({ socket: (line) => (line === "pause" ? minerCutAnswer("192.0.2.7") : undefined) });
    lost.state.isWithoutPool = true;
    await expect((await lost.actions()).pause?.(never)).resolves.toBe("unknown");
  });

  it("know a pause as their own when its answer was lost, and not when it was refused", async () => {
    const lost = heater({
      socket(line) {
        if (line !== "pause") return undefined;
        lost.state.isPaused = true;
        return minerCutAnswer("192.0.2.7");
      },
    });
    await expect((await lost.actions()).pause?.(never)).resolves.toBe("effective");
    await expect(lost.driver.read(lost.link, never)).resolves.toMatchObject({ state: "paused" });

    const no = '{"STATUS":[{"STATUS":"E","Code":45,"Msg":"Access denied"}],"id":1}';
    const refused = heater({ socket: (line) => (line === "pause" ? no : undefined) });
    await expect((await refused.actions()).pause?.(never)).resolves.toBe("rejected");
    expect(refused.notes.size).toBe(0);
  });

  it("leave a miner alone that has stopped itself for heat", async () => {
    const { link, actions, state } = heater();
    const { resume } = await actions();
    Object.assign(state, { isWithoutPool: true, chipC: 112 });

    await expect(resume?.(never)).rejects.toMatchObject({ code: "MINER_IN_FAULT", exit: 1 });
    expect(link.written).toEqual([]);
  });

  it("do not take a pause for theirs that a start of the miner came after", async () => {
    const { link, driver, actions, state } = heater();
    await (await actions()).pause?.(never);
    link.pace.slept += 3_600_000;
    await expect(driver.read(link, never)).resolves.toMatchObject({ state: "paused" });
    state.elapsedS = 20;

    await expect(driver.read(link, never)).resolves.toMatchObject({ state: "starting" });
    state.elapsedS = 600;
    await expect(driver.read(link, never)).resolves.toMatchObject({ state: "unknown" });
  });

  it("know it still after a target that has restarted the tuner", async () => {
    const { link, driver, actions, state } = heater();
    const { pause, setTarget } = await actions();
    await pause?.(never);
    link.pace.slept += 3_600_000;
    await setTarget?.(650, never);
    link.pace.slept += 60_000;
    state.elapsedS = 0;

    await expect(driver.read(link, never)).resolves.toMatchObject({ state: "paused", powerTargetW: 650 });
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

  it("of a password alone are proved by the password", async () => {
    const yes = { data: { bosminer: { config: { updateGroups: { __typename: "GroupList" } } } } };
    const { link, actions } = heater({
      web: ({ query }) => (link.written.length === 2 && query.includes("updateGroups") ? yes : undefined),
    });
    const { writePools } = await actions();
    await writePools?.(POOLS, never);

    const renamed = POOLS.map((pool) => ({ ...pool, password: "new" }));
    await expect(writePools?.(renamed, never)).resolves.toBe("rejected");
  });

  it("of a password that the firmware does not tell cannot be proved", async () => {
    const hidden = heater({
      web: ({ query }) =>
        query.startsWith("mutation")
          ? undefined
          : { status: 200, body: without("password", hidden.state.web) },
    });
    const { writePools } = await hidden.actions();

    // The addresses are seen to change; after that only passwords can differ.
    await expect(writePools?.(POOLS, never)).resolves.toBe("effective");
    await expect(writePools?.(POOLS, never)).resolves.toBe("pending");
  });

  it("do not replace parts of the work that are not told, because no backup could bring them back", async () => {
    const { link, actions, state } = heater();
    const { writePools } = await actions();
    state.web.data.bosminer.config.groups[1].strategy = { __typename: "FixedShareRatioStrategy" };

    await expect(writePools?.(POOLS, never)).rejects.toMatchObject({ code: "MINER_INCOMPLETE" });
    expect(link.written).toEqual([]);
  });

  it("whose answer has an error beside it are decided by what the miner then shows", async () => {
    const answering = (answer: unknown, isDone: boolean) => {
      const miner = heater({
        web({ query }) {
          if (!query.includes("updateAutotuning")) return undefined;
          if (isDone) miner.state.web.data.bosminer.config.autotuning.powerTarget = 650;
          return answer;
        },
      });
      return miner;
    };
    const late = { data: null, errors: [{ message: "timeout while the tuner starts" }] };
    const unknownField = { data: null, errors: [{ message: 'Unknown field "powerTarget"' }] };
    const invalid = { errors: [{ message: "no such thing" }] };

    for (const [answer, isDone, result] of [
      [late, true, "effective"],
      [late, false, "unknown"],
      [unknownField, false, "rejected"],
      [invalid, false, "rejected"],
    ] as const) {
      const { actions } = answering(answer, isDone);
      expect([answer, await (await actions()).setTarget?.(650, never)]).toEqual([answer, result]);
    }
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
