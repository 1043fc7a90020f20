import { expect, test } from "vitest";
import type { Override, Snapshot } from "#src/control/types.ts";
import { REASON_CODES } from "#src/model/reason.ts";
import { avalon, BenchHome, c3500, homeZone, MIDNIGHT, makeConfig, peakEvent } from "./bench-home.ts";

const cheap = {
  prices: { importUsdKwh: 0.05, exportUsdKwh: 0.02, highestImportUsdKwh: 0.2 },
  minedUsdKwh: 0.1,
};
const priced = (importUsdKwh: number, exportUsdKwh: number, minedUsdKwh: number): Partial<Snapshot> => ({
  prices: { importUsdKwh, exportUsdKwh, highestImportUsdKwh: 0.4 },
  minedUsdKwh,
});
const override = (changes: Partial<Override>): Override => ({
  kind: "off",
  zone: "home",
  miner: null,
  setC: null,
  powerW: null,
  untilMs: null,
  ...changes,
});

interface Case {
  code: string;
  /** Builds the case; answers every code that was seen. */
  play: () => BenchHome;
}

function running(roomC: number, extra: Partial<Snapshot> = {}, config = makeConfig()): BenchHome {
  const home = new BenchHome(config, { roomC }).startAt(820);
  home.world.fixedRoomC = roomC;
  home.world.extra = extra;
  return home;
}

function resting(roomC: number, extra: Partial<Snapshot> = {}, config = makeConfig()): BenchHome {
  return Object.assign(running(roomC, extra, config)).startAt(0);
}

