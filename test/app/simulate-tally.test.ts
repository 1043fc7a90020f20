import { describe, expect, test } from "vitest";
import type { Pilot } from "#src/app/simulate-baselines.ts";
import { runHome } from "#src/app/simulate-run.ts";
import { Tally, type TallyRules } from "#src/app/simulate-tally.ts";
import { parseTrace } from "#src/app/simulate-trace.ts";
import { hashRateThs, minerFacts } from "#src/sim/plant/miner-presets.ts";
import { PlantHome } from "#src/sim/plant/plant-home.ts";

interface Tick {
  nowS: number;
  powerW: number;
  gridW: number;
  phase: string | undefined;
}

/** Follows a plan of setpoints by second. */
class Planned implements Pilot {
  targetW = 0;
  budgetW = Number.NaN;
  reason: string | null;
  writes = 0;
  readonly #plan: Record<number, number>;

  constructor(plan: Record<number, number>, reason: string | null = null) {
    this.#plan = plan;
    this.reason = reason;
  }

  tick(nowS: number, home: PlantHome): void {
    const watts = this.#plan[nowS];
    if (watts === undefined) return;
    this.targetW = watts;
    this.writes += 1;
    home.miners[0]?.command(nowS, watts);
  }
}

function run(
  plan: Record<number, number>,
  changes: { rules?: Partial<TallyRules>; reason?: string; prices?: string } = {},
) {
  const prices = changes.prices ?? "0.2,0.05";
  const trace = parseTrace(
    `t,pv_w,load_w,import_usd_kwh,export_usd_kwh\n0,1500,300,${prices}\n900,1500,300,${prices}\n`,
    "x",
  );
  const home = new PlantHome({
    ...{ trace, miners: [minerFacts["C-3500"]], meter: "M5", house: "none", seed: 1, startC: 20 },
    outdoorGuessC: () => 9,
  });
  const pilot = new Planned(plan, changes.reason ?? null);
  const tally = new Tally({ setC: 20, maxC: 26, breakerW: 3840, events: [], ...changes.rules }, 1);
  const ticks: Tick[] = [];
  const onTick = (nowS: number) => {
    ticks.push({ nowS, powerW: home.powerW, gridW: home.gridW, phase: home.miners[0]?.phase });
  };
  runHome({ home, pilot, tally, durationS: trace.durationS, faults: null, onTick });
  return { metrics: tally.metrics(pilot, 1), ticks };
}

describe("the figures of a run", () => {
  test("count what was captured and what was imported, waking included, idling not", () => {
    const { metrics, ticks } = run({ 0: 2000, 1200: 0 });
    const captured = ticks.reduce((sum, { powerW }) => sum + Math.min(powerW, 1200), 0) / 720_000;
    const imported = ticks.reduce((sum, { powerW }) => sum + Math.max(0, powerW - 1200), 0) / 720_000;

    expect(metrics.importCausedKwh).toBeCloseTo(imported, 9);
    expect(metrics.surplusCaptureRatio).toBeCloseTo(captured / (1.2 / 2), 9);
    expect(metrics.netRatio).toBeCloseTo(captured - 2 * imported - 0.05, 9);
    expect(metrics).toMatchObject({ starts: 1, writes: 2, degreeHours: null, overComfortMin: null });
  });

  test("do not count an import that heat asked for", () => {
    expect(run({ 0: 2000 }, { reason: "COMFORT_HEAT" }).metrics.importCausedKwh).toBe(0);
    expect(run({ 0: 2000 }, { reason: "SURPLUS_TRACK" }).metrics.importCausedKwh).toBeGreaterThan(0.1);
  });

  test("count what was above the breaker's 80 % from the second tick of each excess on", () => {
    const { metrics, ticks } = run({ 0: 2000, 900: 1000, 1200: 2000 }, { rules: { breakerW: 1500 } });
    const over = ticks.map(({ powerW }) => Math.max(0, powerW - 1500));
    const later = over.filter((_, index) => index > 0 && (over[index - 1] ?? 0) > 0);

    expect(metrics.overLimitWs).toBeCloseTo(5 * later.reduce((sum, watts) => sum + watts, 0), 6);
    expect(over.filter((watts, index) => watts > 0 && (over[index - 1] ?? 0) === 0).length).toBeGreaterThan(
      1,
    );
  });

  test.each([
    ["was kept from its start", { 0: 2000, 540: 0 }, 500, 0],
    ["was kept late, 100 W for each second", { 0: 2000, 600: 0 }, 500, 15],
    ["was never kept", { 0: 2000 }, 500, 600],
    ["is above the draw, or within its tolerance", { 0: 2000 }, 2000, 0],
  ])("say how late an event %s", (_, plan: Record<number, number>, limitW, seconds) => {
    const events = [{ startS: 600, endS: 1200, limitW }];

    expect(run(plan, { rules: { events } }).metrics.eventResponseS).toBe(seconds);
  });

  test("charge import and pay export and hash rate, and know no cost without a price", () => {
    const { metrics, ticks } = run({ 0: 2000 });
    const energyUsd = ticks.reduce((sum, { gridW }) => sum + (gridW * (gridW > 0 ? 0.2 : 0.05)) / 720_000, 0);
    const minedUsd = ticks.reduce((sum, { powerW, phase }) => {
      const isMining = phase === "running" && powerW > 0.95 * 800;
      return sum + (isMining ? (hashRateThs(powerW) * 0.05 * 5) / 86_400 : 0);
    }, 0);

    expect(metrics.costUsd).toBeCloseTo((energyUsd - minedUsd) * 48, 6);
    expect(run({ 0: 2000 }, { prices: ",0.05" }).metrics.costUsd).toBeNull();
  });
});
