import { describe, expect, it } from "vitest";
import { createAxeosDriver } from "#src/miners/axeos.ts";
import { ladderOf } from "#src/miners/clock-ladder.ts";
import { createNerdqaxeDriver, toIdentity } from "#src/miners/nerdqaxe.ts";
import { toReading } from "#src/miners/nerdqaxe-reading.ts";
import { fixture, scripted } from "./fixtures.ts";
import {
  board,
  DASHBOARD,
  FAILOVER,
  INFO,
  MIDDLE,
  MIDDLE_OPTIONS,
  never,
  OLD,
  SETTINGS,
} from "./nerdqaxe-in-memory.ts";

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
    // The mean of ten minutes goes on while the board has taken the power from its chips.
    expect(toReading({ ...OLD, coreVoltageActual: 0 }, null, ladder)).toMatchObject({
      state: "fault",
      stateDetail: "it has taken the power from its chips",
      hashrateThs: 0,
    });
    expect(toReading({ ...OLD, coreVoltageActual: 0, uptimeSeconds: 9 }, null, ladder).state).toBe("unknown");
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
    [
      "chips without power that nobody has shut down",
      { hashRate: 0, coreVoltageActual: 0 },
      { state: "fault", stateDetail: "it has taken the power from its chips" },
    ],
    [
      "chips without power at rest",
      { shutdown: true, hashRate: 0, coreVoltageActual: 0 },
      { state: "paused" },
    ],
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

  it.each([
    [2, "its voltage regulator overheated"],
    [9, "the board reports error 9"],
  ])("tells error %i of the board as a fault, also while it is shut down", (boardError, stateDetail) => {
    const dashboard = { ...DASHBOARD, system: { ...DASHBOARD.system, boardError } };

    expect(toReading({ ...INFO, shutdown: true }, dashboard, LADDER)).toMatchObject({
      state: "fault",
      stateDetail,
    });
  });

  it("takes the error that stands beside blocked pools for no fault of the board", () => {
    const entries = DASHBOARD.stratum.pools.map((pool: object) => ({
      ...pool,
      verifyBlocked: "fee_too_high",
    }));
    const blocked = (boardError: number) => ({
      ...DASHBOARD,
      system: { ...DASHBOARD.system, boardError },
      stratum: { ...DASHBOARD.stratum, pools: entries },
    });

    expect(toReading(INFO, blocked(6), LADDER)).toMatchObject({
      state: "mining",
      stateDetail: expect.stringContaining("pool 1 is blocked"),
    });
    expect(toReading(INFO, blocked(1), LADDER)).toMatchObject({
      state: "fault",
      stateDetail: expect.stringMatching(/^overheated; pool 1/),
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

describe("what it can do", () => {
  it("is a dual split, a ladder of clocks and a shutdown", async () => {
    const capable = await board().capabilities();

    expect(capable).toMatchObject({
      ...{ canPause: true, power: "discrete", minW: null, maxW: null },
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
