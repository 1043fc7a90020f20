import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, test } from "vitest";
import { type SimulateOptions, simulate } from "#src/app/simulate.ts";
import { scenarios, scenarioTrace } from "#src/app/simulate-scenarios.ts";
import type { SimulationMetrics } from "#src/model/simulation.ts";
import { templatesDir } from "../sim/support.ts";

const folder = mkdtempSync(join(tmpdir(), "simulate-"));
afterAll(() => rmSync(folder, { recursive: true }));

const options: SimulateOptions = {
  ...{ trace: null, scenario: null, miner: null, house: "none", meter: null, seed: 1, sees: "grid" },
  ...{ hasBaselines: false, series: null, templatesDir },
};

/** Two sunny hours with a cloud, a limit at their end, prices and a warm spring day. */
function sunnyHours(): string {
  const rows = Array.from({ length: 120 }, (_, minute) => {
    const sunW =
      minute > 60 && minute < 70 ? 600 : Math.round(2500 * Math.sin((Math.PI * (minute + 30)) / 180));
    return [minute * 60, sunW, 200 + (minute % 7) * 30, 12, minute >= 100 ? 900 : ""].join(",");
  });
  const path = join(folder, "hours.csv");
  writeFileSync(path, `t,pv_w,load_w,outdoor_c,event_limit_w\n${rows.join("\n")}\n`);
  return path;
}

interface Row {
  [column: string]: string;
}

function rowsOf(path: string): Row[] {
  const [head = "", ...lines] = readFileSync(path, "utf8").trimEnd().split("\n");
  const names = head.split(",");
  return lines.map((line) => Object.fromEntries(line.split(",").map((cell, at) => [names[at], cell])));
}

/** The metrics of a series by the definitions of control.md §15, without any code of the product. */
function recompute(rows: Row[]): Partial<SimulationMetrics> {
  const at = (row: Row, name: string) => Number(row[name]);
  let [surplus, captured, imported, starts, cold] = [0, 0, 0, 0, 0];
  rows.forEach((row, index) => {
    const spareW = Math.max(0, at(row, "pv_w") - at(row, "load_w"));
    const powerW = at(row, "power_w");
    surplus += spareW;
    captured += Math.min(powerW, spareW);
    const isHeat = /^(COMFORT_HEAT|COMFORT_FLEX|FLOOR|PLAN|PRICE_CHEAP|HEAT_WORTH)/.test(row["reason"] ?? "");
    if (powerW > 50 && !isHeat) imported += Math.max(0, powerW - spareW);
    if (powerW > 50 && (index === 0 || at(rows[index - 1] ?? {}, "power_w") <= 50)) starts += 1;
    if (row["room_c"] !== "") cold += Math.max(0, 19.5 - at(row, "room_c"));
  });
  return {
    surplusCaptureRatio: captured / surplus,
    importCausedKwh: (imported * 5) / 3.6e6,
    starts,
    degreeHours: (cold * 5) / 3600,
  };
}

