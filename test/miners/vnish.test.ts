import { describe, expect, it } from "vitest";
import { createVnishDriver, toIdentity } from "#src/miners/vnish.ts";
import { offeredPresets, presetsOf } from "#src/miners/vnish-presets.ts";
import { toReading, uptimeOf } from "#src/miners/vnish-reading.ts";
import { scripted } from "./fixtures.ts";
import { broken, closed, miner, never, recorded } from "./vnish-in-memory.ts";

const SUMMARY = recorded("summary");
const INFO = recorded("info");
const PERFORMANCE = recorded("perf-summary");
const NAMES = ["1080", "1360", "2480"];

/** The summary with other fields of the miner. */
const summary = (change: Record<string, unknown>) => ({ miner: { ...SUMMARY.miner, ...change } });
const pool = (change: Record<string, unknown>) =>
  summary({ pools: [{ ...SUMMARY.miner.pools[0], ...change }, SUMMARY.miner.pools[1]] });

describe("a miner at work", () => {
  it("reads as recorded, the fee pool of the firmware included", () => {
    expect(toReading(SUMMARY, INFO, PERFORMANCE, NAMES)).toEqual({
      state: "mining",
      stateDetail: null,
      powerW: 1362,
      powerSource: "estimated",
      hashrateThs: 61.5442,
      chipMaxC: 67,
      boardC: 52,
      inletC: null,
      outletC: null,
      fans: [{ rpm: 3120, percent: 34 }],
      hasFanFault: false,
      uptimeS: 98_700,
      powerTargetW: 1360,
      mode: "1360",
      stepIndex: 1,
      pools: [
        {
          url: "stratum+tcp://pool.member.example:3333",
          user: "member.s19",
          role: "unknown",
          state: "alive",
          acceptedDifficulty: 270008320,
          accepted: 4120,
          rejected: 3,
          stale: 1,
          shareDifficulty: 65536,
          isActive: true,
          sharePpm: null,
        },
        {
          url: "DevFee",
          user: "DevFee",
          role: "dev_fee",
          state: "alive",
          acceptedDifficulty: 3866624,
          accepted: 118,
          rejected: 0,
          stale: 0,
          shareDifficulty: 32768,
          isActive: false,
          sharePpm: null,
        },
      ],
    });
    expect(toIdentity(INFO)).toEqual({
      id: "02:00:00:00:00:0c",
      mac: "02:00:00:00:00:0c",
      serial: "HTH00000000000000003",
      make: "Bitmain",
      model: "Antminer S19j Pro",
      firmware: "vnish",
      firmwareVersion: "1.2.6",
    });
  });
});

describe("unusual figures", () => {
  const status = (word: string, more = {}) => summary({ miner_status: { miner_state: word, ...more } });

  it.each([
    ["a boot", { miner: null }, { state: "starting", powerW: null, pools: [] }],
    ["initializing", status("initializing"), { state: "starting" }],
    ["starting", status("starting"), { state: "starting" }],
    ["a tuning run", status("auto-tuning"), { state: "starting", stateDetail: /tens of minutes/ }],
    ["a restart", status("restarting"), { state: "starting" }],
    ["a shut down", status("shutting-down"), { state: "paused", stepIndex: null }],
    ["a stop", status("stopped"), { state: "paused", stepIndex: null }],
    ["a word of a pause", status("paused"), { state: "paused" }],
    [
      "a failure",
      status("failure", { description: "chain 2 lost\u001b[31m", failure_code: 17 }),
      { state: "fault", stateDetail: "chain 2 lost, code 17" },
    ],
    ["a failure without words", status("failure"), { state: "fault", stateDetail: "failure" }],
    ["a word of the future", status("pondering"), { state: "unknown", stepIndex: null }],
    ["a word of the prototype", status("constructor"), { state: "unknown" }],
    ["no draw at rest", summary({ power_consumption: 0 }), { powerW: null, powerSource: null }],
    ["a supply that meters", summary({ psu: { psu_power_metering: true } }), { powerSource: "measured" }],
    [
      "cold sensors",
      summary({ chip_temp: { min: 0, max: 0 }, pcb_temp: null }),
      { chipMaxC: null, boardC: null },
    ],
    [
      "a lost fan",
      summary({ cooling: { fan_duty: 90, fans: [{ rpm: 0, status: "lost" }] } }),
      { hasFanFault: true, fans: [{ rpm: 0, percent: 90 }] },
    ],
    [
      "deprecated rates alone",
      summary({ hr_realtime: undefined, instant_hashrate: 61.5, average_hashrate: 61.3 }),
      { hashrateThs: null },
    ],
    ["a dead pool", pool({ status: "offline" }), { pools: [{ state: "dead", isActive: null }, {}] }],
    ["a rejecting pool", pool({ status: "rejecting" }), { pools: [{ state: "rejecting" }, {}] }],
    ["a refund pool", pool({ pool_type: "Refund" }), { pools: [{ role: "dev_fee" }, {}] }],
  ] as [string, unknown, Record<string, unknown>][])("%s", (_, answer, expected) => {
    const { stateDetail, ...rest } = expected;
    const reading = toReading(answer, INFO, PERFORMANCE, NAMES);
    expect(reading).toMatchObject(rest);
    if (stateDetail instanceof RegExp) expect(reading.stateDetail).toMatch(stateDetail);
    else if (stateDetail !== undefined) expect(reading.stateDetail).toBe(stateDetail);
  });

  it.each([
    ["MH/s", 0.0615442],
    ["TH/s", 61544.2],
    ["H/s", null],
    [undefined, null],
  ])("a rate in %s is %s TH/s", (unit, expected) => {
    const { hashrateThs } = toReading(SUMMARY, { ...INFO, hr_measure: unit }, PERFORMANCE, NAMES);
    if (expected === null) expect(hashrateThs).toBeNull();
    else expect(hashrateThs).toBeCloseTo(expected, 6);
  });

  it.each([
    ["3:25", 12_300],
    ["3:25:10", 12_310],
    ["2 days, 0:01", 172_860],
    ["1 day", 86_400],
    ["17 min", 1_020],
    ["", null],
    ["up since yesterday", null],
    [null, null],
  ])("an uptime of %j is %s s", (words, expected) => expect(uptimeOf(words)).toBe(expected));

  it("without info and performance nothing is claimed of them", () => {
    expect(toReading(SUMMARY, null, null, NAMES)).toMatchObject({
      ...{
        state: "mining",
        hashrateThs: null,
        uptimeS: null,
        mode: null,
        stepIndex: null,
        powerTargetW: null,
      },
    });
  });
});

