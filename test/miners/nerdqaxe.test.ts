import { describe, expect, it } from "vitest";
import { createAxeosDriver } from "#src/miners/axeos.ts";
import { ladderOf } from "#src/miners/clock-ladder.ts";
import { createNerdqaxeDriver, toIdentity } from "#src/miners/nerdqaxe.ts";
import { toReading } from "#src/miners/nerdqaxe-reading.ts";
import { unreachableError } from "#src/model/errors.ts";
import type { PoolTarget } from "#src/model/miner.ts";
import { fixture, scripted } from "./fixtures.ts";

const never = new AbortController().signal;
const recorded = (name: string) => JSON.parse(fixture(`nerdqaxe/${name}.json`));
const INFO = recorded("1.0.37/api.system.info");
const DASHBOARD = recorded("1.0.37/api.v2.dashboard");
const SETTINGS = recorded("1.0.37/api.v2.settings");
const MIDDLE = recorded("1.0.35/api.system.info");
const MIDDLE_OPTIONS = recorded("1.0.35/api.system.asic");
const OLD = recorded("1.0.30/api.system.info");
const LADDER = ladderOf(SETTINGS, INFO);

describe("a NerdQAxe++ in dual mode", () => {
  it("reads as recorded", () => {
    const pool = {
      role: "unknown",
      state: "alive",
      acceptedDifficulty: null,
      stale: null,
      shareDifficulty: 8192,
      isActive: true,
    };
    expect(toReading(INFO, DASHBOARD, LADDER)).toEqual({
      state: "mining",
      stateDetail: null,
      powerW: 76.4,
      powerSource: "measured",
      hashrateThs: 4.8732,
      chipMaxC: 58.1,
      boardC: null,
      inletC: null,
      outletC: null,
      fans: [{ rpm: 4010, percent: 64 }],
      hasFanFault: false,
      uptimeS: 70112,
      powerTargetW: null,
      mode: "600 MHz",
      stepIndex: 6,
      pools: [
        {
          ...pool,
          url: "stratum+tcp://pool.member.example:3333",
          user: "bc1qmember.q",
          accepted: 4098,
          rejected: 8,
          sharePpm: 800_000,
        },
        {
          ...pool,
          url: "stratum+tcp://pool.coop.example:3333",
          user: "coop.member0417",
          accepted: 1022,
          rejected: 3,
          sharePpm: 200_000,
        },
      ],
    });
    expect(toIdentity(INFO)).toEqual({
      id: "30:ed:a0:aa:bb:cc",
      mac: "30:ed:a0:aa:bb:cc",
      serial: null,
      make: "NerdQAxe",
      model: "NerdQAxe++",
      firmware: "nerdqaxe",
      firmwareVersion: "v1.0.37",
    });
  });

  it("reads the same without the newer API", () => {
    expect(toReading(INFO, null, LADDER)).toEqual(toReading(INFO, DASHBOARD, LADDER));
  });
});

describe("older firmware", () => {
  it("1.0.35 lists the working pool alone, and the reading tells which it is", () => {
    const reading = toReading(MIDDLE, null, ladderOf(MIDDLE_OPTIONS, MIDDLE));

    expect(reading).toMatchObject({ state: "mining", hashrateThs: expect.closeTo(2.4801), stepIndex: 5 });
    expect(reading.pools).toMatchObject([
      { url: "stratum+tcp://pool.member.example:3333", isActive: false, accepted: null, sharePpm: null },
      {
        ...{ url: "stratum+ssl://pool.spare.example:4333", isActive: true, accepted: 640, rejected: 2 },
        ...{ shareDifficulty: 4096, state: "alive" },
      },
    ]);
  });

  it("1.0.30 has flat pools, no state field and a mean of ten minutes", () => {
    const ladder = ladderOf(null, OLD);
    const reading = toReading(OLD, null, ladder);

    // The chip's table up to the board's default clock; 515 MHz is the owner's own.
    expect(ladder).toEqual({ clocksMhz: [400, 490, 525], voltageMv: 1150, chipCount: 1 });
    expect(reading).toMatchObject({ state: "mining", stepIndex: null, mode: "515 MHz" });
    expect(reading.pools).toMatchObject([
      { url: "stratum+tcp://pool.member.example:3333", isActive: true, accepted: 311, shareDifficulty: 2048 },
    ]);
    expect(toReading({ ...OLD, coreVoltageActual: 0 }, null, ladder)).toMatchObject({
      state: "unknown",
      hashrateThs: 0,
    });
    expect(toReading({ ...OLD, hashRate: null }, null, ladder, true).state).toBe("mining");
  });
});

