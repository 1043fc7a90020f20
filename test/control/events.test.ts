import { describe, expect, test } from "vitest";
import { returnDelayS } from "#src/control/events.ts";
import { avalon, BenchHome, c3500, homeZone, MIDNIGHT, makeConfig, peakEvent } from "./bench-home.ts";

const FIVE_PM = MIDNIGHT + 17 * 3_600_000;
const cheap = {
  prices: { importUsdKwh: 0.05, exportUsdKwh: 0.02, highestImportUsdKwh: 0.2 },
  minedUsdKwh: 0.1,
};

function homeBefore(event: ReturnType<typeof peakEvent>, leadS = 600): BenchHome {
  const home = new BenchHome(makeConfig(), { startMs: FIVE_PM - leadS * 1000 }).startAt(820);
  home.world.fixedRoomC = 19.5;
  home.world.extra = { ...cheap, events: [event] };
  return home;
}

describe("a scheduled event", () => {
  test("is met at its start by a discrete device, because commands go out early", () => {
    const home = homeBefore(peakEvent());
    let firstCode = "";
    home.run(600, (result) => {
      const down = result.commands.find((command) => command.miner === "heater" && command.targetW < 820);
      if (down && firstCode === "") {
        firstCode = down.code;
        expect(home.wallMs).toBeLessThanOrEqual(FIVE_PM - 60_000);
        expect(down).toMatchObject({ action: "set", isUrgent: true, stepIndex: 0, targetW: 410 });
      }
    });
    expect(firstCode).toBe("COOP_PRE_RAMP");
    expect(home.minersW).toBeLessThanOrEqual(500);
    home.run(7195, () => expect(home.minersW).toBeLessThanOrEqual(500));
  });

  test("is announced by `next` with its limit and the start of the ramp", () => {
    const home = homeBefore(peakEvent());
    home.run(60);
    const { next } = home.last.decision;
    expect(next?.code).toBe("COOP_LIMIT");
    expect(next?.text).toMatch(/^co-op event 17:00-19:00 limits to 500 W, ramp down starts 16:58:\d\d$/);
  });

  test("ends with a delay of its own and a slow return, not at once", () => {
    const home = homeBefore(peakEvent({ endMs: FIVE_PM + 1_200_000 }), 60);
    home.run(60 + 1200);
    const delayS = returnDelayS("test-home", "peak-1");
    expect(delayS).toBeGreaterThanOrEqual(0);
    expect(delayS).toBeLessThanOrEqual(300);
    const codes = new Set<string>();
    let back: number | null = null;
    home.run(900, (result) => {
      codes.add(result.decision.reason.code);
      if (result.decision.totalW > 500) back ??= home.wallMs - (FIVE_PM + 1_200_000);
    });
    expect(back).toBeGreaterThan(delayS * 1000);
    expect([...codes]).toEqual(expect.arrayContaining(["COOP_SNAPBACK_DELAY", "SHAPE_RAMP"]));
  });

  test.each([
    ["off", peakEvent({ type: "off" }), 0, "COOP_OFF"],
    ["limit below the least rung", peakEvent({ limitW: 300 }), 18, "COOP_LIMIT"],
    ["limit with a grant of its own", peakEvent({ limitW: 0, floorW: 450 }), 428, "COOP_LIMIT"],
    ["shift", peakEvent({ type: "shift" }), 428, "COOP_LIMIT"],
  ])("of type %s leaves what it allows", (_, event, mostW, code) => {
    const home = homeBefore(event, 120);
    home.run(240);
    expect(home.last.decision.totalW).toBeLessThanOrEqual(mostW);
    expect(home.last.decision.reason.code).toBe(code);
  });

  test("without an end lapses six hours after the last contact", () => {
    const home = homeBefore(peakEvent({ endMs: null }), 0);
    home.world.extra.coop = { isPaired: true, lastContactAgeS: 21_000 };
    home.run(60);
    expect(home.last.decision.totalW).toBeLessThanOrEqual(500);
    home.world.extra.coop = { isPaired: true, lastContactAgeS: 21_700 };
    home.run(900);
    expect(home.last.decision.totalW).toBeGreaterThan(500);
  });

  test("opted out of is lifted at once, and nothing else", () => {
    const home = homeBefore(peakEvent(), 60);
    home.run(300);
    expect(home.last.decision.totalW).toBeLessThanOrEqual(500);
    home.world.extra.events = [peakEvent({}), peakEvent({ id: "other", limitW: 600 })];
    const [first, second] = home.world.extra.events;
    if (first && second) home.world.extra.events = [{ ...first, isOptedOut: true }, second];
    home.run(300);
    expect(home.last.decision.totalW).toBeGreaterThan(500);
    expect(home.last.decision.totalW).toBeLessThanOrEqual(600);
  });
});

