import { describe, expect, it } from "vitest";
import { toIdentity } from "#src/miners/braiins.ts";
import { type BraiinsAnswers, toBraiinsReading } from "#src/miners/braiins-reading.ts";
import { DETAILS, recorded } from "./braiins-in-memory.ts";

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
      { state: "fault", stateDetail: "suspended by its firmware; thermal pause", hasFanFault: false },
    ],
    [
      "stopped by a broken fan",
      stopped({ thermal_pause: { reason: "THERMAL_PAUSE_REASON_BROKEN_FANS" } }),
      { state: "fault", hasFanFault: true },
    ],
    [
      "without a living pool",
      stopped({ dead_pools: {} }),
      { state: "unknown", stateDetail: "suspended by its firmware; dead pools" },
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
    [
      "a pause that nobody asked for",
      { ...stopped({ dps_cooldown: {} }), status: 3 },
      { state: "fault", stateDetail: "suspended by its firmware; dps cooldown" },
    ],
    [
      "a person's pause",
      { ...stopped({ user_pause: {} }), status: 3 },
      { state: "paused", stateDetail: null },
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
    [
      "a tuner in a mode of the future",
      { configuration: { tuner: { enabled: true, tuner_mode: 3, power_target: { watt: 900 } } } },
      { mode: null, stateDetail: "not tuned by watts" },
    ],
    [
      "no watts of a miner that hashes",
      { stats: { ...(ANSWERS.stats as object), power_stats: { approximated_consumption: { watt: 0 } } } },
      { hashrateThs: 60_877.2 * 1e-3, powerW: null, powerSource: null },
    ],
    [
      "a status and a tuner that say the same",
      {
        details: { ...DETAILS, detailed_status: { status: { running: { reason: { preheating: {} } } } } },
        tuner: { overall_tuner_state: 6 },
      },
      { stateDetail: "preheating" },
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
