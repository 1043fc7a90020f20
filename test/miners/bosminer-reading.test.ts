import { describe, expect, it } from "vitest";
import { toBosVersion, toSelf } from "#src/miners/bos-graphql.ts";
import { toBosReading } from "#src/miners/bos-socket.ts";
import { toIdentity } from "#src/miners/bosminer.ts";
import { toConfig } from "#src/miners/bosminer-config.ts";
import { heater, never, SOCKET, WEB } from "./bosminer-in-memory.ts";

const CONFIG = toConfig(WEB.data);
const SIDE = { groups: CONFIG.groups, targetW: CONFIG.targetW, mode: "power target", pausedForS: null };

describe("an S9 with Braiins OS 22.08", () => {
  it("reads as recorded", () => {
    const reading = toBosReading(SOCKET, SIDE);

    expect(reading).toMatchObject({
      ...{ state: "mining", stateDetail: null, powerW: 889, powerSource: "estimated", powerTargetW: 900 },
      ...{ hashrateThs: 9_143_268.06 * 1e-6, chipMaxC: 54.8125, boardC: 43.5, inletC: null, outletC: null },
      ...{ hasFanFault: false, uptimeS: 260_281, mode: "power target", stepIndex: null },
      // Two places of the board have no fan.
      fans: [
        { rpm: 5340, percent: 100 },
        { rpm: 4620, percent: 100 },
      ],
    });
    expect(reading.pools.map(({ user, sharePpm, isActive }) => [user, sharePpm, isActive])).toEqual([
      ["member.s9", 700_000, true],
      ["member.s9", 0, false],
      ["coop.member0417", 300_000, true],
    ]);
    expect(reading.pools[0]).toMatchObject({
      ...{ url: "stratum+tcp://pool.member.example:3333", state: "alive", accepted: 620, rejected: 2 },
      ...{ acceptedDifficulty: 162_529_280, shareDifficulty: 262_144 },
    });
  });

  it("is known by the number of its hardware", () => {
    expect(toIdentity(toSelf(WEB.data))).toEqual({
      ...{ id: "serial:g7CwPqTnE2sVbK41", mac: null, serial: "g7CwPqTnE2sVbK41", make: "Bitmain" },
      ...{ model: "Antminer S9", firmware: "bosminer", firmwareVersion: "22.08.1" },
    });
  });

  it.each([
    ["2022-09-13-0-11012d53-22.08-plus", "22.08", 22, 8],
    ["2022-09-27-0-26ba61b9-22.08.1-plus-nightly", "22.08.1", 22, 8],
    ["2026-04-14-0-912d084c-26.04-plus", "26.04", 26, 4],
    ["22.02", "22.02", 22, 2],
  ])("has the version of %s", (full, text, year, month) => {
    expect(toBosVersion(full)).toEqual({ text, year, month });
  });

  it.each([null, "", "2022-09-13", "dirty-build"])("has no version in %s", (full) => {
    expect(toBosVersion(full)).toBeNull();
  });
});

const part = (name: string, change: Record<string, unknown>) => ({
  ...SOCKET,
  [name]: [{ ...(SOCKET[name] as Record<string, unknown>[])[0], ...change }],
});
const still = {
  ...part("SUMMARY", { "MHS 5s": 0, "MHS 1m": 120_000 }),
  TUNERSTATUS: [{ ApproximateMinerPowerConsumption: 0, PowerLimit: 900 }],
};
const chain = (Status: string) => ({ ...still, TUNERSTATUS: [{ TunerChainStatus: [{ Status }] }] });

describe("a state that nothing tells", () => {
  it.each([
    [
      "stands still and we paused it",
      still,
      { pausedForS: 300 },
      { state: "paused", powerW: 20, powerSource: "estimated", hashrateThs: 0, stateDetail: null },
    ],
    [
      "stands still, and it was not us",
      still,
      {},
      { state: "unknown", powerW: 20, stateDetail: expect.stringContaining("paused from elsewhere") },
    ],
    ["its tuner says that it is paused", chain("Paused"), {}, { state: "paused" }],
    ["its tuner resumes", chain("resuming"), {}, { state: "starting", stateDetail: "tuner: resuming" }],
    [
      "draws while we paused it: not at rest yet",
      part("SUMMARY", { "MHS 5s": 0 }),
      { pausedForS: 300 },
      { state: "unknown", powerW: 889, stateDetail: "draws power and does not hash" },
    ],
    ["hashes although we paused it", SOCKET, { pausedForS: 300 }, { state: "mining" }],
    [
      "has just started",
      { ...still, ...part("SUMMARY", { "MHS 5s": 0, Elapsed: 30 }) },
      {},
      { state: "starting" },
    ],
    [
      "is too hot and stands still",
      { ...still, TEMPS: [{ Board: 98, Chip: 112 }] },
      {},
      { state: "fault", chipMaxC: 112 },
    ],
    ["tells no hash rate", { ...SOCKET, SUMMARY: [] }, {}, { state: "unknown", hashrateThs: null }],
    ["tells nothing", {}, {}, { state: "unknown", powerW: null, powerSource: null, pools: [], fans: [] }],
  ])("%s", (_, told, change, expected) =>
    expect(toBosReading(told, { ...SIDE, ...change })).toMatchObject(expected),
  );

  it("the shortest live window counts, never the average since the start", () => {
    const withoutShort = part("SUMMARY", { "MHS 5s": undefined });
    expect(toBosReading(withoutShort, SIDE).hashrateThs).toBe(8_888_120.96 * 1e-6);
    expect(toBosReading(part("SUMMARY", { "MHS 5s": null, "MHS 1m": null }), SIDE).hashrateThs).toBeNull();
  });

  it("a miner that hashes does not draw nothing: a 0 then is no figure", () => {
    const told = part("TUNERSTATUS", { ApproximateMinerPowerConsumption: 0 });
    expect(toBosReading(told, SIDE)).toMatchObject({ state: "mining", powerW: null, powerSource: null });
  });

  it.each([
    ["by watts", { enabled: true, mode: "POWER_TARGET" }, "power target", null],
    ["by hash rate", { enabled: true, mode: "HASHRATE_TARGET" }, "hashrate target", "not tuned by watts"],
    ["not at all", { enabled: false, mode: "POWER_TARGET" }, "manual", "not tuned by watts"],
    ["in a way of the future", { enabled: true, mode: "JOULE_TARGET" }, null, "not tuned by watts"],
  ])("a miner that is tuned %s says so", async (_, tuning, mode, stateDetail) => {
    const { driver, link, state } = heater();
    Object.assign(state.web.data.bosminer.config.autotuning, tuning);

    await expect(driver.read(link, never)).resolves.toMatchObject({ mode, stateDetail, powerTargetW: 900 });
  });

  it("a limit below the set target is dynamic scaling", () => {
    expect(toBosReading(part("TUNERSTATUS", { PowerLimit: 700 }), SIDE)).toMatchObject({
      ...{ powerTargetW: 900, stateDetail: "dynamic scaling holds it at 700 W" },
    });
  });

  it("all four fans count where the board has four", () => {
    const FANS = [0, 1, 2, 3].map((FAN) => ({ FAN, RPM: FAN === 3 ? 0 : 4000, Speed: 60 }));
    expect(toBosReading({ ...SOCKET, FANS }, SIDE).fans.map(({ rpm }) => rpm)).toEqual([4000, 4000, 4000, 0]);
  });
});
