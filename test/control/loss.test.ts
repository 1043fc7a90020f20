import { describe, expect, test } from "vitest";
import { initialState, restoreState } from "#src/control/decide.ts";
import { avalon, BenchHome, homeZone, MIDNIGHT, makeConfig } from "./bench-home.ts";

const cheap = {
  prices: { importUsdKwh: 0.05, exportUsdKwh: 0.02, highestImportUsdKwh: 0.2 },
  minedUsdKwh: 0.1,
};
const one = makeConfig({ miners: [avalon] });

function sunnyHome(): BenchHome {
  const home = new BenchHome(one);
  home.world.fixedRoomC = 21;
  home.world.pvW = 1500;
  return home.run(900);
}

describe("a silent meter", () => {
  test("holds for a while without a rise, then ends the run for the sun, and comes back slowly", () => {
    const home = sunnyHome();
    expect(home.last.decision.totalW).toBe(820);
    home.world.isMeterSilent = true;
    home.world.pvW = null;
    home.run(100);
    expect(home.last.decision.totalW).toBe(820);
    home.run(900);
    expect(home.last.decision.totalW).toBe(0);
    expect(home.last.decision.alarms.map((alarm) => alarm.code)).toContain("SURPLUS_METER_STALE");
    home.world.isMeterSilent = false;
    home.world.pvW = 1500;
    home.run(30);
    expect(home.last.decision.totalW).toBe(0);
    home.run(1200);
    expect(home.last.decision.totalW).toBe(820);
  });

  test("leaves comfort working under half of the circuit", () => {
    const home = new BenchHome(one).startAt(820);
    home.world.fixedRoomC = 17;
    home.run(60);
    home.world.isMeterSilent = true;
    home.run(300);
    const circuit = 0.8 * 20 * 120 * 0.97;
    expect(home.last.decision.totalW).toBe(820);
    expect(home.last.decision.budgetW).toBeLessThanOrEqual(circuit / 2);
  });

  test("that repeats one value while the heater moves is frozen and not believed", () => {
    const home = sunnyHome();
    home.world.gridW = -400;
    home.world.fixedRoomC = 21;
    home.run(60);
    for (const device of home.devices) device.powerW = 15;
    home.world.extra = {
      overrides: [
        { kind: "power", zone: null, miner: "heater", setC: null, powerW: 0, untilMs: home.wallMs + 900_000 },
      ],
    };
    home.world.pvW = null;
    home.run(400);
    expect(home.last.decision.inputs.ages["grid"]).toBe("fresh");
    expect(home.last.decision.inputs.surplusW).toBeNull();
  });
});

describe("a lost thermometer", () => {
  test("holds, then heats for the floor only, in steps whose mean is the duty", () => {
    const home = new BenchHome(one, { roomC: 20 });
    home.world.outdoorC = -8;
    home.world.isRoomSilent = true;
    let energy = 0;
    home.run(1200);
    home.run(12 * 3600, ({ decision }) => {
      energy += decision.totalW * 5;
    });
    const dutyW = 33 * (15 + 1 + 8);
    expect(energy / (12 * 3600)).toBeGreaterThan(0.8 * dutyW);
    expect(energy / (12 * 3600)).toBeLessThan(1.1 * dutyW);
  });

  test.each([
    ["warm outside", { outdoorC: 18 }, {}],
    ["a hot inlet", { outdoorC: -8 }, { inletC: 31 }],
  ])("gives nothing with %s", (_, world, device) => {
    const home = new BenchHome(one, { roomC: 20 }).startAt(410);
    Object.assign(home.world, world, { isRoomSilent: true, device });
    home.run(2400);
    expect(home.last.decision.totalW).toBe(0);
  });

  test.each([
    [{ kind: "pause" } as const, 0],
    [{ kind: "fixed", powerW: 600 } as const, 550],
  ])("obeys the zone's own rule %o", (onSensorLoss, totalW) => {
    const home = new BenchHome(
      makeConfig({ miners: [avalon], zones: [{ ...homeZone, onSensorLoss }] }),
    ).startAt(410);
    home.world.outdoorC = -8;
    home.world.isRoomSilent = true;
    home.run(2400);
    expect(home.last.decision.totalW).toBe(totalW);
  });
});

