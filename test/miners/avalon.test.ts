import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { createAvalonDriver, toIdentity } from "#src/miners/avalon.ts";
import { bracketFields, toReading } from "#src/miners/avalon-stats.ts";
import { unreachableError } from "#src/model/errors.ts";
import { fixture, scripted, sections } from "./fixtures.ts";

const MINI3 = "avalon/mini3-25022401";
const Q = "avalon/q-25052801";
const never = new AbortController().signal;
const ok = (message: string, more = "") =>
  `{"STATUS":[{"STATUS":"S","When":1763701260,"Code":119,"Msg":"${message}"}]${more},"id":1}`;

describe("a Mini 3 at work", () => {
  const reading = toReading(sections(`${MINI3}/estats.json`), sections(`${MINI3}/pools.json`));

  it("reads as recorded", () => {
    expect(reading).toMatchObject({
      state: "mining",
      stateDetail: null,
      powerW: 824,
      powerSource: "measured",
      hashrateThs: 38.90411,
      chipMaxC: 86,
      boardC: 75,
      inletC: 39,
      outletC: 63,
      fans: [{ rpm: 3000, percent: 100 }],
      hasFanFault: false,
      uptimeS: 32273,
      powerTargetW: 750,
      mode: "mining/super",
      stepIndex: 3,
    });
  });

  it("tells its pools with the settlement counter and without their passwords", () => {
    expect(reading.pools).toEqual([
      {
        url: "stratum+tcp://pool.member.example:3333",
        user: "member.mini3",
        role: "unknown",
        state: "alive",
        acceptedDifficulty: 368550176,
        accepted: 890,
        rejected: 2,
        stale: 0,
        shareDifficulty: 524288,
        isActive: true,
        sharePpm: null,
      },
      expect.objectContaining({
        user: "coop.member0417",
        acceptedDifficulty: 0,
        shareDifficulty: null,
        isActive: false,
      }),
    ]);
  });

  it("is known by its MAC", () => {
    expect(toIdentity(sections(`${MINI3}/version.json`))).toEqual({
      id: "e0:e1:a9:0a:0b:0c",
      mac: "e0:e1:a9:0a:0b:0c",
      serial: "02010000deadbeef",
      make: "Canaan",
      model: "Avalon Mini3",
      firmware: "avalon",
      firmwareVersion: "25022401_cb28ba7",
    });
  });
});

describe("a Q in standby", () => {
  it("is paused, without the hash rate of the past, and its wall figure is an estimate", () => {
    expect(toReading(sections(`${Q}/estats.json`), sections(`${Q}/pools.json`))).toMatchObject({
      state: "paused",
      powerW: 146,
      powerSource: "estimated",
      hashrateThs: 0,
      chipMaxC: null,
      boardC: 27,
      inletC: 26,
      outletC: null,
      hasFanFault: false,
      powerTargetW: 800,
      mode: "eco",
      stepIndex: null,
    });
  });
});

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
      "[",
      "]",
      " ",
      "PS",
      "TMax",
      "GHSspd",
      "SYSTEMSTATU",
      "Work: In Work",
      "-273",
      "nan",
      "{",
      "}",
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
    const text = fixture(`${MINI3}/estats.json`);
    for (const key of ["PS", "GHSspd", "TMax", "HBTemp", "ITemp", "OTemp", "MPO"]) {
      const without = text.replace(new RegExp(` ${key}\\[[^\\]]*\\]`), "");
      const reading = toReading(JSON.parse(without), {});
      expect(Object.values(reading).filter((value) => value === 0)).toEqual([]);
    }
  });
});