test("of two events the lowest limit wins", () => {
  const home = homeBefore(peakEvent({ limitW: 700 }), 60);
  home.world.extra.events = [peakEvent({ limitW: 700 }), peakEvent({ id: "b", limitW: 450 })];
  home.run(200);
  expect(home.last.decision.totalW).toBeLessThanOrEqual(450);
});

test("an immediate event is met within 60 s", () => {
  const home = homeBefore(peakEvent({ startMs: FIVE_PM - 600_000 }), 600);
  home.world.extra.events = [];
  home.run(60);
  home.world.extra.events = [peakEvent({ startMs: home.wallMs })];
  home.run(60);
  expect(home.minersW).toBeLessThanOrEqual(500);
});

test("a limit that measured power does not keep leads to off, reported as not met", () => {
  const home = homeBefore(peakEvent(), 120);
  home.world.deaf = ["heater"];
  home.run(300);
  expect(home.last.decision.reason.code).toBe("COOP_NOT_MET");
  expect(home.last.decision.alarms.map((alarm) => alarm.code)).toContain("COOP_NOT_MET");
  expect(
    home.results.flatMap((result) => result.commands).some((command) => command.action === "pause"),
  ).toBe(true);
});

test("an event that the member boosts against still holds", () => {
  const home = homeBefore(peakEvent(), 60);
  home.world.extra.overrides = [
    { kind: "boost", zone: "home", miner: null, setC: null, powerW: null, untilMs: FIVE_PM + 3_600_000 },
  ];
  home.run(200);
  expect(home.last.decision.totalW).toBeLessThanOrEqual(500);
});

