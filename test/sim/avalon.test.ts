import { connect } from "node:net";
import { expect, test } from "vitest";
import { type AvalonOptions, startAvalon } from "#src/sim/avalon.ts";
import type { EmulatedMiner } from "#src/sim/emulated-miner.ts";
import { startPool } from "#src/sim/pool.ts";
import type { SimClock } from "#src/sim/sim-clock.ts";
import { ask, askJson, inSimulatedTime, poolFacts, row } from "./support.ts";

/** One miner with two pools; the second pool is another worker of the same pool. */
async function withMiner(
  options: Partial<AvalonOptions>,
  run: (miner: EmulatedMiner, clock: SimClock) => Promise<void>,
): Promise<void> {
  await inSimulatedTime(async (clock) => {
    const pool = await startPool({ ...poolFacts, clock, name: "pool" });
    const entry = (worker: string) => ({ url: pool.url, user: `coop.${worker}`, password: "secret" });
    const miner = await startAvalon({
      clock,
      seed: 1,
      name: "mini3",
      model: "avalon-mini3",
      pools: [entry("one"), entry("two")],
      ...options,
    });
    try {
      await run(miner, clock);
    } finally {
      await miner.close();
      await pool.close();
    }
  });
}

async function tokens(miner: EmulatedMiner): Promise<(key: string) => string> {
  const stats = String(row(await askJson(miner.port, "estats"), "STATS")["MM ID0"]);
  const pairs = [...stats.matchAll(/([A-Za-z][\w ]*)\[([^\]]*)\]/g)].map((match) => [
    match[1]?.trim(),
    match[2],
  ]);
  const map = Object.fromEntries(pairs) as Record<string, string>;
  return (key) => map[key] ?? "missing";
}

const epochOf = async (miner: EmulatedMiner) => (await askJson(miner.port, "version")).STATUS[0]?.When ?? 0;

test("JSON is answered as JSON with a NUL, in several segments, and the connection closes", async () => {
  await withMiner({}, async (miner) => {
    const { text, segments } = await ask(miner.port, '{"command":"version"}');
    expect(text.endsWith("}\0")).toBe(true);
    expect(segments).toBeGreaterThan(1);
    const version = row(JSON.parse(text.slice(0, -1)), "VERSION");
    expect(version).toMatchObject({ PROD: "Avalon Mini3", MODEL: "Mini3", HWTYPE: "M_MM1v1_X1" });
    expect(version["MAC"]).toBe(miner.id.replaceAll(":", ""));
  });
});

test("text is answered as pipe text", async () => {
  await withMiner({}, async (miner) => {
    const { text } = await ask(miner.port, "version");
    expect(text).toMatch(
      /^STATUS=S,When=\d+,Code=22,Msg=CGMiner versions,Description=cgminer 4\.11\.1\|VERSION,CGMiner/,
    );
    expect(text.endsWith("|\0")).toBe(true);
    expect((await ask(miner.port, "pools")).text).toContain("|POOL=0,URL=stratum+tcp://");
  });
});

test("reads can be joined, writes cannot", async () => {
  await withMiner({}, async (miner) => {
    const joined = await askJson(miner.port, "version+summary");
    expect(Object.keys(joined)).toEqual(["version", "summary", "id"]);
    const denied = await askJson(miner.port, "version+ascset");
    expect(JSON.stringify(denied)).toContain("Access denied to 'ascset' command");
  });
});

test("a request in two pieces is one request; broken JSON and unknown commands have their codes", async () => {
  await withMiner({}, async (miner) => {
    const socket = connect({ host: "127.0.0.1", port: miner.port, noDelay: true });
    socket.write('{"comm');
    for (let turn = 0; turn < 5; turn += 1) await new Promise((resolve) => setImmediate(resolve));
    socket.write('and":"version"}');
    let text = "";
    for await (const chunk of socket) text += String(chunk);
    expect(text).toContain('"Code":22');
    expect((await askJson(miner.port, "nonsense")).STATUS[0]).toMatchObject({ STATUS: "E", Code: 14 });
    expect((await ask(miner.port, '{"command":}')).text).toContain('"Code":23');
    const check = async (word: string) => row(await askJson(miner.port, "check", word), "CHECK")["Exists"];
    expect([await check("switchpool"), await check("addpool")]).toEqual(["Y", "N"]);
  });
});

test("it draws and hashes as its mode says, and tells the wall watts in the last place of PS", async () => {
  await withMiner({}, async (miner, clock) => {
    await clock.sleep(60_000);
    const stats = await tokens(miner);
    const supply = stats("PS").split(" ").map(Number);
    expect(supply).toHaveLength(7);
    expect(Math.abs((supply[6] ?? 0) - 820)).toBeLessThan(60);
    expect(supply[1]).toBe(1210);
    expect(supply[4]).toBeLessThan(supply[6] ?? 0);
    expect(Number(stats("GHSspd"))).toBeGreaterThan(36_000);
    expect([stats("WORKMODE"), stats("WORKLEVEL"), stats("MPO")]).toEqual(["1", "0", "745"]);
    expect(stats("SYSTEMSTATU")).toContain("Work: In Work");
    expect(stats("SSID")).toBe("");
    const outer = Number(row(await askJson(miner.port, "estats"), "STATS")["Elapsed"]);
    expect(Number(stats("Elapsed")) - outer).toBe(13);
  });
});

