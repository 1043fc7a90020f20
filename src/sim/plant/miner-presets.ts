/** Names of the reference miners (control.md §14), as `hearth simulate --miner` takes them. */
export type MinerPreset = "C-3500" | "C-500" | "D-5" | "X-1500" | "R-3400";

export const minerPresets: readonly MinerPreset[] = ["C-3500", "C-500", "D-5", "X-1500", "R-3400"];

/** One reference miner: how it behaves (control.md §14) and what control is told of it (§9). */
export interface PlantMinerFacts {
  kind: "continuous" | "discrete" | "onoff";
  /** Lowest and highest running draw, W at the wall. */
  minW: number;
  maxW: number;
  /** Running draw of each mode, W, rising; empty for continuous. */
  stepsW: readonly number[];
  /** Draw at rest, W. */
  idleW: number;
  /** From the accepted command to the first hash, s, at `WAKE_W`. */
  wakeS: number;
  /** Time constant of the approach to a setpoint, s. */
  tauS: number;
  /** Time constant that control assumes before it has learnt one, s (§9). */
  assumedTauS: number;
  /** Fastest rise and fall while running, W/s; infinite for a full step. */
  rampUpWs: number;
  rampDownWs: number;
  /** Every change of the setpoint drops the draw to `WAKE_W` for `RESTART_S`. */
  restartOnChange: boolean;
  /** Shortest run and rest that control keeps, s (§9). */
  minOnS: number;
  minOffS: number;
  maxStartsDay: number;
}

/** Draw while waking, and while an R-3400 restarts, W. */
export const WAKE_W = 150;
/** How long an R-3400 stays at `WAKE_W` after a change of its setpoint, s. */
export const RESTART_S = 60;
/** Time constant of every preset unless a run gives another one, s (control.md §15). */
export const PLANT_TAU_S = 20;

const continuous = {
  kind: "continuous",
  stepsW: [],
  idleW: 15,
  wakeS: 90,
  tauS: PLANT_TAU_S,
  assumedTauS: 20,
  rampUpWs: 20,
  rampDownWs: 100,
  restartOnChange: false,
  minOnS: 600,
  minOffS: 300,
  maxStartsDay: 12,
} as const;

export const minerFacts: Record<MinerPreset, PlantMinerFacts> = {
  "C-3500": { ...continuous, minW: 800, maxW: 3500 },
  "C-500": { ...continuous, minW: 500, maxW: 1500 },
  "D-5": {
    ...continuous,
    kind: "discrete",
    minW: 1000,
    maxW: 3300,
    stepsW: [1000, 1600, 2400, 3300],
    wakeS: 60,
    assumedTauS: 10,
    rampUpWs: 50,
    rampDownWs: 200,
  },
  "X-1500": {
    ...continuous,
    kind: "onoff",
    minW: 1500,
    maxW: 1500,
    stepsW: [1500],
    // A switched plug: nothing flows when it is open.
    idleW: 0,
    wakeS: 60,
    assumedTauS: 5,
    rampUpWs: Number.POSITIVE_INFINITY,
    rampDownWs: Number.POSITIVE_INFINITY,
    minOnS: 1200,
    minOffS: 900,
  },
  "R-3400": {
    ...continuous,
    minW: 1000,
    maxW: 3400,
    restartOnChange: true,
    minOnS: 1800,
    minOffS: 900,
    maxStartsDay: 8,
  },
};

/** Hash rate by draw, W to TH/s, of every preset (control.md §14). */
const HASH_TABLE: readonly (readonly [number, number])[] = [
  [0, 0],
  [800, 46],
  [1600, 88],
  [2400, 124],
  [3500, 165],
];

/** Default worth of hash rate, $ per TH/s and day (control.md §14). */
export const HASH_PRICE_USD = 0.05;

/** Hash rate at a draw, TH/s, linear between the points of the table and level above its last one. */
export function hashRateThs(powerW: number): number {
  for (let index = 1; index < HASH_TABLE.length; index += 1) {
    const [lowW, lowThs] = HASH_TABLE[index - 1] ?? [0, 0];
    const [highW, highThs] = HASH_TABLE[index] ?? [lowW, lowThs];
    if (powerW < highW) return lowThs + ((highThs - lowThs) * (powerW - lowW)) / (highW - lowW);
  }
  return HASH_TABLE.at(-1)?.[1] ?? 0;
}

/** What one mined kWh earns at full power, $/kWh. */
export function minedUsdKwh(facts: Pick<PlantMinerFacts, "maxW">): number {
  return (hashRateThs(facts.maxW) * HASH_PRICE_USD) / 24 / (facts.maxW / 1000);
}