describe("the heat floor over an event", () => {
  test("holds heat with FLOOR_OVER_EVENT and reports the excess", () => {
    const home = homeBefore(peakEvent({ type: "off" }), 1200);
    home.world.fixedRoomC = 15;
    home.run(2400);
    const { decision } = home.last;
    expect(decision.reason.code).toBe("FLOOR_OVER_EVENT");
    expect(decision.totalW).toBeGreaterThan(0);
    expect(decision.floorOverEventW).toBeGreaterThan(0);
  });

  test("gives full power 1 K below the floor", () => {
    const home = homeBefore(peakEvent({ type: "off" }), 60);
    home.world.fixedRoomC = 13.9;
    home.run(120);
    expect(home.last.decision.totalW).toBeGreaterThanOrEqual(820);
  });

  test("heats early enough that the zone does not fall below its floor before the event ends", () => {
    const config = makeConfig({ zones: [{ ...homeZone, uaWk: 60 }] });
    const home = new BenchHome(config, { startMs: FIVE_PM - 600_000, roomC: 17, capacityJ: 1.5e6 }).startAt(
      820,
    );
    home.world.outdoorC = 3;
    home.world.extra = { ...cheap, events: [peakEvent({ type: "off", endMs: FIVE_PM + 8 * 3_600_000 })] };
    let lowest = 99;
    const codes = new Set<string>();
    home.run(8 * 3600, (result) => {
      lowest = Math.min(lowest, home.roomC);
      codes.add(result.decision.reason.code);
    });
    expect(lowest).toBeGreaterThanOrEqual(15);
    expect(lowest).toBeLessThan(16);
    expect([...codes]).toEqual(expect.arrayContaining(["COOP_OFF", "FLOOR_OVER_EVENT"]));
  });

  test("yields to an emergency down to 5 degC where another heat source is declared", () => {
    const backup = makeConfig({ zones: [{ ...homeZone, hasBackupHeat: true }] });
    const event = peakEvent({ type: "off", priority: "emergency" });
    const totals = [makeConfig(), backup].map((config) => {
      const home = new BenchHome(config, { startMs: FIVE_PM + 60_000 }).startAt(820);
      home.world.fixedRoomC = 14.5;
      home.world.extra = { ...cheap, events: [event] };
      return home.run(60).last.decision.totalW;
    });
    expect(totals[0]).toBeGreaterThan(0);
    expect(totals[1]).toBe(0);
  });

  test("yields to the member's own off switch, which says so", () => {
    const home = homeBefore(peakEvent({ type: "off" }), 60);
    home.world.fixedRoomC = 13;
    home.world.extra.overrides = [
      { kind: "off", zone: "home", miner: null, setC: null, powerW: null, untilMs: null },
    ];
    home.run(120);
    expect(home.last.decision.totalW).toBe(0);
    expect(home.last.decision.reason.code).toBe("MANUAL_OFF");
    expect(home.last.decision.reason.text).toContain("floor");
  });
});

test("a day without the co-op applies the agreed limit, and nothing when none was agreed", () => {
  const silent = { ...cheap, coop: { isPaired: true, lastContactAgeS: 90_000 } };
  const totals = [600, null].map((coopOfflineLimitW) => {
    const home = new BenchHome(makeConfig({ coopOfflineLimitW })).startAt(820);
    home.world.fixedRoomC = 19.5;
    home.world.extra = silent;
    home.run(120);
    return [home.last.decision.totalW <= 600, home.last.decision.notHigher?.code ?? null];
  });
  expect(totals).toEqual([
    [true, "COOP_OFFLINE_POLICY"],
    [false, null],
  ]);
});

test("a raise event is a wish while the room can store it", () => {
  const home = new BenchHome(makeConfig(), { startMs: FIVE_PM });
  home.world.fixedRoomC = 21;
  home.world.extra = { events: [peakEvent({ type: "raise", raiseW: 600 })] };
  home.run(120);
  expect(home.last.decision.reason.code).toBe("COOP_RAISE");
  expect(home.last.decision.totalW).toBeLessThanOrEqual(600);
  expect(home.last.decision.totalW).toBeGreaterThanOrEqual(550);
});

test("a shift event stores heat before it begins", () => {
  const home = new BenchHome(makeConfig({ miners: [avalon] }), { startMs: FIVE_PM - 3_600_000, roomC: 20.5 });
  home.world.extra = { events: [peakEvent({ type: "shift" })] };
  home.run(900);
  expect(home.last.decision.reason.code).toBe("PLAN_PREHEAT");
  expect(home.last.decision.totalW).toBeGreaterThan(400);
});

test("a continuous device is at the limit at the start", () => {
  const home = new BenchHome(
    makeConfig({
      miners: [c3500],
      circuits: [{ name: "main", breakerA: 20, voltageV: 240, rated100: false, otherW: 0 }],
    }),
    { startMs: FIVE_PM - 600_000 },
  ).startAt(3500);
  home.world.fixedRoomC = 19.5;
  home.world.extra = { ...cheap, events: [peakEvent({ limitW: 1234 })] };
  home.run(600);
  expect(home.minersW).toBeLessThanOrEqual(1234 + 1);
  expect(home.last.decision.totalW).toBe(1230);
});
