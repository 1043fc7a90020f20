import { describe, expect, it } from "vitest";
import { createAvalonDriver } from "#src/miners/avalon.ts";
import { toReading } from "#src/miners/avalon-stats.ts";
import { never, ok, unit } from "./avalon-unit.ts";
import { fixture, sections } from "./fixtures.ts";
import { recordedLink } from "./recorded-link.ts";

const MINI3 = "avalon/mini3-25022401";
const recorded = (folder: string) => recordedLink(`avalon/${folder}`, (text) => text);
const readingOf = (folder: string) =>
  toReading(sections(`avalon/${folder}/estats.json`), sections(`avalon/${folder}/pools.json`));

describe("a Mini 3 at work", () => {
  const reading = readingOf("mini3-25022401");

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
});

describe("a Q", () => {
  it("in standby is paused, without the hash rate of the past, and its wall figure is an estimate", () => {
    expect(readingOf("q-25052801")).toMatchObject({
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

  it("that starts with an empty summary tells what its other words tell, and no rate", async () => {
    await expect(createAvalonDriver().read(recorded("q-25052801-start"), never)).resolves.toMatchObject({
      state: "starting",
      powerW: 199,
      powerSource: "measured",
      hashrateThs: null,
      chipMaxC: null,
      uptimeS: 31,
      powerTargetW: null,
      mode: "standard",
      stepIndex: 1,
      pools: [{ user: "member.q" }, { user: "coop.member0417" }],
    });
  });

  it("that starts and answers nothing else either is starting, and everything is unknown", async () => {
    const { link } = unit((line) =>
      line === "estats" ? ok("stats", ',"STATS":[{"MM ID0:Summary":"\'STATS\':{}"}]') : null,
    );
    const words = ["summary", "ascset|0,work_mode_lvl,get", "ascset|0,voltage"];
    const { cgminer } = link;
    const bare = {
      ...link,
      cgminer: {
        ...cgminer,
        ask: async (...asked: Parameters<typeof cgminer.ask>) => {
          const reply = await cgminer.ask(...asked);
          return words.includes(link.asked.at(-1) ?? "")
            ? { ...reply, status: "E" as const, message: "Invalid command", sections: {} }
            : reply;
        },
      },
    };

    const reading = await createAvalonDriver().read(bare, never);

    expect(reading).toMatchObject({ state: "starting", powerW: null, powerSource: null, mode: null });
    expect(reading).toMatchObject({ uptimeS: null, hashrateThs: null, stepIndex: null });
    expect(link.asked).toEqual(["estats", "pools", "version", ...words]);
  });
});

describe("a Nano 3S", () => {
  it("of a late build reads as recorded, without a sensor at its inlet", () => {
    expect(readingOf("nano3s-25061101")).toMatchObject({
      state: "mining",
      stateDetail: null,
      powerW: 132,
      powerSource: "measured",
      hashrateThs: 6.31182,
      chipMaxC: 91,
      boardC: null,
      inletC: null,
      outletC: 58,
      fans: [{ rpm: 1980, percent: 41 }],
      powerTargetW: 133,
      mode: "high",
      stepIndex: 2,
    });
  });

  it("of early 2025 has steps and cannot be paused", async () => {
    const can = await createAvalonDriver().capabilities(recorded("nano3s-25021401"), never);

    expect(readingOf("nano3s-25021401")).toMatchObject({ mode: "low", stepIndex: 0, powerW: 62 });
    expect(can).toMatchObject({ canPause: false, power: "discrete", poolSwitch: "reconnect" });
    expect(can.steps.map(({ label, targetW }) => [label, targetW])).toEqual([
      ["low", 60],
      ["mid", null],
      ["high", null],
    ]);
    expect(Object.keys(can.actions).sort()).toEqual(["restart", "selectPool", "setStep", "writePools"]);
  });
});

describe("a Nano 3", () => {
  it("reads as recorded: no state in words, and its watts one place earlier", () => {
    expect(readingOf("nano3-24071801")).toMatchObject({
      state: "mining",
      powerW: 91,
      powerSource: "measured",
      hashrateThs: 3.16425,
      chipMaxC: 88,
      boardC: null,
      inletC: null,
      outletC: 43,
      fans: [{ rpm: 3120, percent: 43 }],
      uptimeS: 40612,
      powerTargetW: 90,
      mode: "mid",
      stepIndex: 1,
    });
  });

  it("has levels with the targets that it tells, and no lamp to find it by", async () => {
    const can = await createAvalonDriver().capabilities(recorded("nano3-24071801"), never);

    expect(can.steps.map(({ label, targetW, wallW }) => [label, targetW, wallW])).toEqual([
      ["low", 60, 65],
      ["mid", 90, 100],
      ["high", 125, 140],
    ]);
    expect(can).toMatchObject({ canPause: true, minW: 60, maxW: 125, idleW: 5, poolSwitch: "restart" });
    expect(can.actions).not.toHaveProperty("locate");
  });
});

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
      pausePersists: false,
    });
    expect(able.steps.map(({ label, wallW, targetW }) => [label, wallW, targetW])).toEqual([
      ["night/eco", 410, null],
      ["night/super", 550, null],
      ["mining/eco", 640, null],
      ["mining/super", 820, 750],
    ]);
    expect(Object.keys(able.actions).sort()).toEqual(
      ["locate", "pause", "restart", "resume", "selectPool", "setStep", "writePools"].sort(),
    );
    expect(bare).toMatchObject({ canPause: false, poolSwitch: "none" });
    expect(Object.keys(bare.actions)).toEqual(["setStep"]);
  });

  it("is little where the unit does not tell", async () => {
    const silent = '{"STATUS":[{"STATUS":"E","When":1,"Code":14,"Msg":"Invalid command"}],"id":1}';
    const can = await unit((line) => (/help|check/.test(line) ? silent : null)).capabilities();

    expect(Object.keys(can.actions).sort()).toEqual(["setStep", "writePools"]);
  });

  it("has the documented targets of a Q, and its own where it tells them", async () => {
    const can = await createAvalonDriver().capabilities(recorded("q-25052801"), never);

    expect(can.steps.map(({ label, targetW }) => [label, targetW])).toEqual([
      ["eco", 800],
      ["standard", 1300],
      ["super", 1600],
    ]);
    expect(can).toMatchObject({ minW: 800, maxW: 1600, poolSwitch: "restart" });
  });

  it.each([
    ["avalon/q-25052801", "Ver[Q-1] WORKMODE[2] MPO[800]", [800, 1300, 1600]],
    [
      "avalon/nano3-25103101",
      "Ver[nano3-1] WORKLEVEL[2] ATA0[60-90-1-2-3] ATA1[90-90-1-2-3] MPO[60]",
      [null, null, null],
    ],
  ])("believes no target that a weaker step has more of (%s)", async (folder, text, targets) => {
    const { capabilities } = unit(
      (line) => (line === "estats" ? ok("s", `,"STATS":[{"MM ID0":"${text}"}]`) : null),
      { folder },
    );

    expect((await capabilities()).steps.map(({ targetW }) => targetW)).toEqual(targets);
  });

  it("has its steps also where the end of its summary was cut off", async () => {
    const { capabilities } = unit((line) => {
      if (line === "estats")
        return ok("s", ',"STATS":[{"MM ID0":"Ver[Mini3-1] STATE[1] GHSspd[38904.11] WORKM"}]');
      return line === "ascset|0,work_mode_lvl,get" ? ok("ASC 0 set info: workmode 1 worklevel 0") : null;
    });

    expect(await capabilities()).toMatchObject({ power: "discrete", steps: { length: 4 } });
  });

  it("takes no target of the Heating mode for one of a step", async () => {
    const { state, capabilities } = unit();
    state.mode = 0;

    expect((await capabilities()).steps.map(({ targetW }) => targetW)).toEqual([null, null, null, null]);
  });

  it("leaves out tuning figures that are no watts", async () => {
    const text = "Ver[Nano3s-1] WORKMODE[2] ATA1[-5000-80-16-500-0] ATA2[133-90-3756-432-20] MPO[133]";
    const can = await unit(
      (line) => (line === "estats" ? ok("s", `,"STATS":[{"MM ID0":"${text}"}]`) : null),
      {
        folder: "avalon/nano3s-25061101",
      },
    ).capabilities();

    expect(can.steps.map(({ targetW }) => targetW)).toEqual([null, null, 133]);
  });

  it("is to pause and to restart, at most, for a unit of another kind", async () => {
    const version = ok("v", ',"VERSION":[{"PROD":"AvalonMiner 1246","MODEL":"1246","MAC":"e0e1a90a0b0c"}]');
    const can = await unit((line) => (line === "version" ? version : null)).capabilities();

    expect(can).toMatchObject({ power: "onoff", steps: [] });
    expect(Object.keys(can.actions).sort()).toEqual(["pause", "resume"]);
  });
});

describe("one poll", () => {
  it("asks twice, and once more where a build lacks estats", async () => {
    const { link } = unit();
    await createAvalonDriver().read(link, never);
    expect(link.asked).toEqual(["estats", "pools"]);

    const old = unit((line) =>
      line === "estats"
        ? '{"STATUS":[{"STATUS":"E","When":1,"Code":14,"Msg":"Invalid command"}],"id":1}'
        : line === "stats"
          ? fixture(`${MINI3}/estats.json`)
          : null,
    );
    await expect(createAvalonDriver().read(old.link, never)).resolves.toMatchObject({ powerW: 824 });
    expect(old.link.asked).toEqual(["estats", "stats", "pools"]);
  });

  it("is read without pools where only their list is broken", async () => {
    const { link } = unit((line) => (line === "pools" ? "" : null));

    await expect(createAvalonDriver().read(link, never)).resolves.toMatchObject({
      state: "mining",
      pools: [],
    });
  });
});
