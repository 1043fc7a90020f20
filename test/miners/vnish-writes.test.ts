import { describe, expect, it } from "vitest";
import { refusedError, unreachableError } from "#src/model/errors.ts";
import type { PoolTarget } from "#src/model/miner.ts";
import { broken, closed, miner, never, notes } from "./vnish-in-memory.ts";

const SETTINGS = "POST /api/v1/settings";

describe("the door", () => {
  it("is opened once, with the factory's password where none is given", async () => {
    const { link, actions } = miner();

    await (await actions()).setStep?.(2, never);
    const opened = link.asked.filter((line) => line.includes("unlock"));
    expect(opened).toEqual(['POST /api/v1/unlock {"pw":"admin"}']);
  });

  it("refuses a wrong password, which is not sent again", async () => {
    const { link, driver } = miner({
      driver: { password: "hunter2" },
      special: (request) => (request.endsWith("unlock") ? { status: 403, body: {} } : undefined),
    });

    for (let tries = 0; tries < 3; tries++) {
      const error = await driver.capabilities(link, never).catch((thrown: unknown) => thrown);
      expect(error).toMatchObject({ code: "MINER_PASSWORD_WRONG", exit: 5 });
      expect(String(error)).not.toContain("hunter2");
    }
    expect(link.asked).toHaveLength(1);
  });

  it("that counts down is left alone until its time is over, also after a restart of this program", async () => {
    const memory = notes();
    let isLocked = true;
    const options = {
      driver: { memory },
      special: (request: string) =>
        request.endsWith("unlock") && isLocked ? { status: 429, body: { unlock_timeout: 287 } } : undefined,
    };
    const { link, driver } = miner(options);
    const busy = { code: "MINER_BUSY", exit: 3, message: expect.stringContaining("another 287 s") };

    await expect(driver.capabilities(link, never)).rejects.toMatchObject(busy);
    await expect(driver.capabilities(link, never)).rejects.toMatchObject(busy);
    const again = miner(options);
    await expect(again.driver.capabilities(again.link, never)).rejects.toMatchObject(busy);
    expect([link.asked.length, again.link.asked.length]).toEqual([1, 0]);

    isLocked = false;
    link.pace.slept += 287_000;
    await expect(driver.capabilities(link, never)).resolves.toMatchObject({ canPause: true });
  });

  it("that forgets the token is opened anew, and one that answers without one is no login", async () => {
    let isForgetful = false;
    const { link, actions } = miner({
      special(request) {
        if (!isForgetful || !request.endsWith("settings")) return undefined;
        isForgetful = false;
        return closed();
      },
    });
    const { pause, setStep } = await actions();
    isForgetful = true;
    await expect(setStep?.(2, never)).resolves.toBe("pending");
    expect(link.asked.filter((line) => line.includes("unlock"))).toHaveLength(2);
    await expect(pause?.(never)).resolves.toBe("effective");

    const strange = miner({
      special: (request) => (request.endsWith("unlock") ? { status: 200, body: {} } : undefined),
    });
    await expect(strange.driver.capabilities(strange.link, never)).rejects.toMatchObject({
      code: "MINER_BAD_ANSWER",
    });
  });
});

