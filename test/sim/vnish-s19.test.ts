import { expect, test } from "vitest";
import type { EmulatedMiner, EmulatorOptions } from "#src/sim/emulated-miner.ts";
import { startPool } from "#src/sim/pool.ts";
import type { SimClock } from "#src/sim/sim-clock.ts";
import { startVnishS19 } from "#src/sim/vnish-s19.ts";
import { inSimulatedTime, poolFacts } from "./support.ts";

type Body = Record<string, unknown>;

interface Bench {
  miner: EmulatedMiner;
  clock: SimClock;
  /** Status and body of an answer; with the token of the last `unlock`. */
  send(method: string, path: string, body?: unknown): Promise<[number, Body]>;
  summary(): Promise<Body>;
}

async function withMiner(
  options: Partial<EmulatorOptions>,
  run: (bench: Bench) => Promise<void>,
): Promise<void> {
  await inSimulatedTime(async (clock) => {
    const pool = await startPool({ ...poolFacts, clock, name: "pool" });
    const entry = (worker: string) => ({ url: pool.url, user: `coop.${worker}`, password: "x" });
    const miner = await startVnishS19({
      ...{ clock, seed: 1, name: "s19", model: "vnish-s19", pools: [entry("one"), entry("two")] },
      ...options,
    });
    let token = "";
    const send: Bench["send"] = async (method, path, body) => {
      const reply = await fetch(`http://127.0.0.1:${miner.port}/api/v1${path}`, {
        method,
        headers: token === "" ? {} : { authorization: `Bearer ${token}` },
        ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      });
      const text = await reply.text();
      const answer = (text === "" ? {} : JSON.parse(text)) as Body;
      if (typeof answer["token"] === "string") token = answer["token"];
      return [reply.status, answer];
    };
    const summary = async () => (await send("GET", "/summary"))[1]["miner"] as Body;
    try {
      await run({ miner, clock, send, summary });
    } finally {
      await miner.close();
      await pool.close();
    }
  });
}

const state = (miner: Body) => (miner["miner_status"] as Body)["miner_state"];
const preset = (name: string, more: Body = {}) => ({ miner: { overclock: { preset: name, ...more } } });

test("tells its mining without a login, with GH/s, the fee pool and figures of older versions", async () => {
  await withMiner({}, async ({ miner, clock, send, summary }) => {
    await clock.sleep(600_000);
    const body = await summary();
    expect(Number(body["hr_realtime"])).toBeCloseTo(miner.hashrateThs() * 1000, 0);
    expect(Number(body["instant_hashrate"])).toBeGreaterThan(1000 * Number(body["hr_realtime"]) - 1000);
    expect(Number(body["power_consumption"]) / miner.wallW()).toBeCloseTo(1, 1);
    const pools = body["pools"] as Body[];
    expect(pools.map(({ id, pool_type, status }) => [id, pool_type, status])).toEqual([
      [0, "UserPool", "active"],
      [1, "UserPool", "working"],
      [3, "DevFee", "working"],
    ]);
    expect(String(pools[0]?.["url"])).toMatch(/^127\.0\.0\.1:\d+$/);
    expect((await send("GET", "/info"))[1]).toMatchObject({ hr_measure: "GH/s", system: { uptime: /:/ } });
    expect((await send("GET", "/settings"))[0]).toBe(401);
  });
});

test("opens its door to the password, and closes it for a while after five wrong ones", async () => {
  await withMiner({ password: "secret" }, async ({ clock, send }) => {
    for (let tries = 0; tries < 5; tries++)
      expect((await send("POST", "/unlock", { pw: "admin" }))[0]).toBe(403);
    expect(await send("POST", "/unlock", { pw: "secret" })).toEqual([429, { unlock_timeout: 300 }]);
    await clock.sleep(299_000);
    expect(await send("POST", "/unlock", { pw: "secret" })).toEqual([429, { unlock_timeout: 1 }]);
    await clock.sleep(2_000);
    expect((await send("POST", "/unlock", { pw: "secret" }))[0]).toBe(200);
    expect((await send("GET", "/settings"))[0]).toBe(200);
  });
});

