import { expect, test } from "vitest";
import type { EmulatedMiner, EmulatorOptions } from "#src/sim/emulated-miner.ts";
import { startNerdqaxe } from "#src/sim/nerdqaxe.ts";
import { type SimPool, startPool } from "#src/sim/pool.ts";
import type { SimClock } from "#src/sim/sim-clock.ts";
import { inSimulatedTime, poolFacts } from "./support.ts";

interface Stratum extends Record<string, unknown> {
  pools: Record<string, unknown>[];
}
type Info = Record<string, unknown> & { stratum: Stratum };

interface Bench {
  miner: EmulatedMiner;
  clock: SimClock;
  pools: SimPool[];
  send(method: string, path: string, body?: unknown, headers?: Record<string, string>): Promise<Response>;
  info(): Promise<Info>;
  restart(): Promise<void>;
}

async function withMiner(
  options: Partial<EmulatorOptions>,
  run: (bench: Bench) => Promise<void>,
): Promise<void> {
  await inSimulatedTime(async (clock) => {
    const pools = await Promise.all(["one", "two"].map((name) => startPool({ ...poolFacts, clock, name })));
    const miner = await startNerdqaxe({
      ...{ clock, seed: 1, name: "nerd", model: "nerdqaxe" },
      pools: pools.map(({ url }, index) => ({ url, user: `coop.${index}`, password: "x" })),
      ...options,
    });
    const send: Bench["send"] = (method, path, body, headers = {}) =>
      fetch(`http://127.0.0.1:${miner.port}${path}`, {
        ...{ method, headers, redirect: "manual" },
        ...(body === undefined ? {} : { body: typeof body === "string" ? body : JSON.stringify(body) }),
      });
    const info = async () => (await (await send("GET", "/api/system/info")).json()) as Info;
    const restart = async () => {
      await send("POST", "/api/system/restart");
      await clock.sleep(60_000);
    };
    try {
      await run({ miner, clock, pools, send, info, restart });
    } finally {
      await miner.close();
      for (const pool of pools) await pool.close();
    }
  });
}

test("the older API tells millivolts, the newer volts; both tell the same board", async () => {
  await withMiner({}, async ({ miner, clock, send, info }) => {
    await clock.sleep(60_000);
    const older = await info();
    const newer = (await (await send("GET", "/api/v2/dashboard")).json()) as Record<
      string,
      Record<string, unknown>
    >;

    expect(older).toMatchObject({
      deviceModel: "NerdQAxe++",
      macAddr: miner.id.toUpperCase(),
      minPower: 52,
      maxPower: 100,
    });
    expect(Number(older["voltage"])).toBeGreaterThan(11_000);
    expect(Number(newer["power"]?.["voltage"])).toBeLessThan(13);
    expect(newer["power"]?.["watts"]).toBe(older["power"]);
    expect(Number(older["hashRate"]) / 4896).toBeCloseTo(1, 1);
    expect(newer["system"]).toMatchObject({ shutdown: false, boardError: 0 });
  });
});

test("another pool mode waits for a restart; then the work is shared by the balance", async () => {
  await withMiner({}, async ({ clock, send, info, restart }) => {
    await send("PATCH", "/api/v2/settings", { poolMode: 1, poolBalance: 70 });
    expect((await info()).stratum).toMatchObject({ poolMode: 1, activePoolMode: 0, poolBalance: 70 });
    await clock.sleep(600_000);
    expect((await info()).stratum.pools[1]).toMatchObject({ connected: false });

    await restart();
    await clock.sleep(24 * 3_600_000);
    const { stratum } = await info();
    expect(stratum).toMatchObject({ activePoolMode: 1, poolBalance: 70 });
    const [first = 0, second = 0] = stratum.pools.map((pool) => Number(pool["accepted"]));
    expect(first + second).toBeGreaterThan(1_000);
    expect(Math.abs(first / (first + second) - 0.7)).toBeLessThan(0.04);
  });
});

test("in dual mode another balance applies at once and the counters go on; a dead pool's part goes to the other", async () => {
  await withMiner({}, async ({ clock, pools, send, info, restart }) => {
    await send("PATCH", "/api/v2/settings", { poolMode: 1, poolBalance: 50 });
    await restart();
    await clock.sleep(3_600_000);
    const before = (await info()).stratum.pools.map((pool) => Number(pool["accepted"]));
    await send("PATCH", "/api/v2/settings", { poolBalance: 100 });
    await clock.sleep(3_600_000);
    const after = (await info()).stratum.pools.map((pool) => Number(pool["accepted"]));
    expect(after[0]).toBeGreaterThan((before[0] ?? 0) + 30);
    expect(after[1]).toBe(before[1]);

    await pools[0]?.close();
    await clock.sleep(3_600_000);
    const { stratum } = await info();
    expect(stratum.pools.map((pool) => pool["connected"])).toEqual([false, true]);
    expect(Number(stratum.pools[1]?.["accepted"])).toBeGreaterThan((after[1] ?? 0) + 30);
  });
});

test("1.0.35 keeps the balance to itself in failover mode and lists the working pool alone", async () => {
  await withMiner({ firmware: "1.0.35" }, async ({ send, info, restart }) => {
    await send("PATCH", "/api/system", { poolMode: 1, poolBalance: 65, stratumUser: "me.one" });
    const stored = await info();
    expect(stored).toMatchObject({ stratumUser: "me.one", stratumTLS: false });
    expect(stored.stratum).toMatchObject({ poolMode: 1, activePoolMode: 0, usingFallback: false });
    expect(stored.stratum).not.toHaveProperty("poolBalance");
    expect(stored.stratum.pools).toHaveLength(1);
    expect(stored.stratum.pools[0]).not.toHaveProperty("host");

    await restart();
    const { stratum } = await info();
    expect(stratum).toMatchObject({ activePoolMode: 1, poolBalance: 65 });
    expect(stratum.pools).toHaveLength(2);
  });
});

