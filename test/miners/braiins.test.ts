import { describe, expect, it } from "vitest";
import { createBraiinsDriver, toIdentity, toOldIdentity } from "#src/miners/braiins.ts";
import { type BraiinsAnswers, toBraiinsReading } from "#src/miners/braiins-reading.ts";
import type { PoolTarget } from "#src/model/miner.ts";
import { minerAuthRequired, minerCutAnswer, minerRefused } from "#src/model/miner-errors.ts";
import { fixture, scripted } from "./fixtures.ts";

const never = new AbortController().signal;
const recorded = (name: string) => JSON.parse(fixture(`braiins/26.04/api.v1.${name}.json`));
const DETAILS = recorded("miner.details");
const ANSWERS: BraiinsAnswers = {
  details: DETAILS,
  stats: recorded("miner.stats"),
  pools: recorded("pools"),
  cooling: recorded("cooling.state"),
  boards: recorded("miner.hw.hashboards"),
  configuration: recorded("configuration.miner"),
  tuner: recorded("performance.tuner-state"),
  errors: null,
};
const MINING = { pausedForS: null, refusal: null };

describe("a miner with Braiins OS 26.04", () => {
  it("reads as recorded", () => {
    expect(toBraiinsReading(ANSWERS, MINING)).toEqual({
      state: "mining",
      stateDetail: null,
      powerW: 1188,
      powerSource: "estimated",
      hashrateThs: 60_877.2 * 1e-3,
      chipMaxC: 60.25,
      boardC: 47.25,
      inletC: 27.5,
      outletC: 45.5,
      fans: [3708, 3708, 3780, 3678].map((rpm) => ({ rpm, percent: 38 })),
      hasFanFault: false,
      uptimeS: 41022,
      powerTargetW: 1200,
      mode: "power target",
      stepIndex: null,
      pools: [
        {
          ...{ url: "stratum+tcp://pool.member.example:3333", user: "member.s19", role: "unknown" },
          ...{ state: "alive", isActive: true, sharePpm: 800_000 },
          ...{ accepted: 671, rejected: 1, stale: 0, acceptedDifficulty: null, shareDifficulty: 131_072 },
        },
        {
          ...{ url: "stratum+tcp://pool.coop.example:3333", user: "coop.member0417", role: "unknown" },
          ...{ state: "alive", isActive: true, sharePpm: 200_000 },
          ...{ accepted: 177, rejected: 0, stale: 2, acceptedDifficulty: null, shareDifficulty: 131_072 },
        },
      ],
    });
  });

  it("is known by its MAC, and by its numbers where it tells none", () => {
    expect(toIdentity(DETAILS)).toEqual({
      id: "02:00:00:00:00:01",
      mac: "02:00:00:00:00:01",
      serial: "0000000000000001",
      make: "Bitmain",
      model: "Antminer S19J Pro",
      firmware: "braiins",
      firmwareVersion: "26.04",
    });
    const withoutMac = { ...DETAILS, mac_address: "" };
    expect(toIdentity(withoutMac)?.id).toBe("serial:0000000000000001");
    expect(toIdentity({ ...withoutMac, serial_number: null })?.id).toBe("serial:PuiPCrGshtlJZzzM");
    expect(toIdentity({ ...withoutMac, serial_number: null, uid: null })).toBeNull();
  });
});

const stopped = (reason: unknown) => ({ status: 4, detailed_status: { status: { stopped: { reason } } } });

