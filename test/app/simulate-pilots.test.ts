import { describe, expect, test } from "vitest";
import { Hysteresis, type Pilot, ReferenceLoop, TpiThermostat } from "#src/app/simulate-baselines.ts";
import { type AdvanceTick, CorePilot, configOf } from "#src/app/simulate-core.ts";
import { parseTrace } from "#src/app/simulate-trace.ts";
import { advance } from "#src/control/decide.ts";
import type { ControlState } from "#src/control/state.ts";
import type { Snapshot } from "#src/control/types.ts";
import { minerFacts } from "#src/sim/plant/miner-presets.ts";
import { PlantHome, TICK_S } from "#src/sim/plant/plant-home.ts";

const facts = minerFacts["C-3500"];

/** What a pilot told the miner, by second, on a day given as `seconds,sun` rows; household 200 W. */
function targets(
  pilot: Pilot,
  rows: string,
  options: Partial<ConstructorParameters<typeof PlantHome>[0]> = {},
) {
  const trace = parseTrace(`t,pv_w,load_w,outdoor_c\n${rows}`, "x");
  const home = new PlantHome({
    ...{ trace, miners: [facts], meter: "M5", house: "none", seed: 1, startC: 20, outdoorGuessC: () => 9 },
    ...options,
  });
  const told: { nowS: number; targetW: number }[] = [];
  for (let nowS = 0; nowS < trace.durationS; nowS += TICK_S) {
    home.observe(nowS);
    const before = pilot.targetW;
    pilot.tick(nowS, home);
    if (pilot.targetW !== before) told.push({ nowS, targetW: pilot.targetW });
    home.advance(nowS);
  }
  return told;
}

describe("the reference loop", () => {
  test("starts after a minute of enough, follows each 30 s in tens, and stops after three minutes at Pmin", () => {
    const told = targets(
      new ReferenceLoop(),
      "0,2200,200,9\n1800,2200,200,9\n1801,100,200,9\n3600,100,200,9\n",
    );
    const [first] = told;

    // The first sample is there at 5 s, the loop looks at 30 s.
    expect(first?.nowS).toBe(90);
    expect(Math.abs((first?.targetW ?? 0) - 2000)).toBeLessThan(60);
    expect(told.every(({ nowS, targetW }) => nowS % 30 === 0 && targetW % 10 === 0)).toBe(true);
    const pmin = told.find(({ nowS, targetW }) => nowS > 1800 && targetW === 800);
    expect(told.at(-1)?.targetW).toBe(0);
    expect((told.at(-1)?.nowS ?? 0) - (pmin?.nowS ?? 0)).toBeGreaterThanOrEqual(150);
    expect((told.at(-1)?.nowS ?? 0) - (pmin?.nowS ?? 0)).toBeLessThanOrEqual(300);
  });

  test("takes the highest mode that the sun allows", () => {
    const told = targets(new ReferenceLoop(), "0,2900,200,9\n900,2900,200,9\n", {
      miners: [minerFacts["D-5"]],
    });

    expect(told[0]?.targetW).toBe(2400);
  });
});

describe("the hysteresis", () => {
  test("gives 1500 W when five minutes exported more than 1700 W, and nothing when they imported 100 W", () => {
    const told = targets(
      new Hysteresis(20, false),
      "0,2200,200,9\n1200,2200,200,9\n1201,1200,200,9\n3000,1200,200,9\n",
    );

    expect(told[0]).toEqual({ nowS: 300, targetW: 1500 });
    expect(told.at(-1)?.targetW).toBe(0);
    expect(told).toHaveLength(2);
  });

  test("heats a room between 0.3 K below and above its set point", () => {
    const told = targets(new Hysteresis(20, true), "0,0,200,-5\n43200,0,200,-5\n", { house: "room" });

    expect(told.length).toBeGreaterThan(2);
    expect(new Set(told.map(({ targetW }) => targetW))).toEqual(new Set([0, 1500]));
  });
});

test("the thermostat gives full power for its part of each five minutes", () => {
  const told = targets(new TpiThermostat(20), "0,0,200,-10\n3600,0,200,-10\n", { house: "room" });

  // A room at its set point with 30 K outside: 0.3 of the cycle.
  expect(told[0]).toEqual({ nowS: 0, targetW: 3500 });
  expect(told[1]).toEqual({ nowS: 90, targetW: 0 });
  expect(told.every(({ targetW }) => targetW === 0 || targetW === 3500)).toBe(true);
});

describe("the core in a simulated home", () => {
  const options = {
    ...{ config: configOf([facts], 2), startMs: Date.UTC(2026, 0, 15, 7), tz: "America/Denver" },
    ...{ seesPv: true, hasBattery: true, highestImportUsdKwh: null, events: [], killEveryS: null },
  };

  test("sees what the sensors told and when, and the home's own clock", () => {
    const seen: Snapshot[] = [];
    const spy: AdvanceTick = (snapshot, state, config) => {
      seen.push(structuredClone(snapshot));
      return advance(snapshot, state, config);
    };
    const pilot = new CorePilot({ ...options, advance: spy });
    targets(pilot, "0,1500,200,9\n300,1500,200,9\n", { batteryPercent: 40 });
    const [first, second] = seen;

    expect(first?.gridW).toMatchObject({ value: null, seq: 0 });
    expect(first?.local).toEqual({ isoWeekday: 4, minuteOfDay: 0, day: "2026-01-15" });
    expect(second?.gridW).toMatchObject({ seq: 1, receivedMono: (first?.monoMs ?? 0) + 2000 });
    expect(second?.pvW?.value).toBeGreaterThan(1400);
    expect(second?.socPercent?.value).toBe(40);
    expect(second?.miners[0]).toMatchObject({ missedPolls: 0, reading: { state: "paused", powerW: 15 } });
    expect(second?.prices).toEqual({ importUsdKwh: null, exportUsdKwh: null, highestImportUsdKwh: null });
    expect(pilot.decisions).toBe(seen.length);
  });

  test("a killed process is away for 30 s and goes on from what it last wrote down", () => {
    const ticks: { atS: number; state: ControlState }[] = [];
    const spy: AdvanceTick = (snapshot, state, config) => {
      ticks.push({ atS: (snapshot.wallMs - options.startMs) / 1000, state: structuredClone(state) });
      return advance(snapshot, state, config);
    };
    targets(
      new CorePilot({ ...options, hasBattery: false, advance: spy, killEveryS: 300 }),
      "0,2500,200,9\n400,2500,200,9\n",
    );
    const back = ticks.find(({ atS }) => atS === 330);

    expect(ticks.filter(({ atS }) => atS >= 300 && atS < 330)).toEqual([]);
    // The miner that ran before the kill is remembered as running.
    expect(back?.state.miners["miner-1"]?.targetW).toBeGreaterThan(0);
    expect(back?.state.startedMono).toBe(1_330_000);
  });
});