test("1.0.30 has neither; what it does not know leads to its start page", async () => {
  await withMiner({ firmware: "1.0.30" }, async ({ send, info }) => {
    const body = await info();
    expect(body).toMatchObject({ isUsingFallbackStratum: false, bestDiff: expect.any(String) });
    for (const key of ["stratum", "shutdown", "otp", "stratumTLS", "hashRate_1m"])
      expect(body).not.toHaveProperty(key);
    for (const path of ["/api/v2/settings", "/api/v2/identify", "/api/system/asic"]) {
      const reply = await send("GET", path);
      expect([reply.status, reply.headers.get("location")]).toEqual([302, "/"]);
    }
    await send("PATCH", "/api/system", { poolMode: 1, stratumUser: "me.one" });
    expect(await info()).toMatchObject({ stratumUser: "me.one" });
  });
});

test("a value of another type is passed over with a yes; broken JSON is not", async () => {
  await withMiner({}, async ({ send, info }) => {
    const odd = { frequency: 512.5, coreVoltage: "1100", poolBalance: 300, surprise: 1 };
    const reply = await send("PATCH", "/api/system", odd);
    expect([reply.status, await reply.text()]).toEqual([200, ""]);
    expect(await info()).toMatchObject({ frequency: 600, coreVoltage: 1150, stratum: { poolBalance: 300 } });
    expect((await send("PATCH", "/api/v2/settings", "{broken")).status).toBe(400);
    expect(
      (await send("GET", "/api/system/info", undefined, { origin: "https://evil.example" })).status,
    ).toBe(401);
  });
});

test("a shutdown rests at a few watts until a restart, which sets the counters to 0", async () => {
  await withMiner({}, async ({ clock, send, info, restart }) => {
    await clock.sleep(1_800_000);
    expect(Number((await info())["sharesAccepted"])).toBeGreaterThan(15);
    const reply = await send("POST", "/api/system/shutdown");
    expect(await reply.text()).toBe("System will shutdown shortly.");
    await clock.sleep(60_000);
    const down = await info();
    expect(down).toMatchObject({ shutdown: true, hashRate: 0, hashRate_1h: 0 });
    expect(Number(down["power"])).toBeLessThan(8);
    await send("PATCH", "/api/system", { frequency: 500 });
    expect(await info()).toMatchObject({ shutdown: true, frequency: 500 });

    await restart();
    const up = await info();
    expect(up).toMatchObject({ shutdown: false, frequency: 500 });
    expect(Number(up["sharesAccepted"])).toBeLessThan(5);
    await clock.sleep(120_000);
    expect(Math.abs(Number((await info())["power"]) - 65)).toBeLessThan(4);
  });
});

test("heat takes the power from the chips until a start, without a word in the older API", async () => {
  await withMiner({}, async ({ miner, clock, send, info, restart }) => {
    miner.setFaults([{ kind: "hot" }]);
    await clock.sleep(120_000);
    miner.setFaults([]);
    await clock.sleep(600_000);
    const dashboard = (await (await send("GET", "/api/v2/dashboard")).json()) as Record<string, object>;
    expect(dashboard["system"]).toMatchObject({ shutdown: false, boardError: 1 });
    expect(await info()).toMatchObject({ shutdown: false, hashRate: 0, coreVoltageActual: 0 });
    await restart();
    await clock.sleep(120_000);
    expect(Number((await info())["hashRate"])).toBeGreaterThan(4_000);
  });
});

test("with one-time codes each write wants one; five wrong ones lock the door for five minutes", async () => {
  await withMiner({ password: "123456" }, async ({ clock, send, info }) => {
    const patch = (headers: Record<string, string>) =>
      send("PATCH", "/api/v2/settings", { hostname: "x" }, headers).then(({ status }) => status);
    expect(await info()).toMatchObject({ otp: true });
    expect(await patch({ "X-TOTP": "123456" })).toBe(200);
    const opened = await send("POST", "/api/v2/otp/session", undefined, { "X-TOTP": "123456" });
    const { token } = (await opened.json()) as { token: string };
    expect(await patch({ "X-OTP-Session": token })).toBe(200);
    for (let wrong = 0; wrong < 5; wrong++) expect(await patch({ "X-TOTP": "000000" })).toBe(401);
    expect(await patch({ "X-TOTP": "123456" })).toBe(401);
    await clock.sleep(300_000);
    expect(await patch({ "X-TOTP": "123456" })).toBe(200);
  });
});

test("a forced coinbase check keeps a shared pool without work", async () => {
  await withMiner({}, async ({ clock, send, info, restart }) => {
    await send("PATCH", "/api/v2/settings", {
      poolMode: 1,
      pools: [{}, { coinbaseVerifyMode: 1, coinbaseVerifyForce: true }],
    });
    await restart();
    await clock.sleep(3_600_000);
    const [first, second] = (await info()).stratum.pools;
    expect(second).toMatchObject({ connected: false, verifyBlocked: "address_not_found", accepted: 0 });
    expect(Number(first?.["accepted"])).toBeGreaterThan(20);
  });
});