describe("what its firmware says of its state", () => {
  it.each([
    ["not told", { status: 0 }, { state: "unknown" }],
    ["not started", { status: 1, detailed_status: null }, { state: "starting" }],
    [
      "suspended, which is not mining",
      { status: 4, detailed_status: null },
      { state: "fault", stateDetail: "suspended by its firmware" },
    ],
    [
      "stopped by heat",
      stopped({ thermal_pause: { reason: "THERMAL_PAUSE_REASON_DANGEROUS_TEMPERATURE" } }),
      { state: "fault", stateDetail: "suspended by its firmware: thermal pause", hasFanFault: false },
    ],
    [
      "stopped by a broken fan",
      stopped({ thermal_pause: { reason: "THERMAL_PAUSE_REASON_BROKEN_FANS" } }),
      { state: "fault", hasFanFault: true },
    ],
    [
      "without a living pool",
      stopped({ dead_pools: {} }),
      { state: "unknown", stateDetail: "suspended by its firmware: dead pools" },
    ],
    [
      "restricted",
      { status: 5, detailed_status: null },
      { state: "mining", stateDetail: "restricted: it mines with a licence penalty" },
    ],
    [
      "preheating",
      { detailed_status: { status: { running: { reason: { preheating: {} } } } } },
      { state: "mining", stateDetail: "preheating" },
    ],
    ["a status of the future", { status: 9 }, { state: "unknown" }],
  ])("%s", (_, change, expected) =>
    expect(toBraiinsReading({ ...ANSWERS, details: { ...DETAILS, ...change } }, MINING)).toMatchObject(
      expected,
    ),
  );

  const paused = { ...ANSWERS, details: { ...DETAILS, status: 3, detailed_status: null } };

  it("a pause shows the figures of before for a minute: they are not believed", () => {
    expect(toBraiinsReading(paused, { pausedForS: 5, refusal: null })).toMatchObject({
      ...{ state: "paused", powerW: 20, powerSource: "estimated", hashrateThs: null, uptimeS: 41022 },
    });
  });

  it("a miner that hashes on long after its pause is told as it is", () => {
    expect(toBraiinsReading(paused, { pausedForS: 61, refusal: null })).toMatchObject({
      ...{ state: "paused", powerW: 1188, hashrateThs: 60_877.2 * 1e-3 },
    });
  });

  it("a miner at rest has no invented figures where the firmware tells none", () => {
    const stats = { miner_stats: null, pool_stats: null, power_stats: null };
    const reading = toBraiinsReading({ ...paused, stats }, { pausedForS: 100, refusal: null });
    expect(reading).toMatchObject({ powerW: 20, hashrateThs: null });
    expect(toBraiinsReading({ ...ANSWERS, stats }, MINING)).toMatchObject({
      powerW: null,
      powerSource: null,
    });
  });
});