describe("unusual figures", () => {
  const stratum = (change: object) => ({ stratum: { ...INFO.stratum, ...change } });
  const pools = (change: object) =>
    stratum({ pools: [{ ...INFO.stratum.pools[0], ...change }, INFO.stratum.pools[1]] });

  it.each([
    ["a shutdown", { shutdown: true, hashRate: 0 }, { state: "paused", hashrateThs: 0, stepIndex: null }],
    ["a fresh start", { hashRate: 0, uptimeSeconds: 20 }, { state: "starting" }],
    ["chips beyond their limit", { temp: 76, overheat_temp: 75 }, { state: "fault", chipMaxC: 76 }],
    ["a second fan", { fanrpm2: 3800, fanspeed2: 50 }, { fans: [{ rpm: 4010 }, { rpm: 3800, percent: 50 }] }],
    [
      "a balance beyond all",
      stratum({ poolBalance: 300 }),
      { pools: [{ sharePpm: 1_000_000 }, { sharePpm: 0 }] },
    ],
    ["a balance that is not told", stratum({ poolBalance: null }), { pools: [{ sharePpm: null }, {}] }],
    [
      "dual mode that waits for a restart",
      stratum({ activePoolMode: 0, usingFallback: false }),
      {
        stateDetail: "the other pool mode applies after a restart",
        pools: [
          { isActive: true, sharePpm: null },
          { isActive: false, sharePpm: null },
        ],
      },
    ],
    ["a pool that is gone", pools({ connected: false }), { pools: [{ state: "dead", isActive: false }, {}] }],
    [
      "a pool blocked by the coinbase check",
      pools({ verifyBlocked: "address_not_found", connected: false }),
      {
        stateDetail: "pool 1 is blocked by its coinbase check (address_not_found)",
        pools: [{ state: "disabled", isActive: false }, {}],
      },
    ],
    [
      "a pool of too low a difficulty",
      pools({ poolDiffErr: true }),
      { stateDetail: "pool 1 asks for less difficulty than the chips can filter" },
    ],
    [
      "a pool of Stratum V2",
      pools({ activeProtocol: 1 }),
      { pools: [{ url: expect.stringMatching(/^stratum2/) }, {}] },
    ],
    [
      "an encrypted pool",
      pools({ activeProtocol: 0, encrypted: true }),
      { pools: [{ url: "stratum+ssl://pool.member.example:3333" }, {}] },
    ],
  ])("%s", (_, change, expected) => {
    expect(toReading({ ...INFO, ...change }, null, LADDER)).toMatchObject(expected);
  });

  it("tells an error of the board as a fault, also while it is shut down", () => {
    const dashboard = { ...DASHBOARD, system: { ...DASHBOARD.system, boardError: 2 } };

    expect(toReading({ ...INFO, shutdown: true }, dashboard, LADDER)).toMatchObject({
      state: "fault",
      stateDetail: "the board reports error 2",
    });
  });
});

describe("who is who", () => {
  it.each([
    ["a NerdQAxe++", INFO, "nerdqaxe"],
    ["a NerdAxe before the dual mode", OLD, "nerdqaxe"],
    ["a board of the family under another name", { ...INFO, deviceModel: "Q1370" }, "nerdqaxe"],
    ["a Bitaxe", JSON.parse(fixture("axeos/2.15.0/api.system.info.json")), "axeos"],
    [
      "an AxeOS fork that names its model",
      { ...JSON.parse(fixture("axeos/2.4.5/api.system.info.json")), deviceModel: "Lucky" },
      "axeos",
    ],
    ["something else", { deviceModel: "Nerdminer" }, null],
  ])("%s", async (_, info, firmware) => {
    const identities = await Promise.all(
      [createAxeosDriver(), createNerdqaxeDriver()].map((driver) =>
        driver.identify(scripted({ http: () => info }), never),
      ),
    );

    expect(identities.map((identity) => identity?.firmware ?? null)).toEqual([
      firmware === "axeos" ? "axeos" : null,
      firmware === "nerdqaxe" ? "nerdqaxe" : null,
    ]);
  });
});

interface Board {
  info: Record<string, unknown> & { stratum?: Record<string, unknown> };
  settings: Record<string, unknown> | null;
}