test("applies a preset with a restart of the mining, and its clocks come along", async () => {
  await withMiner({}, async ({ miner, clock, send, summary }) => {
    await send("POST", "/unlock", { pw: "admin" });
    expect(await send("POST", "/settings", preset("1360"))).toEqual([
      200,
      { restart_required: true, reboot_required: false },
    ]);
    expect((await send("GET", "/perf-summary"))[1]).toMatchObject({ current_preset: { name: "2480" } });
    expect(await send("POST", "/mining/restart", {})).toEqual([200, {}]);
    await clock.sleep(1_000);
    expect(state(await summary())).toBe("restarting");
    await clock.sleep(600_000);
    expect(state(await summary())).toBe("mining");
    expect(miner.wallW() / 1360).toBeCloseTo(1, 1);
    const [, settings] = await send("GET", "/settings");
    expect(settings).toMatchObject({ miner: { overclock: { preset: "1360", globals: { freq: 325 } } } });
    // One that there is not is answered like any other.
    expect((await send("POST", "/settings", preset("1234")))[1]).toMatchObject({ restart_required: false });
  });
});

test("runs the clocks that are sent along with a preset instead of the tuned ones", async () => {
  await withMiner({}, async ({ miner, clock, send }) => {
    await send("POST", "/unlock", { pw: "admin" });
    await send("POST", "/settings", preset("1360", { globals: { freq: 504, volt: 13_000 } }));
    await send("POST", "/mining/restart", {});
    await clock.sleep(600_000);
    expect(miner.wallW()).toBeGreaterThan(2_000);
  });
});

test("tunes an untuned preset for half an hour", async () => {
  await withMiner({}, async ({ clock, send, summary }) => {
    await send("POST", "/unlock", { pw: "admin" });
    await send("POST", "/settings", preset("1900"));
    await send("POST", "/mining/restart", {});
    await clock.sleep(1_500_000);
    expect(state(await summary())).toBe("auto-tuning");
    await clock.sleep(600_000);
    expect(state(await summary())).toBe("mining");
  });
});

test("ends a pause by resume and a stop by start, and tells nothing while it boots", async () => {
  await withMiner({}, async ({ miner, clock, send, summary }) => {
    await send("POST", "/unlock", { pw: "admin" });
    await send("POST", "/mining/pause", {});
    expect(state(await summary())).toBe("shutting-down");
    await clock.sleep(120_000);
    expect([state(await summary()), miner.wallW() < 40]).toEqual(["stopped", true]);
    expect(await send("POST", "/mining/start", {})).toEqual([500, { err: "cannot start now" }]);
    expect((await send("POST", "/mining/resume", {}))[0]).toBe(200);
    await clock.sleep(300_000);
    expect(state(await summary())).toBe("mining");
    expect(await send("POST", "/system/reboot", {})).toEqual([200, { after: 3 }]);
    await clock.sleep(85_000);
    expect(await summary()).toBeNull();
    expect((await send("GET", "/settings"))[0]).toBe(401);
    await clock.sleep(300_000);
    expect(state(await summary())).toBe("mining");
  });
});

test("switches its pool at run time, and falls back to its order with a restart", async () => {
  await withMiner({}, async ({ clock, send, summary }) => {
    const active = async () =>
      ((await summary())["pools"] as Body[]).find(({ status }) => status === "active")?.["user"];
    await send("POST", "/unlock", { pw: "admin" });
    expect((await send("POST", "/mining/switch-pool", { pool_id: 1 }))[0]).toBe(200);
    await clock.sleep(10_000);
    expect(await active()).toBe("coop.two");
    expect((await send("POST", "/mining/switch-pool", { pool_id: 3 }))[0]).toBe(500);
    await send("POST", "/mining/restart", {});
    await clock.sleep(120_000);
    expect(await active()).toBe("coop.one");
  });
});