describe("presets", () => {
  it("are watts in order, from a list or a wrapped one, without words and doubles", () => {
    const rows = [...recorded("autotune.presets"), { name: "1080", status: "untuned" }, { name: "-5" }, 7];

    for (const answer of [rows, { presets: rows }]) {
      expect(
        presetsOf(answer).map(({ watts, isTuned, hashrateThs }) => [watts, isTuned, hashrateThs]),
      ).toEqual([
        [900, false, 40],
        [1080, true, 50],
        [1360, true, 62],
        [1900, false, 81],
        [2480, true, 96],
        [3400, true, 114],
      ]);
    }
    expect(presetsOf({ err: "x" })).toEqual([]);
  });

  it("that are tuned and within the supply are steps, and the present one is anyway", () => {
    const presets = presetsOf(recorded("autotune.presets"));
    const names = (overclock: unknown) => offeredPresets(presets, overclock).map(({ name }) => name);

    expect(names({ preset: "1360" })).toEqual(["1080", "1360", "2480"]);
    expect(names({ preset: "1900" })).toEqual(["1080", "1360", "1900", "2480"]);
    expect(names({ preset: "1360", modded_psu: true })).toEqual(["1080", "1360", "2480", "3400"]);
  });

  it.each([
    ["disabled", { preset: "disabled" }],
    ["none", { preset: undefined }],
  ])(
    "are no steps where the clocks are set by hand (%s), which leaves rest and run",
    async (_, overclock) => {
      const { driver, link } = miner({ overclock });

      expect(await driver.capabilities(link, never)).toMatchObject({
        ...{ canPause: true, power: "onoff", steps: [], minW: null, maxW: null },
        actions: { pause: expect.any(Function), writePools: expect.any(Function) },
      });
    },
  );
});

describe("a read", () => {
  it("needs no login", async () => {
    const { link, driver } = miner();

    await expect(driver.read(link, never)).resolves.toMatchObject({ state: "mining", powerW: 1362 });
    expect(link.asked).toEqual(["GET /api/v1/summary", "GET /api/v1/info", "GET /api/v1/perf-summary"]);
  });

  it("goes on without the parts that are refused", async () => {
    const { link, driver } = miner({
      special: (request) => (/info|perf/.test(request) ? broken() : undefined),
    });

    await expect(driver.read(link, never)).resolves.toMatchObject({
      powerW: 1362,
      hashrateThs: null,
      mode: null,
    });
  });

  it("logs in where the summary is behind the door, and tells the state alone where that stays shut", async () => {
    let isShut = false;
    const options = {
      special(request: string) {
        if (isShut && request.endsWith("unlock")) return { status: 403, body: {} };
        return request.endsWith("summary") && !request.includes("perf") && ++asks % 2 === 1
          ? closed()
          : undefined;
      },
    };
    let asks = 0;
    const open = miner(options);
    await expect(open.driver.read(open.link, never)).resolves.toMatchObject({ powerW: 1362 });
    asks = 0;
    isShut = true;
    const shut = miner(options);
    const { state, stateDetail, powerW, hashrateThs, pools } = await shut.driver.read(shut.link, never);
    expect([state, powerW, hashrateThs, pools]).toEqual(["mining", null, null, []]);
    expect(stateDetail).toMatch(/password/);
  });

  it("of another device is a miss, and nobody of this family", async () => {
    const link = scripted({ http: () => ({ hello: 1 }) });

    await expect(createVnishDriver().read(link, never)).rejects.toMatchObject({ code: "MINER_BAD_ANSWER" });
    await expect(createVnishDriver().identify(link, never)).resolves.toBeNull();
  });

  it("of one that does not say yet which it is, is no other device", async () => {
    const { serial: _, system: _system, ...info } = INFO;
    const { link, driver } = miner({
      special: (request) => (request.endsWith("info") ? info : undefined),
    });

    await expect(driver.identify(link, never)).rejects.toMatchObject({ code: "MINER_BAD_ANSWER", exit: 3 });
  });
});

describe("what it can do", () => {
  it("is tuned presets with a restart, rest, and a choice among three pools", async () => {
    const { driver, link } = miner();
    const capable = await driver.capabilities(link, never);

    expect(capable).toMatchObject({
      ...{ canPause: true, power: "discrete", split: "none", minW: 1080, maxW: 2480, restartsOnChange: true },
      ...{ poolSwitch: "reconnect", poolSlots: 3, poolsNeedRestart: false, pausePersists: null },
    });
    expect(
      capable.steps.map(({ label, targetW, wallW, hashrateThs }) => [label, targetW, wallW, hashrateThs]),
    ).toEqual([
      ["1080", 1080, 1080, 50],
      ["1360", 1360, 1360, 62],
      ["2480", 2480, 2480, 96],
    ]);
    expect(link.written).toEqual([]);
  });
});