describe("a change of preset", () => {
  it("sends the preset with the rest of its block, without the clocks of the one before, and restarts the mining", async () => {
    const { link, actions, state } = miner();
    const { setStep } = await actions();

    await expect(setStep?.(2, never)).resolves.toBe("pending");
    const overclock = {
      modded_psu: false,
      preset: "2480",
      preset_switcher: { enabled: false, top_preset: "2480", min_preset: "1080", check_time: 300 },
      // The board that the owner switched off stays off.
      chains: [{ disabled: false }, { disabled: true }, { disabled: false }],
    };
    expect(link.written).toEqual([
      `${SETTINGS} ${JSON.stringify({ miner: { overclock } })}`,
      "POST /api/v1/mining/restart {}",
    ]);

    state.status["miner_state"] = "mining";
    await expect(setStep?.(2, never)).resolves.toBe("effective");
    expect(link.written).toHaveLength(2);
    await expect(setStep?.(9, never)).rejects.toMatchObject({ code: "MINER_STEP_UNKNOWN", exit: 2 });
  });

  it("without a need of a restart is effective at once", async () => {
    const { link, actions } = miner({ needsRestart: false, overclock: { chains: [] } });

    await expect((await actions()).setStep?.(0, never)).resolves.toBe("effective");
    expect(link.written).toHaveLength(1);
  });

  it("of a miner at rest is stored, and never wakes it; the wake then applies it", async () => {
    const { link, actions, state } = miner({ driver: { memory: notes() } });
    const { pause, setStep, resume } = await actions();
    await pause?.(never);

    await expect(setStep?.(0, never)).resolves.toBe("effective");
    expect([state.status["miner_state"], state.applied]).toEqual(["stopped", "1360"]);
    await expect(resume?.(never)).resolves.toBe("effective");
    expect(link.written.at(-1)).toBe("POST /api/v1/mining/restart {}");
    expect(state.applied).toBe("1080");
  });

  it("makes up for a restart that is still owed", async () => {
    const { link, actions, state } = miner();
    state.status["restart_required"] = true;

    await expect((await actions()).setStep?.(1, never)).resolves.toBe("pending");
    expect(link.written).toEqual(["POST /api/v1/mining/restart {}"]);
  });

  it("is stored where the restart behind it is refused, and not told as refused", async () => {
    const { link, actions, state } = miner({
      special: (request) =>
        request.endsWith("mining/restart") ? refusedError("MINER_REFUSED", "not now") : undefined,
    });
    const { setStep } = await actions();

    await expect(setStep?.(2, never)).resolves.toBe("pending");
    expect([state.settings.overclock["preset"], link.written.length]).toEqual(["2480", 2]);
    // The restart alone is what is refused now.
    await expect(setStep?.(2, never)).resolves.toBe("rejected");
  });

  it("never sets a miner going that has stopped itself, or does not say whether it rests", async () => {
    const failed = miner();
    failed.state.status["miner_state"] = "failure";
    const silent = miner();
    const { setStep, resume, pause } = await silent.actions();
    delete silent.state.status["miner_state"];

    await expect((await failed.actions()).setStep?.(2, never)).resolves.toBe("pending");
    expect(failed.link.written).toHaveLength(1);
    await expect(setStep?.(2, never)).rejects.toMatchObject({ code: "MINER_INCOMPLETE", exit: 3 });
    await expect(resume?.(never)).rejects.toMatchObject({ code: "MINER_INCOMPLETE", exit: 3 });
    expect(silent.link.written).toEqual([]);
    // A rest is ordered all the same.
    await expect(pause?.(never)).resolves.toBe("effective");
  });

  it("is not made where the clocks were set by hand meanwhile", async () => {
    const { link, actions, state } = miner();
    const { setStep } = await actions();
    state.settings.overclock["preset"] = "disabled";

    await expect(setStep?.(2, never)).rejects.toMatchObject({ code: "MINER_STEP_UNSUPPORTED", exit: 1 });
    expect(link.written).toEqual([]);
  });

  it("that the device says yes to and forgets is rejected", async () => {
    const { actions } = miner({ isLiar: true });

    await expect((await actions()).setStep?.(2, never)).resolves.toBe("rejected");
  });

  it("whose answer is lost is decided by what the device shows, and sent once", async () => {
    const { link, actions } = miner({
      special(request, body, state) {
        if (request !== SETTINGS) return undefined;
        Object.assign(state.settings.overclock, (body["miner"] as { overclock: object }).overclock);
        state.status["restart_required"] = true;
        return unreachableError("MINER_CUT_ANSWER", "lost");
      },
    });

    await expect((await actions()).setStep?.(2, never)).resolves.toBe("pending");
    expect(link.written).toHaveLength(1);
  });

  it.each([
    ["no overclock block", (settings: Record<string, unknown>) => delete settings["overclock"]],
    [
      "a block without a preset",
      (settings: Record<string, unknown>) => {
        settings["overclock"] = { modded_psu: false };
      },
    ],
  ])("is not built on %s", async (_, spoil) => {
    const { link, actions, state } = miner();
    const { setStep } = await actions();
    spoil(state.settings);

    await expect(setStep?.(2, never)).rejects.toMatchObject({ code: "MINER_INCOMPLETE", exit: 3 });
    expect(link.written).toEqual([]);
  });
});

describe("rest", () => {
  it("is read back and ended by its own word", async () => {
    const { link, actions } = miner({ driver: { memory: notes() } });
    const { pause, resume } = await actions();

    await expect(pause?.(never)).resolves.toBe("effective");
    await expect(pause?.(never)).resolves.toBe("effective");
    await expect(resume?.(never)).resolves.toBe("effective");
    await expect(resume?.(never)).resolves.toBe("effective");
    expect(link.written).toEqual(["POST /api/v1/mining/pause {}", "POST /api/v1/mining/resume {}"]);
  });

  it("that cannot be seen is not known, and no refusal", async () => {
    const { actions } = miner({
      special(request, _, state) {
        if (!request.endsWith("mining/pause")) return undefined;
        delete state.status["miner_state"];
        return null;
      },
    });

    await expect((await actions()).pause?.(never)).resolves.toBe("unknown");
  });

  it("by the owner's stop is ended by start, and the other word is tried the next time where that fails", async () => {
    const memory = notes();
    const { link, actions, state } = miner({
      driver: { memory },
      special: (request) => (request.endsWith("mining/start") ? broken() : undefined),
    });
    const { resume } = await actions();
    state.status["miner_state"] = "stopped";

    await expect(resume?.(never)).resolves.toBe("unknown");
    await expect(resume?.(never)).resolves.toBe("effective");
    expect(link.written).toEqual(["POST /api/v1/mining/start {}", "POST /api/v1/mining/resume {}"]);
  });

  it("that the device says yes to and forgets is rejected, and on its way is pending", async () => {
    const lying = miner({ isLiar: true });
    const slow = miner({
      special(request, _, state) {
        if (!request.endsWith("mining/pause")) return undefined;
        state.status["miner_state"] = "shutting-down";
        return null;
      },
    });

    await expect((await lying.actions()).pause?.(never)).resolves.toBe("rejected");
    await expect((await slow.actions()).pause?.(never)).resolves.toBe("pending");
  });

  it("is not sent where the device is another one", async () => {
    const { actions } = miner({
      special: (request) =>
        request.endsWith("pause") ? refusedError("MINER_NOT_ADOPTED", "not yours") : undefined,
    });

    await expect((await actions()).pause?.(never)).rejects.toMatchObject({ code: "MINER_NOT_ADOPTED" });
  });
});

