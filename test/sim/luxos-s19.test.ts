import { expect, test } from "vitest";
import type { EmulatedMiner, EmulatorOptions } from "#src/sim/emulated-miner.ts";
import { startLuxosS19 } from "#src/sim/luxos-s19.ts";
import { startPool } from "#src/sim/pool.ts";
import type { SimClock } from "#src/sim/sim-clock.ts";
import { ask, askJson, inSimulatedTime, poolFacts, type Reply, row } from "./support.ts";

interface Bench {
  miner: EmulatedMiner;
  clock: SimClock;
  url: string;
  tell(command: string, parameter?: string): Promise<Reply>;
  /** Runs a command in a session of its own. */
  inSession(command: string, words: string): Promise<Reply>;
}

async function withMiner(
  options: Partial<EmulatorOptions>,
  run: (bench: Bench) => Promise<void>,
): Promise<void> {
  await inSimulatedTime(async (clock) => {
    const pool = await startPool({ ...poolFacts, clock, name: "pool" });
    const entry = (worker: string) => ({ url: pool.url, user: `coop.${worker}`, password: "x" });
    const miner = await startLuxosS19({
      ...{ clock, seed: 1, name: "s19", model: "luxos-s19", pools: [entry("one"), entry("two")] },
      ...options,
    });
    const tell = (command: string, parameter?: string) => askJson(miner.port, command, parameter);
    const inSession = async (command: string, words: string) => {
      const id = String(row(await tell("logon"), "SESSION")["SessionID"]);
      const reply = await tell(command, words === "" ? id : `${id},${words}`);
      await tell("logoff", id);
      return reply;
    };
    try {
      await run({ miner, clock, url: pool.url, tell, inSession });
    } finally {
      await miner.close();
      await pool.close();
    }
  });
}

const code = (reply: Reply) => reply.STATUS[0]?.Code;

test("tells summary in GH/s, boards in MH/s, steps as text, an age as last share, and draw as an estimate", async () => {
  await withMiner({}, async ({ miner, clock, tell }) => {
    await clock.sleep(600_000);
    const [summary, devs, pools] = await Promise.all(["summary", "devs", "pools"].map((word) => tell(word)));
    if (!summary || !devs || !pools) throw new Error("no answers");

    expect(Number(row(summary, "SUMMARY")["GHS 5s"])).toBeCloseTo(miner.hashrateThs() * 1000, 0);
    expect(Number(row(devs, "DEVS")["MHS 5s"]) * 3).toBeCloseTo(miner.hashrateThs() * 1e6, -1);
    expect(row(await tell("config"), "CONFIG")).toMatchObject({ Profile: "default", ProfileStep: "0" });
    expect(row(pools, "POOLS")).toMatchObject({
      GROUP: 0,
      "Last Share Time": expect.stringMatching(/^00:0\d:\d\d$/),
    });
    expect(row(await tell("power"), "POWER")).toEqual({ PSU: false, Watts: expect.any(Number) });
    const { PROFILES: profiles } = await tell("profiles");
    expect(profiles).toHaveLength(25);
    expect(profiles).toContainEqual(
      expect.objectContaining({ "Profile Name": "190MHz", Step: "-16", Watts: 784 }),
    );
  });
});

test("joins questions and nothing else, and refuses what is no JSON", async () => {
  await withMiner({}, async ({ miner, tell }) => {
    const joined = await tell("version+config");
    expect(Object.keys(joined).sort()).toEqual(["config", "id", "version"]);
    const mixed = (await tell("version+logon")) as unknown as { logon: Reply[] };
    expect(mixed.logon[0]?.STATUS[0]?.Code).toBe(45);
    expect((await ask(miner.port, "{broken}")).text).toContain("Invalid JSON");
  });
});

test("has one session, which ends when it is left or after a minute without use", async () => {
  await withMiner({}, async ({ clock, tell }) => {
    const first = await tell("logon");
    const id = String(row(first, "SESSION")["SessionID"]);
    expect([code(first), code(await tell("logon"))]).toEqual([316, 318]);
    expect(row(await tell("session"), "SESSION")["SessionID"]).toBe(id);
    expect(code(await tell("curtail", "wrong,sleep"))).toBe(320);
    await clock.sleep(50_000);
    expect(code(await tell("curtail", `${id},sleep`))).toBe(335);
    await clock.sleep(50_000);
    expect(row(await tell("session"), "SESSION")["SessionID"]).toBe(id);
    await clock.sleep(61_000);
    expect(row(await tell("session"), "SESSION")["SessionID"]).toBe("");
    expect(code(await tell("logoff", id))).toBe(320);
    expect(code(await tell("logon"))).toBe(316);
  });
});