test.each([
  [1, 0, 820, 38.9],
  [1, -1, 640, 29.5],
  [2, 0, 550, 24.9],
  [2, -1, 410, 17.6],
  [0, 0, 820, 38.9],
])("mode %d level %d runs at about %d W and %d TH/s", async (mode, level, wallW, ths) => {
  await withMiner({}, async (miner, clock) => {
    const reply = await ask(miner.port, `ascset|0,work_mode_lvl,set,${mode},${level}`);
    expect(reply.text).toContain("STATUS=S,");
    expect(reply.text).toContain("Code=119");
    await clock.sleep(120_000);
    expect(Math.abs(miner.wallW() / wallW - 1)).toBeLessThan(0.08);
    expect(Math.abs(miner.hashrateThs() / ths - 1)).toBeLessThan(0.1);
    const get = await ask(miner.port, "ascset|0,work_mode_lvl,get");
    expect(get.text).toContain(`Msg=ASC 0 set info: workmode ${mode} worklevel ${level}`);
  });
});

test("soft off wants a moment in the future of the device clock; then it rests, averages stay", async () => {
  await withMiner({ mutePart: 0 }, async (miner, clock) => {
    await clock.sleep(30_000);
    const hostEpoch = Math.floor(clock.nowMs() / 1000) + 5;
    // The device clock goes ahead: five seconds from now by the host are already over.
    expect((await ask(miner.port, `ascset|0,softoff,1:${hostEpoch}`)).text).toContain("STATUS=E");
    const reply = await askJson(miner.port, "ascset", `0,softoff,1:${(await epochOf(miner)) + 5}`);
    expect(reply.STATUS[0]).toMatchObject({ STATUS: "I", Code: 118 });
    expect(reply.STATUS[0]?.Msg).toContain("ASC 0 set info: success softoff:");
    expect((await tokens(miner))("SoftOFF")).toBe("0");
    await clock.sleep(60_000);
    const stats = await tokens(miner);
    expect([stats("SoftOFF"), stats("SYSTEMSTATU"), stats("GHSspd"), stats("TMax")]).toEqual([
      "4",
      "Work: In Idle, Hash Board: 1",
      "0.00",
      "0",
    ]);
    expect(Number(stats("GHSavg"))).toBeGreaterThan(30_000);
    expect(miner.wallW()).toBeLessThan(20);
    expect(miner.hashrateThs()).toBe(0);
  });
});

test("soft on may close without a word; it wakes at 150 W and then ramps", async () => {
  await withMiner({ mutePart: 1, startsMining: false }, async (miner, clock) => {
    await clock.sleep(10_000);
    expect(miner.wallW()).toBeLessThan(20);
    expect((await ask(miner.port, `ascset|0,softon,1:${(await epochOf(miner)) + 5}`)).text).toBe("");
    await clock.sleep(40_000);
    expect(miner.wallW()).toBeGreaterThan(100);
    expect(miner.wallW()).toBeLessThan(160);
    expect((await tokens(miner))("SYSTEMSTATU")).toContain("In Init");
    await clock.sleep(180_000);
    expect(miner.wallW()).toBeGreaterThan(750);
  });
});

test("after a mains cut it answers nothing, wakes in its last mode and refuses mode changes while it calibrates", async () => {
  await withMiner({ mutePart: 0 }, async (miner, clock) => {
    await ask(miner.port, "ascset|0,workmode,set,2");
    await ask(miner.port, `ascset|0,softoff,1:${(await epochOf(miner)) + 5}`);
    await clock.sleep(60_000);
    miner.powerCycle(60);
    await clock.sleep(30_000);
    expect(miner.wallW()).toBe(0);
    expect((await ask(miner.port, '{"command":"version"}')).text).toBe("");
    await clock.sleep(120_000);
    const stats = await tokens(miner);
    expect([stats("WORKMODE"), stats("SoftOFF"), stats("ADJ")]).toEqual(["2", "0", "0"]);
    const refused = await ask(miner.port, "ascset|0,workmode,set,1");
    expect(refused.text).toContain("ASC 0 set failed: current mode 2 is caling Don't permit switch mode");
    await clock.sleep(180_000);
    expect((await ask(miner.port, "ascset|0,workmode,set,1")).text).toContain("Msg=ASC 0 set OK");
  });
});

test("refusals have the words of the firmware, help lists what it can do", async () => {
  await withMiner({}, async (miner) => {
    const text = async (line: string) => (await ask(miner.port, `ascset|0,${line}`)).text;
    expect(await text("workmode,set,7")).toContain("error:1 not support set workmode max_mode[2]");
    expect(await text("worklevel,set,5")).toContain("ASC 0 set failed: worklevel unknown argument");
    expect(await text("warp,9")).toContain("ASC 0 set failed: Unknown option: warp");
    expect(await text("help")).toMatch(
      /STATUS=I,.*Msg=ASC 0 set info: help\|voltage\|fan-spd\|.*softon\|softoff\|/,
    );
  });
});

