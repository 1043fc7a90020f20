import { describe, expect, it } from "vitest";
import { createAvalonDriver } from "#src/miners/avalon.ts";
import { accessError, unreachableError } from "#src/model/errors.ts";
import { never, no, ok, unit } from "./avalon-unit.ts";
import { fixture } from "./fixtures.ts";

const NANO3 = { folder: "avalon/nano3-24071801", word: "nano3" };
const lost = unreachableError("MINER_TIMEOUT", "lost");

describe("pause and resume", () => {
  it("are ordered five seconds ahead of the device's own clock and read back", async () => {
    const { link, capabilities } = unit();
    const { actions } = await capabilities();

    await expect(actions.pause?.(never)).resolves.toBe("effective");
    await expect(actions.resume?.(never)).resolves.toBe("effective");
    expect(link.written).toEqual(["ascset|0,softoff,1:1763701265", "ascset|0,softon,1:1763701265"]);
  });

  it.each([
    ["its uptime", 986],
    ["a far future", 5e9],
    ["nothing", null],
  ])("use this computer's clock where the device's tells %s", async (_, when) => {
    const head = `"STATUS":"S",${when === null ? "" : `"When":${when},`}"Code":70,"Msg":""`;
    const stats = `{"STATUS":[{${head}}],"STATS":[{"MM ID0":"SYSTEMSTATU[Work: In Work]"}]}`;
    const { link, capabilities } = unit((line) => (line === "estats" ? stats : null));

    await (await capabilities()).actions.pause?.(never);

    expect(link.written).toEqual(["ascset|0,softoff,1:9000000005"]);
  });

  it("are sent again to a unit that already is so, for an opposite order may lie ahead", async () => {
    const { link, state, capabilities } = unit();
    state.work = "In Idle";

    await expect((await capabilities()).actions.pause?.(never)).resolves.toBe("effective");
    expect(link.written).toHaveLength(1);
  });

  it.each([
    ["no answer to softon", "softon", "", "pending"],
    ["no answer to softoff", "softoff", "", "unknown"],
    ["an answer that was lost", "softoff", lost, "unknown"],
    ["a refusal", "softoff", no("ASC 0 set failed: Unknown option: softoff"), "rejected"],
    ["a yes before its time", "softoff", ok("ASC 0 set OK"), "pending"],
    [
      "an informational yes",
      "softoff",
      '{"STATUS":[{"STATUS":"I","When":1763701245,"Code":118,"Msg":"ASC 0 set info: success softoff:1763701250"}]}',
      "pending",
    ],
  ])("%s is decided by the read-back", async (_, order, answer, expected) => {
    const { state, capabilities } = unit((line) => (line.includes(`,${order},`) ? answer : null));
    state.work = order === "softon" ? "In Idle" : "In Work";
    const { actions } = await capabilities();

    await expect((order === "softon" ? actions.resume : actions.pause)?.(never)).resolves.toBe(expected);
  });

  it.each([
    ["Ver[Mini3-1] SYSTEMSTATU[Work: In Idle] GHSspd[33090.00]", "pending"],
    ["Ver[Mini3-1] SYSTEMSTATU[Work: In Idle] GHSspd[0.00] GHSavg[33090.00]", "effective"],
    ["Ver[nano3-1] SoftOFF[4] GHSspd[3100.00]", "pending"],
  ])("are not called done while it hashes on: %s", async (text, expected) => {
    const { capabilities } = unit((line) =>
      line === "estats" ? ok("s", `,"STATS":[{"MM ID0":"${text}"}]`) : null,
    );

    await expect((await capabilities()).actions.pause?.(never)).resolves.toBe(expected);
  });

  it("that were answered with silence and show at once are effective", async () => {
    const { state, capabilities } = unit((line) => {
      if (line.includes("softon")) state.work = "In Init";
      return line.includes("softon") ? "" : null;
    });
    state.work = "In Idle";

    await expect((await capabilities()).actions.resume?.(never)).resolves.toBe("effective");
  });
});

