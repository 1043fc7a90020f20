import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { finished, temporaryHome } from "./spawn-hearth.ts";

/** The verbs one after the other, as a member types them, against an emulated home and a co-op on real sockets. */
let hearth: ReturnType<typeof temporaryHome>;
let home: {
  miners: { host: string; port: number; model: string }[];
  meter_url: string;
  thermometer_url: string;
  weather_url: string;
};
let coop: { url: string; key_thumbprint: string };

beforeAll(async () => {
  hearth = temporaryHome();
  home = (await hearth.serve(["emulate", "home", "--json"])).data as typeof home;
  coop = (
    await hearth.serve([
      "coop",
      "serve",
      "--json",
      "--listen",
      "127.0.0.1:0",
      "--db",
      join(hearth.home, "coop.db"),
    ])
  ).data as typeof coop;
}, 30_000);
afterAll(() => hearth.close());

const json = async (argv: string[]) => JSON.parse((await hearth.run([...argv, "--json"])).stdout);
const addresses = () => home.miners.map((miner) => `${miner.host}:${miner.port}`);

test("discover finds both miners and writes nothing", async () => {
  const document = await json(["discover", ...addresses().flatMap((address) => ["--host", address])]);

  expect(document).toMatchObject({ schema: "hearth.discover/1", ok: true });
  expect(document.data.miners.map((miner: { firmware: string }) => miner.firmware).sort()).toEqual([
    "avalon",
    "axeos",
  ]);
  expect((await hearth.run(["run"])).exit).toBe(2);
});

test("pair adopts each of them once", async () => {
  for (const address of addresses()) {
    const argv = ["pair", "--miner", address, "--breaker", "20", "--voltage", "120"];
    expect(await json(argv)).toMatchObject({ ok: true, data: { known: false } });
    expect(await json(argv)).toMatchObject({ ok: true, data: { known: true } });
  }
});

test("pair with the co-op waits for the approval on its page and pins its key", async () => {
  const child = hearth.start(["pair", "--coop", coop.url, "--yes", "--json"]);
  const ended = finished(child);
  const code = await new Promise<string>((resolve) => {
    let seen = "";
    child.stderr?.on("data", (chunk) => {
      seen += chunk;
      const match = /code ([A-Z0-9]{4}-[A-Z0-9]{4})/.exec(seen);
      if (match?.[1]) resolve(match[1]);
    });
  });
  await fetch(coop.url, {
    method: "POST",
    body: new URLSearchParams({ user_code: code, decision: "approve" }),
  });
  const { exit, stdout } = await ended;

  expect(exit).toBe(0);
  expect(JSON.parse(stdout).data.key_thumbprint).toBe(coop.key_thumbprint);
}, 30_000);

test("the split is agreed with a valid address, not with a broken one", async () => {
  const broken = await json([
    "split",
    "set",
    "30",
    "--payee",
    "bc1qar0srrr7xfkvy5l643lydnw9re59gtzzwf5mdt",
    "--yes",
  ]);
  expect(broken).toMatchObject({ ok: false, error: { code: "PAYEE_INVALID" } });

  const agreed = await json([
    "split",
    "set",
    "30",
    "--payee",
    "bc1qar0srrr7xfkvy5l643lydnw9re59gtzzwf5mdq",
    "--yes",
  ]);
  expect(agreed).toMatchObject({ ok: true, data: { terms: { version: 1, state: "active" } } });
});

test("split apply asks, then writes both legs into the miners", async () => {
  expect((await hearth.run(["split", "apply"])).exit).toBe(2);

  const applied = await json(["split", "apply", "--yes"]);

  expect(applied.data.miners.map((miner: { result: string }) => miner.result)).toEqual([
    "pending",
    "pending",
  ]);
  const shown = await json(["split", "show"]);
  expect(
    shown.data.miners.map(({ name, mechanism, slot_s }: Record<string, unknown>) => [
      name,
      mechanism,
      slot_s,
    ]),
  ).toEqual([
    ["mini3", "time-slice", 900],
    ["bitaxe", "time-slice", 7200],
  ]);
}, 30_000);

