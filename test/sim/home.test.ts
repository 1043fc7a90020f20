import { expect, test } from "vitest";
import { type HomeOptions, type HomeTruth, type SimHome, startHome } from "#src/sim/home.ts";
import { type SimPool, startPool } from "#src/sim/pool.ts";
import { loadRecordedDay } from "#src/sim/recorded-day.ts";
import type { SimClock } from "#src/sim/sim-clock.ts";
import { askJson, inSimulatedTime, poolFacts, row, startMs, templatesDir } from "./support.ts";

const hour = 3_600_000;

interface Bench {
  clock: SimClock;
  home: SimHome;
  coop: SimPool;
  member: SimPool;
  work(pool: SimPool, user: string, worker: string, day?: string): Promise<number>;
}

async function withHome<T>(
  options: Partial<HomeOptions> & { coopOutages?: { fromMs: number; toMs: number }[] },
  run: (bench: Bench) => Promise<T>,
): Promise<T> {
  return await inSimulatedTime(async (clock) => {
    const { coopOutages = [], ...rest } = options;
    const coop = await startPool({ ...poolFacts, clock, name: "coop", outages: coopOutages });
    const member = await startPool({ ...poolFacts, clock, name: "member" });
    const pools = (worker: string) => [
      { url: coop.url, user: `coop.${worker}`, password: "x" },
      { url: member.url, user: `mine.${worker}`, password: "x" },
    ];
    const home = await startHome({
      clock,
      seed: 1,
      days: ["2022-01-02", "2012-05-17"].map((day) => loadRecordedDay(templatesDir, day)),
      startMs,
      tz: "America/Denver",
      house: "room",
      loadScale: 0.5,
      startRoomC: 20,
      miners: [
        { name: "mini3", model: "avalon-mini3", pools: pools("heat01") },
        { name: "axe", model: "bitaxe", pools: pools("heat02") },
      ],
      ...rest,
    });
    const work: Bench["work"] = async (pool, user, worker, day = "2026-01-15") => {
      const reply = await fetch(`${pool.apiUrl}/api/accounts/${user}/days/${day}`);
      const body = (await reply.json()) as { workers: Record<string, { accepted_difficulty: string }> };
      return Number(body.workers[worker]?.accepted_difficulty ?? 0);
    };
    try {
      return await run({ clock, home, coop, member, work });
    } finally {
      await home.close();
      await coop.close();
      await member.close();
    }
  });
}

test("accepted difficulty follows the true hash rate, and the miner's own counters agree with the pool", async () => {
  await withHome({ hasDeviceLuck: false }, async ({ clock, home, coop, work }) => {
    let terahashes = 0;
    home.onSecond(() => {
      terahashes += home.devices[0]?.hashrateThs() ?? 0;
    });
    await clock.sleep(12 * hour);
    const accepted = await work(coop, "coop", "heat01");
    const expected = (terahashes * 1e12) / 2 ** 32;
    const shares = expected / 262_144;
    expect(shares).toBeGreaterThan(1300);
    expect(Math.abs(accepted / expected - 1)).toBeLessThan(4 / Math.sqrt(shares));
    const pools = await askJson(home.miners[0]?.port ?? 0, "pools");
    expect(row(pools, "POOLS")["Difficulty Accepted"]).toBe(accepted);
    const axe = await work(coop, "coop", "heat02");
    expect(Math.abs(axe / 8192 / 1314 - 1)).toBeLessThan(0.15);
  });
});

test("the same seed gives the same home, another seed another one", async () => {
  const run = (seed: number) =>
    withHome({ seed }, async ({ clock, home, coop, work }) => {
      await clock.sleep(6 * hour);
      const shares = [await work(coop, "coop", "heat01"), await work(coop, "coop", "heat02")];
      return { truth: home.truth(), shares };
    });
  const [first, again, other] = [await run(3), await run(3), await run(4)];
  expect(again).toEqual(first);
  expect(other.shares).not.toEqual(first.shares);
});

