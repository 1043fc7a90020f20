import { type HouseFacts, type HousePreset, houseFacts, SOLAR_PART } from "../sim/house.ts";
import { BATTERY_W, BATTERY_WH } from "../sim/plant/battery.ts";
import { HASH_PRICE_USD, hashRateThs, type PlantMinerFacts } from "../sim/plant/miner-presets.ts";
import { TICK_S } from "../sim/plant/plant-home.ts";
import { type Trace, TraceCursor } from "../sim/plant/trace.ts";

/** What the lowest possible cost is asked for (control.md §15). */
export interface CostQuestion {
  trace: Trace;
  miners: readonly PlantMinerFacts[];
  house: HousePreset | "none";
  batteryPercent: number | null;
  setC: number;
  maxC: number;
  /** Lowest limit in force at a moment, W; NaN without one. */
  limitAt: (nowS: number) => number;
}

/** `$ per day`, or why there is none. */
export type CostBound = { costUsd: number; reason: null } | { costUsd: null; reason: string };

const STEP_S = 900;
const STEP_H = STEP_S / 3600;
const MOST_STEPS = 96 * 14;
const GRID_W = 100_000;
const DAY_S = 86_400;
const ONE_WAY = 0.95;

interface Step {
  pvW: number;
  loadW: number;
  importUsd: number;
  exportUsd: number;
  outdoorC: number;
  ghiWm2: number;
  limitW: number;
}

/**
 * Lowest cost of a run that knows everything beforehand, by a linear programme in steps of 15 minutes. It may set any
 * draw from 0 up, so that it is a true lower bound.
 */
export async function boundCost(question: CostQuestion): Promise<CostBound> {
  const steps = stepsOf(question);
  const why = whyNot(question, steps);
  if (why !== null) return { costUsd: null, reason: why };
  const { default: highs } = await import("highs");
  // Its types are written for CommonJS; the module that Node loads here has the loader itself as its default.
  const loadHighs = highs as unknown as typeof highs.default;
  const solver = await loadHighs();
  const answer = solver.solve(programmeOf(question, steps), { output_flag: false });
  if (answer.Status !== "Optimal") {
    return { costUsd: null, reason: `the linear programme ended as ${answer.Status.toLowerCase()}` };
  }
  const columns = answer.Columns as Record<string, { Primal?: number } | undefined>;
  const satsUsdKwh = bestMinedUsdKwh(question.miners);
  const costUsd = steps.reduce((sum, step, index) => {
    const at = (name: string) => columns[`${name}${index}`]?.Primal ?? 0;
    const usd = step.importUsd * at("i") - step.exportUsd * at("e") - satsUsdKwh * at("p");
    return sum + (usd * STEP_H) / 1000;
  }, 0);
  return { costUsd: costUsd / ((steps.length * STEP_S) / DAY_S), reason: null };
}

function whyNot({ trace, house }: CostQuestion, steps: Step[]): string | null {
  const { import_usd_kwh: imported, export_usd_kwh: exported } = trace.columns;
  if (imported === null || exported === null) return "the trace does not tell both prices";
  if (steps.length === 0) return "the trace is shorter than 15 minutes";
  if (steps.length > MOST_STEPS) return "the trace is longer than 14 days";
  if (house !== "none" && trace.columns.outdoor_c === null) return "the trace has no outdoor temperature";
  const isKnown = ({ pvW, loadW, importUsd, exportUsd, outdoorC }: Step) =>
    [pvW, loadW, importUsd, exportUsd, house === "none" ? 0 : outdoorC].every(Number.isFinite);
  return steps.every(isKnown) ? null : "the trace has gaps";
}

/** Means over each full step; the lowest limit within it would forbid too much, so the highest is taken. */
function stepsOf({ trace, limitAt }: CostQuestion): Step[] {
  const cursor = new TraceCursor(trace);
  const { columns } = trace;
  const linear = (column: Float64Array | null, nowS: number) =>
    column === null ? 0 : cursor.linear(column, nowS);
  const held = (column: Float64Array | null) => (column === null ? 0 : cursor.held(column));
  const steps: Step[] = [];
  const count = Math.floor(trace.durationS / STEP_S);
  const part = TICK_S / STEP_S;
  for (let index = 0; index < count; index += 1) {
    const step: Step = {
      ...{ pvW: 0, loadW: 0, importUsd: 0, exportUsd: 0, outdoorC: 0, ghiWm2: 0 },
      limitW: 0,
    };
    for (let nowS = index * STEP_S; nowS < (index + 1) * STEP_S; nowS += TICK_S) {
      cursor.seek(nowS);
      step.pvW += part * linear(columns.pv_w, nowS);
      step.loadW += part * held(columns.load_w);
      step.importUsd += part * held(columns.import_usd_kwh);
      step.exportUsd += part * held(columns.export_usd_kwh);
      step.outdoorC += part * linear(columns.outdoor_c, nowS);
      step.ghiWm2 += part * linear(columns.ghi_wm2, nowS);
      const limitW = limitAt(nowS);
      step.limitW = Math.max(step.limitW, Number.isNaN(limitW) ? Number.POSITIVE_INFINITY : limitW);
    }
    steps.push(step);
  }
  return steps;
}

