/**
 * What a simulated run comes to (product.md §7, control.md §15). Fields are null where they are not known or do not
 * apply: `netRatio` when the bound is below 0.2 kWh, temperatures without a house, money without prices.
 */
export interface SimulationMetrics {
  /** Taken of the surplus, 0..1; null without a surplus. */
  surplusCaptureRatio: number | null;
  /** Net value over that of the clairvoyant bound; may be below 0. */
  netRatio: number | null;
  /** Drawn from the grid while following the surplus, kWh. */
  importCausedKwh: number;
  starts: number;
  /** Setpoints sent. */
  writes: number;
  /** Below the set point less half a kelvin, K h. */
  degreeHours: number | null;
  /** Above the highest comfortable temperature, minutes. */
  overComfortMin: number | null;
  /** Above 80 % of the breaker, after the first tick of each excess, W s. */
  overLimitWs: number;
  /** Longest from an event's start to a draw at its limit, s; 0 when it was met at the start, null without events. */
  eventResponseS: number | null;
  /** Energy less what was mined, $ per day; null when a price was not known. */
  costUsd: number | null;
}

/** The bounds of a run that knew everything beforehand (control.md §15). */
export interface ClairvoyantBound {
  capturedKwh: number;
  importCausedKwh: number;
  starts: number;
  jKwh: number;
  /** Lowest possible cost, $ per day; null with `costReason`. */
  costUsd: number | null;
  /** Why there is no lowest cost; null when there is one. */
  costReason: string | null;
}

export interface SimulationBaselines {
  hysteresis: SimulationMetrics;
  referenceLoop: SimulationMetrics;
  tpi: SimulationMetrics;
}

/** One run of one variant of a scenario. */
export interface SimulationRun {
  /** What sets this variant apart; null for a trace. */
  variant: string | null;
  miners: string[];
  house: string;
  meter: string;
  metrics: SimulationMetrics;
  /** Null with `--no-baselines`, and where a baseline of one miner does not fit. */
  baselines: SimulationBaselines | null;
  clairvoyant: ClairvoyantBound | null;
  /** `(cost - bound) / |cost of the hysteresis - bound|`; null without a bound. */
  costGap: number | null;
  decisions: number;
  /** 99 % of the decisions took no longer, microseconds. */
  decisionP99Us: number;
}

export interface Simulation extends SimulationRun {
  /** Letter of the scenario; null for a trace. */
  scenario: string | null;
  title: string;
  seed: number;
  sees: "grid" | "grid+pv";
  setC: number;
  floorC: number;
  /** Further variants of the scenario, each with its own figures. */
  variants: SimulationRun[];
  wallMs: number;
}

/** The day in cells of equal length for a plot; null where a cell is not known. */
export interface SimulationPlot {
  startMs: number;
  endMs: number;
  tz: string;
  sunW: (number | null)[];
  budgetW: (number | null)[];
  powerW: (number | null)[];
  roomC: (number | null)[];
}
