import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { bracketFields } from "#src/miners/avalon-fields.ts";
import { toReading } from "#src/miners/avalon-stats.ts";
import { fixture } from "./fixtures.ts";

describe("the bracket walker", () => {
  it.each([
    ["a key with a space", "A[1] Nonce Mask[25]", { A: "1", "Nonce Mask": "25" }],
    ["whole keys only", "ITemp[39] HBTemp[75] Temp[1]", { ITemp: "39", HBTemp: "75", Temp: "1" }],
    ["an empty value and padding", "SSID[] PVT_T0[ 58  59 101]", { SSID: "", PVT_T0: "58  59 101" }],
    ["a wrapper", "'STATS':{Ver[Q-1] A[2]}", { Ver: "Q-1", A: "2" }],
    ["a bracket that was never closed", "A[1 B[2] C[3]", { B: "2", C: "3" }],
    ["a tail that was cut", "A[1] B[2", { A: "1" }],
    ["a stray closing bracket", "A[1]] B[2]", { A: "1", B: "2" }],
    ["the first of two", "A[1] A[2]", { A: "1" }],
  ])("reads %s", (_, text, expected) => {
    expect(Object.fromEntries(bracketFields(text))).toEqual(expected);
  });

  it("ends on any text and never makes up a number", () => {
    const pieces = fc.constantFrom(
      ...["[", "]", " ", "PS", "TMax", "GHSspd", "SYSTEMSTATU", "Work: In Work", "-273", "nan", "{", "}"],
    );
    fc.assert(
      fc.property(fc.array(pieces, { maxLength: 60 }), (parts) => {
        const reading = toReading({ STATS: [{ "MM ID0": parts.join("") }] }, { POOLS: [parts] });
        for (const value of [reading.powerW, reading.hashrateThs, reading.chipMaxC, reading.inletC]) {
          expect(value).toBeNull();
        }
      }),
      { numRuns: 5000 },
    );
  });

  it("takes every field away without a zero in its place", () => {
    for (const folder of ["avalon/mini3-25022401", "avalon/nano3s-25061101", "avalon/nano3-24071801"]) {
      const text = fixture(`${folder}/estats.json`);
      for (const key of ["PS", "GHSspd", "TMax", "HBTemp", "ITemp", "OTemp", "MPO"]) {
        const without = text.replace(new RegExp(` ${key}\\[[^\\]]*\\]`), "");
        const { stepIndex: _, ...figures } = toReading(JSON.parse(without), {});
        expect(Object.values(figures).filter((value) => value === 0)).toEqual([]);
      }
    }
  });
});