/** The most that a kWh can earn at any running draw, $/kWh: what a bound may count on. */
function bestMinedUsdKwh(miners: readonly PlantMinerFacts[]): number {
  let best = 0;
  for (const { minW, maxW } of miners) {
    for (let watts = minW; watts <= maxW; watts += 50) {
      best = Math.max(best, (hashRateThs(watts) * HASH_PRICE_USD) / 24 / (watts / 1000));
    }
  }
  return best;
}

/** The programme in the text format of CPLEX: watts, kelvins and $; one block of names per step. */
function programmeOf(question: CostQuestion, steps: Step[]): string {
  const satsUsdKwh = bestMinedUsdKwh(question.miners);
  const maxW = question.miners.reduce((sum, facts) => sum + facts.maxW, 0);
  const objective: string[] = [];
  const rows: string[] = [];
  const bounds: string[] = [];
  const house = question.house === "none" ? null : houseFacts[question.house];
  steps.forEach((step, index) => {
    const perW = STEP_H / 1000;
    objective.push(
      `${term(step.importUsd * perW)} i${index} ${term(-step.exportUsd * perW)} e${index} ${term(-satsUsdKwh * perW)} p${index}`,
    );
    const hasBattery = question.batteryPercent !== null;
    const storage = hasBattery ? ` - c${index} + d${index}` : "";
    rows.push(`i${index} - e${index} - p${index}${storage} = ${number(step.loadW - step.pvW)}`);
    bounds.push(`0 <= i${index} <= ${GRID_W}`, `0 <= e${index} <= ${GRID_W}`);
    bounds.push(`0 <= p${index} <= ${number(Math.min(maxW, step.limitW))}`);
    if (hasBattery) addBattery(index, question.batteryPercent ?? 0, rows, bounds);
    if (house !== null) addHouse(index, step, house, question, { objective, rows, bounds });
  });
  if (question.batteryPercent !== null) {
    bounds.push(
      `${number((question.batteryPercent / 100) * BATTERY_WH)} <= s${steps.length} <= ${BATTERY_WH}`,
    );
  }
  return [
    "Minimize",
    `obj: ${objective.join("\n ")}`,
    "Subject To",
    ...rows,
    "Bounds",
    ...bounds,
    "End",
  ].join("\n");
}

function addBattery(index: number, percent: number, rows: string[], bounds: string[]): void {
  rows.push(
    `s${index + 1} - s${index} ${term(-ONE_WAY * STEP_H)} c${index} ${term(STEP_H / ONE_WAY)} d${index} = 0`,
  );
  bounds.push(`0 <= c${index} <= ${BATTERY_W}`, `0 <= d${index} <= ${BATTERY_W}`);
  const startWh = number((percent / 100) * BATTERY_WH);
  bounds.push(index === 0 ? `s0 = ${startWh}` : `0 <= s${index} <= ${BATTERY_WH}`);
}

/** Two nodes by explicit steps; missing warmth costs 0.5 and excess 50 for each kelvin and step. */
function addHouse(
  index: number,
  { outdoorC, ghiWm2 }: Step,
  house: HouseFacts,
  { setC, maxC }: CostQuestion,
  { objective, rows, bounds }: { objective: string[]; rows: string[]; bounds: string[] },
): void {
  const air = STEP_S / house.airJk;
  const mass = STEP_S / house.massJk;
  const solarW = 0.5 * house.solarAreaM2 * SOLAR_PART * ghiWm2;
  const { airMassWk, airOutdoorWk, massOutdoorWk, baseGainW } = house;
  const next = index + 1;
  rows.push(
    `a${next} ${term(-(1 - air * (airMassWk + airOutdoorWk)))} a${index} ${term(-air * airMassWk)} m${index} ${term(-air)} p${index} = ${number(air * (airOutdoorWk * outdoorC + solarW + baseGainW))}`,
    `m${next} ${term(-(1 - mass * (airMassWk + massOutdoorWk)))} m${index} ${term(-mass * airMassWk)} a${index} = ${number(mass * (massOutdoorWk * outdoorC + solarW))}`,
    `a${next} + l${index} >= ${number(setC - 0.5)}`,
    `a${next} - o${index} <= ${number(maxC)}`,
  );
  objective.push(`+ 0.5 l${index} + 50 o${index}`);
  bounds.push(`a${next} free`, `m${next} free`);
  if (index > 0) return;
  // The house begins in balance, as the simulated one does.
  const massC = (airMassWk * setC + massOutdoorWk * outdoorC) / (airMassWk + massOutdoorWk);
  bounds.push(`a0 = ${number(setC)}`, `m0 = ${number(massC)}`);
}

function term(coefficient: number): string {
  return coefficient < 0 ? `- ${number(-coefficient)}` : `+ ${number(coefficient)}`;
}

function number(value: number): string {
  return value.toFixed(9);
}
