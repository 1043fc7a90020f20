import { expect, test } from "vitest";
import { startBitaxe } from "#src/sim/bitaxe.ts";
import type { EmulatedMiner, EmulatorOptions } from "#src/sim/emulated-miner.ts";
import { startPool } from "#src/sim/pool.ts";
import type { SimClock } from "#src/sim/sim-clock.ts";
import { ask, inSimulatedTime, poolFacts } from "./support.ts";

type Info = Record<string, unknown> & { pools: Record<string, unknown>[] };

interface Bench {
  miner: EmulatedMiner;
  clock: SimClock;
  poolPort: number;
  send(method: string, path: string, body?: unknown, headers?: Record<string, string>): Promise<Response>;
  info(): Promise<Info>;
}

async function withMiner(
  options: Partial<EmulatorOptions>,
  run: (bench: Bench) => Promise<void>,
): Promise<void> {
  await inSimulatedTime(async (clock) => {
    const pool = await startPool({ ...poolFacts, clock, name: "pool" });
    const entry = (worker: string) => ({ url: pool.url, user: `coop.${worker}`, password: "x" });
    const miner = await startBitaxe({
      clock,
      seed: 1,
      name: "axe",
      model: "bitaxe",
      pools: [entry("one"), entry("two")],
      ...options,
    });
    const url = `http://127.0.0.1:${miner.port}`;
    const send: Bench["send"] = (method, path, body, headers = {}) =>
      fetch(url + path, {
        method,
        headers,
        ...(body === undefined ? {} : { body: typeof body === "string" ? body : JSON.stringify(body) }),
      });
    const info = async () => (await (await send("GET", "/api/system/info")).json()) as Info;
    try {
      await run({ miner, clock, poolPort: Number(pool.url.split(":")[2]), send, info });
    } finally {
      await miner.close();
      await pool.close();
    }
  });
}

test("info tells who it is, its draw before the adapter and GH/s; every connection closes", async () => {
  await withMiner({}, async ({ miner, clock, send, info }) => {
    await clock.sleep(60_000);
    const reply = await send("GET", "/api/system/info");
    expect(reply.headers.get("connection")).toBe("close");
    const body = await info();
    expect(body).toMatchObject({
      ASICModel: "BM1370",
      boardVersion: "601",
      version: "v2.15.0",
      macAddr: miner.id.toUpperCase(),
      miningPaused: false,
      temp2: -1,
      poolDifficulty: 8192,
      maxPower: 40,
    });
    expect(Number(body["power"]) / 17.1).toBeCloseTo(1, 0);
    expect(Number(body["hashRate"])).toBeGreaterThan(900);
    expect(miner.wallW()).toBeGreaterThan(Number(body["power"]));
    expect(body.pools[0]).toMatchObject({ id: 0, stratumPassword: "*****", stratumUser: "coop.one" });
    const asic = (await (await send("GET", "/api/system/asic")).json()) as Info;
    expect(asic["frequencyOptions"]).toEqual([400, 490, 525, 550, 600, 625]);
    expect(await (await send("GET", "/")).text()).toContain("AxeOS");
  });
});

test("a foreign origin is refused, an unknown route has its error, broken input its text", async () => {
  await withMiner({}, async ({ send }) => {
    const foreign = await send("GET", "/api/system/info", undefined, { origin: "https://evil.example" });
    expect([foreign.status, foreign.headers.get("content-type"), await foreign.text()]).toEqual([
      401,
      "text/plain",
      "Unauthorized",
    ]);
    const unknown = await send("GET", "/api/nothing");
    expect([unknown.status, await unknown.json()]).toEqual([404, { error: "unknown route" }]);
    const texts: [unknown, number, string][] = [
      ["{broken", 400, "Invalid JSON"],
      [{ frequency: "fast" }, 400, "Wrong API input"],
      [{ frequency: 490, surprise: 1 }, 400, "Wrong API input"],
      [{ hostname: "x".repeat(11_000) }, 500, "content too long"],
    ];
    for (const [body, status, text] of texts) {
      const reply = await send("PATCH", "/api/system", body);
      expect([reply.status, await reply.text()]).toEqual([status, text]);
    }
  });
});

test("clock and voltage apply live with an empty 200; one bad key changes nothing", async () => {
  await withMiner({}, async ({ clock, send, info }) => {
    const reply = await send("PATCH", "/api/system", { frequency: 400, coreVoltage: 1000 });
    expect([reply.status, await reply.text()]).toEqual([200, ""]);
    await clock.sleep(60_000);
    const body = await info();
    expect([body["frequency"], body["actualFrequency"], body["coreVoltage"]]).toEqual([400, 400, 1000]);
    expect(Math.abs(Number(body["power"]) - 11.3)).toBeLessThan(1.2);
    expect(Math.abs(Number(body["hashRate"]) - 816)).toBeLessThan(40);
    await send("PATCH", "/api/system", { frequency: 490, coreVoltage: -1 });
    expect((await info())["frequency"]).toBe(400);
  });
});

