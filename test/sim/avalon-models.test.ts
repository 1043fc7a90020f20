import { createHash } from "node:crypto";
import { expect, test } from "vitest";
import { type AvalonOptions, startAvalon } from "#src/sim/avalon.ts";
import type { EmulatedMiner } from "#src/sim/emulated-miner.ts";
import { emulators } from "#src/sim/emulators.ts";
import { startPool } from "#src/sim/pool.ts";
import type { SimClock } from "#src/sim/sim-clock.ts";
import { ask, askJson, inSimulatedTime, poolFacts, row } from "./support.ts";

/** What the home units have of their own beside the Mini 3. */
async function withUnit(
  options: Partial<AvalonOptions> & Pick<AvalonOptions, "model">,
  run: (miner: EmulatedMiner, clock: SimClock) => Promise<void>,
): Promise<void> {
  await inSimulatedTime(async (clock) => {
    const pool = await startPool({ ...poolFacts, clock, name: "pool" });
    const pools = [{ url: pool.url, user: "coop.one", password: "secret" }];
    const miner = await startAvalon({ clock, seed: 1, name: "unit", pools, mutePart: 0, ...options });
    try {
      await run(miner, clock);
    } finally {
      await miner.close();
      await pool.close();
    }
  });
}

const version = async (miner: EmulatedMiner) => row(await askJson(miner.port, "version"), "VERSION");
const stats = async (miner: EmulatedMiner) => row(await askJson(miner.port, "estats"), "STATS");
const ascset = async (miner: EmulatedMiner, line: string) => (await ask(miner.port, `ascset|0,${line}`)).text;

test.each([
  ["avalon-nano3", "Avalonnano", "nano3", "AVANANO0", "Ver[nano3-"],
  ["avalon-nano3s", "Avalon Nano3s", "Nano3s", "AVALON0", "Ver[Nano3s-"],
  ["avalon-mini3", "Avalon Mini3", "Mini3", "AVALON0", "Ver[Mini3-"],
  ["avalon-q", "Avalon Q", "Q", "AVALON0", "Ver[Q-"],
] as const)("%s says who it is as its model does", async (model, product, word, id, build) => {
  await withUnit({ model }, async (miner) => {
    expect(await version(miner)).toMatchObject({ PROD: product, MODEL: word });
    const entry = await stats(miner);
    expect(entry["ID"]).toBe(id);
    expect(String(entry["MM ID0"] ?? entry["MM ID0:Summary"])).toContain(build);
  });
});

test.each([
  ["avalon-nano3", "worklevel", [60, 90, 125], [2, 3.2, 4.1]],
  ["avalon-nano3s", "workmode", [60, 95, 133], [2.9, 4.6, 6.4]],
  ["avalon-q", "workmode", [840, 1365, 1670], [55, 78, 90]],
] as const)("%s draws and hashes by %s", async (model, verb, watts, rates) => {
  await withUnit({ model }, async (miner, clock) => {
    for (const step of [0, 1, 2]) {
      expect(await ascset(miner, `${verb},set,${step}`)).toContain("ASC 0 set OK");
      await clock.sleep(180_000);
      const adapterPart = model === "avalon-q" ? 1 : 0.9;
      expect(Math.abs((miner.wallW() * adapterPart) / (watts[step] ?? 0) - 1)).toBeLessThan(0.08);
      expect(Math.abs(miner.hashrateThs() / (rates[step] ?? 0) - 1)).toBeLessThan(0.15);
    }
  });
});

