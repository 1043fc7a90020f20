import { expect, test } from "vitest";
import { avalon, BenchHome, MIDNIGHT, makeConfig } from "./bench-home.ts";

test("a discrete heater holds a plain room within 1 K through a winter day with few starts", () => {
  const home = new BenchHome(makeConfig({ miners: [avalon] }), {
    startMs: MIDNIGHT,
    roomC: 20,
    capacityJ: 3.5e6,
  });
  home.world.extra = {
    prices: { importUsdKwh: 0.12, exportUsdKwh: 0.03, highestImportUsdKwh: 0.12 },
    minedUsdKwh: 0.02,
  };
  let lowest = 99;
  let highest = -99;
  home.run(86_400, () => {
    const hour = (home.wallMs - MIDNIGHT) / 3_600_000;
    home.world.outdoorC = -2 + 6 * Math.sin(((hour - 9) / 24) * 2 * Math.PI);
    lowest = Math.min(lowest, home.roomC);
    highest = Math.max(highest, home.roomC);
  });
  expect(lowest).toBeGreaterThan(19);
  expect(highest).toBeLessThan(21);
  expect(home.devices[0]?.starts).toBeLessThanOrEqual(12);
});

test("a mild day swings on and off around the need, still within 1 K and the start limit", () => {
  const home = new BenchHome(makeConfig({ miners: [avalon] }), {
    startMs: MIDNIGHT,
    roomC: 20,
    capacityJ: 3.5e6,
  });
  home.world.extra = {
    prices: { importUsdKwh: 0.12, exportUsdKwh: 0.03, highestImportUsdKwh: 0.12 },
    minedUsdKwh: 0,
  };
  home.world.outdoorC = 12;
  let lowest = 99;
  let highest = -99;
  home.run(86_400, () => {
    lowest = Math.min(lowest, home.roomC);
    highest = Math.max(highest, home.roomC);
  });
  expect([lowest > 19, highest < 21]).toEqual([true, true]);
  expect(home.devices[0]?.starts).toBeLessThanOrEqual(12);
});