test("pools count difficulty, show the password and switch at run time", async () => {
  await withMiner({}, async (miner, clock) => {
    await clock.sleep(1_800_000);
    const first = await askJson(miner.port, "pools");
    expect(row(first, "POOLS")).toMatchObject({
      POOL: 0,
      Quota: 1,
      Password: "secret",
      "Stratum Active": true,
    });
    expect(row(first, "POOLS")["Difficulty Accepted"]).toBe(
      Number(row(first, "POOLS")["Accepted"]) * Number(row(first, "POOLS")["Work Difficulty"]),
    );
    expect(row(first, "POOLS", 1)["Accepted"]).toBe(0);
    expect((await ask(miner.port, "switchpool|1")).text).toContain("Code=27");
    await clock.sleep(1_800_000);
    const second = await askJson(miner.port, "pools");
    expect(row(second, "POOLS", 1)["Stratum Active"]).toBe(true);
    expect(Number(row(second, "POOLS", 1)["Accepted"])).toBeGreaterThan(20);
    expect(
      Number(row(second, "POOLS")["Accepted"]) - Number(row(first, "POOLS")["Accepted"]),
    ).toBeLessThanOrEqual(1);
    expect((await askJson(miner.port, "switchpool", "7")).STATUS[0]).toMatchObject({ STATUS: "E", Code: 26 });
  });
});

test("setpool wants the web password, echoes raw line feeds and applies after a reboot that clears counters", async () => {
  await withMiner({}, async (miner, clock) => {
    const set = (user: string, password: string, slot: number) =>
      ask(
        miner.port,
        `{"command":"setpool","parameter":"${user},${password},${slot},stratum+tcp://a.example:3333,w.x,p"}`,
      );
    expect((await set("admin", "root", 0)).text).toMatch(/"Code":132,"Msg":"Pool set error: username err"/);
    expect((await set("root", "wrong", 0)).text).toContain("userpass err");
    expect((await set("root", "root", 5)).text).toContain("pool num must between 0 and 2");
    expect((await ask(miner.port, "setpool|root,root,0")).text).toContain("we need 5 | 6 arguments");
    const bare = await ask(miner.port, "setpool|root,root,2,stratum+tcp://a.example:3333,w.x,");
    expect(bare.text).toContain("pool 2 success set");
    const long = `setpool|root,root,1,stratum+tcp://a.example:3333,${"w".repeat(129)},p`;
    expect((await ask(miner.port, long)).text).toContain("The pool user length is too long.");
    const { text } = await set("root", "root", 1);
    expect(text).toContain('"Code":133,"Msg":"Pool set info: \npool 1 success');
    expect(() => JSON.parse(text.replaceAll("\0", ""))).toThrow();
    expect(text).toMatch(/\n.*Please reboot miner to make config work\./s);
    await clock.sleep(600_000);
    expect(row(await askJson(miner.port, "pools"), "POOLS", 1)["User"]).toBe("coop.two");
    expect(Number(row(await askJson(miner.port, "summary"), "SUMMARY")["Accepted"])).toBeGreaterThan(5);
    await ask(miner.port, "ascset|0,reboot,0");
    await clock.sleep(20_000);
    expect((await ask(miner.port, "version")).text).toBe("");
    await clock.sleep(30_000);
    expect(row(await askJson(miner.port, "pools"), "POOLS", 1)["User"]).toBe("w.x");
    const summary = row(await askJson(miner.port, "summary"), "SUMMARY");
    expect(summary["Accepted"]).toBe(0);
    expect(Number(summary["Elapsed"])).toBeLessThan(60);
  });
});

test.each([
  ["drop", ""],
  ["html", "<!DOCTYPE html>"],
] as const)("fault %s", async (kind, begin) => {
  await withMiner({ faults: [{ kind }] }, async (miner) => {
    const { text } = await ask(miner.port, '{"command":"version"}');
    expect(text.startsWith(begin)).toBe(true);
    if (kind === "drop") expect(text).toBe("");
    miner.setFaults([{ kind: "truncate" }]);
    const half = (await ask(miner.port, '{"command":"version"}')).text;
    expect(half.length).toBeGreaterThan(10);
    expect(() => JSON.parse(half.replaceAll("\0", ""))).toThrow();
    miner.setFaults([{ kind: "delay", value: 30 }]);
    const beforeMs = performance.now();
    expect((await ask(miner.port, "version")).text).toContain("Avalon");
    expect(performance.now() - beforeMs).toBeGreaterThan(25);
    miner.setFaults([]);
    expect((await askJson(miner.port, "version")).STATUS[0]?.Code).toBe(22);
  });
});

test("a share of power commands is answered and forgotten when luck says so", async () => {
  await withMiner({ lostCommandPart: 1 }, async (miner, clock) => {
    expect((await ask(miner.port, "ascset|0,workmode,set,2")).text).toContain("ASC 0 set OK");
    await clock.sleep(60_000);
    expect((await tokens(miner))("WORKMODE")).toBe("1");
  });
});