describe("unknown and unusual figures", () => {
  const read = (text: string) => toReading({ STATS: [{ Elapsed: 7, "MM ID0": text }] }, {});

  it.each([
    [
      "no sensor",
      "SYSTEMSTATU[Work: In Work] TMax[-273] ITemp[-273] HBTemp[0] OTemp[0]",
      { chipMaxC: null, inletC: null, boardC: null, outletC: null },
    ],
    ["nan", "SYSTEMSTATU[Work: In Work] TMax[nan] GHSspd[inf]", { chipMaxC: null, hashrateThs: null }],
    ["nothing in the brackets", "GHSspd[] PS[] TMax[]", { hashrateThs: null, powerW: null, chipMaxC: null }],
    [
      "averages that live on after a soft off",
      "SYSTEMSTATU[Work: In Idle] GHSavg[37000.00] GHSmm[39000.00] MGHS[37000.00]",
      { state: "paused", hashrateThs: null },
    ],
    [
      "the older name of the level",
      "Ver[Mini3-1] SYSTEMSTATU[Work: In Work] WORKMODE[2] WORKLVL[-1]",
      { mode: "night/eco", stepIndex: 0 },
    ],
    [
      "a mode with a thermostat of its own",
      "Ver[Mini3-1] SYSTEMSTATU[Work: In Work] WORKMODE[0] WORKLEVEL[0]",
      { mode: "heating/super", stepIndex: null },
    ],
    ["a model that is not known", "Ver[1246-1] STATE[1] WORKMODE[1]", { mode: "mode 1", stepIndex: null }],
  ])("%s", (_, text, expected) => expect(read(text)).toMatchObject(expected));

  it.each([
    ["the last place", "Ver[Q-1] PS[0 1209 2251 70 1300 2251 1365]", 1365],
    ["only the last place", "PS[0 0 0 0 0 0 812]", 812],
    ["zeros of a build that does not tell", "PS[0 0 0 0 0 0 0]", null],
    ["zeros at rest, though it answers", "SYSTEMSTATU[Work: In Idle] PS[0 1221 4 0 0 2245 0]", null],
    ["a list that is too short", "PS[0 1210 2083]", null],
    ["more than the unit can draw", "Ver[Nano3s-1] PS[0 0 27541 4 0 133 3756]", null],
    ["the wall figure of racks", "WALLPOWER[3210]", 3210],
    ["a target alone", "MPO[800] ATA0[800-65-2264-258-20]", null],
    ["a Nano 3 that tells its adapter's volts", "Ver[nano3-1] PS[0 0 0 4 2756 126 330]", 126],
    ["a Nano 3 that does as the others do", "Ver[nano3-1] PS[0 0 0 0 0 0 118]", 118],
  ])("watts: %s", (_, text, powerW) => {
    const reading = read(text);

    expect(reading.powerW).toBe(powerW);
    expect(reading.powerSource === null).toBe(powerW === null);
  });

  it.each([
    ["a start", "SYSTEMSTATU[Work: In Init, Hash Board: 1]", "starting"],
    ["work without a hash", "SYSTEMSTATU[Work: In Work] GHSspd[0.00]", "mining"],
    ["rest with a hash", "SYSTEMSTATU[Work: In Idle] GHSspd[9000.00]", "paused"],
    ["a fault", "SYSTEMSTATU[Work: In Fault]", "fault"],
    ["a word that is not known", "SYSTEMSTATU[Work: In Bed] GHSspd[9000.00]", "unknown"],
    ["the number of the state", "STATE[2]", "paused"],
    ["another number of it", "STATE[3]", "fault"],
    ["a number that is none", "STATE[9] GHSspd[9000.00]", "unknown"],
    ["soft off alone", "SoftOFF[4]", "paused"],
    ["no state and a live rate", "Ver[nano3-1] SoftOFF[0] GHSspd[3100.00]", "mining"],
    ["no state and no live rate", "Ver[nano3-1] SoftOFF[0] GHSspd[0.00] GHSavg[3100.00]", "unknown"],
    ["nothing of the state", "Ver[Mini3-1]", "unknown"],
    ["an empty summary", "", "starting"],
    ["an empty wrapper", "'STATS':{ }", "starting"],
    ["words without brackets", "not ready", "unknown"],
  ])("state: %s", (_, text, state) => expect(read(text).state).toBe(state));

  it("state: no summary at all is unknown, not a start", () => {
    expect(toReading({ STATS: [{ Elapsed: 7 }] }, {})).toMatchObject({ state: "unknown", uptimeS: 7 });
    expect(toReading({}, {})).toMatchObject({ state: "unknown", uptimeS: null });
  });

  it.each([
    [
      "a fault with its error words",
      "SYSTEMSTATU[Work: In Fault] ECHU[0 4] ECMM[1]",
      { stateDetail: "Work: In Fault, ECHU 0 4, ECMM 1" },
    ],
    ["a broken fan", "FanErr[1]", { hasFanFault: true, stateDetail: "FanErr 1" }],
    ["a fan word in hexadecimal", "FanErr[0x0c]", { hasFanFault: true }],
    ["no broken fan", "FanErr[0x00] ECHU[0 0 0]", { hasFanFault: false, stateDetail: null }],
    ["words where a number belongs", "FanErr[none]", { hasFanFault: false }],
    [
      "fans that rest while it is paused",
      "SYSTEMSTATU[Work: In Idle] Fan1[0] FanR[0%]",
      { hasFanFault: false, stateDetail: null, fans: [{ rpm: 0, percent: 0 }] },
    ],
    [
      "a supply in trouble",
      "PS[3 1210 2083 37 760 2085 824]",
      { stateDetail: "supply error 3", powerW: 824 },
    ],
    ["a unit that calibrates", "SYSTEMSTATU[Work: In Work] ADJ[0]", { stateDetail: "calibrating" }],
  ])("detail: %s", (_, text, expected) => expect(read(text)).toMatchObject(expected));
});
