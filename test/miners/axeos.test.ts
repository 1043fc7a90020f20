import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { createAxeosDriver, toIdentity } from "#src/miners/axeos.ts";
import { toReading } from "#src/miners/axeos-reading.ts";
import { ladderOf } from "#src/miners/clock-ladder.ts";
import { ASIC, board, NEW, NO_ROUTE, never, OLD, recorded } from "./axeos-in-memory.ts";
import { scripted } from "./fixtures.ts";

const LADDER = ladderOf(ASIC, NEW);
const NO_LADDER = ladderOf(null, {});

describe("a board with firmware 2.15", () => {
  it("reads as recorded", () => {
    expect(toReading(NEW, LADDER)).toEqual({
      state: "mining",
      stateDetail: null,
      powerW: 17.12,
      powerSource: "measured",
      hashrateThs: 1.0664,
      chipMaxC: 57.25,
      boardC: null,
      inletC: null,
      outletC: null,
      fans: [{ rpm: 3920, percent: 38 }],
      hasFanFault: false,
      uptimeS: 93311,
      powerTargetW: null,
      mode: "525 MHz",
      stepIndex: 2,
      pools: [
        {
          url: "stratum+tcp://pool.member.example:3333",
          user: "bc1qmember.shed",
          role: "unknown",
          state: "alive",
          acceptedDifficulty: null,
          accepted: 1841,
          rejected: 4,
          stale: null,
          shareDifficulty: 1024,
          isActive: true,
          sharePpm: null,
        },
      ],
    });
    expect(toIdentity(NEW)).toMatchObject({
      id: "b0:81:84:11:22:33",
      model: "BM1370",
      firmwareVersion: "v2.15.0",
    });
  });
});

describe("a board with firmware 2.4", () => {
  it("reads without averages, pause or known share difficulty", () => {
    const reading = toReading(OLD, NO_LADDER);

    expect(reading).toMatchObject({
      state: "mining",
      powerW: 12.6500005722046,
      hashrateThs: 0.5129,
      stepIndex: null,
    });
    expect(reading.pools.map(({ url, isActive, accepted }) => [url, isActive, accepted])).toEqual([
      ["stratum+tcp://btc.example.pool:3333", true, 0],
      ["stratum+tcp://btc2.example.pool:3333", false, null],
    ]);
    expect(reading.pools[0]?.shareDifficulty).toBeNull();
  });
});

describe("boards with the firmware between", () => {
  it("reads a GammaTurbo with 2.14: two chips, two fans, an encrypted fallback", () => {
    const info = recorded("2.14.2/api.system.info");
    const reading = toReading(info, ladderOf(recorded("2.14.2/api.system.asic"), info));

    expect(reading).toMatchObject({ state: "mining", chipMaxC: 61.4, mode: "550 MHz", stepIndex: 3 });
    expect(reading.fans).toEqual([
      { rpm: 4480, percent: 52 },
      { rpm: 4390, percent: 52 },
    ]);
    expect(reading.pools.map(({ url }) => url)).toEqual([
      "stratum+tcp://pool.member.example:3333",
      "stratum+ssl://pool.spare.example:4333",
    ]);
  });

  it("reads a Hex with 2.12 that works for its fallback, without a state field", () => {
    const info = recorded("2.12.0/api.system.info");
    const reading = toReading(info, ladderOf(recorded("2.12.0/api.system.asic"), info));

    expect(reading).toMatchObject({
      state: "mining",
      powerW: 71.4,
      hashrateThs: expect.closeTo(2.5883),
      stepIndex: 4,
    });
    expect(reading.pools.map(({ state, isActive, accepted }) => [state, isActive, accepted])).toEqual([
      ["dead", false, null],
      ["alive", true, 2210],
    ]);
  });

  it("reads a Supra with 2.10 whose owner chose a clock of his own, and best difficulties as text", () => {
    const info = recorded("2.10.1/api.system.info");
    const reading = toReading(info, ladderOf(recorded("2.10.1/api.system.asic"), info));

    expect(reading).toMatchObject({ state: "mining", mode: "410.5 MHz", stepIndex: null, chipMaxC: 58 });
    expect(reading.pools).toMatchObject([{ accepted: 77, shareDifficulty: 512 }]);
  });
});