/** A board in memory; `special` answers a write in its place. */
function board(given: Partial<Board> = {}, special?: (request: string) => unknown) {
  const state: Board = structuredClone({ info: INFO, settings: SETTINGS, ...given });
  const link = scripted({
    http(request, body) {
      const found = special?.(request);
      if (found !== undefined) return found;
      switch (request) {
        case "GET /api/system/info":
          return structuredClone(state.info);
        case "GET /api/v2/settings":
          return state.settings === null
            ? { status: 302, headers: { location: "/" } }
            : structuredClone(state.settings);
        case "GET /api/v2/dashboard":
          return DASHBOARD;
        case "GET /api/system/asic":
          return state.settings === null && state.info.stratum ? MIDDLE_OPTIONS : { status: 404 };
        case "POST /api/system/shutdown":
          state.info["shutdown"] = true;
          state.info["hashRate"] = 0;
          return null;
        case "POST /api/system/restart":
          state.info["shutdown"] = false;
          return null;
        default:
          take(state, body);
          return null;
      }
    },
  });
  const driver = createNerdqaxeDriver();
  return { link, state, driver, capabilities: () => driver.capabilities(link, never) };
}

function take({ info, settings }: Board, body: Record<string, unknown>) {
  const { poolMode, poolBalance, pools, ...rest } = body;
  const choice = {
    ...(poolMode === undefined ? {} : { poolMode }),
    ...(poolBalance === undefined ? {} : { poolBalance }),
  };
  Object.assign(info, rest);
  if (info.stratum) Object.assign(info.stratum, choice);
  if (settings) Object.assign(settings, choice, pools === undefined ? {} : { pools });
}

const target = (host: string, sharePpm: number | null, scheme = "stratum+tcp"): PoolTarget => ({
  ...{ url: `${scheme}://${host}:3333`, user: `${host}.w`, password: "x", role: "member", sharePpm },
});
const shared = (first: number) => [target("a.example", first), target("b.example", 1_000_000 - first)];
const FAILOVER = {
  ...INFO,
  stratum: { ...INFO.stratum, poolMode: 0, activePoolMode: 0, usingFallback: false },
};
const entries = [
  '{"url":"a.example","port":3333,"user":"a.example.w","password":"x","tls":false,"protocol":0}',
  '{"url":"b.example","port":3333,"user":"b.example.w","password":"x","tls":false,"protocol":0}',
];

describe("what it can do", () => {
  it("is a dual split, a ladder within its own limits and a shutdown", async () => {
    const capable = await board().capabilities();

    expect(capable).toMatchObject({
      ...{ canPause: true, power: "discrete", minW: 52, maxW: 100 },
      ...{ split: "dual", splitStepPpm: 10_000, poolSlots: 2, poolsNeedRestart: false },
    });
    expect(capable.steps.map(({ label, wallW }) => [label, wallW])).toEqual([
      ["500 MHz", 63.7],
      ["515 MHz", 65.6],
      ["525 MHz", 66.9],
      ["550 MHz", 70],
      ["575 MHz", 73.2],
      ["590 MHz", 75.1],
      ["600 MHz", 76.4],
    ]);
    expect(Object.keys(capable.actions).sort()).toEqual([
      "pause",
      "restart",
      "resume",
      "setStep",
      "writePools",
    ]);
  });

  it("needs a restart for new pools while the failover mode runs", async () => {
    const { poolsNeedRestart, split } = await board({ info: FAILOVER }).capabilities();

    expect([poolsNeedRestart, split]).toEqual([true, "dual"]);
  });

  it("has no split and no pause before firmware 1.0.35", async () => {
    const { split, splitStepPpm, canPause, actions, steps } = await board({
      info: OLD,
      settings: null,
    }).capabilities();

    expect([split, splitStepPpm, canPause]).toEqual(["none", null, false]);
    expect(Object.keys(actions).sort()).toEqual(["restart", "setStep", "writePools"]);
    expect(steps.map(({ label }) => label)).toEqual(["400 MHz", "490 MHz", "525 MHz"]);
    expect(steps[2]?.hashrateThs).toBe(1.071);
  });
});

