import { connect } from "node:net";
import { expect, test } from "vitest";
import { createLineReader } from "#src/sim/line-reader.ts";
import { startPool } from "#src/sim/pool.ts";
import { PoolAccounts } from "#src/sim/pool-accounts.ts";
import { StratumClient } from "#src/sim/stratum-client.ts";
import { ask, inSimulatedTime, poolFacts, startMs } from "./support.ts";

const hour = 3_600_000;

test("stratum v1: subscribe, authorize, difficulty and job, then shares are judged", async () => {
  await inSimulatedTime(async (clock) => {
    const pool = await startPool({ ...poolFacts, clock, name: "pool" });
    const port = Number(pool.url.split(":")[2]);
    const socket = connect({ host: "127.0.0.1", port });
    const lines: { id: unknown; method?: string; params?: unknown[]; result?: unknown; error?: unknown[] }[] =
      [];
    createLineReader(socket, (line) => lines.push(JSON.parse(line)));
    const send = async (method: string, params: unknown[]) => {
      const before = lines.length;
      socket.write(`${JSON.stringify({ id: method, method, params })}\n`);
      while (!lines.slice(before).some((line) => line.id === method)) {
        await new Promise((resolve) => setImmediate(resolve));
      }
      return lines.slice(before).find((line) => line.id === method);
    };
    expect((await send("mining.authorize", ["coop.w", "x"]))?.error?.[0]).toBe(25);
    expect(((await send("mining.subscribe", ["cgminer/4.11.1"]))?.result as unknown[])?.[2]).toBe(4);
    expect((await send("mining.submit", ["coop.w", "1", "00", "00", "00"]))?.error?.[0]).toBe(24);
    expect((await send("mining.authorize", ["coop.w", "x"]))?.result).toBe(true);
    await send("mining.configure", []);
    const difficulty = lines.find((line) => line.method === "mining.set_difficulty")?.params?.[0];
    const job = lines.find((line) => line.method === "mining.notify")?.params?.[0];
    expect(difficulty).toBe(262_144);
    expect((await send("mining.submit", ["coop.w", job, "0000000a", "65a4f280", "0000000b"]))?.result).toBe(
      true,
    );
    expect(
      (await send("mining.submit", ["coop.w", "old", "0000000a", "65a4f280", "0000000b"]))?.error?.[0],
    ).toBe(21);
    const day = await (await fetch(`${pool.apiUrl}/api/accounts/coop/days/2026-01-15`)).json();
    expect(day).toMatchObject({
      status: "open",
      workers: {
        w: { accepted_difficulty: "262144", rejected_difficulty: "262144", accepted: 1, rejected: 1 },
      },
    });
    expect((await fetch(`${pool.apiUrl}/api/accounts/coop/days/today`)).status).toBe(404);
    socket.destroy();
    await pool.close();
  });
});

test("a day is the sum of its shares in UTC, paid by FPPS less the fee, calculated from nine the next morning", () => {
  const accounts = new PoolAccounts(poolFacts);
  const dayMs = Date.parse("2026-01-15T00:00:00Z");
  for (let share = 0; share < 1000; share += 1) accounts.count("coop.a", dayMs + share, 262_144, true);
  accounts.count("coop.b", dayMs + 86_399_999, 8192, true);
  accounts.count("coop.b", dayMs + 86_400_000, 8192, true);
  accounts.count("coop.b", dayMs, 8192, false);
  const total = 262_144n * 1000n + 8192n;
  const gross = (1000n * total * poolFacts.rewardSats) / poolFacts.networkDifficulty;
  expect(accounts.day("coop", "2026-01-15", dayMs + 33 * hour - 1)).toEqual({
    user: "coop",
    day: "2026-01-15",
    status: "open",
    total_reward_msat: Number((gross * 980_000n) / 1_000_000n),
    fee_ppm: 20_000,
    network_difficulty: 146_000_000_000_000,
    reward_sats: 314_000_000,
    workers: {
      a: { accepted_difficulty: "262144000", rejected_difficulty: "0", accepted: 1000, rejected: 0 },
      b: { accepted_difficulty: "8192", rejected_difficulty: "8192", accepted: 1, rejected: 1 },
    },
  });
  expect(accounts.day("coop", "2026-01-15", dayMs + 33 * hour)).toMatchObject({ status: "calculated" });
  expect(accounts.day("nobody", "2026-01-15", dayMs)).toMatchObject({ workers: {}, total_reward_msat: 0 });
});

test("in an outage connections are dropped and none is served; afterwards the same port works again", async () => {
  await inSimulatedTime(async (clock) => {
    const outages = [{ fromMs: startMs + hour, toMs: startMs + 2 * hour }];
    const pool = await startPool({ ...poolFacts, clock, name: "pool", outages });
    const entry = { url: pool.url, user: "coop.w", password: "x" };
    const client = await StratumClient.open(entry, "cgminer/4.11.1", () => undefined);
    expect(client?.isOpen).toBe(true);
    await clock.sleep(hour + 1000);
    expect(await client?.submit(1, false)).toBe("lost");
    expect(await StratumClient.open(entry, "cgminer/4.11.1", () => undefined)).toBeNull();
    await clock.sleep(hour);
    const again = await StratumClient.open(entry, "bitaxe/BM1370/v2.15.0", () => undefined);
    expect(again?.difficulty).toBe(8192);
    expect(await again?.submit(7, false)).toBe("accepted");
    expect(await again?.submit(7, true)).toBe("stale");
    again?.close();
    await pool.close();
  });
});

test("garbage ends the connection, not the pool", async () => {
  await inSimulatedTime(async (clock) => {
    const pool = await startPool({ ...poolFacts, clock, name: "pool" });
    const port = Number(pool.url.split(":")[2]);
    expect((await ask(port, "GET / HTTP/1.1\r\n\r\n")).text).toBe("");
    const entry = { url: pool.url, user: "coop.w", password: "x" };
    const client = await StratumClient.open(entry, "cgminer", () => undefined);
    expect(client).not.toBeNull();
    client?.close();
    await pool.close();
  });
});