describe("unusual figures", () => {
  it.each([
    [
      "only longer windows live",
      {
        stats: {
          miner_stats: { real_hashrate: { last_5s: null, last_1m: { gigahash_per_second: 61_000 } } },
        },
      },
      { hashrateThs: 61 },
    ],
    [
      "only averages since the start",
      { stats: { miner_stats: { real_hashrate: { since_restart: { gigahash_per_second: 61_000 } } } } },
      { hashrateThs: null },
    ],
    [
      "a hot board sensor",
      { boards: null, cooling: { highest_temperature: { location: 2, temperature: { degree_c: 70 } } } },
      { boardC: 70, chipMaxC: null, fans: [] },
    ],
    [
      "sensors that are off",
      { boards: null, cooling: { highest_temperature: { location: 1, temperature: { degree_c: 0 } } } },
      { chipMaxC: null },
    ],
    [
      "dynamic scaling",
      {
        tuner: {
          overall_tuner_state: 3,
          mode_state: { powertargetmodestate: { current_target: { watt: 944 } } },
        },
      },
      {
        powerTargetW: 1200,
        stateDetail: "dynamic scaling holds it at 944 W, below the 1200 W that are set; tuning",
      },
    ],
    [
      "a tuner by hash rate",
      { configuration: { tuner: { enabled: true, tuner_mode: 2, power_target: { watt: 3000 } } } },
      { mode: "hashrate target", stateDetail: "not tuned by watts" },
    ],
    [
      "a tuner that is off",
      { configuration: { tuner: { enabled: false } } },
      { mode: "manual", powerTargetW: null },
    ],
    [
      "errors of a miner that stands",
      {
        errors: {
          errors: [{ message: "Not enough fans\u001b[31m", components: [{ name: "fan", index: 1 }] }],
        },
      },
      { hasFanFault: true, stateDetail: "Not enough fans" },
    ],
    ["a process that does not run", { details: { ...DETAILS, bosminer_uptime_s: 0 } }, { uptimeS: null }],
  ])("%s", (_, change, expected) =>
    expect(toBraiinsReading({ ...ANSWERS, ...change }, MINING)).toMatchObject(expected),
  );

  const groups = (strategies: unknown[]) =>
    strategies.map((strategy, index) => ({
      name: index === 2 ? "BOS devfee" : `g${index}`,
      strategy,
      pools: [
        {
          url: `stratum+tcp://p${index}.example:1`,
          user: "u",
          enabled: true,
          alive: false,
          active: false,
          stats: null,
        },
        {
          url: `stratum+tcp://q${index}.example:1`,
          user: "u",
          enabled: false,
          alive: false,
          active: false,
          stats: null,
        },
      ],
    }));

  it.each([
    ["one group: all to its first pool", [{ quota: { value: 3 } }], [1_000_000, 0]],
    ["one group without a strategy", [null], [1_000_000, 0]],
    ["quotas", [{ quota: { value: 1 } }, { quota: { value: 2 } }], [333_333, 0, 666_667, 0]],
    [
      "a fixed ratio before a quota",
      [{ fixedshareratio: { value: 0.25 } }, { quota: { value: 5 } }],
      [250_000, 0, 750_000, 0],
    ],
    [
      "a ratio in percent",
      [{ fixedshareratio: { value: 50 } }, { quota: { value: 1 } }],
      [500_000, 0, 500_000, 0],
    ],
    ["a strategy that is not told", [null, { quota: { value: 1 } }], [null, null, null, null]],
  ])("shares of %s", (_, strategies, expected) => {
    const { pools } = toBraiinsReading({ ...ANSWERS, pools: groups(strategies) }, MINING);

    expect(pools.map(({ sharePpm }) => sharePpm)).toEqual(expected);
    expect(pools[1]).toMatchObject({ state: "disabled", accepted: null });
  });

  it("lists the group of the firmware's maker as a fee", () => {
    const quota = { quota: { value: 1 } };
    const { pools } = toBraiinsReading({ ...ANSWERS, pools: groups([quota, quota, quota]) }, MINING);

    expect(pools.map(({ role }) => role)).toEqual([
      "unknown",
      "unknown",
      "unknown",
      "unknown",
      "dev_fee",
      "dev_fee",
    ]);
  });
});