describe("a device that does not follow", () => {
  test("is asked again after 30, 120 and 600 s, then counted at full power", () => {
    const home = new BenchHome(one).startAt(410);
    home.world.fixedRoomC = 19.5;
    home.run(60);
    home.world.deaf = ["heater"];
    home.world.extra = cheap;
    const sent: number[] = [];
    let first: number | null = null;
    home.run(1400, ({ commands }) => {
      if (commands.length === 0) return;
      first ??= home.monoMs;
      sent.push((home.monoMs - first) / 1000);
    });
    expect(sent).toEqual([0, 30, 120, 600]);
    expect(home.state.miners["heater"]?.isUnresponsive).toBe(true);
    home.world.deaf = [];
    home.run(700);
    expect(home.state.miners["heater"]?.isUnresponsive).toBe(false);
  });

  test("keeps its higher watts from the others until it is seen to be down", () => {
    const second = { ...avalon, name: "second" };
    const panel = { mainA: 100, voltageV: 240, userCapW: 850, noMeterCapW: null };
    const home = new BenchHome(makeConfig({ miners: [avalon, second], panel })).startAt(0);
    const [device] = home.devices;
    if (device) Object.assign(device, { isOn: true, targetW: 820, powerW: 820, sinceMs: 0 });
    home.world.fixedRoomC = 19.5;
    home.world.extra = cheap;
    home.run(60);
    home.world.deaf = ["heater"];
    home.world.extra = {
      ...cheap,
      overrides: [
        {
          kind: "power",
          zone: null,
          miner: "heater",
          setC: null,
          powerW: 0,
          untilMs: home.wallMs + 3_600_000,
        },
      ],
    };
    home.run(600, ({ decision }) => expect(decision.miners[1]?.targetW).toBe(0));
    home.world.deaf = [];
    home.run(400);
    expect(home.last.decision.miners[1]?.targetW).toBe(820);
  });

  test("and does not answer gets no commands and comes back after two polls", () => {
    const home = new BenchHome(one).startAt(820);
    home.world.fixedRoomC = 19.5;
    home.run(60);
    home.world.gone = ["heater"];
    home.world.fixedRoomC = 25;
    home.run(90);
    home.run(900, ({ commands }) => expect(commands).toEqual([]));
    expect(home.last.decision.miners[0]?.state).toBe("unreachable");
    expect(home.last.decision.alarms.map((alarm) => alarm.code)).toContain("DEVICE_UNREACHABLE");
    home.world.gone = [];
    home.run(15);
    expect(home.last.decision.miners[0]?.state).not.toBe("unreachable");
  });
});

describe("a restart", () => {
  test("keeps minimum off time, starts and latches, moved to the new clock", () => {
    const home = new BenchHome(one).startAt(820);
    home.world.fixedRoomC = 27;
    home.run(60);
    expect(home.last.decision.totalW).toBe(0);
    const saved: unknown = JSON.parse(JSON.stringify(home.state));
    const later = restoreState(saved, one, 5000, home.wallMs + 120_000);
    const switched = home.state.miners["heater"]?.switchedMono ?? 0;
    const agoMs =
      (home.state.lastMono ?? 0) - switched + (home.wallMs + 120_000 - (home.state.lastWallMs ?? 0));
    expect(5000 - (later.miners["heater"]?.switchedMono ?? 0)).toBe(agoMs);
    expect(later.zones["home"]?.isMaxLatched).toBe(true);
    expect(later.sources).toEqual({});
  });

  test.each([null, 7, "x", [], {}, { schema: 2 }, { schema: 1, lastMono: "a" }])(
    "from a broken save %j begins anew",
    (saved) => {
      expect(restoreState(saved, one, 5, MIDNIGHT)).toEqual(initialState(one, 5));
    },
  );

  test("from a save with bad parts keeps the good ones", () => {
    const saved = {
      schema: 1,
      lastMono: 0,
      lastWallMs: MIDNIGHT,
      miners: { heater: { startsToday: 3, switchedMono: "no", tripCode: 9 } },
      zones: [],
      coop: 1,
    };
    const state = restoreState(saved, one, 5, MIDNIGHT);
    expect(state.miners["heater"]).toMatchObject({ startsToday: 3, switchedMono: null, tripCode: null });
  });

  test("watches for 30 s before it starts or raises anything but the floor", () => {
    const home = new BenchHome(one);
    home.world.fixedRoomC = 18;
    home.world.extra = cheap;
    home.run(30, ({ commands }) => expect(commands).toEqual([]));
    home.run(10);
    expect(home.last.decision.totalW).toBeGreaterThan(0);
    const cold = new BenchHome(one);
    cold.world.fixedRoomC = 14;
    expect(cold.tick().commands).toMatchObject([
      { action: "resume", targetW: 820, stepIndex: 3, isUrgent: true },
    ]);
  });
});