test("pause rests at a few watts with temp -1; a restart forgets it, drops connections and clears counters", async () => {
  await withMiner({}, async ({ miner, clock, send, info }) => {
    await clock.sleep(1_800_000);
    expect(Number((await info())["sharesAccepted"])).toBeGreaterThan(20);
    expect(await (await send("POST", "/api/system/pause")).json()).toEqual({ message: "Mining paused" });
    await clock.sleep(30_000);
    const paused = await info();
    expect(paused).toMatchObject({ miningPaused: true, temp: -1, hashRate: 0 });
    expect(Number(paused["power"])).toBeLessThan(5);
    const restart = await send("POST", "/api/system/restart");
    expect(await restart.json()).toEqual({ message: "System will restart shortly." });
    await clock.sleep(5000);
    expect((await ask(miner.port, "GET / HTTP/1.0\r\n\r\n")).text).toBe("");
    await clock.sleep(10_000);
    let back: Info | null = null;
    let waitedS = 15;
    for (; back === null && waitedS < 40; waitedS += 1) {
      await clock.sleep(1000);
      back = await info().catch(() => null);
    }
    expect(waitedS).toBeLessThanOrEqual(28);
    expect(back).toMatchObject({ miningPaused: false, sharesAccepted: 0, hashRate_1m: null });
    expect(back?.["uptimeSeconds"]).toBe(0);
    await clock.sleep(60_000);
    expect((await info())["hashRate"]).toBeGreaterThan(900);
  });
});

test("2.15 takes pools by slot after a restart, and legacy keys are answered and ignored", async () => {
  await withMiner({}, async ({ clock, poolPort, send, info }) => {
    const legacy = await send("PATCH", "/api/system", { stratumURL: "other.example", stratumUser: "me" });
    expect(legacy.status).toBe(200);
    expect((await info())["stratumUser"]).toBe("coop.one");
    const slot = { stratumURL: "127.0.0.1", stratumPort: poolPort, stratumUser: "coop.three" };
    expect((await send("PUT", "/api/system/pools/2", { stratumURL: "127.0.0.1" })).status).toBe(400);
    expect((await send("PUT", "/api/system/pools/9", slot)).status).toBe(400);
    expect((await send("PUT", "/api/system/pools/2", slot)).status).toBe(200);
    expect((await send("PATCH", "/api/system", { primaryPoolIndex: 2 })).status).toBe(200);
    const refused = await send("DELETE", "/api/system/pools/2");
    expect(await refused.text()).toContain("Cannot delete a pool that is currently selected");
    expect((await send("DELETE", "/api/system/pools/0")).status).toBe(200);
    expect((await info()).pools.map((pool) => pool["id"])).toEqual([1, 2]);
    await send("POST", "/api/system/restart");
    await clock.sleep(60_000);
    expect(await info()).toMatchObject({ stratumUser: "coop.three", isUsingFallbackStratum: 0 });
  });
});

test("a slot forgets each setting that is left out, and passes over what it does not know", async () => {
  await withMiner({}, async ({ send, info }) => {
    const slot = { stratumURL: "127.0.0.1", stratumPort: 3333, stratumUser: "coop.three" };
    const kept = { stratumTLS: 2, stratumCert: "-----BEGIN", stratumExtranonceSubscribe: true };
    await send("PUT", "/api/system/pools/2", { ...slot, ...kept, stratumSuggestedDifficulty: 4096, odd: {} });
    expect((await info()).pools[2]).toMatchObject({ ...slot, ...kept, stratumPassword: "*****" });
    await send("PATCH", "/api/system", { pools: [{ ...slot, id: 2 }] });
    expect((await info()).pools[2]).toMatchObject({
      ...{ stratumTLS: 0, stratumCert: "", stratumExtranonceSubscribe: false },
      ...{ stratumSuggestedDifficulty: 0, stratumDecodeCoinbase: true },
    });
  });
});

test("heat trips it to its lowest clock until its owner resets it", async () => {
  await withMiner({}, async ({ miner, clock, send, info }) => {
    miner.setFaults([{ kind: "hot" }]);
    await clock.sleep(60_000);
    miner.setFaults([]);
    await clock.sleep(600_000);
    const tripped = { overheat_mode: 1, frequency: 50, coreVoltage: 1000, fanspeed: 100, hashRate: 0 };
    expect(await info()).toMatchObject(tripped);
    await send("PATCH", "/api/system", { overheat_mode: 0, frequency: 490, coreVoltage: 1150 });
    await clock.sleep(120_000);
    expect(await info()).toMatchObject({ overheat_mode: 0, frequency: 490 });
    expect(Number((await info())["hashRate"])).toBeGreaterThan(900);
  });
});

