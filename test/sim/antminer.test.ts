import DigestClient from "digest-fetch";
import { describe, expect, it } from "vitest";
import { openMiner } from "#src/app/miner-port.ts";
import { startAntminer } from "#src/sim/antminer.ts";
import type { EmulatedMiner, EmulatorOptions } from "#src/sim/emulated-miner.ts";
import type { FaultPlan } from "#src/sim/fault.ts";
import { startPool } from "#src/sim/pool.ts";
import type { SimClock } from "#src/sim/sim-clock.ts";
import { ask, askJson, inSimulatedTime, poolFacts, row } from "./support.ts";

type Body = Record<string, unknown>;
type Figures = { rate_5s: number; fan: number[]; chain: { temp_chip: number[] }[] };

interface Bench {
  miner: EmulatedMiner;
  clock: SimClock;
  url: string;
  /** A page, signed in. */
  page(name: string): Promise<Body>;
  raw(name: string): Promise<Response>;
  post(name: string, body: unknown): Promise<Body>;
}

async function withMiner(
  options: Partial<EmulatorOptions>,
  run: (bench: Bench) => Promise<void>,
): Promise<void> {
  await inSimulatedTime(async (clock) => {
    const pool = await startPool({ ...poolFacts, clock, name: "pool" });
    const entry = (worker: string) => ({ url: pool.url, user: `coop.${worker}`, password: "x" });
    const miner = await startAntminer({
      ...{ clock, seed: 1, name: "den", model: "antminer-s19", pools: [entry("one"), entry("two")] },
      ...options,
    });
    const url = `http://127.0.0.1:${miner.port}`;
    const client = new DigestClient("root", options.password ?? "root");
    const call = (name: string, init: RequestInit = {}) =>
      client.fetch(`${url}/cgi-bin/${name}.cgi`, init) as unknown as Promise<Response>;
    const post = async (name: string, body: unknown) => {
      const text = typeof body === "string" ? body : JSON.stringify(body);
      return (await (await call(name, { method: "POST", body: text })).json()) as Body;
    };
    const page = async (name: string) => (await (await call(name)).json()) as Body;
    try {
      await run({ miner, clock, url, raw: call, post, page });
    } finally {
      await miner.close();
      await pool.close();
    }
  });
}

const stats = (body: Body) => row(body as never, "STATS");
const complaints = (body: Body) =>
  (row(body as never, "SUMMARY")["status"] as Body[]).filter(({ status }) => status === "e");

describe("the lock of the pages", () => {
  it("challenges with its realm, takes the right answer, and forgets a nonce after ten minutes", async () => {
    await withMiner({}, async ({ clock, url, page, raw, miner }) => {
      const locked = await fetch(`${url}/cgi-bin/get_system_info.cgi`);
      expect([locked.status, locked.headers.get("www-authenticate")]).toEqual([
        401,
        expect.stringMatching(/^Digest realm="antMiner Configuration", nonce="[0-9a-f]{32}", qop="auth"$/),
      ]);
      expect(await page("get_system_info")).toMatchObject({
        minertype: "Antminer S19",
        macaddr: miner.id.toUpperCase(),
      });
      const signed = await headerOf(url, "root");
      expect((await fetch(`${url}/cgi-bin/summary.cgi`, signed)).status).toBe(200);
      expect((await fetch(`${url}/cgi-bin/stats.cgi`, signed)).status).toBe(401);
      await clock.sleep(601_000);
      const stale = await fetch(`${url}/cgi-bin/summary.cgi`, signed);
      expect([stale.status, stale.headers.get("www-authenticate")]).toEqual([
        401,
        expect.stringContaining("stale=true"),
      ]);
      expect((await raw("summary")).status).toBe(200);
    });
  });

  it("refuses a wrong password, which the driver tells and does not try again", async () => {
    await withMiner({ password: "owner" }, async ({ miner, clock }) => {
      const statuses: (number | null)[] = [];
      const open = (password: string | null) =>
        openMiner({
          ...{ host: miner.host, port: miner.port, driver: "antminer", id: miner.id, name: "den", password },
          pace: clock,
          link: { onExchange: ({ status }) => void statuses.push(status) },
        });

      const factory = await open(null);
      for (let turn = 0; turn < 3; turn++) {
        await expect(factory.read()).rejects.toMatchObject({ code: "MINER_PASSWORD_WRONG", exit: 5 });
      }
      // One question without a password each time; the refused one went out once and never came back as an answer.
      expect(statuses).toEqual([401, 401, 401]);
      const owner = await open("owner");
      await expect(owner.read()).resolves.toMatchObject({ mode: "normal" });
      for (const port of [factory, owner]) port.close();
    });
  });
});

