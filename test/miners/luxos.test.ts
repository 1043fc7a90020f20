import { describe, expect, it } from "vitest";
import { toIdentity } from "#src/miners/luxos.ts";
import { type LuxosProfile, offeredProfiles, profilesOf } from "#src/miners/luxos-profiles.ts";
import { toReading } from "#src/miners/luxos-reading.ts";
import { sections } from "./fixtures.ts";
import { changed, miner, never, RECORDED } from "./luxos-in-memory.ts";

const SPLIT = sections("luxos/2024.9.17/config+summary+devs+power+temps+fans+pools+groups.json");
const PROFILES = profilesOf(RECORDED);
const OFFERED = offeredProfiles(PROFILES, { least: null, most: 0 });

describe("a miner with one group of pools", () => {
  it("reads as recorded", () => {
    expect(toReading(RECORDED, PROFILES, OFFERED)).toEqual({
      state: "mining",
      stateDetail: null,
      powerW: 1188,
      powerSource: "estimated",
      hashrateThs: 59.5,
      chipMaxC: null,
      boardC: 57.5,
      inletC: null,
      outletC: null,
      fans: [2940, 2970, 3000, 3030].map((rpm) => ({ rpm, percent: 48 })),
      hasFanFault: false,
      uptimeS: 41022,
      powerTargetW: 1188,
      mode: "290MHz",
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
          stale: 0,
          shareDifficulty: 65536,
          isActive: true,
          sharePpm: null,
        },
        {
          url: "stratum+tcp://pool2.member.example:3333",
          user: "member.s19",
          role: "unknown",
          state: "alive",
          acceptedDifficulty: 0,
          accepted: 0,
          rejected: 0,
          stale: 0,
          shareDifficulty: null,
          isActive: false,
          sharePpm: null,
        },
      ],
    });
    expect(toIdentity(RECORDED)).toEqual({
      id: "02:00:00:00:00:0a",
      mac: "02:00:00:00:00:0a",
      serial: "HTH00000000000000001",
      make: "Bitmain",
      model: "Antminer S19",
      firmware: "luxos",
      firmwareVersion: "2025.4.8.220305-57b389c7",
    });
  });
});

describe("a miner of this firmware that does not say which one it is", () => {
  it("is no other device, but one whose answer is not whole", async () => {
    const { link, driver } = miner({ sections: changed("CONFIG", { MACAddr: "", SerialNumber: null }) });
    const stranger = miner({ sections: changed("VERSION", { LUXminer: undefined }) });

    await expect(driver.identify(link, never)).rejects.toMatchObject({ code: "MINER_BAD_ANSWER", exit: 3 });
    await expect(stranger.driver.identify(stranger.link, never)).resolves.toBeNull();
  });
});

describe("a miner with two groups of the same name", () => {
  it("tells the shares of its groups, in which only the first pool works", () => {
    const { pools, powerW, powerSource, boardC, fans } = toReading(SPLIT, [], []);

    expect(pools.map(({ url, sharePpm, isActive }) => [url, sharePpm, isActive])).toEqual([
      ["stratum+tcp://pool.member.example:3333", 800_000, true],
      ["stratum+tcp://pool2.member.example:3333", 0, false],
      ["stratum+tcp://pool.coop.example:3333", 200_000, true],
    ]);
    expect([powerW, powerSource, boardC, fans[0]]).toEqual([
      3088,
      "measured",
      68.5,
      { rpm: 5460, percent: 91 },
    ]);
  });
});