test("the fallback is used after useFallbackStratum and a restart", async () => {
  await withMiner({}, async ({ clock, send, info }) => {
    await send("PATCH", "/api/system", { useFallbackStratum: 1 });
    expect((await info())["isUsingFallbackStratum"]).toBe(0);
    await send("POST", "/api/system/restart");
    await clock.sleep(60_000);
    expect((await info())["isUsingFallbackStratum"]).toBe(1);
  });
});

test("2.14 has no slots and takes the legacy keys", async () => {
  await withMiner({ firmware: "2.14" }, async ({ send, info }) => {
    const before = await info();
    expect(before["version"]).toBe("v2.14.0");
    expect(before.pools).toBeUndefined();
    expect((await send("PUT", "/api/system/pools/0", {})).status).toBe(404);
    await send("PATCH", "/api/system", {
      stratumURL: "other.example",
      stratumPort: 4444,
      fallbackStratumUser: "f",
    });
    expect(await info()).toMatchObject({
      stratumURL: "other.example",
      stratumPort: 4444,
      fallbackStratumUser: "f",
    });
  });
});

test("each generation tells what it has, and 404 to what it lacks", async () => {
  const rows: [string, Record<string, unknown>, number[]][] = [
    [
      "2.15",
      { bestDiff: 418_822_911, miningPaused: false, hashRate_1m: expect.any(Number) },
      [200, 200, 200],
    ],
    ["2.14", { bestDiff: 418_822_911, miningPaused: false, poolDifficulty: 8192 }, [200, 200, 200]],
    [
      "2.12",
      { bestDiff: 418_822_911, hashRate_1m: expect.any(Number), poolDifficulty: 8192 },
      [200, 200, 404],
    ],
    [
      "2.10",
      { bestDiff: "419M", bestSessionDiff: expect.any(String), useFallbackStratum: 0 },
      [200, 404, 404],
    ],
    ["2.4", { bestDiff: "419M", stratumDiff: 8192, version: "v2.4.5-3-gb5d1e36-dirty" }, [404, 404, 404]],
  ];
  const optional = ["pools", "miningPaused", "hashRate_1m", "poolDifficulty", "overheat_mode"];
  const told: Record<string, string[]> = {};
  for (const [firmware, fields, statuses] of rows) {
    await withMiner({ firmware }, async ({ send, info }) => {
      const body = await info();
      expect(body).toMatchObject(fields);
      told[firmware] = optional.filter((key) => key in body);
      const asked = ["GET /api/system/asic", "POST /api/system/identify", "POST /api/system/pause"];
      const replies = await Promise.all(asked.map((line) => send(...(line.split(" ") as [string, string]))));
      expect([firmware, replies.map(({ status }) => status)]).toEqual([firmware, statuses]);
    });
  }
  expect(told).toEqual({
    "2.15": optional,
    "2.14": optional.slice(1),
    "2.12": optional.slice(2),
    "2.10": optional.slice(3),
    "2.4": [],
  });
});

test("both slots and the choice of them go in one request, whole or not at all", async () => {
  await withMiner({}, async ({ poolPort, send, info }) => {
    const slot = (id: number, stratumUser: string) => {
      return { id, stratumURL: "127.0.0.1", stratumPort: poolPort, stratumUser, stratumPassword: "x" };
    };
    const wrong = { pools: [slot(2, "a"), { id: 3 }], primaryPoolIndex: 2 };
    expect((await send("PATCH", "/api/system", wrong)).status).toBe(400);
    expect((await info())["stratumUser"]).toBe("coop.one");
    const right = { pools: [slot(2, "a"), slot(3, "b")], primaryPoolIndex: 2, secondaryPoolIndex: 3 };
    expect((await send("PATCH", "/api/system", right)).status).toBe(200);
    expect(await info()).toMatchObject({ stratumUser: "a", fallbackStratumUser: "b", primaryPoolIndex: 2 });
  });
});

test("faults reach HTTP too", async () => {
  await withMiner({ faults: [{ kind: "html" }] }, async ({ miner, send }) => {
    expect(await (await send("GET", "/api/system/info")).text()).toContain("guest network");
    miner.setFaults([{ kind: "drop" }]);
    await expect(send("GET", "/api/system/info")).rejects.toThrow();
    miner.setFaults([{ kind: "truncate" }]);
    await expect(send("GET", "/api/system/info").then((reply) => reply.text())).rejects.toThrow();
  });
});
