import { mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { temporaryHome } from "./spawn-hearth.ts";

/** `hearth miner …` as a person types it, against emulated miners that another process runs. */
let hearth: ReturnType<typeof temporaryHome>;
const at: Record<string, string> = {};

async function emulate(name: string, ...argv: string[]): Promise<void> {
  const { data } = await hearth.serve(["emulate", "miner", "--name", name, ...argv, "--json"]);
  const miner = data["miner"] as { host: string; port: number };
  at[name] = `${miner.host}:${miner.port}`;
}

beforeAll(async () => {
  hearth = temporaryHome();
  await Promise.all([
    emulate("axe", "--model", "bitaxe"),
    emulate("old", "--model", "bitaxe", "--firmware", "2.14"),
    emulate("liar", "--model", "bitaxe", "--fault", "lie"),
    emulate("hung", "--model", "bitaxe", "--fault", "silent"),
    emulate("mini3", "--model", "avalon-mini3"),
    emulate("late", "--model", "avalon-mini3", "--fault", "late:60"),
    emulate("slow", "--model", "braiins-s19", "--fault", "delay"),
  ]);
  await hearth.run([
    "pair",
    "--miner",
    at["axe"] ?? "",
    "--name",
    "axe",
    "--breaker",
    "15",
    "--voltage",
    "120",
  ]);
  await hearth.run(["pair", "--miner", at["liar"] ?? "", "--name", "liar"]);
  await hearth.run(["pair", "--miner", at["mini3"] ?? "", "--name", "mini3"]);
}, 60_000);
afterAll(() => hearth.close());

async function json(...argv: string[]) {
  const { exit, stdout } = await hearth.run([...argv, "--json"]);
  return {
    exit,
    ...(JSON.parse(stdout) as { ok: boolean; data: never; error?: { code: string; hint: string } }),
  };
}

describe("before anybody has adopted it, a miner", () => {
  test("is read, and shown, by its address", async () => {
    const read = await json("miner", "read", "--host", at["old"] ?? "");
    const show = await json("miner", "show", at["old"] ?? "");

    expect(read).toMatchObject({ exit: 0, ok: true, data: { state: "mining", power_source: "measured" } });
    expect(read.data).not.toHaveProperty("step_index");
    expect(show).toMatchObject({ exit: 0, data: { name: null, driver: { tier: "gold" }, backup_at: null } });
  });

  test("is changed only by who says so", async () => {
    expect(await json("miner", "pause", at["old"] ?? "")).toMatchObject({
      exit: 4,
      ok: false,
      error: { code: "MINER_NOT_ADOPTED" },
    });
    expect(await json("miner", "pause", at["old"] ?? "", "--yes")).toMatchObject({
      exit: 0,
      data: { action: "pause", result: "effective" },
    });
    expect(await json("miner", "read", at["old"] ?? "")).toMatchObject({ data: { state: "paused" } });
    expect(await json("miner", "resume", at["old"] ?? "", "--yes")).toMatchObject({ exit: 0 });
  });
});

describe("an adopted miner", () => {
  test("is listed with its place, and known by name, id and address", async () => {
    const { data } = await json("miner", "list");
    const miners = (
      data as { miners: { name: string; id: string; host: string; port: number; driver: string }[] }
    ).miners;
    const axe = miners.find(({ name }) => name === "axe");

    expect(miners.map(({ name }) => name)).toEqual(["axe", "liar", "mini3"]);
    expect(axe).toMatchObject({ driver: "axeos", host: "127.0.0.1" });
    for (const name of ["axe", axe?.id ?? "", at["axe"] ?? ""]) {
      expect(await json("miner", "read", name)).toMatchObject({ exit: 0, data: { state: "mining" } });
    }
  });

  test("takes watts as the highest step that does not pass them, and nothing with a dry run", async () => {
    const dry = await json("miner", "set-power", "axe", "15", "--dry-run");
    expect(dry).toMatchObject({ exit: 0, data: { miner: "axe", action: "set-power", result: "planned" } });
    const set = await json("miner", "set-power", "axe", "15");

    expect(set).toMatchObject({ exit: 0, data: { action: "set-power", result: "effective" } });
    expect((set.data as { power_w: number }).power_w).toBeLessThanOrEqual(15);
    expect(await json("miner", "read", "axe")).toMatchObject({ data: { mode: "400 MHz" } });
  });

  test("that says yes and does nothing is rejected, exit 3, with what stayed", async () => {
    const { exit, stderr } = await hearth.run(["miner", "pause", "liar"]);

    expect(exit).toBe(3);
    expect(stderr).toContain("It runs as before");
    expect(await json("miner", "pause", "liar")).toMatchObject({ ok: false, data: { result: "rejected" } });
  });

  test("rests and wakes as told, also where its firmware takes its time", async () => {
    const paused = await json("miner", "pause", "mini3");

    expect(paused).toMatchObject({ exit: 0, data: { result: expect.stringMatching(/effective|pending/) } });
    expect(await json("miner", "resume", "mini3")).toMatchObject({ exit: 0 });
  });

  test("that cannot tell a pause from a standstill is read as paused after our pause", async () => {
    await emulate("s9", "--model", "braiins-s9");
    await hearth.run(["pair", "--miner", at["s9"] ?? "", "--name", "s9"]);
    await json("miner", "pause", "s9");

    await expect
      .poll(() => json("miner", "read", "s9"), { timeout: 20_000, interval: 1_000 })
      .toMatchObject({ exit: 0, data: { state: "paused", state_detail: null } });
    expect(await json("miner", "resume", "s9")).toMatchObject({ exit: 0 });
  }, 40_000);

  test("is never set above its circuit", async () => {
    const home = temporaryHome();
    try {
      await home.run([
        "pair",
        "--miner",
        at["mini3"] ?? "",
        "--name",
        "weak",
        "--breaker",
        "5",
        "--voltage",
        "120",
      ]);
      const { exit, stderr } = await home.run(["miner", "set-power", "weak", "820"]);

      expect(exit).toBe(4);
      expect(stderr).toContain("Nothing was sent");
      expect((await home.run(["miner", "set-power", "weak", "420"])).exit).toBe(0);
    } finally {
      await home.close();
    }
  });

  test("shows itself, and is recorded without its secrets", async () => {
    const folder = mkdtempSync(join(tmpdir(), "hearth-record-"));
    try {
      expect(await json("miner", "locate", "axe")).toMatchObject({ exit: 0, data: { action: "locate" } });
      const { exit, data } = await json("miner", "record", "axe", "--out", folder);

      expect(exit).toBe(0);
      expect(readdirSync((data as { folder: string }).folder)).toContain("api.system.info.json");
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  });
});

describe("a wrong call", () => {
  test.each([
    [["miner", "read"], 2, "FLAG_NEEDED"],
    [["miner", "read", "nosuch"], 2, "MINER_UNKNOWN"],
    [["miner", "read", "127.0.0.1:1"], 3, "MINER_UNREACHABLE"],
    [["miner", "read", "8.8.8.8"], 4, "MINER_ADDRESS_REFUSED"],
    [["miner", "read", "169.254.169.254", "--allow-public"], 4, "MINER_ADDRESS_REFUSED"],
    [["miner", "set-power", "axe", "much"], 2, "POWER_INVALID"],
    [["miner", "set-power", "axe", "-5"], 2, "POWER_INVALID"],
    [["miner", "pause", "axe", "--for", "3d"], 2, "UNTIL_INVALID"],
    [["miner", "pause", "axe", "--for", "25h"], 2, "UNTIL_INVALID"],
    [["miner", "pause", "axe", "--for", "1h", "--until", "10:00"], 2, "USAGE"],
    [["miner", "read", "axe", "--password-file", "/nowhere/at/all"], 2, "PASSWORD_FILE"],
    [["emulate", "miner"], 2, "FLAG_NEEDED"],
    [["emulate", "miner", "--model", "toaster"], 2, "MODEL_UNKNOWN"],
    [["emulate", "miner", "--model", "bitaxe", "--firmware", "99"], 2, "FIRMWARE_UNKNOWN"],
    [["emulate", "miner", "--model", "bitaxe", "--fault", "gremlins"], 2, "FAULT_UNKNOWN"],
  ])("hearth %j exits %i with %s, a next step and no stack", async (argv, exit, code) => {
    const document = await json(...argv);
    const { stderr } = await hearth.run(argv);

    expect([document.exit, document.ok, document.error?.code]).toEqual([exit, false, code]);
    expect(document.error?.hint).toBeTruthy();
    expect(stderr).not.toMatch(/\n\s+at |node_modules|\.js:\d/);
  });

  test("to a miner that hangs ends by itself", async () => {
    const { exit, stderr } = await hearth.run(["miner", "read", at["hung"] ?? ""]);

    expect(exit).toBe(3);
    expect(stderr).toContain("Try: ");
  }, 20_000);

  test("to a miner that answers each question too late asks for no care with a change", async () => {
    const { exit, stderr } = await hearth.run(["miner", "read", at["slow"] ?? ""]);

    expect(exit).toBe(3);
    expect(stderr).toMatch(/ within [\d.]+ s\.\nTry: Run it again; if it stays so, restart the miner\n$/);
  });

  test("that is not shown yet is told as a yes, not as done", async () => {
    await hearth.run(["pair", "--miner", at["late"] ?? "", "--name", "late"]);

    const { exit, stdout } = await hearth.run(["miner", "pause", "late"]);

    expect(exit).toBe(0);
    expect(stdout).toContain("late says yes (rest) and does not show it yet");
  });

  test("with a password in a file never shows it", async () => {
    const path = join(hearth.home, "password.txt");
    writeFileSync(path, "hunter2\n");
    const { stdout, stderr } = await hearth.run([
      "miner",
      "read",
      at["old"] ?? "",
      "--password-file",
      path,
      "--json",
    ]);

    expect(stdout + stderr).not.toContain("hunter2");
  });
});

describe("while a loop runs", () => {
  test("a wish goes to the loop with an end, and resume ends it", async () => {
    const home = temporaryHome();
    try {
      await home.run(["pair", "--miner", at["old"] ?? "", "--name", "old"]);
      const loop = home.start(["run", "--headless"]);
      await new Promise<void>((resolve) => loop.stdout?.once("data", () => resolve()));
      const run = async (...argv: string[]) => JSON.parse((await home.run([...argv, "--json"])).stdout);

      expect(await run("miner", "set-power", "old", "14", "--for", "30m")).toMatchObject({
        ok: true,
        data: {
          miner: "old",
          action: "set-power",
          power_w: 14,
          result: "pending",
          until: expect.stringMatching(/Z$/),
        },
      });
      expect(await run("miner", "pause", "old")).toMatchObject({
        data: { action: "pause", result: "pending" },
      });
      expect(await run("miner", "resume", "old")).toMatchObject({ data: { action: "resume" } });
      expect(await run("miner", "locate", "old")).toMatchObject({
        data: { action: "locate", result: "pending" },
      });
      expect(await run("miner", "list")).toMatchObject({
        data: { miners: [{ name: "old", driver: "axeos", offline_since: null }] },
      });
      loop.kill("SIGTERM");
      expect(await new Promise((resolve) => loop.on("close", resolve))).toBe(0);
    } finally {
      await home.close();
    }
  }, 30_000);
});
