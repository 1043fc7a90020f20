import { expect, test } from "vitest";
import { House, type HousePreset, steadyLossWk } from "#src/sim/house.ts";
import { createRandom } from "#src/sim/random.ts";
import { GridMeter, RoomSensor } from "#src/sim/sensors.ts";

const presets: [HousePreset, number, number][] = [
  ["farmhouse", 180, 250],
  ["farmhouse-zone", 103, 120],
  ["workshop", 136, 0],
  ["room", 33, 60],
];

test.each(presets)("the %s settles where heat equals its loss of %d W/K", (preset, lossWk, baseGainW) => {
  expect(Math.round(steadyLossWk(preset))).toBe(lossWk);
  const house = new House(preset, 15, 0);
  const heaterW = 20 * lossWk - baseGainW;
  for (let second = 0; second < 20 * 86_400; second += 5) {
    house.step(5, { outdoorC: 0, ghiWm2: 0, heaterW, windowFactor: 1 });
  }
  expect(house.roomC).toBeCloseTo(20, 0);
});

test("a house that begins in balance stays there under the heat of its loss", () => {
  const house = new House("room", 20, -5);
  const heaterW = 25 * steadyLossWk("room") - 60;
  for (let second = 0; second < 86_400; second += 5) {
    house.step(5, { outdoorC: -5, ghiWm2: 0, heaterW, windowFactor: 1 });
  }
  expect(house.roomC).toBeCloseTo(20, 1);
});

test("the sun warms and an open window cools", () => {
  const after = (ghiWm2: number, windowFactor: number) => {
    const house = new House("room", 20, 0);
    for (let second = 0; second < 900; second += 5)
      house.step(5, { outdoorC: 0, ghiWm2, heaterW: 600, windowFactor });
    return house.roomC;
  };
  expect(after(800, 1)).toBeGreaterThan(after(0, 1));
  expect(after(0, 5)).toBeLessThan(after(0, 1) - 0.5);
});

test("the room sensor lags, rounds to tenths and reports about once a minute", () => {
  const sensor = new RoomSensor(20, 0, createRandom(1, "room"));
  let reports = 0;
  let before = sensor.valueC;
  for (let second = 1; second <= 3600; second += 1) {
    sensor.step(second * 1000, 25);
    expect(sensor.valueC * 10).toBeCloseTo(Math.round(sensor.valueC * 10), 6);
    if (second === 300) expect(sensor.valueC).toBeLessThan(24);
    if (sensor.valueC !== before) reports += 1;
    before = sensor.valueC;
  }
  expect(sensor.valueC).toBeCloseTo(25, 0);
  expect(reports).toBeLessThanOrEqual(72);
});

test("the meter tells whole watts of a sample two seconds after it was taken, every five seconds", () => {
  const meter = new GridMeter(createRandom(1, "meter"), { gridW: 0, pvW: 0, voltageV: 240 });
  const told: number[] = [];
  for (let second = 1; second <= 12; second += 1) {
    meter.step(second * 1000, 1000, 200, 240);
    told.push(meter.gridW);
  }
  expect(told.slice(0, 6)).toEqual([0, 0, 0, 0, 0, 0]);
  expect(Math.abs((told[6] ?? 0) - 1000)).toBeLessThan(60);
  expect(new Set(told.slice(6, 11)).size).toBe(1);
  expect(Number.isInteger(told[11])).toBe(true);
});