const cases: Case[] = [
  { code: "SAFE_CHIP_HOT", play: () => withDevice({ chipMaxC: 99 }) },
  { code: "SAFE_BOARD_HOT", play: () => withDevice({ boardC: 90 }) },
  { code: "SAFE_FAN", play: () => withDevice({ hasFanFault: true }) },
  {
    code: "SAFE_COOLDOWN",
    play: () => {
      const home = withDevice({ chipMaxC: 99 });
      home.world.device = {};
      return home.run(60);
    },
  },
  { code: "SAFE_ROOM_OVERHEAT", play: () => running(35.5, cheap).run(30) },
  { code: "DEVICE_FAULT", play: () => withDevice({ state: "fault" }) },
  {
    code: "DEVICE_UNREACHABLE",
    play: () => {
      const home = running(19.5, cheap).run(30);
      home.world.gone = ["heater"];
      return home.run(120);
    },
  },
  {
    code: "DEVICE_NOT_FOLLOWING",
    play: () => {
      const home = running(27, cheap);
      home.world.deaf = ["heater"];
      return home.run(120);
    },
  },
  {
    code: "DEVICE_EXTERNAL_CHANGE",
    play: () => {
      const home = running(19.5, cheap).run(60);
      for (const device of home.devices) device.isOn = false;
      return home.run(60);
    },
  },
  {
    code: "LIMIT_BREAKER_80",
    play: () => {
      const circuit = { name: "main", breakerA: 7, voltageV: 120, rated100: false, otherW: 0 };
      return running(19.5, cheap, makeConfig({ circuits: [circuit] })).run(60);
    },
  },
  {
    code: "LIMIT_PANEL",
    play: () => {
      const panel = { mainA: 10, voltageV: 240, userCapW: null, noMeterCapW: null };
      const home = running(19.5, cheap, makeConfig({ panel }));
      home.world.loadW = 1500;
      return home.run(60);
    },
  },
  {
    code: "LIMIT_USER",
    play: () => {
      const panel = { mainA: 100, voltageV: 240, userCapW: 600, noMeterCapW: null };
      return running(19.5, cheap, makeConfig({ panel })).run(60);
    },
  },
  {
    code: "LIMIT_NO_METER",
    play: () => {
      const panel = { mainA: 100, voltageV: 240, userCapW: null, noMeterCapW: 450 };
      return running(19.5, cheap, makeConfig({ hasGridMeter: false, panel })).run(60);
    },
  },
  {
    code: "LIMIT_OVERCURRENT_STEP",
    play: () => {
      const circuit = { name: "main", breakerA: 10, voltageV: 120, rated100: false, otherW: 0 };
      return withDevice({ powerW: 1030 }, makeConfig({ circuits: [circuit] })).run(240);
    },
  },
  { code: "MANUAL_OFF", play: () => running(13, { ...cheap, overrides: [override({})] }).run(30) },
  {
    code: "MANUAL_SET",
    play: () =>
      resting(21, { overrides: [override({ kind: "boost", untilMs: MIDNIGHT + 20 * 3_600_000 })] }).run(180),
  },
  {
    code: "MANUAL_EXPIRED",
    play: () => {
      const home = running(20.5);
      home.world.extra = { overrides: [override({ kind: "boost", untilMs: home.wallMs + 60_000 })] };
      return home.run(90);
    },
  },
  { code: "FLOOR_HOLD", play: () => running(14.8).run(60) },
  { code: "FLOOR_FULL", play: () => running(13.5).run(60) },
  { code: "FLOOR_PREDICTED", play: () => running(15.2).run(60) },
  { code: "COMFORT_HEAT", play: () => running(18).run(60) },
  { code: "COMFORT_FLEX", play: () => running(19.5, priced(0.3, 0.1, 0.1)).run(60) },
  {
    code: "COMFORT_STORE",
    play: () => {
      const home = running(19.8, priced(0.3, 0.1, 0.1)).run(120);
      home.world.fixedRoomC = 20.2;
      return home.run(60);
    },
  },
  { code: "COMFORT_FULL", play: () => running(22.5, cheap).run(60) },
  { code: "COMFORT_MAX", play: () => running(26.5, cheap).run(60) },
  {
    code: "COMFORT_SENSOR_LOST",
    play: () => {
      const home = running(20, {});
      home.world.isRoomSilent = true;
      home.world.outdoorC = -10;
      return home.run(1200);
    },
  },
  { code: "SURPLUS_TRACK", play: () => sunny(resting(21), 1500).run(600) },
  { code: "SURPLUS_WAIT_START", play: () => sunny(resting(21), 1100).run(60) },
  {
    code: "SURPLUS_RIDE_THROUGH",
    play: () => sunny(sunny(resting(21), 1500).run(900), 500).run(40),
  },
  {
    code: "SURPLUS_STOP_DEFICIT",
    play: () => sunny(sunny(resting(21, {}, makeConfig({ miners: [avalon] })), 1500).run(900), 0).run(900),
  },
  { code: "SURPLUS_NONE", play: () => resting(21, priced(0.3, 0.01, 0.05)).run(60) },
  {
    code: "SURPLUS_METER_STALE",
    play: () => {
      const home = sunny(resting(21), 1500).run(900);
      home.world.isMeterSilent = true;
      return home.run(1200);
    },
  },
  {
    code: "BATTERY_UNKNOWN",
    play: () => {
      const home = resting(21);
      home.world.pvW = 1500;
      home.world.extra = { batteryW: { value: null, receivedMono: home.monoMs, seq: 1, maxAgeS: null } };
      return home.run(60);
    },
  },
  {
    code: "BATTERY_FIRST",
    play: () => withBattery(60, -1500).run(60),
  },
  {
    code: "BATTERY_BUFFER",
    play: () => {
      const home = sunny(resting(21), 1500);
      const refresh = (powerW: number) => () => {
        home.world.extra = batteryOf(home, 97, powerW);
      };
      refresh(0)();
      home.run(900, refresh(0));
      home.world.pvW = 500;
      home.world.gridW = 0;
      refresh(620)();
      return home.run(30, refresh(620));
    },
  },
  {
    code: "BATTERY_SUNDOWN",
    play: () => {
      const battery = { capacityWh: 10_000, dischargeW: 3000 };
      const home = resting(21, {}, makeConfig({ battery }));
      home.world.extra = { ...batteryOf(home, 92, 0), forecast: { surplusWh: 200 } };
      return home.run(60);
    },
  },
  { code: "PRICE_CHEAP", play: () => running(19.5, cheap).run(60) },
  { code: "PRICE_NEGATIVE", play: () => running(21, priced(-0.02, -0.05, 0.05)).run(60) },
  { code: "PRICE_UNKNOWN", play: () => resting(21).run(60) },
  { code: "PRICE_TOO_HIGH", play: () => resting(21, priced(0.3, 0.35, 0.05)).run(60) },
  { code: "EXPORT_BETTER", play: () => resting(22, priced(0.3, 0.1, 0.05)).run(60) },
  { code: "HEAT_WORTH_IMPORT", play: () => running(19.5, priced(0.12, 0.02, 0.05)).run(60) },
  { code: "SHAPE_MIN_OFF", play: () => afterStop().run(60) },
  { code: "SHAPE_MIN_ON", play: () => afterStart().run(120) },
  { code: "SHAPE_WAKING", play: () => wakingLow() },
  {
    code: "SHAPE_DEADBAND",
    play: () => {
      const panel = { mainA: 100, voltageV: 240, userCapW: 500, noMeterCapW: null };
      const home = running(19.5, cheap, makeConfig({ panel })).run(60);
      home.config = makeConfig();
      const shaped = home.run(10);
      return shaped.results.length > 0 ? shaped : home;
    },
  },
  {
    code: "SHAPE_START_LIMIT",
    play: () => resting(20.5, cheap, makeConfig({ miners: [{ ...avalon, maxStartsDay: 0 }] })).run(60),
  },
  {
    code: "SHAPE_STAGGER",
    play: () => {
      const zones = [homeZone, { ...homeZone, name: "shop" }];
      const config = makeConfig({ zones, miners: [avalon, { ...avalon, name: "second", zone: "shop" }] });
      const home = resting(19, cheap, config);
      return home.run(60);
    },
  },
  {
    code: "SHAPE_MODE_STEP",
    play: () => sunny(resting(21, {}, makeConfig({ miners: [avalon] })), 1100).run(900),
  },
  { code: "SYS_CLOCK_UNSYNCED", play: () => resting(21, { isClockSynced: false }).run(700) },
  {
    code: "SYS_OVERRUN",
    play: () => {
      const home = resting(21).run(30);
      home.monoMs += 60_000;
      home.wallMs += 60_000;
      return home.run(5);
    },
  },
  { code: "SYS_STARTUP_OBSERVE", play: () => resting(19.5, cheap).run(20) },
];