test("takes a profile by name, by a selector, and a small number for a board; it ramps for minutes", async () => {
  await withMiner({}, async ({ miner, clock, tell, inSession }) => {
    const profile = async () => row(await tell("config"), "CONFIG")["Profile"];
    expect(code(await inSession("profileset", "390MHz"))).toBe(321);
    expect([await profile(), row(await tell("devs"), "DEVS")["IsRamping"]]).toEqual(["390MHz", true]);
    await clock.sleep(240_000);
    expect(row(await tell("devs"), "DEVS")["IsRamping"]).toBe(false);
    expect(miner.wallW() / 1745).toBeCloseTo(1, 1);
    for (const [words, name] of [
      ["1200W", "290MHz"],
      ["0.8kW", "190MHz"],
      ["+8", "390MHz"],
      ["-1", "365MHz"],
      ["0,default", "default"],
    ] as const) {
      await inSession("profileset", words);
      expect([words, await profile()]).toEqual([words, name]);
    }
    expect(code(await inSession("profileset", "2"))).toBe(322);
    expect(code(await inSession("profileset", "nothing"))).toBe(322);
  });
});

test("its thermal management climbs to its bound again where that was not moved", async () => {
  await withMiner({}, async ({ clock, tell, inSession }) => {
    await inSession("profileset", "540MHz");
    await clock.sleep(1_800_000);
    expect(row(await tell("config"), "CONFIG")["Profile"]).toBe("default");
    await inSession("atmset", "max_profile=390MHz");
    await inSession("profileset", "390MHz");
    await clock.sleep(1_800_000);
    expect(row(await tell("config"), "CONFIG")["Profile"]).toBe("390MHz");
    expect(code(await inSession("atmset", "max_profile=nothing"))).toBe(341);
  });
});

test("sleeps without draw, over a reboot too, until it is woken", async () => {
  await withMiner({}, async ({ miner, clock, tell, inSession }) => {
    await inSession("curtail", "sleep");
    await clock.sleep(120_000);
    const asleep = row(await tell("config"), "CONFIG");
    expect(asleep).toMatchObject({ CurtailMode: "Sleep", IsPowerSupplyOn: false });
    expect(miner.wallW()).toBeLessThan(30);
    await inSession("rebootdevice", "");
    await clock.sleep(10_000);
    expect((await ask(miner.port, '{"command":"version"}')).text).toBe("");
    await clock.sleep(120_000);
    expect(row(await tell("config"), "CONFIG")["CurtailMode"]).toBe("Sleep");
    await inSession("curtail", "wakeup");
    await clock.sleep(600_000);
    expect(miner.hashrateThs()).toBeGreaterThan(100);
  });
});

test("shares the work between groups by quota, and uses ids again", async () => {
  await withMiner({}, async ({ clock, url, tell }) => {
    expect(code(await tell("addpool", `${url},coop.x`))).toBe(52);
    await tell("addgroup", "same,3");
    await tell("addgroup", "same,1");
    await tell("removegroup", "1");
    await tell("addgroup", "same,3");
    const { GROUPS: groups } = await tell("groups");
    expect(groups).toMatchObject([{ GROUP: 0 }, { GROUP: 1, Quota: 3 }, { GROUP: 2, Quota: 1 }]);
    await tell("addpool", `${url},coop.three,,1`);
    await clock.sleep(3_600_000);
    const rows = (await tell("pools"))["POOLS"] as Record<string, number>[];
    const [first, , third] = rows.map((pool) => pool["Difficulty Accepted"] ?? 0);
    expect((third ?? 0) / ((first ?? 0) + (third ?? 0))).toBeCloseTo(0.75, 1);
    expect(code(await tell("removegroup", "1"))).toBe(353);
    expect(code(await tell("removegroup", "0"))).toBe(353);
    expect(code(await tell("removepool", "9"))).toBe(26);
  });
});