describe("unknown and unusual figures", () => {
  const read = (text: string) => toReading({ STATS: [{ Elapsed: 7, "MM ID0": text }] }, {});

  it.each([
    [
      "no sensor",
      "SYSTEMSTATU[Work: In Work] TMax[-273] ITemp[-273] HBTemp[0]",
      { chipMaxC: null, inletC: null, boardC: null },
    ],
    ["nan", "SYSTEMSTATU[Work: In Work] TMax[nan] GHSspd[inf]", { chipMaxC: null, hashrateThs: null }],
    [
      "a supply that does not tell",
      "SYSTEMSTATU[Work: In Work] PS[0 0 0 0 0 0 0]",
      { powerW: null, powerSource: null },
    ],
    ["a short supply list", "SYSTEMSTATU[Work: In Work] PS[0 1210 2083]", { powerW: null }],
    ["only the last place told", "SYSTEMSTATU[Work: In Work] PS[0 0 0 0 0 0 812]", { powerW: 812 }],
    ["a start", "SYSTEMSTATU[Work: In Init]", { state: "starting" }],
    ["an empty summary", "", { state: "starting", uptimeS: 7 }],
    [
      "a fault",
      "SYSTEMSTATU[Work: In Fault] ECHU[4]",
      { state: "fault", stateDetail: "Work: In Fault, ECHU 4" },
    ],
    ["a broken fan", "SYSTEMSTATU[Work: In Work] FanErr[1]", { hasFanFault: true }],
    ["the number of the state", "STATE[2]", { state: "paused" }],
    ["soft off alone", "SoftOFF[4]", { state: "paused" }],
    ["nothing of the state", "Ver[Mini3-1]", { state: "unknown" }],
    ["a unit that calibrates", "SYSTEMSTATU[Work: In Work] ADJ[0]", { stateDetail: "calibrating" }],
    [
      "the heating mode",
      "Ver[Mini3-1] SYSTEMSTATU[Work: In Work] WORKMODE[0] WORKLEVEL[0]",
      { mode: "heating/super", stepIndex: null },
    ],
    [
      "the older name of the level",
      "Ver[Mini3-1] SYSTEMSTATU[Work: In Work] WORKMODE[2] WORKLVL[-1]",
      { mode: "night/eco", stepIndex: 0 },
    ],
  ])("%s", (_, text, expected) => expect(read(text)).toMatchObject(expected));
});

/** A Mini 3 in memory that takes orders at once. */
function unit(overrides: (line: string) => string | Error | null = () => null) {
  const state = { work: "In Work", mode: 1, level: 0, active: 0 };
  const pools = ["stratum+tcp://a.example:1", "stratum+tcp://b.example:2"].map((url) => ({
    url,
    user: "u.w",
    password: "p",
  }));
  const cgminer = (line: string) => {
    const special = overrides(line);
    if (special !== null) return special;
    if (line === "version") return fixture(`${MINI3}/version.json`);
    if (line === "estats") {
      const text = `Ver[Mini3-1] SYSTEMSTATU[Work: ${state.work}] WORKMODE[${state.mode}] WORKLEVEL[${state.level}] MPO[750]`;
      return ok("stats", `,"STATS":[{"MM ID0":"${text}"}]`);
    }
    if (line === "pools") {
      const rows = pools.map((pool, index) => ({
        ...{ POOL: index, URL: pool.url, User: pool.user, Password: pool.password, Priority: index },
        "Stratum Active": index === state.active,
      }));
      return ok("pools", `,"POOLS":${JSON.stringify(rows)}`);
    }
    if (line === "ascset|0,help") return ok("ASC 0 set info: help|workmode|softon|softoff|reboot|");
    if (line === "check|switchpool") return ok("check", ',"CHECK":[{"Exists":"Y","Access":"Y"}]');
    const set = /^ascset\|0,(workmode|worklevel),set,(-?\d)$/.exec(line);
    if (set) state[set[1] === "workmode" ? "mode" : "level"] = Number(set[2]);
    if (line.startsWith("ascset|0,softoff")) state.work = "In Idle";
    if (line.startsWith("ascset|0,softon")) state.work = "In Init";
    const select = /^switchpool\|(\d)$/.exec(line);
    if (select) state.active = Number(select[1]);
    return ok("ASC 0 set OK");
  };
  const link = scripted({ cgminer });
  return { link, state, capabilities: () => createAvalonDriver().capabilities(link, never) };
}