describe("pause and resume", () => {
  it("are a shutdown and a restart, each sent only where it is needed", async () => {
    const { link, capabilities } = board();
    const { actions } = await capabilities();

    await expect(actions.resume?.(never)).resolves.toBe("effective");
    expect(link.written).toEqual([]);
    await expect(actions.pause?.(never)).resolves.toBe("effective");
    await expect(actions.pause?.(never)).resolves.toBe("effective");
    await expect(actions.resume?.(never)).resolves.toBe("effective");
    expect(link.written).toEqual(["POST /api/system/shutdown {}", "POST /api/system/restart {}"]);
  });

  it("count the silence after a restart as the sign that it does", async () => {
    let isGone = false;
    const { capabilities } = board({ info: { ...INFO, shutdown: true, hashRate: 0 } }, (request) => {
      if (isGone) return unreachableError("MINER_UNREACHABLE", "gone");
      isGone = request === "POST /api/system/restart";
      return isGone ? null : undefined;
    });

    await expect((await capabilities()).actions.resume?.(never)).resolves.toBe("pending");
  });

  it("are not believed of a board that says yes and stays as it was", async () => {
    const lies = (request: string) => (request.startsWith("POST") ? null : undefined);
    const awake = await board({}, lies).capabilities();
    const down = await board({ info: { ...INFO, shutdown: true, hashRate: 0 } }, lies).capabilities();

    await expect(awake.actions.pause?.(never)).resolves.toBe("rejected");
    await expect(down.actions.resume?.(never)).resolves.toBe("rejected");
  });

  it("do not restart a board that protects itself", async () => {
    const faulty = { ...DASHBOARD, system: { ...DASHBOARD.system, boardError: 1 } };
    const { link, capabilities } = board({ info: { ...INFO, shutdown: true, hashRate: 0 } }, (request) =>
      request === "GET /api/v2/dashboard" ? faulty : undefined,
    );

    await expect((await capabilities()).actions.resume?.(never)).rejects.toMatchObject({
      code: "MINER_IN_FAULT",
      exit: 1,
    });
    expect(link.written).toEqual([]);
  });
});

describe("one-time codes", () => {
  it("forbid every write before it is sent, and no read", async () => {
    const { link, driver, capabilities } = board({ info: { ...INFO, otp: true } });
    const { actions } = await capabilities();
    const writes = [
      () => actions.pause?.(never),
      () => actions.resume?.(never),
      () => actions.setStep?.(0, never),
      () => actions.writePools?.(shared(700_000), never),
      () => actions.restart?.(never),
    ];

    for (const write of writes) {
      await expect(write()).rejects.toMatchObject({
        code: "MINER_OTP_REQUIRED",
        exit: 5,
        hint: expect.stringContaining("own page"),
      });
    }
    expect(link.written).toEqual([]);
    await expect(driver.read(link, never)).resolves.toMatchObject({ state: "mining" });
  });
});

describe("a split", () => {
  it("in dual mode is another balance, at work at once", async () => {
    const { link, capabilities } = board();

    await expect((await capabilities()).actions.writePools?.(shared(700_000), never)).resolves.toBe(
      "effective",
    );
    expect(link.written).toEqual([
      `PATCH /api/v2/settings {"poolMode":1,"poolBalance":70,"pools":[${entries}]}`,
    ]);
  });

  it("from failover mode is stored and waits for its restart", async () => {
    const { link, capabilities } = board({ info: FAILOVER });

    await expect((await capabilities()).actions.writePools?.(shared(700_000), never)).resolves.toBe(
      "pending",
    );
    expect(link.written).toHaveLength(1);
  });

  it("goes by the flat keys where there is nothing newer, though the balance is not told yet", async () => {
    const { link, state, capabilities } = board({ info: { ...MIDDLE, otp: false }, settings: null });

    const written = (await capabilities()).actions.writePools?.(shared(667_000), never);

    await expect(written).resolves.toBe("pending");
    expect(link.written).toEqual([
      'PATCH /api/system {"poolMode":1,"poolBalance":67,"stratumURL":"a.example","stratumPort":3333,"stratumUser":"a.example.w","stratumPassword":"x","stratumTLS":false,"fallbackStratumURL":"b.example","fallbackStratumPort":3333,"fallbackStratumUser":"b.example.w","fallbackStratumPassword":"x","fallbackStratumTLS":false}',
    ]);
    expect(state.info.stratum).toMatchObject({ poolMode: 1, activePoolMode: 0 });
  });

  it.each([
    [1_000, 1],
    [4_000, 1],
    [995_500, 99],
    [333_333, 33],
    [500_000, 50],
  ])("of %i ppm is %i percent: the nearest, and never all to one", async (firstPpm, percent) => {
    const { link, capabilities } = board();

    await (await capabilities()).actions.writePools?.(shared(firstPpm), never);

    expect(link.written[0]).toContain(`"poolBalance":${percent}`);
  });

  it("that the board says yes to and forgets is rejected", async () => {
    const forgets = (request: string) => (request.startsWith("PATCH") ? null : undefined);
    const { capabilities } = board({}, forgets);

    await expect((await capabilities()).actions.writePools?.(shared(700_000), never)).resolves.toBe(
      "rejected",
    );
  });

  it("is refused without its parts, and by firmware that has none, with nothing sent", async () => {
    const dual = board();
    const old = board({ info: OLD, settings: null });
    const halves = [target("a.example", 500_000), target("b.example", null)];

    for (const wanted of [halves, [target("a.example", 0), target("b.example", 0)]]) {
      await expect((await dual.capabilities()).actions.writePools?.(wanted, never)).rejects.toMatchObject({
        code: "SPLIT_UNSUPPORTED",
      });
    }
    await expect(
      (await old.capabilities()).actions.writePools?.(shared(500_000), never),
    ).rejects.toMatchObject({
      code: "SPLIT_UNSUPPORTED",
      exit: 1,
    });
    expect([...dual.link.written, ...old.link.written]).toEqual([]);
  });
});