test("a Q wraps its summary, tells its boards beside it, and a stale figure at rest", async () => {
  await withUnit({ model: "avalon-q" }, async (miner, clock) => {
    const entry = await stats(miner);
    expect(entry["MM ID0"]).toBeUndefined();
    expect(String(entry["MM ID0:Summary"])).toMatch(/^'STATS':\{Ver\[Q-.* Nonce Mask\[25\]\}$/);
    expect(String(entry["HBinfo"])).toMatch(/^'HB0':\{PVT_T0\[ *\d+ +\d+ +\d+\] /);

    const { STATUS } = await askJson(miner.port, "version");
    await ascset(miner, `softoff,1:${(STATUS[0]?.When ?? 0) + 5}`);
    await clock.sleep(60_000);
    const resting = String((await stats(miner))["MM ID0:Summary"]);
    expect(resting).toMatch(
      /STATE\[2\].*Work: In Idle.*Fan4\[0\].*PS\[\d+ 1210 4 0 0 2085 146\].*SoftOFF\[4\]/,
    );
    expect(resting).toMatch(/SoftOffTime\[17\d+\]/);
    expect(miner.wallW()).toBeLessThan(20);
  });
});

test("a Q that starts has an empty summary, and its other words answer", async () => {
  await withUnit({ model: "avalon-q" }, async (miner, clock) => {
    await ascset(miner, "workmode,set,1");
    await ascset(miner, "reboot,0");
    do await clock.sleep(1_000);
    while ((await ask(miner.port, "version")).text === "" && clock.nowMs() > 0);
    expect((await stats(miner))["MM ID0:Summary"]).toBe("");
    expect(await ascset(miner, "work_mode_lvl,get")).toContain("ASC 0 set info: workmode 1 worklevel 0,");
    expect(await ascset(miner, "voltage")).toMatch(/ASC 0 set info: PS\[0 1210 \d+ \d+ \d+ 2085 \d+\],/);
    await clock.sleep(60_000);
    expect((await stats(miner))["MM ID0:Summary"]).toContain("WORKMODE[1]");
  });
});

test("a Nano 3 has levels instead of modes, no MAC, a number of its board, and its watts one place earlier", async () => {
  await withUnit({ model: "avalon-nano3", firmware: "24071801" }, async (miner, clock) => {
    const told = await version(miner);
    expect([told["MAC"], told["DNA"], told["VERSION"]]).toEqual([undefined, undefined, "24071801_42c628d"]);
    await clock.sleep(60_000);
    const text = String((await stats(miner))["MM ID0"]);
    expect(text).not.toMatch(/SYSTEMSTATU|WORKMODE/);
    expect(text).toMatch(/ DNA\[0{16}\] HDNA\[0201[0-9a-f]{12}\] /);
    expect(text).toContain("ATA0[60-90-344-100:568:588:608] ATA1[90-");
    const places = /PS\[([^\]]*)\]/.exec(text)?.[1]?.split(" ").map(Number) ?? [];
    expect(Math.abs((places[5] ?? 0) - 125)).toBeLessThan(10);
    expect(miner.id).toBe(`serial:${/HDNA\[([^\]]*)\]/.exec(text)?.[1]}`);
    expect(await ascset(miner, "workmode,set,1")).toContain("Unknown option: workmode");
    expect(await ascset(miner, "led,1-1")).toContain("led parameter wrong");
  });
});

test("a Nano 3 wants a voucher for its pools and cannot switch them", async () => {
  await withUnit({ model: "avalon-nano3", password: "hunter2" }, async (miner) => {
    const set = (password: string) =>
      ask(miner.port, `setpool|root,${password},0,stratum+tcp://a.example:3333,w.x,p`);
    const voucher = `ff0000ff${createHash("sha256").update("hunter2").digest("hex").slice(0, 24)}`;

    expect((await set("hunter2")).text).toContain("userpass err");
    expect((await set(voucher)).text).toContain("pool 0 success set to stratum+tcp://a.example:3333");
    expect(row(await askJson(miner.port, "check", "switchpool"), "CHECK")["Exists"]).toBe("N");
    expect((await askJson(miner.port, "switchpool", "0")).STATUS[0]).toMatchObject({ STATUS: "E", Code: 14 });
  });
});

test("a Nano 3S of early 2025 knows no soft off; the later one does", async () => {
  await withUnit({ model: "avalon-nano3s", firmware: "25021401" }, async (miner) => {
    expect(await ascset(miner, "softoff,1:9999999999")).toContain(
      "Code=120,Msg=ASC 0 set failed: Unknown option: softoff",
    );
    expect(await ascset(miner, "help")).not.toContain("softo");
  });
  await withUnit({ model: "avalon-nano3s" }, async (miner) => {
    expect(await ascset(miner, "help")).toContain("|softon|softoff|");
    expect(String((await stats(miner))["MM ID0"])).toContain("ITemp[-273]");
  });
});

test("words of a unit's list that need more than was sent say so", async () => {
  await withUnit({ model: "avalon-nano3s" }, async (miner) => {
    expect(await ascset(miner, "ledmode")).toContain("ASC 0 set failed: missing ledmode setting");
    expect(await ascset(miner, "reboot,soon")).toContain("reboot value not number");
    expect(await ascset(miner, "reboot,301")).toContain("reboot value should be 0~300 seconds");
  });
});

test("every build that can be asked for is one of its own", async () => {
  for (const { model, generations } of emulators.filter(({ firmware }) => firmware === "avalon")) {
    for (const firmware of generations) {
      await withUnit({ model, firmware }, async (miner) => {
        expect(JSON.stringify(await version(miner))).toContain(`"${firmware}_`);
      });
    }
  }
});