describe("what it can do", () => {
  it("is told by its help and by check", async () => {
    const able = await unit().capabilities();
    const bare = await unit((line) =>
      line === "ascset|0,help"
        ? ok("ASC 0 set info: help|lcd|")
        : line.startsWith("check")
          ? ok("c", ',"CHECK":[{"Exists":"N","Access":"N"}]')
          : null,
    ).capabilities();

    expect(able).toMatchObject({
      canPause: true,
      power: "discrete",
      poolSwitch: "reconnect",
      split: "none",
      minW: null,
    });
    expect(able.steps.map(({ label, wallW, targetW }) => [label, wallW, targetW])).toEqual([
      ["night/eco", 410, null],
      ["night/super", 550, null],
      ["mining/eco", 640, null],
      ["mining/super", 820, 750],
    ]);
    expect(bare).toMatchObject({ canPause: false, poolSwitch: "restart" });
    expect(Object.keys(bare.actions).sort()).toEqual(["setStep", "writePools"]);
  });
});

describe("pause and resume", () => {
  it("are ordered five seconds ahead of the device's own clock and read back", async () => {
    const { link, capabilities } = unit();
    const { actions } = await capabilities();

    await expect(actions.pause?.(never)).resolves.toBe("effective");
    await expect(actions.resume?.(never)).resolves.toBe("effective");
    expect(link.asked).toContain("ascset|0,softoff,1:1763701265");
    expect(link.asked).toContain("ascset|0,softon,1:1763701265");
  });

  it("use this computer's clock where the device has none", async () => {
    const stats =
      '{"STATUS":[{"STATUS":"S","When":986,"Code":70,"Msg":""}],"STATS":[{"MM ID0":"SYSTEMSTATU[Work: In Work]"}]}';
    const { link, capabilities } = unit((line) => (line === "estats" ? stats : null));

    await (await capabilities()).actions.pause?.(never);

    expect(link.asked).toContain("ascset|0,softoff,1:9000000005");
  });

  it.each([
    ["no answer to softon", "softon", "", "pending"],
    ["an answer that was lost", "softoff", unreachableError("MINER_TIMEOUT", "lost"), "unknown"],
    [
      "a refusal",
      "softoff",
      '{"STATUS":[{"STATUS":"E","Code":120,"Msg":"ASC 0 set failed: Unknown option: softoff"}]}',
      "rejected",
    ],
    ["a yes before its time", "softoff", ok("ASC 0 set OK"), "pending"],
  ])("%s is decided by the read-back", async (_, order, answer, expected) => {
    const { state, capabilities } = unit((line) => (line.includes(`,${order},`) ? answer : null));
    state.work = order === "softon" ? "In Idle" : "In Work";
    const { actions } = await capabilities();

    await expect((order === "softon" ? actions.resume : actions.pause)?.(never)).resolves.toBe(expected);
  });
});

describe("steps", () => {
  it("write only the lever that differs, mode before level", async () => {
    const { link, state, capabilities } = unit();
    const { actions } = await capabilities();
    const writes = () => link.asked.splice(0).filter((line) => line.includes(",set,"));

    await expect(actions.setStep?.(2, never)).resolves.toBe("effective");
    expect(writes()).toEqual(["ascset|0,worklevel,set,-1"]);
    await expect(actions.setStep?.(1, never)).resolves.toBe("effective");
    expect(writes()).toEqual(["ascset|0,workmode,set,2", "ascset|0,worklevel,set,0"]);
    await expect(actions.setStep?.(1, never)).resolves.toBe("effective");
    expect(writes()).toEqual([]);
    expect(state.work).toBe("In Work");
    await expect(actions.setStep?.(9, never)).rejects.toMatchObject({ code: "MINER_STEP_UNKNOWN" });
  });

  it("that the unit says yes to and does not take are rejected within seconds", async () => {
    const { link, capabilities } = unit((line) => (line.includes(",set,") ? ok("ASC 0 set OK") : null));

    await expect((await capabilities()).actions.setStep?.(0, never)).resolves.toBe("rejected");
    expect(link.written).toHaveLength(2);
    expect(link.pace.slept).toBeLessThan(5_000);
  });

  it("are rejected while the unit calibrates", async () => {
    const refusal =
      "STATUS=E,When=1763702100,Code=120,Msg=ASC 0 set failed: current mode 1 is caling Don't permit switch mode,Description=x|";
    const { capabilities } = unit((line) => (line.includes(",set,") ? refusal : null));

    await expect((await capabilities()).actions.setStep?.(0, never)).resolves.toBe("rejected");
  });
});

