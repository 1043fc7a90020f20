import { expect, test } from "vitest";
import { field } from "#src/model/parse.ts";
import { startBraiinsS9, startBraiinsS19 } from "#src/sim/braiins.ts";
import type { EmulatedMiner, EmulatorOptions } from "#src/sim/emulated-miner.ts";
import { startPool } from "#src/sim/pool.ts";
import type { SimClock } from "#src/sim/sim-clock.ts";
import { askJson, inSimulatedTime, poolFacts, row } from "./support.ts";

interface Bench {
  miner: EmulatedMiner;
  clock: SimClock;
  /** Status, parsed body and cookie. */
  web(method: string, path: string, body?: unknown, headers?: Record<string, string>): Promise<Reply>;
  /** The same behind a login with the factory's password. */
  rest(method: string, path: string, body?: unknown): Promise<Reply>;
  graphql(query: string, variables?: unknown, cookie?: string): Promise<Reply>;
}

interface Reply {
  status: number;
  body: unknown;
  cookie: string;
}

/** One field of a body, by its path. */
const at = ({ body }: Reply, ...path: (string | number)[]) => field(body, ...path);

async function withMiner(
  start: (options: EmulatorOptions) => Promise<EmulatedMiner>,
  options: Partial<EmulatorOptions>,
  run: (bench: Bench) => Promise<void>,
): Promise<void> {
  await inSimulatedTime(async (clock) => {
    const [one, two] = [
      await startPool({ ...poolFacts, clock, name: "one" }),
      await startPool({ ...poolFacts, clock, name: "two" }),
    ];
    const pools = [one, two].map(({ url }, index) => ({ url, user: `user${index}.w`, password: "secret" }));
    const miner = await start({ clock, seed: 3, name: "barn", model: "braiins-s19", pools, ...options });
    const web: Bench["web"] = async (method, path, body, headers = {}) => {
      const reply = await fetch(`http://127.0.0.1:${miner.port}${path}`, {
        ...{ method, headers },
        ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      });
      const text = await reply.text();
      let parsed: unknown = text;
      try {
        parsed = JSON.parse(text);
      } catch {
        // Plain words of a refusal.
      }
      return {
        status: reply.status,
        body: parsed,
        cookie: (reply.headers.get("set-cookie") ?? "").split(";")[0] ?? "",
      };
    };
    let token = "";
    const rest: Bench["rest"] = async (method, path, body) => {
      if (token === "") token = String(at(await web("POST", "/api/v1/auth/login", LOGIN), "token"));
      return web(method, `/api/v1/${path}`, body, { authorization: token });
    };
    const graphql: Bench["graphql"] = (query, variables, cookie = "") =>
      web("POST", "/graphql", { query, variables }, { cookie });
    try {
      await run({ miner, clock, web, rest, graphql });
    } finally {
      await Promise.all([miner.close(), one.close(), two.close()]);
    }
  });
}

const LOGIN = { username: "root", password: "" };

test("the S19 wants a bare token, knows none with Bearer, and forgets it at a restart and after an hour", () =>
  withMiner(startBraiinsS19, {}, async ({ web, miner, clock }) => {
    const details = (authorization?: string) =>
      web("GET", "/api/v1/miner/details", undefined, authorization === undefined ? {} : { authorization });
    expect((await details()).status).toBe(401);
    const wrong = { username: "root", password: "root" };
    expect(await web("POST", "/api/v1/auth/login", wrong)).toMatchObject({
      status: 401,
      body: "Invalid credentials",
    });
    const signedIn = await web("POST", "/api/v1/auth/login", LOGIN);
    expect(signedIn.body).toEqual({ token: expect.stringMatching(/^\w{16}$/), timeout_s: 3600 });
    const token = String(at(signedIn, "token"));
    expect((await details(`Bearer ${token}`)).status).toBe(401);
    expect((await details(token)).body).toMatchObject({
      status: 2,
      mac_address: miner.id,
      bos_version: { current: "2026-04-14-0-912d084c-26.04-plus" },
      detailed_status: { status: { running: { reason: { normal: {} } } } },
    });
    await clock.sleep(3_500_000);
    expect((await details(token)).status).toBe(200);
    await clock.sleep(3_700_000);
    expect((await details(token)).status).toBe(401);
    const second = String(at(await web("POST", "/api/v1/auth/login", LOGIN), "token"));
    miner.powerCycle(10);
    await clock.sleep(180_000);
    expect((await details(second)).status).toBe(401);
    expect((await web("GET", "/")).body).toContain("Braiins OS");
  }));