test("run streams decisions, answers on its socket, is alone, and ends with 0 on SIGTERM", async () => {
  const path = join(hearth.home, "config.json");
  const config = JSON.parse(readFileSync(path, "utf8"));
  const source = (
    name: string,
    role: string,
    url: string,
    select: string,
    unit: string,
    zone: string | null,
  ) => ({ name, role, kind: "http", url, select, unit, zone });
  config.sources = [
    source("meter", "grid", `${home.meter_url}/status`, "emeters[0].power", "W", null),
    source("room", "room", `${home.thermometer_url}/status`, "tmp.value", "C", "home"),
    source("outdoors", "outdoor", `${home.weather_url}/status`, "outdoor_c", "C", null),
  ];
  config.control.observe_s = 0;
  writeFileSync(path, JSON.stringify(config));

  const child = hearth.start(["run", "--headless"]);
  const ended = finished(child);
  await new Promise<void>((resolve) => {
    let seen = "";
    child.stdout?.on("data", (chunk) => {
      seen += chunk;
      if (seen.includes('"type":"decision"')) resolve();
    });
  });
  const status = await json(["status"]);
  expect(status).toMatchObject({ ok: true, data: { loop: true, coop: { state: "linked" } } });
  expect(status.data.miners).toHaveLength(2);
  expect(status.data.zone[0]).toMatchObject({ name: "home", set_c: 20, floor_c: 15 });
  expect(await json(["explain"])).toMatchObject({
    ok: true,
    data: { reason: { code: expect.stringMatching(/^[A-Z]+_/) } },
  });
  expect(await json(["event", "list"])).toMatchObject({ ok: true, data: { events: [] } });
  expect(await json(["split", "verify"])).toMatchObject({
    data: { legs: [{ role: "coop" }, { role: "member" }] },
  });
  expect((await hearth.run(["run", "--headless"])).exit).toBe(4);
  expect((await hearth.run(["split", "set", "20", "--yes"])).exit).toBe(4);

  child.kill("SIGTERM");
  const { exit, stdout } = await ended;
  const records = stdout
    .trim()
    .split("\n")
    .map((line) => JSON.parse(line));

  expect(exit).toBe(0);
  expect(records[0]).toMatchObject({ schema: "hearth.stream/1", type: "hello", seq: 1 });
  expect(records.at(-1)).toMatchObject({ type: "bye", data: { reason: "SIGTERM" } });
  expect(records.map((record) => record.seq)).toEqual(records.map((_, index) => index + 1));
}, 60_000);

test("Ctrl-C ends the loop with 130 and leaves a ledger that verifies", async () => {
  const child = hearth.start(["run", "--headless"]);
  const ended = finished(child);
  await new Promise<void>((resolve) => child.stdout?.once("data", () => resolve()));
  child.kill("SIGINT");

  const { exit, stdout } = await ended;

  expect(exit).toBe(130);
  expect(JSON.parse(stdout.trim().split("\n").at(-1) ?? "")).toMatchObject({
    type: "bye",
    data: { reason: "Ctrl-C" },
  });
  expect(existsSync(join(hearth.home, "hearth.sock"))).toBe(false);
  expect(await json(["settlement", "verify"])).toMatchObject({ ok: true, data: { verified: true } });
}, 30_000);

test("a loop whose reader leaves ends as cleanly", async () => {
  const child = hearth.start(["run", "--headless"]);
  const ended = finished(child);
  await new Promise<void>((resolve) => child.stdout?.once("data", () => resolve()));
  child.stdout?.destroy();

  expect((await ended).exit).toBe(0);
  expect(existsSync(join(hearth.home, "hearth.sock"))).toBe(false);
}, 60_000);

test("watch --json says hello first and ends quietly with the loop", async () => {
  const loop = hearth.start(["run", "--headless"]);
  const ended = finished(loop);
  await new Promise<void>((resolve) => loop.stdout?.once("data", () => resolve()));
  const watcher = hearth.start(["watch", "--json"]);
  const watching = finished(watcher);
  await new Promise<void>((resolve) => watcher.stdout?.once("data", () => resolve()));
  loop.kill("SIGTERM");
  await ended;
  const { exit, stdout } = await watching;
  const types = stdout
    .trim()
    .split("\n")
    .map((line) => JSON.parse(line).type);

  expect(exit).toBe(0);
  expect(types[0]).toBe("hello");
  expect(types.at(-1)).toBe("bye");
}, 30_000);

test("a killed loop is restarted on the same home, whose state file may even be broken", async () => {
  const child = hearth.start(["run", "--headless"]);
  const ended = finished(child);
  await new Promise<void>((resolve) => child.stdout?.once("data", () => resolve()));
  child.kill("SIGKILL");
  await ended;
  writeFileSync(
    join(hearth.home, "state.db"),
    "not a database, but some text that is long enough to be read as one",
  );

  const again = hearth.start(["run", "--headless"]);
  const over = finished(again);
  await new Promise<void>((resolve) => again.stdout?.once("data", () => resolve()));
  again.kill("SIGTERM");
  const { exit, stdout } = await over;

  expect(exit).toBe(0);
  expect(stdout).toContain("STATE_BROKEN");
  expect(existsSync(join(hearth.home, "state.db.broken"))).toBe(true);
}, 30_000);

test("a co-op with another key at the known address is refused before a code is asked", async () => {
  const path = join(hearth.home, "config.json");
  const config = JSON.parse(readFileSync(path, "utf8"));
  config.coop.key_thumbprint = "A".repeat(43);
  writeFileSync(path, JSON.stringify(config));

  const { exit, stdout, stderr } = await hearth.run(["pair", "--coop", coop.url, "--yes", "--json"]);

  expect(exit).toBe(5);
  expect(JSON.parse(stdout).error.code).toBe("COOP_KEY_CHANGED");
  expect(stderr).not.toContain("code ");
});

test("the demo does not write over an installation", async () => {
  const { exit, stdout } = await hearth.run(["demo", "--json"]);

  expect(exit).toBe(4);
  expect(JSON.parse(stdout).error.code).toBe("HOME_IN_USE");
});