describe("unusual figures", () => {
  const { miningPaused: _, ...BEFORE_PAUSE } = NEW;

  it.each([
    ["an unpowered chip", { temp: -1, hashRate: 0 }, { chipMaxC: null, hashrateThs: 0 }],
    [
      "NaN of the firmware",
      { power: null, hashRate: null, temp: null },
      { powerW: null, powerSource: null, hashrateThs: null, chipMaxC: null },
    ],
    ["an operator's pause", { miningPaused: true }, { state: "paused", stepIndex: null }],
    [
      "an overheated board",
      { overheat_mode: 1 },
      { state: "fault", stateDetail: "overheated, to be reset on the device when it has cooled" },
    ],
    ["a power fault", { power_fault: "VR\u001b[31m" }, { state: "fault", stateDetail: "VR" }],
    ["a fan that stands still", { hardware_fault: "Fan stopped" }, { state: "fault", hasFanFault: true }],
    ["a fault word that is empty", { power_fault: "" }, { state: "mining", stateDetail: null }],
    ["a fresh start", { hashRate: 0, uptimeSeconds: 5 }, { state: "starting" }],
    ["a fresh start with NaN", { hashRate: null, uptimeSeconds: 5 }, { state: "starting" }],
    ["chips that stand still without a pause", { hashRate: 0 }, { state: "mining", hashrateThs: 0 }],
    ["a clock of the owner", { frequency: 571.5 }, { mode: "571.5 MHz", stepIndex: null }],
    ["a clock that is nearly an option", { frequency: 524.5 }, { mode: "524.5 MHz", stepIndex: 2 }],
    ["a voltage of the owner", { coreVoltage: 1300 }, { mode: "525 MHz", stepIndex: null }],
    ["two chips", { temp2: 61 }, { chipMaxC: 61 }],
    [
      "a host with its scheme",
      { pools: [{ ...NEW.pools[0], stratumURL: "stratum+tcp://a.example" }] },
      { pools: [{ url: "stratum+tcp://a.example:3333" }] },
    ],
  ])("%s", (_, change, expected) => expect(toReading({ ...NEW, ...change }, LADDER)).toMatchObject(expected));

  it.each([
    ["a live rate", {}, false, "mining"],
    ["accepted work that moves", { hashRate: null }, true, "mining"],
    ["neither", { hashRate: 0 }, false, "unknown"],
    ["neither, just started", { hashRate: 0, uptimeSeconds: 5 }, false, "unknown"],
    ["a fault", { overheat_mode: 1 }, true, "fault"],
  ])("before firmware 2.14, %s makes the state", (_, change, hasWorkMoved, state) => {
    expect(toReading({ ...BEFORE_PAUSE, ...change }, LADDER, hasWorkMoved).state).toBe(state);
  });

  it("sees accepted work move from one reading to the next", async () => {
    let sharesAccepted = 10;
    const link = scripted({
      http: (request) =>
        request.endsWith("asic") ? ASIC : { ...BEFORE_PAUSE, hashRate: null, sharesAccepted },
    });
    const driver = createAxeosDriver();
    const states: string[] = [];
    for (const more of [0, 0, 1]) {
      sharesAccepted += more;
      states.push((await driver.read(link, never)).state);
    }

    expect(states).toEqual(["unknown", "unknown", "mining"]);
  });

  it("does not guess which slots are in use", () => {
    const { primaryPoolIndex: _index, ...info } = NEW;

    expect(toReading(info, LADDER).pools).toMatchObject([
      { state: "unknown", isActive: null, accepted: null },
    ]);
  });

  it("tells the pool that failed and the one at work", () => {
    const slots = [0, 1].map((id) => ({ ...NEW.pools[0], id, stratumURL: `pool${id}.example` }));
    const { pools } = toReading({ ...NEW, pools: slots, isUsingFallbackStratum: 1 }, LADDER);

    expect(pools.map(({ state, isActive, accepted }) => [state, isActive, accepted])).toEqual([
      ["dead", false, null],
      ["alive", true, 1841],
    ]);
  });

  it("any mutation of a field ends in a reading without invented figures", () => {
    const keys = fc.constantFrom(...Object.keys(NEW));
    fc.assert(
      fc.property(keys, fc.jsonValue({ maxDepth: 3 }), (key, value) => {
        const reading = toReading({ ...NEW, [key]: value }, LADDER);
        const gone = toReading({ ...NEW, [key]: undefined }, LADDER);
        for (const number of [reading.powerW, reading.hashrateThs, reading.chipMaxC, reading.uptimeS]) {
          expect(number === null || Number.isFinite(number)).toBe(true);
        }
        for (const number of [gone.powerW, gone.hashrateThs, gone.chipMaxC, gone.uptimeS])
          expect(number).not.toBe(0);
      }),
      { numRuns: 5000 },
    );
  });
});

