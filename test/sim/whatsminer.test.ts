import { expect, test } from "vitest";
import { frameToken, seal, unseal, writeToken } from "#src/miners/whatsminer-token.ts";
import type { FrameReply } from "#src/model/miner-link.ts";
import { createDeviceLink } from "#src/net/device-link.ts";
import type { EmulatedMiner, EmulatorOptions } from "#src/sim/emulated-miner.ts";
import { startPool } from "#src/sim/pool.ts";
import type { SimClock } from "#src/sim/sim-clock.ts";
import { startWhatsminerM20, startWhatsminerM30 } from "#src/sim/whatsminer-v2.ts";
import { startWhatsminerM60 } from "#src/sim/whatsminer-v3.ts";
import { ask, inSimulatedTime, poolFacts } from "./support.ts";

const never = new AbortController().signal;

/** One miner with a pool. */
async function withMiner(
  start: (options: EmulatorOptions) => Promise<EmulatedMiner>,
  options: Partial<EmulatorOptions>,
  run: (miner: EmulatedMiner, clock: SimClock) => Promise<void>,
): Promise<void> {
  await inSimulatedTime(async (clock) => {
    const pool = await startPool({ ...poolFacts, clock, name: "pool" });
    const pools = [{ url: pool.url, user: "coop.one", password: "secret" }];
    const facts = { clock, seed: 1, name: "barn", model: "whatsminer-m30", pools } as const;
    const miner = await start({ ...facts, ...options });
    try {
      await run(miner, clock);
    } finally {
      await miner.close();
      await pool.close();
    }
  });
}

const read = async (miner: EmulatedMiner, cmd: string) =>
  (await ask(miner.port, JSON.stringify({ cmd }))).text;
const readJson = async (miner: EmulatedMiner, cmd: string) => JSON.parse(await read(miner, cmd));

/** Signs in once; what it answers sends a write and opens the reply. */
async function signIn(miner: EmulatedMiner, password = "admin") {
  const { sign, key } = writeToken(password, (await readJson(miner, "get_token")).Msg);
  return async (request: Record<string, string>, token = sign) => {
    const data = seal(key, JSON.stringify({ ...request, token }));
    const reply = JSON.parse((await ask(miner.port, JSON.stringify({ enc: 1, data }))).text);
    return reply.enc === undefined ? reply : JSON.parse(unseal(key, reply.enc) ?? "null");
  };
}

test("an M30S+ answers with a bare status or a list, closes without a NUL, and puts a comma too many", () =>
  withMiner(startWhatsminerM30, {}, async (miner) => {
    expect(await readJson(miner, "get_version")).toMatchObject({
      STATUS: "S",
      Code: 131,
      Msg: { api_ver: "2.0.5" },
    });
    const summary = await read(miner, "summary");
    expect(summary).toMatch(/^\{"STATUS":\[\{"STATUS":"S","Msg":"Summary"\}\],"SUMMARY":\[.*,\}\],"id":1\}$/);
    expect(await readJson(miner, "status")).toMatchObject({
      Msg: { mineroff: "false", power_mode: "", hash_percent: "" },
    });
    expect((await readJson(miner, "status")).Msg).not.toHaveProperty("power_pct");
    expect((await readJson(miner, "pools")).POOLS).toMatchObject([{ POOL: 1, Quota: 1, User: "coop.one" }]);
  }));

test("it knows neither `version` nor joined reads, and lists its errors like an object", () =>
  withMiner(startWhatsminerM30, { faults: [{ kind: "hot" }, { kind: "fan" }] }, async (miner, clock) => {
    await clock.sleep(60_000);
    expect(await readJson(miner, "version")).toMatchObject({ STATUS: "E", Code: 14 });
    expect(await readJson(miner, "status+get_psu")).toMatchObject({ STATUS: "E", Code: 14 });
    expect(await read(miner, "get_error_code")).toMatch(
      /"error_code":\["350":"[\d-]+ [\d:]+","110":"[^"]+"\]/,
    );
    expect(await read(miner, "summary")).toMatch(/"HS RT":0,.*"Fan Speed In":0,/);
  }));