function withDevice(device: BenchHome["world"]["device"], config = makeConfig()): BenchHome {
  const home = running(19.5, cheap, config).run(30);
  home.world.device = device;
  return home.run(60);
}

function sunny(home: BenchHome, pvW: number): BenchHome {
  home.world.pvW = pvW;
  return home;
}

function batteryOf(home: BenchHome, soc: number, powerW: number): Partial<Snapshot> {
  const reading = (value: number) => ({ value, receivedMono: home.monoMs, seq: home.monoMs, maxAgeS: null });
  return { batteryW: reading(powerW), socPercent: reading(soc) };
}

/** A battery that takes all of the sun, so that the grid stands at zero. */
function withBattery(soc: number, powerW: number): BenchHome {
  const home = resting(21);
  home.world.pvW = 300 - powerW;
  home.world.gridW = 0;
  home.world.extra = batteryOf(home, soc, powerW);
  return home;
}

function afterStop(): BenchHome {
  const home = running(19.5, cheap).run(60);
  home.world.extra = { ...cheap, overrides: [override({ untilMs: home.wallMs + 30_000 })] };
  return home.run(60);
}

function afterStart(): BenchHome {
  const home = resting(19.5, cheap).run(90);
  home.world.fixedRoomC = 21.9;
  home.world.extra = priced(0.4, 0.1, 0);
  return home;
}

function wakingLow(): BenchHome {
  const panel = { mainA: 100, voltageV: 240, userCapW: 500, noMeterCapW: null };
  const home = resting(19.5, cheap, makeConfig({ panel, miners: [avalon] })).run(60);
  home.config = makeConfig({ miners: [avalon] });
  return home.run(20);
}

/** Codes that events.test.ts plays, and those that no test of control plays. */
const elsewhere: string[] = [
  ...["COOP_LIMIT", "COOP_OFF", "COOP_RAISE", "COOP_PRE_RAMP", "COOP_SNAPBACK_DELAY", "COOP_NOT_MET"],
  ...["COOP_OFFLINE_POLICY", "FLOOR_OVER_EVENT", "PLAN_PREHEAT", "SHAPE_RAMP"],
];
const notPlayed = [
  ...["SAFE_EXTERNAL_TRIP", "LIMIT_PHASE", "SURPLUS_PROBE", "PLAN_WAIT_CHEAPER", "PLAN_COAST"],
  ...["SHAPE_SETTLING", "HEAT_NOT_ARRIVING", "SYS_SAFE_STATE"],
];

test("every reason code is played here, named as given elsewhere, or as not played yet", () => {
  const listed = [...new Set(cases.map(({ code }) => code)), ...elsewhere, ...notPlayed];
  expect(listed.toSorted()).toEqual([...REASON_CODES].toSorted());
});

test.each(cases)("$code is given", ({ code, play }) => {
  const home = play();
  const seen = new Set<string>();
  for (const { decision } of home.results) {
    seen.add(decision.reason.code);
    for (const miner of decision.miners) seen.add(miner.code);
    for (const entry of [decision.notHigher, decision.notLower, decision.next, ...decision.alarms]) {
      if (entry) seen.add(entry.code);
    }
  }
  expect([...seen]).toContain(code);
});

test("reasons read as plain sentences with their bounds", () => {
  const home = sunny(
    resting(
      20,
      priced(0.3, 0.01, 0.05),
      makeConfig({
        miners: [c3500],
        circuits: [{ name: "main", breakerA: 20, voltageV: 240, rated100: false, otherW: 0 }],
      }),
    ),
    2000,
  ).run(1200);
  const { reason, notHigher } = home.last.decision;
  expect(reason.text).toMatch(/^following the sun: \d+ W spare, \d+ W kept back for passing cloud$/);
  expect(notHigher?.text).toContain("20 A breaker allows 3724 W");
});

test("the minimum run time is told as what keeps the power from falling", () => {
  const home = afterStart().run(200);
  expect(home.last.decision.notLower?.text).toMatch(/^minimum run time, \d+ min( \d+ s)? left$/);
  expect(home.last.decision.totalW).toBe(avalon.minW);
});

test("an event that runs is named by its end", () => {
  const home = running(19.5, {
    ...cheap,
    events: [peakEvent({ startMs: MIDNIGHT, endMs: MIDNIGHT + 13 * 3_600_000 })],
  }).run(120);
  expect(home.last.decision.next).toMatchObject({
    code: "COOP_SNAPBACK_DELAY",
    text: "co-op event ends 13:00",
  });
});
