import fc from "fast-check";
import { expect, test } from "vitest";
import { createEnergyMeter, INTERVAL_S } from "#src/daemon/energy-meter.ts";

const START_MS = Date.UTC(2026, 0, 15, 7);

test("a steady hour is four quarter hours of the right energy", () => {
  const meter = createEnergyMeter("mini3");
  const closed = [];
  for (let s = 0; s <= 3600; s += 10) closed.push(...meter.observe(START_MS + s * 1000, 800, false));
  closed.push(...meter.flush());

  expect(closed.map((interval) => interval.wh)).toEqual([200, 200, 200, 200]);
  expect(closed.every((interval) => interval.coverageRatio === 1 && interval.quality === "derived")).toBe(
    true,
  );
});

test("time without a reading is missing, not zero", () => {
  const meter = createEnergyMeter("mini3");
  meter.observe(START_MS, 900, false);
  meter.observe(START_MS + 10_000, null, false);
  const closed = [
    ...meter.observe(START_MS + 890_000, 900, false),
    ...meter.observe(START_MS + 900_000, 900, false),
    ...meter.flush(),
  ];

  // The minute before the reading that came back, and the ten seconds after it.
  expect(closed).toHaveLength(1);
  expect(closed[0]?.coverageRatio).toBeCloseTo(70 / INTERVAL_S, 5);
  expect(closed[0]?.wh).toBe(17);
});

test("one missed poll loses nothing", () => {
  const meter = createEnergyMeter("mini3");
  meter.observe(START_MS, 900, false);
  meter.observe(START_MS + 10_000, null, false);
  meter.observe(START_MS + 20_000, 900, false);

  expect(meter.openWh()).toBeCloseTo(5, 5);
});

test("a restart goes on with the quarter hour that was running", () => {
  const before = createEnergyMeter("mini3");
  for (let s = 0; s <= 600; s += 10) before.observe(START_MS + s * 1000, 900, false);
  const after = createEnergyMeter("mini3", JSON.parse(JSON.stringify(before.saved())));
  for (let s = 610; s <= 910; s += 10) after.observe(START_MS + s * 1000, 900, false);

  expect(after.openWh()).toBeLessThan(5);
  expect(before.openWh()).toBeCloseTo(150, 5);
});

test("a gap is bridged for one minute at most", () => {
  const meter = createEnergyMeter("mini3");
  meter.observe(START_MS, 600, false);
  meter.observe(START_MS + 600_000, 600, false);

  expect(meter.openWh()).toBeCloseTo(10, 5);
});

test("one estimated reading marks its whole quarter hour", () => {
  const meter = createEnergyMeter("mini3");
  meter.observe(START_MS, 600, false);
  meter.observe(START_MS + 10_000, 600, true);

  expect(meter.flush()[0]?.quality).toBe("estimated");
});

test("whole watt-hours add up to the energy within one, however readings come", () => {
  const step = fc.record({ s: fc.integer({ min: 1, max: 60 }), powerW: fc.integer({ min: 0, max: 3500 }) });
  fc.assert(
    fc.property(fc.array(step, { minLength: 2, maxLength: 300 }), (steps) => {
      const meter = createEnergyMeter("m");
      let atMs = START_MS;
      let exactWh = 0;
      let before: number | null = null;
      let sum = 0;
      for (const { s, powerW } of steps) {
        atMs += s * 1000;
        if (before !== null) exactWh += ((before + powerW) / 2) * (s / 3600);
        before = powerW;
        for (const interval of meter.observe(atMs, powerW, false)) sum += interval.wh;
      }
      for (const interval of meter.flush()) sum += interval.wh;
      expect(exactWh - sum).toBeGreaterThanOrEqual(-1e-6);
      expect(exactWh - sum).toBeLessThan(1 + 1e-6);
    }),
  );
});