describe("limits", () => {
  test("low voltage lowers the circuit, and a silent voltmeter does not raise it", () => {
    const circuits = [{ name: "main", breakerA: 8, voltageV: 120, rated100: false, otherW: 0 }];
    const home = new BenchHome(makeConfig({ miners: [avalon], circuits })).startAt(640);
    home.world.fixedRoomC = 19.5;
    const volts = (value: number | null) => ({
      ...cheap,
      voltageV: { value, receivedMono: home.monoMs, seq: home.monoMs, maxAgeS: null },
    });
    home.world.extra = volts(100);
    home.run(400, () => {
      home.world.extra = volts(100);
    });
    const low = home.last.decision.budgetW;
    expect(low).toBeCloseTo(0.8 * 8 * 100 * 0.97, 0);
    home.world.extra = volts(null);
    home.run(900);
    expect(home.last.decision.budgetW).toBe(low);
  });

  test("a clock that jumps without synchronisation obeys an event by both clocks", () => {
    const home = new BenchHome(one).startAt(820);
    home.world.fixedRoomC = 19.5;
    const event = {
      id: "e",
      version: 1,
      issuedMs: 0,
      startMs: home.wallMs - 1000,
      endMs: home.wallMs + 3_600_000,
      type: "limit" as const,
      priority: "peak" as const,
      limitW: 500,
      raiseW: null,
      floorW: 0,
      noticeS: 0,
      source: "test",
      isCancelled: false,
      isOptedOut: false,
    };
    home.world.extra = { ...cheap, events: [event], isClockSynced: false };
    home.run(60);
    home.wallMs += 7_200_000;
    home.run(60);
    expect(home.last.decision.totalW).toBeLessThanOrEqual(500);
  });
});

test("a schedule and overrides move the set point, and overrides end", () => {
  const schedule = [
    { days: [1, 7] as [number, number], minuteOfDay: 360, setC: 21 },
    { days: [1, 7] as [number, number], minuteOfDay: 1320, setC: 17 },
  ];
  const home = new BenchHome(makeConfig({ miners: [avalon], zones: [{ ...homeZone, schedule }] }), {
    startMs: MIDNIGHT + 5 * 3_600_000,
  });
  const setC = () => home.tick().decision.zones[0]?.setC;
  expect(setC()).toBe(17);
  home.wallMs = MIDNIGHT + 7 * 3_600_000;
  expect(setC()).toBe(21);
  const base = { zone: "home", miner: null, powerW: null, setC: null };
  home.world.extra.overrides = [{ ...base, kind: "set", setC: 19, untilMs: home.wallMs + 60_000 }];
  expect(setC()).toBe(19);
  home.wallMs += 120_000;
  expect(setC()).toBe(21);
  home.world.extra.overrides = [{ ...base, kind: "away", untilMs: home.wallMs + 60_000 }];
  expect(setC()).toBe(18);
});