describe("a simulated run", () => {
  test("gives the same series to the last byte with the same seed, and another one with another", async () => {
    const run = (name: string, seed: number) =>
      simulate({ ...options, trace: sunnyHours(), seed, series: join(folder, name) });
    const first = await run("a.csv", 1);
    const again = await run("b.csv", 1);
    await run("c.csv", 2);
    const [a, b, c] = ["a.csv", "b.csv", "c.csv"].map((name) => readFileSync(join(folder, name), "utf8"));

    expect(b).toBe(a);
    expect(c).not.toBe(a);
    expect(again.data.metrics).toEqual(first.data.metrics);
    expect(first.data.decisions).toBe(1440);
  });

  test.each(["none", "room"] as const)("has the figures that its series shows, house %s", async (house) => {
    const series = join(folder, `house-${house}.csv`);
    const { data } = await simulate({ ...options, trace: sunnyHours(), house, series });
    const rows = rowsOf(series);
    const own = recompute(rows);

    expect(Object.keys(rows[0] ?? {}).join(", ")).toBe(
      "t, pv_w, load_w, grid_w, outdoor_c, room_c, event_limit_w, target_w, power_w, state, starts, reason",
    );
    expect(rows).toHaveLength(1440);
    expect(data.metrics.surplusCaptureRatio).toBeCloseTo(own.surplusCaptureRatio ?? 0, 5);
    expect(data.metrics.importCausedKwh).toBeCloseTo(own.importCausedKwh ?? 0, 5);
    expect(data.metrics.starts).toBe(own.starts);
    expect(rows.at(-1)?.["starts"]).toBe(String(own.starts));
    if (house === "none") {
      expect(data.metrics.degreeHours).toBeNull();
      expect(rows.every((row) => row["room_c"] === "")).toBe(true);
      expect(own.starts).toBeGreaterThan(0);
    } else expect(data.metrics.degreeHours).toBeCloseTo(own.degreeHours ?? 0, 3);
    for (const row of rows) {
      const flowW = Number(row["load_w"]) + Number(row["power_w"]) - Number(row["pv_w"]);
      expect(Number(row["grid_w"])).toBeCloseTo(flowW, 1);
    }
  });

  test("keeps the limit of a trace, known four hours before", async () => {
    const series = join(folder, "event.csv");
    const { data } = await simulate({ ...options, trace: sunnyHours(), series });
    const limited = rowsOf(series).filter((row) => row["event_limit_w"] !== "");

    expect(limited).toHaveLength(240);
    expect(limited.every((row) => Number(row["power_w"]) <= 930)).toBe(true);
    expect(data.metrics.eventResponseS).toBe(0);
  });

  test("stands beside its baselines and its bound, which nobody beats", async () => {
    const { data } = await simulate({ ...options, trace: sunnyHours(), hasBaselines: true });
    const { baselines, clairvoyant, metrics } = data;

    expect(clairvoyant?.jKwh).toBeGreaterThan(0.2);
    expect(clairvoyant).toMatchObject({ costUsd: null, costReason: "the trace does not tell both prices" });
    const all = [metrics, baselines?.hysteresis, baselines?.referenceLoop, baselines?.tpi];
    for (const figures of all) expect(figures?.netRatio ?? 2).toBeLessThan(1);
    expect(baselines?.referenceLoop.surplusCaptureRatio).toBeGreaterThan(0.5);
    expect(baselines?.tpi.starts).toBe(0);
  });

  test("leaves out what it was not asked for, and what a gap hides", async () => {
    const path = join(folder, "gap.csv");
    writeFileSync(path, "t,pv_w,load_w\n0,2000,100\n60,,\n120,2000,100\n180,2000,100\n");
    const series = join(folder, "gap-series.csv");
    const { data } = await simulate({ ...options, trace: path, series });
    const rows = rowsOf(series);

    expect(data).toMatchObject({ baselines: null, clairvoyant: null, scenario: null, variants: [] });
    expect(rows).toHaveLength(48);
    expect(rows.filter((row) => row["pv_w"] === "" && row["grid_w"] === "")).toHaveLength(12);
  });

  test("refuses a series that cannot be written", async () => {
    const series = join(folder, "no", "such", "folder.csv");

    await expect(simulate({ ...options, trace: sunnyHours(), series })).rejects.toMatchObject({
      code: "SERIES_UNWRITABLE",
      exit: 2,
    });
  });
});

describe("the scenarios", () => {
  const runs = Object.entries(scenarios).flatMap(([letter, { runs: variants }]) =>
    variants.map((run) => [`${letter} ${run.variant ?? ""}`, run] as const),
  );

  test("are A to N", () => {
    expect(Object.keys(scenarios).join("")).toBe("ABCDEFGHIJKLMN");
  });

  test.each(runs)("%s has a complete day", (_, run) => {
    const trace = scenarioTrace(run, templatesDir);
    const known = Object.values(trace.columns).filter((column) => column !== null);

    expect(Math.abs(trace.durationS - run.hours * 3600)).toBeLessThanOrEqual(60);
    expect(known.length).toBeGreaterThanOrEqual(run.days === "fast hours" ? 2 : 4);
    expect(known.every((column) => column.every(Number.isFinite))).toBe(true);
    expect(Math.max(...(trace.columns.pv_w ?? []))).toBeGreaterThan(1000);
  });

  test.each([
    ["spring", 23],
    ["autumn", 25],
  ])(
    "the tariff follows the clock through the night in %s, which makes a day of %i hours",
    (variant, length) => {
      const run = scenarios["H"]?.runs.find((entry) => entry.variant === variant);
      if (run === undefined) throw new Error("no such night");
      const { columns } = scenarioTrace(run, templatesDir);
      const prices = columns.import_usd_kwh ?? new Float64Array();
      // Noon to midnight are twelve hours; then the cheap hours until six by the clock.
      const cheapMinutes = prices.filter((price, minute) => minute >= 720 && price === 0.07).length;

      expect(cheapMinutes / 60).toBe(length - 18);
      expect(prices[0]).toBe(0.11);
    },
  );

  test("name the source and the licence of every recording that ships for them", () => {
    const names = readdirSync(join(templatesDir, "scenarios")).filter((name) => name.endsWith(".csv"));
    const licences = readFileSync(join(templatesDir, "scenarios", "LICENSES.txt"), "utf8");

    expect(names.length).toBeGreaterThan(2);
    for (const name of names) {
      expect(licences).toContain(name);
      const head = readFileSync(join(templatesDir, "scenarios", name), "utf8").slice(0, 2000);
      expect(head).toMatch(/# source: .+\n# licence: .+/);
    }
  });

  test("the cold snap goes below -22 degC, and negative prices are below zero", () => {
    const [cold, negative] = ["D", "M"].map((letter) => {
      const run = scenarios[letter]?.runs[0];
      if (run === undefined) throw new Error("no such scenario");
      return scenarioTrace(run, templatesDir).columns;
    });

    expect(Math.min(...(cold?.outdoor_c ?? []))).toBeLessThan(-22);
    expect(Math.min(...(negative?.import_usd_kwh ?? []))).toBeLessThan(0);
  });
});