describe("a configuration that is posted", () => {
  it("resets what it leaves out: fans, level, mode", async () => {
    await withMiner({}, async ({ clock, page, post }) => {
      const before = await page("get_miner_conf");
      expect(before).toMatchObject({
        "bitmain-fan-ctrl": true,
        "bitmain-fan-pwm": "85",
        "bitmain-freq-level": "90",
        "bitmain-work-mode": "0",
      });
      // As read, key for key: this build wants the level and the mode under other names.
      expect(await post("set_miner_conf", before)).toEqual({ stats: "success", code: "M000", msg: "OK!" });
      expect(await page("get_miner_conf")).toEqual({ ...before, "bitmain-freq-level": "100" });
      await clock.sleep(200_000);
      await post("set_miner_conf", { pools: before["pools"], "miner-mode": 3 });
      expect(await page("get_miner_conf")).toMatchObject({
        pools: before["pools"],
        "bitmain-fan-ctrl": false,
        "bitmain-fan-pwm": "100",
        "bitmain-work-mode": "3",
      });
      await post("set_miner_conf", {});
      expect(await page("get_miner_conf")).toMatchObject({
        pools: [{ url: "" }, { url: "" }, { url: "" }],
        "bitmain-work-mode": "0",
      });
    });
  });

  it("breaks at a space or an escape, and is refused when it is no JSON", async () => {
    await withMiner({}, async ({ page, post }) => {
      const before = await page("get_miner_conf");
      expect(await post("set_miner_conf", "pools=1")).toMatchObject({ stats: "error", code: "M001" });
      expect(await page("get_miner_conf")).toEqual(before);
      await post("set_miner_conf", { ...before, note: "a b" });
      expect(await page("get_miner_conf")).toMatchObject({ pools: [{ url: "" }, { url: "" }, { url: "" }] });
    });
  });

  it.each([
    ["2023-03", "miner-mode", "bitmain-work-mode"],
    ["2021-08", "bitmain-work-mode", "miner-mode"],
  ])("is honoured by build %s in %s and not in %s", async (firmware, honoured, ignored) => {
    await withMiner({ firmware }, async ({ clock, page, post, miner }) => {
      const before = await page("get_miner_conf");
      const without = Object.fromEntries(Object.entries(before).filter(([key]) => !/mode$/.test(key)));

      await post("set_miner_conf", { ...without, [ignored]: 1, [honoured]: 3 });
      await clock.sleep(600_000);
      expect(stats(await page("stats"))["miner-mode"]).toBe(3);
      expect(miner.wallW()).toBeGreaterThan(2000);
      await post("set_miner_conf", { ...without, [ignored]: 0, [honoured]: 1 });
      await clock.sleep(600_000);
      expect(stats(await page("stats"))).toMatchObject({ "miner-mode": 1, rate_5s: 0 });
      expect(miner.wallW()).toBeLessThan(60);
    });
  });

  it("drops a mode that the model lacks with a yes", async () => {
    await withMiner({}, async ({ page, post }) => {
      const before = await page("get_miner_conf");

      expect(await post("set_miner_conf", { ...before, "miner-mode": 2 })).toMatchObject({
        stats: "success",
      });
      expect(await page("get_miner_conf")).toMatchObject({ "bitmain-work-mode": "0" });
    });
  });
});

describe("the restart behind it", () => {
  it("takes the mining process away and leaves the pages, on newer control boards", async () => {
    await withMiner({}, async ({ clock, miner, page, post, raw }) => {
      await post("set_miner_conf", { ...(await page("get_miner_conf")), "miner-mode": 1 });
      await clock.sleep(3_000);
      expect(await (await raw("stats")).text()).toBe("Socket connect failed: Connection refused\n");
      expect((await ask(miner.port, '{"command":"version"}')).text).toBe("");
      expect(await page("get_miner_conf")).toMatchObject({ "bitmain-work-mode": "1" });
      await clock.sleep(90_000);
      expect(stats(await page("stats"))).toMatchObject({ "miner-mode": 1, rate_5s: 0, fan: [0, 30, 60, 90] });
    });
  });

  it("takes the whole device away on older ones, and sleep outlives a cut of the mains", async () => {
    await withMiner({ firmware: "2021-08" }, async ({ clock, miner, page, post, raw }) => {
      await post("set_miner_conf", { ...(await page("get_miner_conf")), "bitmain-work-mode": "1" });
      await clock.sleep(3_000);
      await expect(raw("stats")).rejects.toThrow();
      await clock.sleep(90_000);
      miner.powerCycle(10);
      await clock.sleep(180_000);
      expect(stats(await page("stats"))).toMatchObject({ "miner-mode": 1, rate_5s: 0 });
    });
  });
});

