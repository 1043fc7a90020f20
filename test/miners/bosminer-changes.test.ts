import { describe, expect, it } from "vitest";
import { createBosminerDriver } from "#src/miners/bosminer.ts";
import { minerCutAnswer } from "#src/model/miner-errors.ts";
import { heater, never, POOLS, variablesOf, WEB } from "./bosminer-in-memory.ts";

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