describe("steps", () => {
  it("write only the lever that differs, mode before level", async () => {
    const { link, state, capabilities } = unit();
    const { actions } = await capabilities();
    const writes = () => link.written.splice(0);

    await expect(actions.setStep?.(2, never)).resolves.toBe("effective");
    expect(writes()).toEqual(["ascset|0,worklevel,set,-1"]);
    await expect(actions.setStep?.(1, never)).resolves.toBe("effective");
    expect(writes()).toEqual(["ascset|0,workmode,set,2", "ascset|0,worklevel,set,0"]);
    await expect(actions.setStep?.(1, never)).resolves.toBe("effective");
    expect(writes()).toEqual([]);
    expect(state.work).toBe("In Work");
    await expect(actions.setStep?.(9, never)).rejects.toMatchObject({ code: "MINER_STEP_UNKNOWN" });
  });

  it("lower the level first, so that no mode on the way draws more than both ends", async () => {
    const { link, state, capabilities } = unit();
    state.mode = 2;

    await expect((await capabilities()).actions.setStep?.(2, never)).resolves.toBe("effective");
    expect(link.written).toEqual(["ascset|0,worklevel,set,-1", "ascset|0,workmode,set,1"]);
  });

  it("take it out of its Heating mode, because one was asked for", async () => {
    const { link, state, capabilities } = unit();
    state.mode = 0;

    await expect((await capabilities()).actions.setStep?.(3, never)).resolves.toBe("effective");
    expect(link.written).toEqual(["ascset|0,workmode,set,1"]);
  });

  it("of a Nano 3 are levels", async () => {
    const { link, capabilities } = unit(() => null, NANO3);

    await expect((await capabilities()).actions.setStep?.(1, never)).resolves.toBe("effective");
    expect(link.written).toEqual(["ascset|0,worklevel,set,1"]);
  });

  it("do not resume a paused unit", async () => {
    const { link, state, capabilities } = unit();
    state.work = "In Idle";

    await expect((await capabilities()).actions.setStep?.(0, never)).resolves.toBe("effective");
    expect(link.written.filter((line) => line.includes("soft"))).toEqual([]);
  });

  it("that the unit says yes to and does not take are rejected within seconds", async () => {
    const { link, capabilities } = unit((line) => (line.includes(",set,") ? ok("ASC 0 set OK") : null));

    await expect((await capabilities()).actions.setStep?.(0, never)).resolves.toBe("rejected");
    expect(link.written).toHaveLength(2);
    expect(link.pace.slept).toBeLessThan(5_000);
  });

  it("are rejected while the unit calibrates, and nothing more is sent", async () => {
    const refusal =
      "STATUS=E,When=1763702100,Code=120,Msg=ASC 0 set failed: current mode 1 is caling Don't permit switch mode,Description=x|";
    const { link, capabilities } = unit((line) => (line.includes(",set,") ? refusal : null));

    await expect((await capabilities()).actions.setStep?.(0, never)).resolves.toBe("rejected");
    expect(link.written).toHaveLength(1);
  });

  it("of which one lever was set and the other refused are neither rejected nor on their way", async () => {
    const { state, capabilities } = unit((line) =>
      line.includes("workmode,set") ? no("ASC 0 set failed: current mode 1 is caling") : null,
    );

    await expect((await capabilities()).actions.setStep?.(0, never)).resolves.toBe("unknown");
    expect(state).toMatchObject({ mode: 1, level: -1 });
  });

  it.each([
    ["no connection", unreachableError("MINER_UNREACHABLE", "gone")],
    ["another device there", accessError("MINER_IDENTITY_CHANGED", "who is that")],
  ])("of which one lever was set before there was %s are not called unchanged", async (_, error) => {
    const { link, state, capabilities } = unit((line) => (line.includes("workmode,set") ? error : null));

    await expect((await capabilities()).actions.setStep?.(0, never)).resolves.toBe("unknown");
    expect(state).toMatchObject({ mode: 1, level: -1 });
    expect(link.written).toHaveLength(2);
  });

  it("end at a lever without an answer: with it as it was, the next could draw more than both ends", async () => {
    const { link, state, capabilities } = unit((line) => (line.includes("worklevel,set") ? "" : null));
    Object.assign(state, { mode: 2, level: 0 });

    await expect((await capabilities()).actions.setStep?.(2, never)).resolves.toBe("unknown");
    expect(link.written).toEqual(["ascset|0,worklevel,set,-1"]);
  });

  it("whose answer was lost are decided by what shows", async () => {
    const { state, capabilities } = unit((line) => {
      if (line.includes("workmode,set")) state.mode = 2;
      return line.includes("workmode,set") ? lost : null;
    });
    const { actions } = await capabilities();

    await expect(actions.setStep?.(1, never)).resolves.toBe("effective");
    await expect(actions.setStep?.(3, never)).resolves.toBe("unknown");
  });

  it("are not sent to a unit that does not tell how its levers stand", async () => {
    let isSilent = false;
    const { link, capabilities } = unit((line) =>
      isSilent && line === "estats"
        ? ok("s", ',"STATS":[{"MM ID0":"Ver[Mini3-1] STATE[1] WORKMODE[1]"}]')
        : null,
    );
    const { actions } = await capabilities();
    isSilent = true;

    await expect(actions.setStep?.(0, never)).rejects.toMatchObject({ code: "MINER_INCOMPLETE", exit: 3 });
    expect(link.written).toEqual([]);
  });

  it("of a Q that starts are set by the levers that it tells beside its empty summary", async () => {
    let mode = 1;
    const { link, capabilities } = unit(
      (line) => {
        if (line === "estats") return ok("s", ',"STATS":[{"MM ID0:Summary":""}]');
        if (line === "ascset|0,work_mode_lvl,get") return ok(`ASC 0 set info: workmode ${mode} worklevel 0`);
        if (line === "ascset|0,workmode,set,0") mode = 0;
        return null;
      },
      { folder: "avalon/q-25052801", word: "Q" },
    );
    const { actions, power } = await capabilities();

    expect(power).toBe("discrete");
    await expect(actions.setStep?.(0, never)).resolves.toBe("effective");
    expect(link.written).toEqual(["ascset|0,workmode,set,0"]);
  });
});