it("the newest build tells empty lists of figures while it sleeps, and its driver reads and wakes it", async () => {
  const asleep = { model: "antminer-s21", startsMining: false } as const;
  await withMiner(asleep, async ({ miner, clock, page }) => {
    expect(await page("stats")).toMatchObject({ STATS: [] });
    expect(await page("summary")).toMatchObject({ SUMMARY: [] });
    const { host, port, id, name } = miner;
    const opened = await openMiner({ host, port, id, name, driver: "antminer", pace: clock });
    try {
      expect(await opened.read()).toMatchObject({ state: "paused", hashrateThs: null });
      expect(await opened.pause()).toBe("effective");
      expect(await opened.resume()).toBe("pending");
      await clock.sleep(600_000);
      expect(await opened.read()).toMatchObject({ state: "mining", mode: "low" });
    } finally {
      opened.close();
    }
  });
});

describe("port 4028", () => {
  it("has watts in the new form only, and the flag counts only beside the command", async () => {
    await withMiner({}, async ({ clock, miner, page }) => {
      await clock.sleep(60_000);
      const fresh = JSON.parse(
        (await ask(miner.port, '{"command":"stats","new_api":true}')).text.replace("\0", ""),
      );
      expect(stats(fresh)["watt"]).toBeGreaterThan(3000);
      expect(stats(await page("stats"))).not.toHaveProperty("watt");
      const { text } = await ask(miner.port, '{"command":"stats","parameter":"new_api"}');
      expect(text).toContain('"Type":"Antminer S19"}{"STATS":0');
      expect(text).toContain('"chain_rate4":""');
      expect(text).not.toContain("watt");
    });
  });

  it("knows only the old form on an old build, and takes no orders", async () => {
    await withMiner({ firmware: "2021-08" }, async ({ miner }) => {
      expect((await ask(miner.port, '{"command":"stats","new_api":true}')).text).not.toContain("watt");
      expect((await askJson(miner.port, "switchpool", "1")).STATUS[0]).toMatchObject({
        STATUS: "E",
        Code: 45,
      });
      expect((await askJson(miner.port, "devdetails")).STATUS[0]).toMatchObject({ STATUS: "E", Code: 14 });
      expect(row(await askJson(miner.port, "pools"), "POOLS")).toMatchObject({
        User: "coop.one",
        "Stratum Active": true,
      });
    });
  });

  it("is off on the newest build", async () => {
    await withMiner({ model: "antminer-s21" }, async ({ miner, page }) => {
      expect((await ask(miner.port, '{"command":"version"}')).text).toBe("");
      expect(await page("get_system_info")).toMatchObject({
        system_filesystem_version: "FR-1.12(251009-S21)",
      });
    });
  });
});

it.each<[FaultPlan["kind"], string]>([
  ["hot", "temp"],
  ["fan", "fans"],
])("a %s device complains of its %s and stops", async (kind, type) => {
  await withMiner({ faults: [{ kind }] }, async ({ clock, page }) => {
    await clock.sleep(120_000);

    expect(complaints(await page("summary"))).toContainEqual(expect.objectContaining({ type, code: 1 }));
    const { rate_5s, fan, chain } = stats(await page("stats")) as unknown as Figures;
    expect(rate_5s).toBe(0);
    const hottestC = Math.max(...chain.flatMap(({ temp_chip }) => temp_chip));
    expect(kind === "hot" ? hottestC > 100 : fan[0] === 0).toBe(true);
  });
});

it("the lamp blinks until it is told not to", async () => {
  await withMiner({}, async ({ page, post }) => {
    expect(await post("blink", { blink: "true" })).toEqual({ code: "B000" });
    expect(await page("get_blink_status")).toEqual({ blink: true });
    expect(await post("blink", { blink: "false" })).toEqual({ code: "B100" });
  });
});

/** A signed request for the summary, to be sent more than once. */
async function headerOf(url: string, password: string): Promise<RequestInit> {
  let authorization = "";
  class Spy extends DigestClient {
    override async getClient(): Promise<typeof fetch> {
      return (target, init) => {
        authorization = new Headers(init?.headers).get("authorization") ?? authorization;
        return fetch(target, init);
      };
    }
  }
  await new Spy("root", password).fetch(`${url}/cgi-bin/summary.cgi`);
  return { headers: { authorization } };
}