test("the balance of power holds every second and the sensors tell it", async () => {
  await withHome({}, async ({ clock, home }) => {
    const seen: HomeTruth[] = [];
    home.onSecond((truth) => seen.push({ ...truth, miners: { ...truth.miners } }));
    await clock.sleep(hour);
    expect(seen).toHaveLength(3600);
    for (const truth of seen) {
      expect(truth.gridW).toBeCloseTo(truth.loadW + truth.heaterW - truth.pvW, 6);
      expect(truth.heaterW).toBeCloseTo((truth.miners["mini3"] ?? 0) + (truth.miners["axe"] ?? 0), 6);
    }
    expect(seen.at(-1)?.nowMs).toBe(startMs + hour);
    const meter = await (await fetch(`${home.meterUrl}/status`)).json();
    expect(meter).toMatchObject({ emeters: [{ is_valid: true }, { is_valid: true, total_returned: 0 }] });
    const grid = (meter as { emeters: { power: number; total: number; total_returned: number }[] })
      .emeters[0];
    expect(Math.abs((grid?.power ?? 0) - (seen.at(-3)?.gridW ?? 0))).toBeLessThan(150);
    const importedWh = seen.reduce((sum, truth) => sum + truth.gridW / 3600, 0);
    expect(Math.abs((grid?.total ?? 0) - importedWh)).toBeLessThan(1);
    const room = (await (await fetch(`${home.thermometerUrl}/status`)).json()) as { tmp: { value: number } };
    expect(Math.abs(room.tmp.value - home.truth().roomC)).toBeLessThan(1);
    const weather = (await (await fetch(`${home.weatherUrl}/status`)).json()) as { outdoor_c: number };
    expect(weather.outdoor_c).toBeCloseTo(home.truth().outdoorC, 1);
  });
});

test("a silent meter resets connections and says nothing, then comes back", async () => {
  const meterSilent = [{ fromMs: startMs + 60_000, toMs: startMs + 660_000 }];
  await withHome({ meterSilent }, async ({ clock, home }) => {
    expect((await fetch(`${home.meterUrl}/status`)).status).toBe(200);
    await clock.sleep(120_000);
    await expect(fetch(`${home.meterUrl}/status`)).rejects.toThrow();
    await clock.sleep(600_000);
    expect((await fetch(`${home.meterUrl}/status`)).status).toBe(200);
  });
});

test("when the preferred pool is gone both miners work for the other, and return", async () => {
  const coopOutages = [{ fromMs: startMs + hour, toMs: startMs + 2 * hour }];
  await withHome({ coopOutages, hasDeviceLuck: false }, async ({ clock, home, coop, member, work }) => {
    await clock.sleep(hour);
    const before = await work(coop, "coop", "heat01");
    expect(await work(member, "mine", "heat01")).toBe(0);
    await clock.sleep(hour);
    const during = await work(member, "mine", "heat01");
    expect(during / 262_144).toBeGreaterThan(80);
    expect(await work(member, "mine", "heat02")).toBeGreaterThan(0);
    expect((await work(coop, "coop", "heat01")) - before).toBeLessThanOrEqual(262_144);
    expect(row(await askJson(home.miners[0]?.port ?? 0, "pools"), "POOLS")["Status"]).toBe("Dead");
    expect(home.truth().miners["mini3"]).toBeGreaterThan(700);
    await clock.sleep(hour);
    expect((await work(member, "mine", "heat01")) - during).toBeLessThanOrEqual(6 * 262_144);
    expect((await work(coop, "coop", "heat01")) - before).toBeGreaterThan(80 * 262_144);
  });
});

test("without any pool the chips stand still and the heat falls", async () => {
  const setup = { url: "stratum+tcp://127.0.0.1:9", user: "mine.w", password: "x" };
  const miners = [{ name: "mini3", model: "avalon-mini3" as const, pools: [setup] }];
  await withHome({ miners }, async ({ clock, home }) => {
    await clock.sleep(300_000);
    expect(home.devices[0]?.hashrateThs()).toBe(0);
    expect(home.truth().heaterW).toBeLessThan(200);
  });
});

test("miners that start switched off stay off", async () => {
  await withHome({ startsMining: false }, async ({ clock, home, coop, work }) => {
    await clock.sleep(hour);
    expect(home.truth().heaterW).toBeLessThan(25);
    expect(await work(coop, "coop", "heat01")).toBe(0);
  });
});