describe("what it can do", () => {
  it("is a ladder of clocks with guesses from what it draws now", async () => {
    const capable = await board().capabilities();

    expect(capable).toMatchObject({
      canPause: true,
      power: "discrete",
      poolSwitch: "restart",
      split: "none",
      minW: null,
      maxW: null,
    });
    expect(capable.steps.map(({ label, wallW, targetW }) => [label, wallW, targetW])).toEqual([
      ["400 MHz", 13, null],
      ["490 MHz", 16, null],
      ["525 MHz", 17.1, null],
      ["550 MHz", 17.9, null],
      ["600 MHz", 19.6, null],
      ["625 MHz", 20.4, null],
    ]);
    expect(capable.steps[2]?.hashrateThs).toBe(1.071);
  });

  it("counts each chip of a board that rests, up to the ceiling of its family", async () => {
    const hex = recorded("2.12.0/api.system.info");
    const resting = { ...hex, hashRate: 0, expectedHashrate: 0, power: 5 };
    const capable = await board(resting, undefined, recorded("2.12.0/api.system.asic")).capabilities();

    expect(capable.steps.map(({ wallW }) => wallW)).toEqual([
      57.6, 61.2, 64.8, 68.4, 69.8, 72, 75.6, 79.2, 82.8,
    ]);
    expect(capable.steps[4]?.hashrateThs).toBe(2.602);
    const small = await board({ ...resting, maxPower: 40 }, undefined, recorded("2.12.0/api.system.asic"));
    expect((await small.capabilities()).steps.at(-1)?.wallW).toBe(40);
  });

  it("guesses by f x V^2 from an undervolted board", async () => {
    const capable = await board({ ...NEW, coreVoltage: 1000 }).capabilities();

    expect(capable.steps[2]?.wallW).toBeCloseTo(17.12 * 1.15 ** 2, 1);
  });

  it.each([
    ["2.15", NEW, ["locate", "pause", "restart", "resume", "selectPool", "setStep", "writePools"]],
    [
      "2.12",
      recorded("2.12.0/api.system.info"),
      ["locate", "restart", "selectPool", "setStep", "writePools"],
    ],
    ["2.10", recorded("2.10.1/api.system.info"), ["restart", "selectPool", "setStep", "writePools"]],
    ["2.4", OLD, ["restart", "setStep", "writePools"]],
  ])("has with firmware %s what that told", async (_, info, actions) => {
    const capable = await board(info).capabilities();

    expect(Object.keys(capable.actions).sort()).toEqual(actions);
    expect(capable.canPause).toBe(actions.includes("pause"));
  });

  it("takes the rungs by the chip's name where asked in vain, and leaves the voltage alone", async () => {
    const { link, capabilities } = board(OLD, undefined, NO_ROUTE);
    const { steps, actions } = await capabilities();

    expect(steps).toHaveLength(10);
    await expect(actions.setStep?.(0, never)).resolves.toBe("effective");
    expect(link.written).toEqual(['PATCH /api/system {"frequency":400}']);
  });

  it("asks for the options again when the firmware is a new one", async () => {
    const { link, state } = board(OLD, undefined, NO_ROUTE);
    const driver = createAxeosDriver();
    const optionsAsked = () => link.asked.filter((line) => line.endsWith("asic")).length;

    await driver.read(link, never);
    await driver.read(link, never);
    expect(optionsAsked()).toBe(1);
    state["version"] = "v2.15.0";
    await driver.read(link, never);
    expect(optionsAsked()).toBe(2);
  });
});