test("the S19 tells the strategy under two names and passwords under one, and splits its work by quota", () =>
  withMiner(startBraiinsS19, {}, async ({ rest, clock }) => {
    const told = await rest("GET", "pools/");
    expect(at(told, 0, "strategy")).toEqual({ quota: { value: 1 } });
    expect(at(told, 0, "pools", 0)).not.toHaveProperty("password");
    const stored = await rest("GET", "configuration/miner");
    expect(at(stored, "pool_groups", 0)).toMatchObject({
      load_balance_strategy: { quota: { value: 1 } },
      pools: [{ password: "secret" }, { password: "secret" }],
    });

    const bodies = [0, 1].map((index) => ({
      name: `g${index}`,
      load_balance_strategy: { quota: { value: index === 0 ? 3 : 1 } },
      pools: [
        {
          url: at(stored, "pool_groups", 0, "pools", index, "url"),
          user: `user${index}.w`,
          password: "x",
          enabled: true,
        },
      ],
    }));
    const withUid = bodies.map((body) => ({ ...body, uid: "1" }));
    expect(await rest("PUT", "pools/batch", withUid)).toMatchObject({
      status: 400,
      body: expect.stringMatching(/uid/),
    });
    const unweighted = [bodies[0], { ...bodies[1], load_balance_strategy: {} }];
    expect((await rest("PUT", "pools/batch", unweighted)).status).toBe(422);
    expect((await rest("PUT", "pools/batch", bodies)).status).toBe(200);

    expect((await rest("GET", "miner/details")).body).toMatchObject({ status: 1, bosminer_uptime_s: 0 });
    expect((await rest("GET", "miner/stats")).body).toMatchObject({ miner_stats: null, power_stats: null });
    await clock.sleep(3_500_000);
    const after = await rest("GET", "pools/");
    const [three, other] = [0, 1].map((place) =>
      Number(at(after, place, "pools", 0, "stats", "accepted_shares")),
    );
    expect((three ?? 0) / ((three ?? 0) + (other ?? 0))).toBeCloseTo(0.75, 1);
  }));

test("the S19 answers a pause with what it was before, and shows figures of before for a while", () =>
  withMiner(startBraiinsS19, {}, async ({ rest, clock, miner }) => {
    expect((await rest("PUT", "actions/pause")).body).toBe(false);
    expect((await rest("PUT", "actions/pause")).body).toBe(true);
    await clock.sleep(30_000);
    const watts = async () =>
      at(await rest("GET", "miner/stats"), "power_stats", "approximated_consumption", "watt");
    const paused = await rest("GET", "miner/details");
    expect(at(paused, "status")).toBe(3);
    const sinceS = Number(at(paused, "detailed_status", "status_since", "seconds"));
    expect(Math.abs(clock.nowMs() / 1000 - 30 - sinceS)).toBeLessThan(5);
    expect(miner.wallW()).toBeLessThan(400);
    expect(await watts()).toBeGreaterThan(1000);
    await clock.sleep(30_000);
    expect(await watts()).toBe(0);
    expect((await rest("PUT", "actions/resume")).body).toBe(false);
  }));

test("the S19 refuses a target out of its range in words, and climbs to a high one in minutes", () =>
  withMiner(startBraiinsS19, {}, async ({ rest, clock, miner }) => {
    expect(await rest("PUT", "performance/power-target", { watt: 5000 })).toMatchObject({
      ...{ status: 400, body: expect.stringContaining("770-3400") },
    });
    expect((await rest("PUT", "performance/power-target", { watt: 3200 })).body).toEqual({ watt: 3200 });
    const stored = await rest("GET", "configuration/miner");
    expect(at(stored, "tuner", "power_target")).toEqual({ watt: 3200 });
    await clock.sleep(120_000);
    expect(miner.wallW()).toBeLessThan(2000);
    await clock.sleep(780_000);
    expect(miner.wallW()).toBeGreaterThan(3000);
  }));

test("the S19 in hot air holds its target below the set one", () =>
  withMiner(startBraiinsS19, { inletC: () => 38 }, async ({ rest }) => {
    const tuner = await rest("GET", "performance/tuner-state");
    expect(at(tuner, "mode_state", "powertargetmodestate", "current_target")).toEqual({ watt: 900 });
    const stored = await rest("GET", "configuration/miner");
    expect(at(stored, "tuner", "power_target")).toEqual({ watt: 1200 });
  }));

