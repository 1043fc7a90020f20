import { describe, expect, test } from "vitest";
import { Faults } from "#src/sim/plant/faults.ts";
import { minerFacts } from "#src/sim/plant/miner-presets.ts";
import { PlantHome, type PlantOptions, TICK_S } from "#src/sim/plant/plant-home.ts";
import { type Trace, traceColumns } from "#src/sim/plant/trace.ts";

const DAY_S = 86_400;

/** A day that stays as it begins. */
function steadyDay(pvW: number, loadW: number, outdoorC: number, days = 1): Trace {
  const columns = Object.fromEntries(traceColumns.map((name) => [name, null])) as Trace["columns"];
  const steady = (value: number) => Float64Array.of(value, value);
  Object.assign(columns, { pv_w: steady(pvW), load_w: steady(loadW), outdoor_c: steady(outdoorC) });
  const half = (days * DAY_S) / 2;
  return { startMs: null, timesS: Float64Array.of(0, half), columns, durationS: 2 * half };
}

const options: PlantOptions = {
  ...{ trace: steadyDay(1000, 300, 5), miners: [minerFacts["C-3500"]], meter: "M5", house: "room", seed: 1 },
  ...{ startC: 20, outdoorGuessC: () => 5 },
};

/** Runs a home under one setpoint; `look` sees it at the end of each tick. */
function run(
  home: PlantHome,
  seconds: number,
  targetW: number,
  look: (nowS: number) => void = () => {},
  faults: Faults | null = null,
): void {
  for (let nowS = 0; nowS < seconds; nowS += TICK_S) {
    faults?.strike(nowS, home);
    home.observe(nowS);
    if (nowS === 0 && targetW > 0) for (const miner of home.miners) miner.command(nowS, targetW);
    home.advance(nowS);
    look(nowS);
  }
}

describe("the reference home", () => {
  test("is the same to the last bit with the same seed", () => {
    const record = (seed: number) => {
      const home = new PlantHome({ ...options, seed });
      const seen: number[] = [];
      run(home, 7200, 2000, () =>
        seen.push(home.powerW, home.gridMeter.valueW, home.seenRoomC, home.truth.roomC),
      );
      return seen;
    };

    expect(record(5)).toEqual(record(5));
    expect(record(6)).not.toEqual(record(5));
  });

  test("its grid is load and miners less sun and battery", () => {
    const home = new PlantHome({ ...options, batteryPercent: 50 });
    run(home, 3600, 2000, () => {
      expect(home.gridW).toBeCloseTo(300 + home.powerW - 1000 - home.batteryW, 9);
    });

    // The battery gives what the sun does not.
    expect(Math.abs(home.gridW)).toBeLessThan(30);
    expect(home.battery?.socPercent).toBeLessThan(50);
  });

  test("its meter shows the grid of now some seconds late, its PV meter the sun", () => {
    const home = new PlantHome(options);
    run(home, 3600, 2000);

    expect(Math.abs(home.gridMeter.valueW - home.gridW)).toBeLessThan(70);
    expect(Math.abs(home.pvMeter.valueW - 1000)).toBeLessThan(50);
    expect(home.gridMeter.arrivedS).toBe(3592);
  });

  test("warms with the miner and cools without; a thermometer of tenths follows within a minute or so", () => {
    const warm = new PlantHome(options);
    run(warm, DAY_S / 4, 1500, (nowS) => expect(nowS + 5 - warm.seenRoomS).toBeLessThanOrEqual(75));
    const cold = new PlantHome(options);
    run(cold, DAY_S / 4, 0);

    expect(warm.truth.roomC).toBeGreaterThan(22);
    expect(cold.truth.roomC).toBeLessThan(19.5);
    expect(Math.abs(warm.seenRoomC - warm.truth.roomC)).toBeLessThan(0.6);
    expect(warm.seenRoomC * 10).toBeCloseTo(Math.round(warm.seenRoomC * 10), 6);
  });

  test("a window opens about once a day", () => {
    const home = new PlantHome({ ...options, trace: steadyDay(0, 300, -10, 20) });
    let [openings, lastC, wasFalling] = [0, 20, false];
    run(home, 20 * DAY_S, 1000, (nowS) => {
      if (nowS % 60 !== 0) return;
      const isFalling = home.truth.roomC - lastC < -0.03;
      if (isFalling && !wasFalling && nowS > 7200) openings += 1;
      wasFalling = isFalling;
      lastC = home.truth.roomC;
    });

    expect(openings).toBeGreaterThan(8);
    expect(openings).toBeLessThan(40);
  });

  test("without a house the room is unknown in truth and asks for nothing", () => {
    const home = new PlantHome({ ...options, house: "none" });
    run(home, 600, 0);

    expect(home.truth.roomC).toBeNaN();
    expect(home.seenRoomC).toBe(20.5);
    expect(home.seenRoomS).toBe(540);
  });
});

describe("faults", () => {
  test("of the kind drop-outs silence each sensor for its time, and repeat with the seed", () => {
    const record = () => {
      const home = new PlantHome({ ...options, trace: steadyDay(0, 300, 5, 10) });
      const oldest = { grid: 0, room: 0, polls: 0 };
      const look = (nowS: number) => {
        oldest.grid = Math.max(oldest.grid, nowS - home.gridMeter.arrivedS);
        oldest.room = Math.max(oldest.room, nowS - home.seenRoomS);
        oldest.polls = Math.max(oldest.polls, home.miners[0]?.missedPolls ?? 0);
      };
      run(home, 10 * DAY_S, 1000, look, new Faults("drop-outs", 3));
      return oldest;
    };
    const oldest = record();

    expect(oldest.grid).toBeGreaterThan(590);
    expect(oldest.grid).toBeLessThan(620);
    expect(oldest.room).toBeGreaterThan(7190);
    expect(oldest.room).toBeLessThan(7300);
    expect(oldest.polls).toBeGreaterThanOrEqual(60);
    expect(record()).toEqual(oldest);
  });

  test("of the kind lies say no number, too much, too little, and the same thing twice", () => {
    const home = new PlantHome({ ...options, trace: steadyDay(0, 300, 5, 2) });
    const grids = new Set<number>();
    const rooms = new Set<number>();
    run(
      home,
      2 * DAY_S,
      1000,
      () => {
        grids.add(home.gridMeter.valueW);
        rooms.add(home.seenRoomC);
      },
      new Faults("lies", 1),
    );

    for (const lie of [Number.NaN, Number.POSITIVE_INFINITY, -80_000, 1_000_000])
      expect(grids.has(lie)).toBe(true);
    for (const lie of [Number.NaN, -60, 150]) expect(rooms.has(lie)).toBe(true);
  });
});