describe("restart and lamp", () => {
  it("are sent once and cannot be proved", async () => {
    const { link, capabilities } = unit((line) => (line.includes("reboot") ? "" : null));
    const { actions } = await capabilities();

    await expect(actions.restart?.(never)).resolves.toBe("pending");
    await expect(actions.locate?.(never)).resolves.toBe("pending");
    expect(link.written).toEqual(["ascset|0,reboot,0", "ascset|0,led,1-1"]);
  });

  it("that are refused are rejected", async () => {
    const { capabilities } = unit((line) => (/,(reboot|led),/.test(line) ? no("unknown argument") : null));
    const { actions } = await capabilities();

    await expect(actions.restart?.(never)).resolves.toBe("rejected");
    await expect(actions.locate?.(never)).resolves.toBe("rejected");
  });
});

it("the backup of a unit holds its pools with their passwords, and nothing of slots that are not used", async () => {
  const { pools, link } = unit();
  pools.push({ url: "", user: "", password: "" });

  await expect(createAvalonDriver().backup(link, never)).resolves.toEqual({
    pools: [
      { url: "stratum+tcp://a.example:1", user: "u.w", password: "p", sharePpm: null },
      { url: "stratum+tcp://b.example:2", user: "u.w", password: "p", sharePpm: null },
    ],
    settings: null,
  });
});

it.each([
  ["no list", ok("pools")],
  ["a pool without its address", ok("pools", ',"POOLS":[{"POOL":0,"User":"u.w","Password":"p"}]')],
  ["a pool without its user", fixture("avalon/mini3-25022401/pools.json").replaceAll('"User"', '"Worker"')],
])("%s is no backup, and nothing is written on it", async (_, answer) => {
  const { link, capabilities } = unit((line) => (line === "pools" ? answer : null));
  const { actions } = await capabilities();
  const target = { url: "stratum+tcp://c.example:3", user: "c.w", password: "x" };

  await expect(createAvalonDriver().backup(link, never)).rejects.toMatchObject({ code: "MINER_INCOMPLETE" });
  await expect(
    actions.writePools?.([{ ...target, role: "coop", sharePpm: null }], never),
  ).rejects.toMatchObject({ code: "MINER_INCOMPLETE" });
  await expect(actions.selectPool?.(1, never)).rejects.toMatchObject({ code: "MINER_INCOMPLETE" });
  expect(link.written).toEqual([]);
});
