import { readdirSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { listRecordedDays, loadRecordedDay } from "#src/sim/recorded-day.ts";
import { createWeather } from "#src/sim/weather.ts";
import { startMs, templatesDir } from "./support.ts";

test("the days that ship name their source and licence and are small", () => {
  const days = listRecordedDays(templatesDir);
  expect(days.map((info) => info.day)).toEqual([
    "2003-09-22",
    "2012-05-17",
    "2019-02-02",
    "2022-01-02",
    "2022-01-03",
  ]);
  for (const info of days) expect(`${info.source} ${info.licence} ${info.title}`.length).toBeGreaterThan(40);
  const names = readdirSync(join(templatesDir, "days"));
  const bytes = names.reduce((sum, name) => sum + statSync(join(templatesDir, "days", name)).size, 0);
  expect(bytes).toBeLessThan(300_000);
  const licences = readFileSync(join(templatesDir, "days", "LICENSES.txt"), "utf8");
  for (const name of names.filter((candidate) => candidate.endsWith(".csv")))
    expect(licences).toContain(name);
});

test.each(listRecordedDays(templatesDir).map((info) => [info.day]))(
  "day %s is complete and plausible",
  (name) => {
    const day = loadRecordedDay(templatesDir, name);
    for (const series of [day.outdoorC, day.ghiWm2, day.pvW, day.loadW, day.voltageV]) {
      expect(series).toHaveLength(1440);
      expect(series.every((value) => Number.isFinite(value))).toBe(true);
    }
    // Dark at midnight, bright about noon: the rows are local time.
    expect(day.ghiWm2[0]).toBeLessThan(5);
    expect(Math.max(...day.ghiWm2.slice(600, 840))).toBeGreaterThan(150);
    expect(Math.max(...day.pvW)).toBeLessThanOrEqual(5000);
    expect(Math.min(...day.outdoorC)).toBeGreaterThan(-30);
    expect(day.load.licence).toContain("CC BY 4.0");
  },
);

test("the broken-cloud day carries the shoulder-season temperature", () => {
  const day = loadRecordedDay(templatesDir, "2012-05-17");
  expect(day.outdoorC[4 * 60]).toBeCloseTo(3, 1);
  expect(day.outdoorC[16 * 60]).toBeCloseTo(15, 1);
});

test("weekends take the weekend house", () => {
  expect(loadRecordedDay(templatesDir, "2022-01-02").load.day).toBe("2006-12-17");
  expect(loadRecordedDay(templatesDir, "2012-05-17").load.day).toBe("2006-12-19");
});

test("an unknown day is refused with the days that ship", () => {
  expect(() => loadRecordedDay(templatesDir, "1999-01-01")).toThrow(
    expect.objectContaining({ code: "DAY_UNKNOWN" }),
  );
  expect(() => listRecordedDays("/nowhere")).toThrow(expect.objectContaining({ code: "DAYS_MISSING" }));
});

test("days are laid on civil days of the zone: linear weather, held load, no jump at midnight", () => {
  const days = ["2022-01-02", "2012-05-17"].map((day) => loadRecordedDay(templatesDir, day));
  const weather = createWeather(days, startMs, "America/Denver", 0.5);
  const noonMs = startMs + 12 * 3_600_000;
  expect(weather(noonMs).pvW).toBeCloseTo(days[0]?.pvW[720] ?? Number.NaN, 6);
  expect(weather(noonMs + 59_000).loadW).toBe((days[0]?.loadW[720] ?? Number.NaN) / 2);
  expect(weather(noonMs + 86_400_000).outdoorC).toBeCloseTo(days[1]?.outdoorC[720] ?? Number.NaN, 6);
  const midnightMs = startMs + 86_400_000;
  const before = weather(midnightMs - 1).outdoorC;
  expect(Math.abs(weather(midnightMs).outdoorC - before)).toBeLessThan(0.01);
});