describe("unusual figures", () => {
  it.each([
    [
      "a sleep",
      "CONFIG",
      { CurtailMode: "Sleep", IsPowerSupplyOn: false },
      { state: "paused", stepIndex: null },
    ],
    ["a sleep in small letters", "CONFIG", { CurtailMode: "sleep" }, { state: "paused" }],
    [
      "no curtail mode and no boards",
      "CONFIG",
      { CurtailMode: 7, IsPowerSupplyOn: null },
      { state: "mining" },
    ],
    ["a ramp", "DEVS", { IsRamping: true }, { state: "starting", stateDetail: "ramping", stepIndex: 1 }],
    ["a start", "CONFIG", { SystemStatus: "Initializing" }, { state: "starting" }],
    ["a panic", "CONFIG", { SystemStatus: "Panic\u001b[31m" }, { state: "fault", stateDetail: "Panic" }],
    [
      "a supply that went off by itself",
      "CONFIG",
      { IsPowerSupplyOn: false, SystemStatus: "Normal" },
      { state: "fault", stateDetail: "its boards have no power" },
    ],
    [
      "a board that died",
      "DEVS",
      { Status: "Dead" },
      { state: "mining", stateDetail: "1 of its boards do not run" },
    ],
    ["a supply that meters", "POWER", { PSU: true }, { powerSource: "measured" }],
    ["no figure of the power", "POWER", { Watts: 0 }, { powerW: null, powerSource: null }],
    ["a rate that is no number", "SUMMARY", { "GHS 5s": "nan", "GHS 1m": null }, { hashrateThs: null }],
    ["an age as time of the last share", "POOLS", { "Last Share Time": "17:00:01" }, { uptimeS: 41022 }],
    [
      "a profile of no step",
      "CONFIG",
      { Profile: "690MHz" },
      { mode: "690MHz", stepIndex: null, powerTargetW: 3617 },
    ],
    [
      "a power target of the owner",
      "CONFIG",
      { IsPowerTargetEnabled: true, ActualPowerTarget: 1500 },
      { mode: "power target", stepIndex: null, powerTargetW: 1500 },
    ],
  ] as [string, string, Record<string, unknown>, Record<string, unknown>][])(
    "%s",
    (_, section, change, expected) =>
      expect(toReading(changed(section, change), PROFILES, OFFERED)).toMatchObject(expected),
  );

  it("of which nothing is told are unknown", () => {
    expect(toReading({}, [], [])).toMatchObject({
      state: "unknown",
      powerW: null,
      hashrateThs: null,
      boardC: null,
      mode: null,
      pools: [],
    });
  });

  it("leave out profiles that cannot be named, or drive the chips beyond their nameplate", () => {
    const named = (name: string, step: number | null = null): LuxosProfile => ({
      ...{ name, step, watts: 1000, hashrateThs: 50 },
    });
    const all = ["1200W", "1.2kW", "98.5THs", "-2", "+1", "a,b", "2", "warm", "WATT"].map((name) =>
      named(name),
    );

    expect(offeredProfiles(all, { least: null, most: 0 }).map(({ name }) => name)).toEqual(["warm", "WATT"]);
    const steps = [named("low", -8), named("default", 0), named("high", 3)];
    expect(offeredProfiles(steps, { least: -4, most: 0 }).map(({ name }) => name)).toEqual(["default"]);
    expect(offeredProfiles(steps, { least: null, most: 3 })).toHaveLength(3);
  });
});

describe("what it can do", () => {
  it("is named profiles up to the nameplate, sleep, and groups with quotas", async () => {
    const { driver, link } = miner();
    const capable = await driver.capabilities(link, never);

    expect(capable).toMatchObject({
      ...{ canPause: true, power: "discrete", split: "groups", splitStepPpm: 1000, minW: 784, maxW: 2906 },
      ...{ pausePersists: true, restartsOnChange: false, poolsNeedRestart: false, poolSwitch: "none" },
    });
    expect(
      capable.steps.map(({ label, targetW, wallW, hashrateThs }) => [label, targetW, wallW, hashrateThs]),
    ).toEqual([
      ["190MHz", 784, 784, 39.2],
      ["290MHz", 1188, 1188, 59.8],
      ["390MHz", 1760, 1760, 80.5],
      ["490MHz", 2271, 2271, 101.1],
      ["default", 2906, 2906, 121.7],
    ]);
    expect(Object.keys(capable.actions).sort()).toEqual([
      ...["locate", "pause", "restart", "resume", "setStep", "writePools"],
    ]);
  });

  it("is more where the owner lets it go beyond the nameplate, and less under a power target of his", async () => {
    const up = miner({ change: { atm: { Enabled: true, MaxProfile: "690MHz", MaxProfileStep: "4" } } });
    const own = miner({ sections: changed("CONFIG", { IsPowerTargetEnabled: true }) });

    expect((await up.driver.capabilities(up.link, never)).steps.at(-1)?.label).toBe("690MHz");
    const target = await own.driver.capabilities(own.link, never);
    expect([target.power, target.steps, target.actions.setStep]).toEqual(["onoff", [], undefined]);
  });

  it("keeps the numbers of its steps when the owner makes a profile and chooses it", async () => {
    let profiles = RECORDED["PROFILES"] as Record<string, unknown>[];
    const { driver, link, state } = miner({
      special: (line) =>
        line === "profiles+atm"
          ? JSON.stringify({ profiles: [{ STATUS: [{ STATUS: "S" }], PROFILES: profiles }], id: 1 })
          : undefined,
    });
    await driver.capabilities(link, never);
    profiles = [...profiles, { "Profile Name": "warm", Watts: 1000 }];
    state.config["Profile"] = "warm";

    await expect(driver.read(link, never)).resolves.toMatchObject({ stepIndex: null, powerTargetW: 1000 });
    state.config["Profile"] = "390MHz";
    await expect(driver.read(link, never)).resolves.toMatchObject({ stepIndex: 2 });
    expect(link.asked.filter((line) => line === "profiles+atm")).toHaveLength(1);
  });
});
