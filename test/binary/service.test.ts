import { chmodSync, existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { delimiter, join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { describe, expect, onTestFinished, test } from "vitest";
import { replayDecisions } from "#src/app/replay.ts";
import { verifyLedgerOf } from "#src/app/settlement-commands.ts";
import { lostBetween, readKept, wishFor } from "./kept.ts";
import { type ServiceWorldOptions, serviceWorld } from "./service-world.ts";

/** The loop as a service: killed, stopped, watched and without disk, each time as the built program. */
async function world(options: ServiceWorldOptions) {
  const made = await serviceWorld(options);
  onTestFinished(() => made.close());
  return made;
}

const withExit = (how: "leave" | "pmin" | "off") => ({
  change: (config: Parameters<NonNullable<ServiceWorldOptions["change"]>>[0]) => ({
    ...config,
    miners: config.miners.map((miner) => ({ ...miner, on_exit: how })),
  }),
});

describe("a loop that is killed and started again", () => {
  test("goes on with its minimum times, starts, wishes and counters, and its decisions decide again", async () => {
    const home = await world({ models: [{ model: "bitaxe", startsMining: false }], roomC: 12 });
    const first = home.start();
    await first.heard("command", ({ action }) => action === "resume");
    await wishFor(home, "m1", 9);
    await first.end("SIGKILL");
    let kept = readKept(home);
    expect(kept.startsToday["m1"]).toBe(1);
    for (let kill = 0; kill < 2; kill++) {
      const life = home.start();
      await life.heard("decision");
      await life.end("SIGKILL");
      const now = readKept(home);
      expect(lostBetween(kept, now)).toEqual([]);
      expect(now.decisions).toBeGreaterThan(kept.decisions);
      kept = now;
    }
    expect(kept.wishes).toEqual(["m1 9 W"]);
  }, 60_000);

  test("stops what is too hot as soon as it has read it, though it only watches otherwise", async () => {
    const home = await world({
      models: [{ model: "bitaxe" }],
      change: (config) => ({ ...config, control: { ...config.control, observe_s: 3600 } }),
    });
    const first = home.start();
    await first.heard("decision");
    await first.end("SIGKILL");
    home.room.roomC = 36;

    const again = home.start();

    const stop = await again.heard("command", ({ action }) => action === "pause");
    expect(stop.data).toMatchObject({ code: "SAFE_ROOM_OVERHEAT", result: "effective" });
    // Of the ticks before it, those that had not read the room yet.
    expect(again.lines.filter(({ type }) => type === "decision").length).toBeLessThanOrEqual(5);
  }, 60_000);
});

describe("a loop that is ended from outside", () => {
  test.each([
    { signal: "SIGTERM", exit: 0, how: "off", left: "off: effective" },
    { signal: "SIGINT", exit: 130, how: "pmin", left: "pmin: effective" },
    { signal: "SIGHUP", exit: 0, how: "leave", left: "leave: left" },
  ] as const)(
    "by $signal leaves its miner as configured ($how) and ends with $exit",
    async (row) => {
      const home = await world({ models: [{ model: "bitaxe" }], roomC: 14, ...withExit(row.how) });
      const life = home.start();
      await life.heard(
        "decision",
        ({ miners }) => (miners as { power_w: number | null }[])[0]?.power_w !== null,
      );
      const orders = home.miners[0]?.orders() ?? 0;

      expect(await life.end(row.signal)).toBe(row.exit);

      expect(life.lines.at(-1)).toMatchObject({ type: "bye", data: { miners: { m1: row.left } } });
      if (row.how === "off") expect(home.miners[0]?.hashrateThs()).toBe(0);
      if (row.how === "leave") expect(home.miners[0]?.orders()).toBe(orders);
      expect(verifyLedgerOf(home.paths)?.breaks).toEqual([]);
    },
    60_000,
  );

  test("by a fault of ours leaves its miner as configured too, says so and ends with 1", async () => {
    const home = await world({ models: [{ model: "bitaxe" }], roomC: 14, ...withExit("off") });
    const bug = "data:text/javascript,setTimeout(()=>{throw%20new%20Error('a%20bug')},4000)";
    const life = home.start({ NODE_OPTIONS: `--import ${bug}` });
    const { data } = await life.heard("bye");

    expect(data).toMatchObject({ exit: 1, miners: { m1: "off: effective" } });
    expect(data["reason"]).toContain("a bug");
    // It ends by itself.
    expect(await life.end("SIGCONT")).toBe(1);
  }, 60_000);

  test("while a miner hangs is over all the same, and says what it does not know", async () => {
    const home = await world({
      models: [{ model: "bitaxe", faults: [{ kind: "silent" }] }, { model: "bitaxe" }],
      ...withExit("off"),
    });
    const life = home.start();
    await life.heard("decision");
    expect(await life.end("SIGTERM")).toBe(0);
    expect(life.lines.at(-1)?.data["miners"]).toMatchObject({ m2: "off: effective" });
    expect(life.lines.at(-1)?.data["miners"]).not.toMatchObject({ m1: "off: effective" });
  }, 60_000);
});

test("the service manager's watchdog is fed after ticks, through its own program", async () => {
  const home = await world({ models: [{ model: "bitaxe" }] });
  const programs = join(home.home, "programs");
  const heard = join(home.home, "fed");
  mkdirSync(programs);
  writeFileSync(join(programs, "systemd-notify"), `#!/bin/sh\necho "$NOTIFY_SOCKET $*" >> ${heard}\n`);
  chmodSync(join(programs, "systemd-notify"), 0o755);

  const life = home.start({
    PATH: `${programs}${delimiter}${process.env["PATH"]}`,
    NOTIFY_SOCKET: "/run/systemd/notify",
    WATCHDOG_USEC: "3000000",
  });
  await life.heard("decision");
  while (!existsSync(heard)) await new Promise((resolve) => setTimeout(resolve, 50));
  await life.end("SIGTERM");

  expect(readFileSync(heard, "utf8").split("\n")[0]).toBe("/run/systemd/notify WATCHDOG=1");
}, 60_000);

test("a disk that takes no more is told, control goes on in memory, and no file is hurt (F04)", async () => {
  const home = await world({
    models: [{ model: "bitaxe", startsMining: false }],
    roomC: 25,
    ...withExit("off"),
  });
  const before = home.start();
  await before.heard("decision");
  await before.end("SIGTERM");

  // No file may grow beyond 36 KiB, as the write-ahead logs want to: every further write fails as on a full disk.
  const life = home.start({}, ["sh", "-c", 'ulimit -f 72; exec "$0" "$@"']);
  await life.heard("alarm", ({ code, active }) => String(code).startsWith("NOT_WRITTEN") && active === true);
  home.room.roomC = 12;

  expect((await life.heard("command", ({ action }) => action === "resume")).data["result"]).not.toBe(
    "rejected",
  );
  expect(await life.end("SIGTERM")).toBe(0);
  for (const path of [home.paths.state, home.paths.ledger, home.paths.decisions]) {
    const database = new DatabaseSync(path);
    expect(database.prepare("PRAGMA integrity_check").get()).toEqual({ integrity_check: "ok" });
    database.close();
  }
  expect(replayDecisions(home.paths.decisions).difference).toBeNull();
}, 60_000);