describe("pools without shares", () => {
  const both = [target("a.example", null), target("b.example", null)];

  it("are a failover, which waits for a restart where the dual mode runs", async () => {
    const dual = board();
    const failover = board({ info: FAILOVER });

    await expect((await dual.capabilities()).actions.writePools?.(both, never)).resolves.toBe("pending");
    await expect((await failover.capabilities()).actions.writePools?.(both, never)).resolves.toBe(
      "effective",
    );
    expect(failover.link.written).toEqual([`PATCH /api/v2/settings {"poolMode":0,"pools":[${entries}]}`]);
  });

  it("go by the flat keys alone before the dual mode", async () => {
    const { link, capabilities } = board({ info: OLD, settings: null });

    await expect((await capabilities()).actions.writePools?.(both, never)).resolves.toBe("effective");
    expect(link.written[0]).not.toMatch(/poolMode|TLS/);
  });

  it("leave no second pool behind that nobody named", async () => {
    const { link, capabilities } = board();
    const { actions } = await capabilities();

    await actions.writePools?.([target("a.example", null)], never);
    await actions.writePools?.([target("a.example", 1_000_000)], never);

    expect(link.written).toEqual([
      `PATCH /api/v2/settings {"poolMode":0,"pools":[${entries[0]},${entries[0]}]}`,
      `PATCH /api/v2/settings {"poolMode":1,"poolBalance":100,"pools":[${entries[0]},${entries[0]}]}`,
    ]);
  });

  it("are encrypted only where the firmware can be", async () => {
    const secret = [target("a.example", null, "stratum+ssl")];
    const can = board();
    const cannot = board({ info: OLD, settings: null });

    await (await can.capabilities()).actions.writePools?.(secret, never);
    expect(can.link.written[0]).toContain('"tls":true');
    await expect((await cannot.capabilities()).actions.writePools?.(secret, never)).rejects.toMatchObject({
      code: "MINER_POOL_UNSUPPORTED",
    });
    expect(cannot.link.written).toEqual([]);
  });

  it("are not written over settings that were not told whole", async () => {
    const { stratumURL: _, ...noFirst } = OLD;
    const cut = board({ settings: { ...SETTINGS, pools: [SETTINGS.pools[0]] } });
    const flat = board({ info: noFirst, settings: null });

    for (const { link, capabilities } of [cut, flat]) {
      await expect((await capabilities()).actions.writePools?.(both, never)).rejects.toMatchObject({
        code: "MINER_INCOMPLETE",
      });
      expect(link.written).toEqual([]);
    }
  });

  it("are backed up with the mode and the balance that belong to them", async () => {
    const { link, driver } = board();

    await expect(driver.backup(link, never)).resolves.toMatchObject({
      pools: [
        { url: "stratum+tcp://pool.member.example:3333", password: null, sharePpm: 800_000 },
        { url: "stratum+tcp://pool.coop.example:3333", password: null, sharePpm: 200_000 },
      ],
      settings: { poolMode: 1, poolBalance: 80 },
    });
  });
});

describe("a rung", () => {
  it("is a clock at the default voltage, also set while shut down", async () => {
    const { link, capabilities } = board({ info: { ...INFO, shutdown: true, coreVoltage: 1200 } });

    await expect((await capabilities()).actions.setStep?.(0, never)).resolves.toBe("effective");
    expect(link.written).toEqual(['PATCH /api/system {"frequency":500,"coreVoltage":1150}']);
  });
});