test("a write needs a seal, a token of its own and half an hour", () =>
  withMiner(startWhatsminerM30, { password: "hunter2" }, async (miner, clock) => {
    expect(await readJson(miner, "power_off")).toMatchObject({ Code: 135 });
    expect((await ask(miner.port, '{"enc":1,"data":"a"}')).text).toContain('"Code":137');
    const stranger = await signIn(miner, "admin");
    expect(await stranger({ cmd: "power_off", respbefore: "true" })).toMatchObject({ Code: 23 });
    const tell = await signIn(miner, "hunter2");
    expect(await tell({ cmd: "power_off", respbefore: "true" }, "x")).toMatchObject({ Code: 135 });
    expect(await tell({ cmd: "warp" })).toMatchObject({ Code: 14 });
    expect(await tell({ cmd: "power_off" })).toMatchObject({ Code: 132 });
    expect(miner.orders()).toBe(0);

    expect(await tell({ cmd: "power_off", respbefore: "true" })).toMatchObject({ STATUS: "S", Code: 131 });
    await clock.sleep(60_000);
    expect((await readJson(miner, "status")).Msg.mineroff).toBe("true");
    expect(miner.wallW()).toBeLessThan(30);
    await clock.sleep(30 * 60_000);
    expect((await readJson(miner, "status")).Msg.mineroff_reason).toBe("by whatsminer api");
    expect(await tell({ cmd: "power_on" })).toMatchObject({ Code: 135 });
  }));

test("it gives out 32 tokens, and the next when the first is old", () =>
  withMiner(startWhatsminerM30, {}, async (miner, clock) => {
    for (let count = 0; count < 32; count++) await read(miner, "get_token");
    expect(await readJson(miner, "get_token")).toMatchObject({ STATUS: "E", Code: 136 });
    await clock.sleep(31 * 60_000);
    expect(await readJson(miner, "get_token")).toMatchObject({
      STATUS: "S",
      Msg: { time: expect.any(String) },
    });
  }));

test("a percent acts within seconds and is lost by each start; a limit restarts the mining unless it boots fast", () =>
  withMiner(startWhatsminerM30, {}, async (miner, clock) => {
    await clock.sleep(60_000);
    const tell = await signIn(miner);
    expect(await tell({ cmd: "set_power_pct", percent: "60" })).toMatchObject({ Code: 131 });
    await clock.sleep(10_000);
    expect(Math.abs(miner.wallW() / 2040 - 1)).toBeLessThan(0.05);

    expect(await tell({ cmd: "enable_btminer_fast_boot" })).toMatchObject({ Code: 131 });
    expect(await tell({ cmd: "adjust_power_limit", power_limit: "3000" })).toMatchObject({ Code: 131 });
    await clock.sleep(10_000);
    expect(Math.abs(miner.wallW() / 1800 - 1)).toBeLessThan(0.05);

    await tell({ cmd: "disable_btminer_fast_boot" });
    await tell({ cmd: "adjust_power_limit", power_limit: "2500" });
    await clock.sleep(10_000);
    expect(miner.wallW()).toBeLessThan(30);
    expect(await read(miner, "status")).toBe("");
    await clock.sleep(60_000);
    expect(await read(miner, "summary")).toMatch(/"HS RT":0,.*"Upfreq Complete":0,/);
    await clock.sleep(180_000);
    expect(Math.abs(miner.wallW() / 2500 - 1)).toBeLessThan(0.05);
  }));

test("pools need all nine fields and apply after a restart of the mining", () =>
  withMiner(startWhatsminerM30, {}, async (miner, clock) => {
    const tell = await signIn(miner);
    const slot = (place: number, url: string) => ({
      [`pool${place}`]: url,
      [`worker${place}`]: "n.w",
      [`passwd${place}`]: "",
    });
    const first = slot(1, "stratum+tcp://127.0.0.1:1");
    expect(await tell({ cmd: "update_pools", ...first })).toMatchObject({ Code: 132 });
    const all = { cmd: "update_pools", ...first, ...slot(2, ""), ...slot(3, "") };
    expect(await tell(all)).toMatchObject({ Code: 131 });
    expect(await read(miner, "pools")).toContain("coop.one");
    await tell({ cmd: "restart_btminer" });
    await clock.sleep(60_000);
    expect((await readJson(miner, "pools")).POOLS).toMatchObject([{ POOL: 1, User: "n.w" }]);
  }));

