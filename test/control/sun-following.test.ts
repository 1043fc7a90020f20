import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { worthW } from "#src/control/layers/sun-start.ts";
import { BenchHome, c3500, makeConfig } from "./bench-home.ts";

const circuits = [{ name: "main", breakerA: 20, voltageV: 240, rated100: false, otherW: 0 }];
const LOAD_W = 300;

/** A home at its set point with the big heater, without prices: shortfalls are accepted a third of the time. */
function sunnyHome(spareW: number): BenchHome {
  const home = new BenchHome(makeConfig({ miners: [c3500], circuits }));
  home.world.fixedRoomC = 20;
  home.world.loadW = LOAD_W;
  return spare(home.run(900), spareW);
}

function spare(home: BenchHome, spareW: number): BenchHome {
  home.world.pvW = LOAD_W + home.config.reserveW + Math.max(0, spareW);
  return home;
}

/** Seconds until a start or a stop, at most an hour. */
function secondsUntil(home: BenchHome, isOn: boolean): number {
  const startMs = home.wallMs;
  while (home.devices[0]?.isOn !== isOn && home.wallMs - startMs < 3_600_000) home.tick();
  return (home.wallMs - startMs) / 1000;
}

describe("what running is worth", () => {
  test.each([
    [1 / 3, 800, 800],
    [1 / 3, 5000, 3500],
    [1 / 3, (2 / 3) * 800, 0],
    [1 / 2, 400, 0],
    [1 / 3, 0, -1600],
    [1, 0, 0],
  ])("at a shortfall accepted %f of the time, of %f W spare: %f W", (alpha, surplusW, worth) => {
    expect(worthW(c3500, surplusW, alpha)).toBeCloseTo(worth, 6);
  });

  test("rises with the surplus and with the shortfall that is accepted", () => {
    const watts = fc.double({ min: -5000, max: 9000, noNaN: true });
    const part = fc.double({ min: 0, max: 1, noNaN: true });
    fc.assert(
      fc.property(watts, watts, part, part, (a, b, c, d) => {
        const [lowW, highW] = [Math.min(a, b), Math.max(a, b)];
        const [low, high] = [Math.min(c, d), Math.max(c, d)];
        return (
          worthW(c3500, lowW, low) <= worthW(c3500, highW, low) &&
          worthW(c3500, lowW, low) <= worthW(c3500, lowW, high)
        );
      }),
    );
  });
});

describe("a heater that the sun runs", () => {
  test.each([1000, 2000, 3400])("starts when 0.055 kWh of %i W spare have been let go", (spareW) => {
    const seconds = secondsUntil(sunnyHome(spareW), true);

    expect(seconds).toBeGreaterThanOrEqual(198_000 / spareW);
    expect(seconds).toBeLessThan(198_000 / spareW + 60);
  });

  test("does not start where buying for its lowest power would cost more than the sun brings", () => {
    expect(secondsUntil(sunnyHome(500), true)).toBe(3600);
  });

  test("bears a kettle, and stops within minutes when the sun is gone", () => {
    const home = sunnyHome(1500);
    secondsUntil(home, true);
    home.run(3600);
    spare(home, 1500).world.loadW = LOAD_W + 2000;
    home.run(120);
    home.world.loadW = LOAD_W;
    home.run(600);

    expect(home.devices[0]).toMatchObject({ isOn: true, starts: 1 });
    expect(secondsUntil(spare(home, 0), false)).toBeLessThan(420);
  });

  test("says so when the room and not the sun is what keeps it low", () => {
    const home = sunnyHome(2500);
    home.world.fixedRoomC = 21.9;

    expect(home.run(900).last.decision.reason.text).toMatch(
      /^following the sun: \d+ W spare, of which home, nearly as warm as it may be, takes \d+ W$/,
    );
  });

  test("draws what is spare also when it draws more than it is told", () => {
    const home = sunnyHome(2000);
    const heater = home.devices[0];
    const drawnW = () => 1.04 * (heater?.powerW ?? 0);
    for (let tick = 0; tick < 400; tick++) {
      home.world.device = { powerW: Math.round(drawnW()) };
      home.world.gridW = LOAD_W + drawnW() - (home.world.pvW ?? 0);
      home.tick();
    }

    expect(Math.abs(drawnW() - 2000)).toBeLessThan(25);
  });

  test("is laid beside an old meter at the time at which it drew, found out from its own moves", () => {
    const home = sunnyHome(1200);
    home.config = { ...home.config, meterLatencyS: 10 };
    const toldW: number[] = [];
    const gridW: number[] = [];
    for (let tick = 0; tick < 900; tick++) {
      if (tick % 40 === 0) spare(home, tick % 80 === 0 ? 1200 : 2600);
      toldW.push(Math.round(home.minersW));
      gridW.push(LOAD_W + home.minersW - (home.world.pvW ?? 0));
      // The miner tells its power a tick late, the meter two.
      home.world.device = { powerW: toldW.at(-2) ?? 15 };
      home.world.gridW = gridW.at(-3) ?? 0;
      home.tick();
    }
    const { jumpW } = home.state.surplus.delays;

    expect(jumpW[1]).toBeLessThan(0.9 * (jumpW[0] ?? 0));
    expect(jumpW[1]).toBeLessThan(jumpW[2] ?? 0);
  });
});