describe("pools", () => {
  const target = {
    ...{ url: "stratum+tcp://c.example:3", user: "c.w", password: "x" },
    ...{ role: "coop" as const, sharePpm: null },
  };

  it("are switched at run time, and not again when the wanted one works already", async () => {
    const { link, capabilities } = unit();
    const { actions } = await capabilities();

    await expect(actions.selectPool?.(1, never)).resolves.toBe("effective");
    link.asked.length = 0;
    await expect(actions.selectPool?.(5, never)).rejects.toMatchObject({ code: "MINER_POOL_UNKNOWN" });
    expect(link.asked).toEqual(["pools"]);
  });

  it("are written slot by slot with the factory password, and wait for a restart", async () => {
    const { link, capabilities } = unit();

    await expect((await capabilities()).actions.writePools?.([target], never)).resolves.toBe("pending");
    expect(link.asked.filter((line) => line.startsWith("setpool"))).toEqual([
      "setpool|root,root,0,stratum+tcp://c.example:3,c.w,x",
    ]);
  });

  it("never fall together to one: shares are refused before anything is sent", async () => {
    const { link, capabilities } = unit();
    const { actions } = await capabilities();
    link.asked.length = 0;

    const shared = [target, target].map((pool) => ({ ...pool, sharePpm: 500_000 }));
    await expect(actions.writePools?.(shared, never)).rejects.toMatchObject({ code: "SPLIT_UNSUPPORTED" });
    expect(link.asked).toEqual([]);
  });

  it("stop at the first wrong password, which no error shows", async () => {
    const { link } = unit((line) =>
      line.startsWith("setpool") ? '{"STATUS":[{"STATUS":"E","Code":120,"Msg":"userpass err"}]}' : null,
    );
    const { actions } = await createAvalonDriver({ password: "hunter2" }).capabilities(link, never);

    const written = actions.writePools?.([target, target], never);

    await expect(written).rejects.toMatchObject({
      code: "MINER_PASSWORD_WRONG",
      exit: 5,
      message: expect.not.stringContaining("hunter2"),
    });
    expect(link.asked.filter((line) => line.startsWith("setpool"))).toHaveLength(1);
  });

  it("with a comma or a line feed are refused before anything is sent", async () => {
    for (const user of ["a,b", "a|b", "a\nb", "a\0b"]) {
      const { link, capabilities } = unit();
      const { actions } = await capabilities();
      link.asked.length = 0;
      await expect(actions.writePools?.([{ ...target, user }], never)).rejects.toMatchObject({
        code: "POOL_TEXT_INVALID",
      });
      expect(link.asked).toEqual([]);
    }
  });

  it("change place and the unit restarts where it cannot switch", async () => {
    const { link, capabilities } = unit((line) =>
      line.startsWith("check") ? ok("c", ',"CHECK":[{"Exists":"N"}]') : null,
    );

    await expect((await capabilities()).actions.selectPool?.(1, never)).resolves.toBe("pending");
    expect(link.asked.filter((line) => /setpool|reboot/.test(line))).toEqual([
      "setpool|root,root,0,stratum+tcp://b.example:2,u.w,p",
      "setpool|root,root,1,stratum+tcp://a.example:1,u.w,p",
      "ascset|0,reboot,0",
    ]);
  });
});