test("with its API switched off it says so and does nothing", () =>
  withMiner(startWhatsminerM30, { firmware: "writes-off" }, async (miner) => {
    const reply = await (await signIn(miner))({ cmd: "power_off", respbefore: "true" });
    expect(reply).toMatchObject({ STATUS: "E", Msg: "can't access write cmd" });
    expect(miner.orders()).toBe(0);
  }));

test("an M20S has other names, quotes in its version, and no token", () =>
  withMiner(startWhatsminerM20, { model: "whatsminer-m20" }, async (miner) => {
    expect(await readJson(miner, "status")).toMatchObject({
      Msg: { btmineroff: "false", "Firmware Version": "'20220919.15.REL'" },
      Description: "whatsminer v1.4.0",
    });
    expect(await read(miner, "version")).toContain("BTMiner");
    for (const command of ["get_token", "get_miner_info", "get_error_code"]) {
      expect(await readJson(miner, command)).toMatchObject({ STATUS: "E", Code: 14 });
    }
  }));

test("an M60S speaks in frames: TH/s, codes below zero, a token in each write", () =>
  withMiner(startWhatsminerM60, { model: "whatsminer-m60" }, async (miner, clock) => {
    await clock.sleep(60_000);
    const { frames } = createDeviceLink(miner.host, miner.port, { guard: async () => undefined });
    const asked = (cmd: string, param: unknown = null) => frames.ask({ cmd, param }, never);
    const told = async (cmd: string, param: unknown, password = "super"): Promise<FrameReply> => {
      const { salt } = (await asked("get.device.info")).msg as { salt: string };
      const { token, key } = frameToken(cmd, password, salt, 1_763_705_000);
      const sent = cmd.endsWith("pools") ? seal(key, JSON.stringify(param)) : param;
      return frames.ask({ cmd, param: sent, ts: 1_763_705_000, account: "super", token }, never);
    };

    const { msg } = await asked("get.miner.status", "summary");
    expect((msg as { summary: Record<string, number> }).summary["hash-realtime"]).toBeGreaterThan(170);
    expect(await asked("get.miner.status")).toMatchObject({ code: -3 });
    expect(await asked("get.warp")).toMatchObject({ code: -2 });
    expect(await told("set.miner.service", "stop", "admin")).toMatchObject({ code: -4 });
    expect(await told("set.miner.power_percent", { percent: 60, mode: "fast" })).toMatchObject({ code: -1 });
    expect(await told("set.miner.pools", [{ pool: "stratum+tcp://a.example:1" }])).toMatchObject({
      code: -1,
    });
    expect(miner.orders()).toBe(0);

    expect(await told("set.miner.power_percent", { percent: "60", mode: "fast" })).toMatchObject({ code: 0 });
    expect(await asked("get.miner.setting")).toMatchObject({
      msg: { "power-percent": 60, "power-limit": 3600 },
    });
    expect(await told("set.miner.service", "stop")).toMatchObject({ code: 0 });
    expect(await asked("get.device.info", "miner")).toMatchObject({ msg: { miner: { working: "false" } } });
    expect(await asked("get.miner.status", "pools")).toMatchObject({ code: -1 });
    // The old API tells the same device, and counts its work.
    expect(await readJson(miner, "get_version")).toMatchObject({ Msg: { api_ver: "2.2.2" } });
    expect((await readJson(miner, "pools")).POOLS[0]).toHaveProperty("Accepted");
    expect((await readJson(miner, "pools")).POOLS[0]).not.toHaveProperty("Difficulty Accepted");
    expect(await readJson(miner, "status")).toMatchObject({ Msg: { mineroff: "true", power_pct: 60 } });
    expect(await readJson(miner, "summary")).toMatchObject({ Msg: { Elapsed: 0, "Power Limit": 3600 } });
    expect(await told("set.miner.service", "start")).toMatchObject({ code: 0 });
    // 0 is its word for none.
    expect(await asked("get.miner.setting")).toMatchObject({ msg: { "power-percent": 0 } });
  }));
