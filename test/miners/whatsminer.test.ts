import { describe, expect, it } from "vitest";
import { createWhatsminerDriver } from "#src/miners/whatsminer.ts";
import { toErrors } from "#src/miners/whatsminer-errors.ts";
import { targetW } from "#src/miners/whatsminer-power.ts";
import {
  toModel,
  toV2Identity,
  toV2Power,
  toV2Reading,
  toVersion,
} from "#src/miners/whatsminer-v2-reading.ts";
import { toV3Identity, toV3Reading } from "#src/miners/whatsminer-v3-reading.ts";
import { field } from "#src/model/parse.ts";
import { fixture, scripted, sections } from "./fixtures.ts";
import { capable, M20, M30, M60, msg, never, notes, v2Unit } from "./whatsminer-units.ts";

const V2 = (change: { status?: object; summary?: object; errors?: unknown } = {}) => {
  const status = structuredClone(sections(`${M30}/status.json`));
  const summary = structuredClone(sections(`${M30}/summary.json`));
  Object.assign(field(status, "Msg") as object, change.status);
  Object.assign(field(summary, "SUMMARY", 0) as object, change.summary);
  return {
    status,
    summary,
    pools: sections(`${M30}/pools.json`),
    errors:
      "errors" in change ? { Msg: { error_code: change.errors } } : sections(`${M30}/get_error_code.json`),
  };
};
const V3 = (change: { miner?: object; summary?: object; errors?: unknown } = {}) => {
  const device = msg(`${M60}/get.device.info.json`);
  const summary = msg(`${M60}/get.miner.status.summary.json`);
  Object.assign(device["miner"] as object, change.miner);
  Object.assign(summary["summary"] as object, change.summary);
  if ("errors" in change) device["error-code"] = change.errors;
  return {
    ...{ device, summary, pools: msg(`${M60}/get.miner.status.pools.json`) },
    setting: msg(`${M60}/get.miner.setting.json`),
    oldPools: sections(`${M60}/pools.json`),
  };
};

describe("an M30S+ with API v2", () => {
  it("reads as recorded: MH/s, the draw by its supply, errors in a list that is written like an object", () => {
    expect(toV2Reading(V2(), 3400)).toEqual({
      state: "mining",
      stateDetail: "error 110, error 218",
      powerW: 3389,
      powerSource: "measured",
      hashrateThs: expect.closeTo(100.774, 3),
      chipMaxC: 93.25,
      boardC: 78.5,
      inletC: 29.5,
      outletC: null,
      fans: [
        { rpm: 4530, percent: null },
        { rpm: 4560, percent: null },
      ],
      hasFanFault: true,
      uptimeS: 20_420,
      powerTargetW: 3400,
      mode: "normal",
      stepIndex: null,
      pools: [
        {
          url: "stratum+tcp://pool.member.example:3333",
          user: "member.m30",
          role: "unknown",
          state: "alive",
          acceptedDifficulty: 398_458_880,
          accepted: 760,
          rejected: 2,
          stale: 0,
          shareDifficulty: 524_288,
          isActive: true,
          sharePpm: null,
        },
        expect.objectContaining({ user: "coop.member0417", accepted: 44, isActive: false, sharePpm: null }),
      ],
    });
  });

  it("is known by its MAC, model and firmware", () => {
    const version = toVersion(sections(`${M30}/get_version.json`));
    const model = toModel(sections(`${M30}/devdetails.json`));
    const owner = field(sections(`${M30}/get_miner_info.json`), "Msg");

    expect(version).toEqual({ api: 2, firmware: "20230803.11.REL", speaksFrames: false });
    expect(toV2Identity(owner, model ?? "", version.firmware)).toEqual({
      id: "c4:08:28:00:a4:19",
      mac: "c4:08:28:00:a4:19",
      serial: "HTM30S0000000001",
      make: "MicroBT",
      model: "M30S+_VE40",
      firmware: "whatsminer",
      firmwareVersion: "20230803.11.REL",
    });
  });
});