/** A miner in memory; `special` answers a request in its place. */
function miner(special?: (request: string, body: Record<string, unknown>) => unknown, password = "") {
  const state = {
    details: structuredClone(DETAILS),
    configuration: structuredClone(recorded("configuration.miner")),
    isLocated: false,
    token: 0,
  };
  const link = scripted({
    http(request, body, headers) {
      const found = special?.(request, body);
      if (found !== undefined) return found;
      if (request === "POST /api/v1/auth/login") {
        if (body["password"] !== password) return { status: 401, body: "Invalid credentials" };
        state.token += 1;
        return { status: 200, body: { token: `token${state.token}`, timeout_s: 3600 } };
      }
      if (headers["authorization"] === undefined) return { status: 401, body: null };
      if (headers["authorization"] !== `token${state.token}`) return minerAuthRequired("192.0.2.7");
      const path = request.replace(/^\w+ \/api\/v1\//, "");
      if (request.startsWith("GET")) return told(path);
      if (path === "actions/pause" || path === "actions/resume")
        state.details.status = path.endsWith("pause") ? 3 : 2;
      if (path === "performance/power-target") state.configuration.tuner.power_target = body;
      if (path === "pools/batch") state.configuration.pool_groups = structuredClone(body);
      if (path === "actions/locate") state.isLocated = body as unknown as boolean;
      return true;
    },
  });
  const told = (path: string) => {
    if (path === "miner/details") return structuredClone(state.details);
    if (path === "configuration/miner") return structuredClone(state.configuration);
    if (path === "actions/locate") return state.isLocated;
    return recorded(path.replaceAll("/", ".").replace(/\.$/, ""));
  };
  const driver = createBraiinsDriver({ password });
  return { link, state, driver, actions: async () => (await driver.capabilities(link, never)).actions };
}

describe("its login", () => {
  it("uses the factory's empty password where none is given, and the bare token", async () => {
    const seen: string[] = [];
    const link = scripted({
      http(request, body, headers) {
        if (headers["authorization"] === undefined && request.startsWith("GET")) return { status: 401 };
        if (request.endsWith("login")) return { status: 200, body: { token: "abc", timeout_s: 1, ...body } };
        seen.push(headers["authorization"] ?? "");
        return DETAILS;
      },
    });

    await expect(createBraiinsDriver().identify(link, never)).resolves.toMatchObject({
      firmwareVersion: "26.04",
    });
    expect(link.asked[1]).toBe('POST /api/v1/auth/login {"username":"root","password":""}');
    expect(seen).toEqual(["abc"]);
  });

  it("is not tried again after a wrong password, and gives no second guess", async () => {
    const { link } = miner(undefined, "right");
    const driver = createBraiinsDriver({ password: "wrong" });

    for (let turn = 0; turn < 3; turn++) {
      await expect(driver.read(link, never)).rejects.toMatchObject({ code: "MINER_PASSWORD_WRONG", exit: 5 });
    }
    expect(link.asked.filter((line) => line.includes("login"))).toHaveLength(1);
  });

  it("is made anew once when the device has forgotten the token", async () => {
    const { link, driver, state } = miner();
    await driver.identify(link, never);
    state.token = 10;

    await expect(driver.identify(link, never)).resolves.toMatchObject({ mac: "02:00:00:00:00:01" });
    expect(link.asked.filter((line) => line.includes("login"))).toHaveLength(2);
  });

  it("sends no password to a device that does not show the interface", async () => {
    const link = scripted({ http: () => ({ status: 404, body: null }) });

    await expect(createBraiinsDriver({ password: "secret" }).identify(link, never)).resolves.toBeNull();
    expect(link.asked.join()).not.toContain("secret");
  });
});

describe("its readings", () => {
  it("cost five requests each while they follow each other, and all that is old after a minute", async () => {
    const { link, driver } = miner();
    const asked = async () => {
      const before = link.asked.length;
      const { powerTargetW, boardC } = await driver.read(link, never);
      expect([powerTargetW, boardC]).toEqual([1200, 47.25]);
      return link.asked.length - before;
    };

    // The first one asks for the interface and logs in too.
    expect(await asked()).toBe(9);
    link.pace.slept += 10_000;
    expect(await asked()).toBe(5);
    link.pace.slept += 10_000;
    expect(await asked()).toBe(5);
    link.pace.slept += 60_000;
    expect(await asked()).toBe(7);
  });

  it("ask a miner that its firmware has stopped for the reason", async () => {
    const errors = { errors: [{ message: "Overheated", components: [] }] };
    const { link, driver, state } = miner((request) => (request.endsWith("errors") ? errors : undefined));
    await driver.read(link, never);
    state.details.status = 4;
    const before = link.asked.length;

    await expect(driver.read(link, never)).resolves.toMatchObject({
      ...{ state: "fault", stateDetail: "suspended by its firmware; Overheated" },
    });
    expect(link.asked.length - before).toBe(5);
  });
});

describe("its changes", () => {
  it("offer a range, groups and no choice of one pool", async () => {
    const { driver, link } = miner();
    const { actions, ...can } = await driver.capabilities(link, never);

    expect(can).toMatchObject({
      ...{ canPause: true, power: "continuous", minW: 944, maxW: 5000, split: "groups", splitStepPpm: 1 },
      ...{ restartsOnChange: false, poolsNeedRestart: false, idleW: 20 },
    });
    expect(Object.keys(actions).sort()).toEqual([
      "locate",
      "pause",
      "restart",
      "resume",
      "setTarget",
      "writePools",
    ]);
  });

  it("offer no target where the tuner does not work by watts, or no range is told", async () => {
    const byHashrate = miner();
    byHashrate.state.configuration.tuner.tuner_mode = 2;
    const withoutRange = miner((request) => (request.endsWith("constraints") ? {} : undefined));

    for (const { driver, link } of [byHashrate, withoutRange]) {
      expect(await driver.capabilities(link, never)).toMatchObject({
        power: "onoff",
        minW: null,
        maxW: null,
      });
    }
  });

  it("pause and resume, and send nothing where it is so already", async () => {
    const { link, actions } = miner();
    const { pause, resume } = await actions();

    await expect(pause?.(never)).resolves.toBe("effective");
    await expect(pause?.(never)).resolves.toBe("effective");
    await expect(resume?.(never)).resolves.toBe("effective");
    await expect(resume?.(never)).resolves.toBe("effective");
    expect(link.written).toEqual(["PUT /api/v1/actions/pause", "PUT /api/v1/actions/resume"]);
  });

  it("do not resume a miner that its firmware has suspended", async () => {
    const { link, state, actions } = miner();
    state.details.status = 4;

    await expect((await actions()).resume?.(never)).resolves.toBe("pending");
    expect(link.written).toEqual([]);
  });

  it("set the target and nothing beside it, once", async () => {
    const { link, actions } = miner();
    const { setTarget } = await actions();

    await expect(setTarget?.(1800.4, never)).resolves.toBe("effective");
    await expect(setTarget?.(1800, never)).resolves.toBe("effective");
    expect(link.written).toEqual(['PUT /api/v1/performance/power-target {"watt":1800}']);
  });

  it("are rejected with the words of the device in the next reading", async () => {
    const no = minerRefused("192.0.2.7", "/api/v1/performance/power-target (400)", "Out of range 944-5000 W");
    const { link, driver, actions } = miner((request) => (request.endsWith("power-target") ? no : undefined));

    await expect((await actions()).setTarget?.(9000, never)).resolves.toBe("rejected");
    const { stateDetail } = await driver.read(link, never);
    expect(stateDetail).toContain("Out of range 944-5000 W");
  });

  it("that the firmware says yes to and forgets are rejected", async () => {
    const { actions } = miner((request) => (request.startsWith("PUT") ? true : undefined));

    await expect((await actions()).setTarget?.(2000, never)).resolves.toBe("rejected");
  });

  it("whose answer is lost are decided by what the device then shows", async () => {
    const lost = minerCutAnswer("192.0.2.7");
    const gone = miner((request) => (request.endsWith("power-target") ? lost : undefined));
    const kept = miner((request, body) => {
      if (!request.endsWith("power-target")) return undefined;
      kept.state.configuration.tuner.power_target = body;
      return lost;
    });

    await expect((await gone.actions()).setTarget?.(2000, never)).resolves.toBe("unknown");
    await expect((await kept.actions()).setTarget?.(2000, never)).resolves.toBe("effective");
    expect(gone.link.written).toHaveLength(1);
  });

  it("are not sent when what they build on is not whole", async () => {
    const spoilt: [string, (state: ReturnType<typeof miner>["state"]) => void, string][] = [
      [
        "setTarget",
        (state) => void Object.assign(state.configuration.tuner, { power_target: null }),
        "power target",
      ],
      ["writePools", (state) => void Object.assign(state.configuration, { pool_groups: [] }), "pools"],
      ["writePools", (state) => void delete state.configuration.pool_groups[1].pools[0].user, "pools"],
      ["pause", (state) => void delete state.details.status, "state"],
    ];
    for (const [action, spoil, what] of spoilt) {
      const { link, state, actions } = miner();
      const { pause, setTarget, writePools } = await actions();
      spoil(state);
      const tried =
        action === "pause"
          ? pause?.(never)
          : action === "setTarget"
            ? setTarget?.(2000, never)
            : writePools?.(POOLS, never);

      await expect(tried).rejects.toMatchObject({
        code: "MINER_INCOMPLETE",
        message: expect.stringContaining(what),
      });
      expect(link.written).toEqual([]);
    }
  });

  it("restart the mining, and let the lamp blink until asked again", async () => {
    const { link, actions } = miner();
    const { restart, locate } = await actions();

    await expect(restart?.(never)).resolves.toBe("pending");
    await expect(locate?.(never)).resolves.toBe("effective");
    await expect(locate?.(never)).resolves.toBe("effective");
    expect(link.written).toEqual([
      "PUT /api/v1/actions/restart",
      "PUT /api/v1/actions/locate true",
      "PUT /api/v1/actions/locate false",
    ]);
  });
});

const POOLS: PoolTarget[] = [
  ...[
    {
      url: "stratum+tcp://a.example:3333",
      user: "a.w",
      password: "x",
      role: "member" as const,
      sharePpm: 697_500,
    },
    {
      url: "stratum+tcp://b.example:3333",
      user: "b.w",
      password: "y",
      role: "coop" as const,
      sharePpm: 302_500,
    },
  ],
];
const batch = (link: { written: string[] }) =>
  link.written.map((line) => JSON.parse(line.replace("PUT /api/v1/pools/batch ", "")));

describe("its pools", () => {
  it("become groups with the smallest whole quotas, without a uid", async () => {
    const { link, actions } = miner();
    const { writePools } = await actions();

    await expect(writePools?.(POOLS, never)).resolves.toBe("effective");
    await expect(writePools?.(POOLS, never)).resolves.toBe("effective");
    expect(batch(link)).toEqual([
      [
        {
          name: "member",
          load_balance_strategy: { quota: { value: 279 } },
          pools: [{ url: "stratum+tcp://a.example:3333", user: "a.w", password: "x", enabled: true }],
        },
        {
          name: "coop",
          load_balance_strategy: { quota: { value: 121 } },
          pools: [{ url: "stratum+tcp://b.example:3333", user: "b.w", password: "y", enabled: true }],
        },
      ],
    ]);
  });

  it("stand in one group in order of failover without shares", async () => {
    const { link, actions } = miner();
    const pools = POOLS.map((pool) => ({ ...pool, sharePpm: null }));

    await expect((await actions()).writePools?.(pools, never)).resolves.toBe("effective");
    expect(batch(link)[0]).toMatchObject([
      { name: "member", load_balance_strategy: { quota: { value: 1 } } },
    ]);
    expect(batch(link)[0][0].pools.map(({ user }: { user: string }) => user)).toEqual(["a.w", "b.w"]);
  });

  it("with the share 0 stand in for the one before, so that they get no work of their own", async () => {
    const { link, actions } = miner();
    const pools = POOLS.map((pool, index) => ({ ...pool, sharePpm: index === 0 ? 1_000_000 : 0 }));

    await expect((await actions()).writePools?.(pools, never)).resolves.toBe("effective");
    expect(batch(link)[0]).toHaveLength(1);
  });

  it.each([
    ["some shares missing", [700_000, null]],
    ["no share above zero", [0, 0]],
    ["a broken share", [500_000.5, 499_999.5]],
  ])("are refused with %s, before anything is sent", async (_, shares) => {
    const { link, actions } = miner();
    const pools = POOLS.map((pool, index) => ({ ...pool, sharePpm: shares[index] ?? null }));

    await expect((await actions()).writePools?.(pools, never)).rejects.toMatchObject({
      code: "SPLIT_UNSUPPORTED",
    });
    expect(link.written).toEqual([]);
  });

  it("are written again for another password, and for one that the device does not tell", async () => {
    const { link, state, actions } = miner();
    const { writePools } = await actions();
    await writePools?.(POOLS, never);
    await writePools?.(
      POOLS.map((pool) => ({ ...pool, password: "z" })),
      never,
    );
    expect(link.written).toHaveLength(2);
    for (const { pools } of state.configuration.pool_groups) for (const pool of pools) pool.password = null;

    await writePools?.(POOLS, never);
    expect(link.written).toHaveLength(3);
  });

  it("are pending while the miner is silent over its restart", async () => {
    let isWritten = false;
    const { actions } = miner((request) => {
      if (request.startsWith("PUT")) isWritten = true;
      return isWritten && request.startsWith("GET") ? minerCutAnswer("192.0.2.7") : undefined;
    });

    await expect((await actions()).writePools?.(POOLS, never)).resolves.toBe("pending");
  });

  it("are kept with passwords, shares and the whole configuration for a restore", async () => {
    const { link, driver } = miner();

    expect(await driver.backup(link, never)).toMatchObject({
      pools: [
        { user: "member.s19", password: "x", sharePpm: 800_000 },
        { user: "coop.member0417", password: "x", sharePpm: 200_000 },
      ],
      settings: { pool_groups: [{ uid: "7WHmZqjc" }, {}], tuner: { power_target: { watt: 1200 } } },
    });
  });
});

describe("a release before the REST interface", () => {
  const old = (self: unknown = JSON.parse(fixture("braiins/25.05/post.graphql.json"))) =>
    scripted({
      http: (request) =>
        request === "POST /graphql" ? { status: 200, body: self } : { status: 404, body: null },
      cgminer: () => fixture("braiins/25.05/summary+tunerstatus+temps+fans+tempctrl+pools.json"),
    });

  it("is known by its hardware number, read over the socket, and told what to do", async () => {
    const link = old();
    const driver = createBraiinsDriver();

    await expect(driver.identify(link, never)).resolves.toMatchObject({
      ...{ id: "serial:lAOJ0RbI6axyOyGf", mac: null, model: "Antminer S19 Pro", firmwareVersion: "25.05" },
    });
    await expect(driver.read(link, never)).resolves.toMatchObject({
      ...{
        state: "mining",
        powerW: 2088,
        powerSource: "estimated",
        powerTargetW: 2100,
        hashrateThs: 82_102_776.1 * 1e-6,
      },
      ...{ chipMaxC: 68, boardC: 53.75, uptimeS: 3720 },
      stateDetail: "only read: an update of Braiins OS to 25.07 or later lets it be controlled from here",
      pools: [{ acceptedDifficulty: 54001664, sharePpm: null }],
    });
    await expect(driver.capabilities(link, never)).resolves.toMatchObject({
      ...{ canPause: false, power: "none", split: "none", actions: {} },
    });
    await expect(driver.backup(link, never)).resolves.toMatchObject({
      pools: [{ password: null }],
      settings: null,
    });
  });

  it("that shows the path and has no login behind it is read over the socket too", async () => {
    const half = scripted({
      http: (request) => ({ status: request.endsWith("login") ? 405 : 401, body: null }),
      cgminer: () => fixture("braiins/25.05/summary+tunerstatus+temps+fans+tempctrl+pools.json"),
    });

    await expect(createBraiinsDriver().read(half, never)).resolves.toMatchObject({ powerW: 2088 });
  });

  const self = (version: string | null, hardwareId: string | null = "abcdef123456") => ({
    hardwareId,
    model: "Antminer S9",
    version: version === null ? null : { text: version, year: Number(version.slice(0, 2)) },
  });

  it("of 22.08 or older is left to its own driver", () => {
    expect(toOldIdentity(self("22.08.1"))).toBeNull();
    expect(toOldIdentity(self("23.03"))).toMatchObject({ id: "serial:abcdef123456" });
    expect(toOldIdentity(self(null))).toMatchObject({ firmwareVersion: "" });
    expect(toOldIdentity(null)).toBeNull();
  });

  it("that tells no number of its own is named, with the update to make", async () => {
    const nameless = old({
      data: { bos: { info: { version: { full: "2024-09-11-0-aaaaaaaa-24.09-plus" } } } },
    });

    await expect(createBraiinsDriver().identify(nameless, never)).rejects.toMatchObject({
      code: "MINER_UNSUPPORTED",
      message: expect.stringContaining("Braiins OS 24.09"),
      hint: "Update Braiins OS to 25.07 or later",
    });
  });
});