test("the S19 before the REST interface answers a login with 405, and questions of GraphQL", () =>
  withMiner(startBraiinsS19, { firmware: "25.05" }, async ({ web, graphql, miner }) => {
    expect((await web("POST", "/api/v1/auth/login", LOGIN)).status).toBe(405);
    expect((await web("GET", "/api/v1/miner/details")).status).toBe(404);
    const self = await graphql("{ bos { hwid info { version { full } } } }");
    expect(at(self, "data", "bos")).toEqual({
      hwid: miner.id.replace("serial:", ""),
      info: { version: { full: expect.stringContaining("25.05") } },
    });
    const refused = await graphql("mutation { bosminer { restart { __typename } } }");
    expect(at(refused, "errors", 0, "message")).toMatch(/Unknown field/);
    expect(row(await askJson(miner.port, "version"), "VERSION")["BOSer"]).toBe(
      "boser-openwrt 0.1.0-7c1b40aa",
    );
  }));

const SIGN_IN =
  "mutation ($username: String!, $password: String!) { auth { login(username: $username, password: $password) { ... on Error { message } __typename } } }";
const SET_TARGET =
  "mutation ($input: AutotuningIn!) { bosminer { config { updateAutotuning(input: $input, apply: true) { __typename ... on AutotuningError { message } } } } }";

test("the S9 answers a wrong password and a bad target with status 200, and wants a cookie for changes", () =>
  withMiner(startBraiinsS9, { model: "braiins-s9" }, async ({ graphql }) => {
    const login = (password: string) => graphql(SIGN_IN, { username: "root", password });
    expect(await login("wrong")).toMatchObject({
      ...{ status: 200, cookie: "", body: { data: { auth: { login: { __typename: "AuthError" } } } } },
    });
    const { cookie } = await login("");
    expect(cookie).toMatch(/^session_id=\w+$/);
    expect((await graphql(SET_TARGET, { input: { powerTarget: 700 } })).body).toEqual({
      data: null,
      errors: [{ message: "Unauthorized access", extensions: { code: "UNAUTHORIZED" } }],
    });
    const result = async (input: unknown) =>
      at(await graphql(SET_TARGET, { input }, cookie), ...["data", "bosminer", "config", "updateAutotuning"]);
    expect(await result({ powerTarget: 9000 })).toMatchObject({ __typename: "AutotuningError" });
    expect(await result({ powerTarget: "700" })).toMatchObject({ __typename: "AttributeError" });
    expect((await graphql("{ bosminer { nonsense } }")).body).toMatchObject({ data: null, errors: [{}] });
  }));

test("the S9 starts its tuner anew for a new target, and its pools stay", () =>
  withMiner(startBraiinsS9, { model: "braiins-s9" }, async ({ graphql, miner, clock }) => {
    const before = JSON.stringify(miner.settings());
    const { cookie } = await graphql(SIGN_IN, LOGIN);
    await graphql(SET_TARGET, { input: { powerTarget: 600 } }, cookie);

    const socket = async (command: string, section: string) =>
      row(await askJson(miner.port, command), section);
    expect(await socket("tunerstatus", "TUNERSTATUS")).toMatchObject({ PowerLimit: 600 });
    await clock.sleep(20_000);
    expect(await socket("summary", "SUMMARY")).toMatchObject({ "MHS 5s": 0, Elapsed: 0 });
    await clock.sleep(600_000);
    expect(miner.wallW() / 600).toBeCloseTo(1, 1);
    expect(JSON.stringify(miner.settings())).toBe(before);
  }));

test("the S9 takes new groups up at a restart, and says over the socket that it paused", () =>
  withMiner(startBraiinsS9, { model: "braiins-s9" }, async ({ graphql, miner, clock }) => {
    const { cookie } = await graphql(SIGN_IN, LOGIN);
    const pools = [{ url: "stratum+tcp://127.0.0.1:1", user: "new.w", password: "x" }];
    const question =
      "mutation ($groups: [Group!]!) { bosminer { config { updateGroups(groups: $groups) { __typename } } } }";
    await graphql(question, { groups: [{ name: "new", quota: 1, pools }] }, cookie);
    const users = async () =>
      ((await askJson(miner.port, "pools"))["POOLS"] as { User: string }[]).map(({ User }) => User);
    expect(await users()).toEqual(["user0.w", "user1.w"]);
    await graphql("mutation { bosminer { restart { __typename } } }", {}, cookie);
    expect(await users()).toEqual(["new.w"]);

    expect(await askJson(miner.port, "pause")).toMatchObject({ STATUS: [{ Code: 204 }], PAUSE: [true] });
    await clock.sleep(60_000);
    expect(row(await askJson(miner.port, "tunerstatus"), "TUNERSTATUS")).toMatchObject({
      ApproximateMinerPowerConsumption: 0,
    });
    // Two places have no fan, and at rest the others stand still too.
    expect((await askJson(miner.port, "fans"))["FANS"]).toHaveLength(4);
    const joined = (await askJson(miner.port, "summary+temps")) as unknown as Record<string, unknown[]>;
    expect(Object.keys(joined)).toEqual(["summary", "temps", "id"]);
  }));