describe("an M20S with API v1", () => {
  it("reads with the names of its day, its errors from the summary and its version without quotes", () => {
    const answers = {
      status: sections(`${M20}/status.json`),
      summary: sections(`${M20}/summary.json`),
      pools: sections(`${M20}/pools.json`),
      errors: undefined,
    };

    expect(toV2Reading(answers, 3360)).toMatchObject({
      state: "mining",
      stateDetail: "error 206",
      powerW: 3310,
      hasFanFault: false,
      uptimeS: 86_012,
      pools: [{ user: "member.m20", acceptedDifficulty: 1_350_041_600 }],
    });
    expect(toVersion(sections(`${M20}/get_version.json`))).toMatchObject({
      api: 1,
      firmware: "20220919.15.REL",
    });
  });
});

describe("an M60S with API v3", () => {
  it("reads as recorded: TH/s, the code of an error as a key, counters from the old port", () => {
    expect(toV3Reading(V3(), 3168)).toEqual({
      state: "mining",
      stateDetail: "error 264 Power communication error",
      powerW: 3156,
      powerSource: "measured",
      hashrateThs: 171.259,
      chipMaxC: 82,
      boardC: 41.5,
      inletC: 28.5,
      outletC: null,
      fans: [
        { rpm: 5400, percent: null },
        { rpm: 5280, percent: null },
      ],
      hasFanFault: false,
      uptimeS: 50_000,
      powerTargetW: 3168,
      mode: "normal",
      stepIndex: null,
      pools: [
        {
          url: "stratum+tcp://pool.member.example:3333",
          user: "member.m60",
          role: "unknown",
          state: "alive",
          acceptedDifficulty: null,
          accepted: 5204,
          rejected: 9,
          stale: 1,
          shareDifficulty: 524_288,
          isActive: true,
          sharePpm: null,
        },
        expect.objectContaining({ user: "coop.member0417", accepted: 0, isActive: false }),
      ],
    });
    expect(toV3Identity(msg(`${M60}/get.device.info.json`))).toMatchObject({
      id: "ce:02:48:00:00:60",
      serial: "HTM60S0000000001",
      model: "M60S_VK40",
      firmwareVersion: "20251209.16.Rel2",
    });
  });

  it("tells no counters without the old port, and each counter once where two slots lead to one place", () => {
    const twice = { pools: [1, 2].map((id) => ({ id, url: "stratum+tcp://a.example:1", account: "u.w" })) };
    const counted = { POOLS: [{ URL: "stratum+tcp://a.example:1", User: "u.w", Accepted: 7 }] };

    expect(toV3Reading({ ...V3(), oldPools: null }, null).pools.map(({ accepted }) => accepted)).toEqual([
      null,
      null,
    ]);
    expect(
      toV3Reading({ ...V3(), pools: twice, oldPools: counted }, null).pools.map(({ accepted }) => accepted),
    ).toEqual([7, null]);
    expect(toV3Reading({ ...V3(), pools: null, oldPools: counted }, null).pools).toMatchObject([
      { accepted: 7 },
    ]);
  });
});