describe("pools", () => {
  const target = (host: string, change: Partial<PoolTarget> = {}): PoolTarget => ({
    ...{ url: `stratum+tcp://${host}.example:3333`, user: `${host}.w`, password: "x", role: "member" },
    ...{ sharePpm: null, ...change },
  });

  it("are written in the device's form, in as many slots as there were", async () => {
    const { link, actions, state } = miner();
    const wanted = [target("a"), target("b", { url: "stratum+ssl://b.example:443", password: "y" })];

    await expect((await actions()).writePools?.(wanted, never)).resolves.toBe("pending");
    expect(link.written[0]).toBe(
      `${SETTINGS} ${JSON.stringify({
        miner: {
          pools: [
            { url: "a.example:3333", user: "a.w", pass: "x" },
            { url: "stratum+ssl://b.example:443", user: "b.w", pass: "y" },
            { url: "", user: "", pass: "" },
          ],
        },
      })}`,
    );
    state.status["miner_state"] = "mining";
    (state.summary["miner"] as { pools: unknown[] }).pools = wanted.map(({ url, user }, id) => ({
      ...{ id, url: url.replace("stratum+tcp://", ""), user, pool_type: "UserPool", status: "active" },
    }));
    await expect((await actions()).writePools?.(wanted, never)).resolves.toBe("effective");
    expect(link.written).toHaveLength(2);
  });

  it("with shares, in too great a number or read in part are refused before anything is sent", async () => {
    const { link, actions, state } = miner();
    const { writePools } = await actions();
    const shared = [target("a", { sharePpm: 900_000 }), target("b", { sharePpm: 100_000 })];

    await expect(writePools?.(shared, never)).rejects.toMatchObject({ code: "SPLIT_UNSUPPORTED", exit: 1 });
    const four = ["a", "b", "c", "d"].map((host) => target(host));
    await expect(writePools?.(four, never)).rejects.toMatchObject({ code: "MINER_TOO_MANY_POOLS" });
    state.settings.pools = [{ url: "a.example:3333" }];
    await expect(writePools?.([target("a")], never)).rejects.toMatchObject({ code: "MINER_INCOMPLETE" });
    expect(link.written).toEqual([]);
  });

  it("are switched by the number that the device gives them, never to the firmware's own", async () => {
    const { link, actions, state } = miner();
    const { pools } = state.summary["miner"] as { pools: Record<string, unknown>[] };
    pools.splice(1, 0, { ...pools[0], id: 2, user: "coop.w", status: "working" });
    const { selectPool } = await actions();

    await expect(selectPool?.(1, never)).resolves.toBe("effective");
    await expect(selectPool?.(1, never)).resolves.toBe("effective");
    await expect(selectPool?.(2, never)).rejects.toMatchObject({ code: "MINER_POOL_UNKNOWN", exit: 2 });
    expect(link.written).toEqual(['POST /api/v1/mining/switch-pool {"pool_id":2}']);
  });

  it("are not restarted for on a miner that has stopped itself", async () => {
    const { link, actions, state } = miner();
    state.status["miner_state"] = "failure";

    await expect((await actions()).writePools?.([target("a")], never)).resolves.toBe("pending");
    expect(link.written).toHaveLength(1);
  });

  it("are kept in a backup with their passwords, without fee pools and empty slots", async () => {
    const { link, driver } = miner();

    const { pools, settings } = await driver.backup(link, never);
    expect(pools).toEqual([
      { url: "stratum+tcp://pool.member.example:3333", user: "member.s19", password: "x", sharePpm: null },
      { url: "stratum+tcp://pool2.member.example:3333", user: "member.s19", password: "x", sharePpm: null },
    ]);
    expect(settings).toMatchObject({ overclock: { preset: "1360" } });
  });
});

describe("restart and lamp", () => {
  it("are sent once; the lamp is not switched off by a second call", async () => {
    const { link, actions } = miner();
    const { restart, locate } = await actions();

    await expect(restart?.(never)).resolves.toBe("pending");
    await expect(locate?.(never)).resolves.toBe("effective");
    await expect(locate?.(never)).resolves.toBe("effective");
    expect(link.written).toEqual(["POST /api/v1/system/reboot {}", "POST /api/v1/find-miner {}"]);
  });

  it("log in where the device wants it for the lamp too", async () => {
    let asks = 0;
    const { link, actions } = miner({
      special: (request) => (request.endsWith("find-miner") && asks++ === 0 ? closed() : undefined),
    });

    await expect((await actions()).locate?.(never)).resolves.toBe("effective");
    expect(link.written).toHaveLength(2);
  });
});