describe("odd figures and states", () => {
  const still = { "HS RT": 0 };

  it.each([
    ["text for on and off", { status: { mineroff: "true" }, errors: [] }, { state: "paused", powerW: 3389 }],
    ["no word of on and off", { status: { mineroff: "" } }, { state: "unknown" }],
    ["clocks that are being raised", { summary: { "Upfreq Complete": 0 } }, { state: "starting" }],
    ["boards too hot to hash", { summary: still, errors: [{ 350: "t" }] }, { state: "fault" }],
    [
      "boards too hot and switched off",
      { status: { mineroff: "true" }, errors: { 351: "t" } },
      { state: "fault" },
    ],
    ["a dead fan", { summary: still, errors: [{ 111: "t" }] }, { state: "fault", hasFanFault: true }],
    ["a warm day at work", { errors: [{ 600: "t" }] }, { state: "mining", stateDetail: "error 600" }],
    [
      "no hash and no error",
      { summary: still, errors: [] },
      { state: "mining", hashrateThs: 0, stateDetail: null },
    ],
    ["no live rate", { summary: { "HS RT": "nan" } }, { hashrateThs: expect.closeTo(101.22, 2) }],
    [
      "only a rate since the start",
      { summary: { "HS RT": null, "MHS 5s": null, "MHS 1m": null } },
      { hashrateThs: null },
    ],
    ["a supply that does not tell", { summary: { Power: 0 } }, { powerW: null, powerSource: null }],
    ["a supply at rest", { status: { mineroff: "true" }, summary: { Power: 0 }, errors: [] }, { powerW: 0 }],
    [
      "cold sensors",
      { summary: { "Chip Temp Max": 0, Temperature: 0, "Env Temp": -273 } },
      {
        ...{ chipMaxC: null, boardC: null, inletC: null },
      },
    ],
    ["figures as text", { summary: { Power: "3100", "Fan Speed In": "4000" } }, { powerW: 3100 }],
    [
      "many errors",
      { errors: [1, 2, 3, 4, 5, 6, 7].map((code) => ({ [500 + code]: "t" })) },
      {
        stateDetail: "error 501, error 502, error 503, error 504, error 505, 2 more",
      },
    ],
  ])("%s", (_, change, expected) => expect(toV2Reading(V2(change), null)).toMatchObject(expected));

  it.each([
    ["stopped", { miner: { working: "false" }, errors: undefined }, { state: "paused" }],
    ["starting", { summary: { "up-freq-finish": 0 } }, { state: "starting" }],
    [
      "too hot",
      { summary: { "hash-realtime": 0 }, errors: [{ 350: "t", reason: "SM0 \u001b[31mhot" }] },
      {
        ...{ state: "fault", stateDetail: "error 350 SM0 hot" },
      },
    ],
    ["of other words", { miner: { working: "perhaps" } }, { state: "unknown" }],
  ])("an M60S that is %s", (_, change, expected) =>
    expect(toV3Reading(V3(change), null)).toMatchObject(expected),
  );

  it.each([
    ["codes as keys", [{ 110: "t" }, { 218: "t" }], [110, 218]],
    ["one object", { 110: "t", 218: "t" }, [110, 218]],
    ["bare codes", [110, "218"], [110, 218]],
    ["the same twice", [{ 110: "t" }, { 110: "u" }], [110]],
    ["things that are no codes", [{ reason: "x" }, null, "soon", -1, { "1e3": 1 }], []],
    ["nothing", undefined, []],
  ])("errors as %s", (_, value, codes) => expect(toErrors(value).map(({ code }) => code)).toEqual(codes));
});

describe("the configured target", () => {
  it("is the limit where more than all of it is told, as by units with liquid", () => {
    const memory = notes();
    const told = (percent: unknown) => {
      const answers = V2({ status: { power_pct: percent } });
      return targetW(toV2Power(answers.status, answers.summary), memory, 0);
    };

    expect([told(120), told("60"), told("0"), told("soon")]).toEqual([3400, 2040, 3400, 3400]);
  });
});

describe("what it can do", () => {
  it("is a continuous target between 40 % and the limit, pause, and three pools by failover", async () => {
    expect(await capable(v2Unit().link)).toMatchObject({
      canPause: true,
      power: "continuous",
      split: "none",
      minW: 1360,
      maxW: 3400,
      steps: [],
      restartsOnChange: false,
      pausePersists: null,
      poolSlots: 3,
      poolSwitch: "restart",
      poolsNeedRestart: true,
      maxUserLength: 127,
    });
  });

  it("is nothing but reads on API v1", async () => {
    const link = scripted({
      cgminer: (line) => fixture(`${M20}/${(JSON.parse(line) as { cmd: string }).cmd}.json`),
    });
    const can = await capable(link);

    expect(can).toMatchObject({ canPause: false, power: "none", minW: null, actions: {} });
    await expect(createWhatsminerDriver().identify(link, never)).resolves.toMatchObject({
      id: "c6:09:28:01:b5:20",
      model: "M20S_V10",
      firmwareVersion: "20220919.15.REL",
    });
  });

  it("keeps its limit in mind where the firmware tells none while it is off", async () => {
    const memory = notes();
    const { link, state } = v2Unit();
    await capable(link, { memory });
    state.limitW = 0;

    expect(await capable(link, { memory })).toMatchObject({ minW: 1360, maxW: 3400 });
    expect(await capable(link)).toMatchObject({ minW: null, maxW: null });
  });
});
