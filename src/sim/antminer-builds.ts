import type { PowerFacts } from "./power-stage.ts";

/** Two releases of the firmware differ in what their pages take and tell (miners.md §10). */
export interface AntminerBuild {
  /** The one key of a posted configuration that sets the mode; the other is taken and has no effect. */
  modeKey: "miner-mode" | "bitmain-work-mode";
  /** Both mode keys stand in the configuration as posted; otherwise only `bitmain-work-mode`, as in force. */
  tellsBothKeys: boolean;
  /** Port 4028 is open. */
  hasSocket: boolean;
  /** Knows `new_api`; otherwise the flag is ignored. */
  knowsNewStats: boolean;
  /** Its pages tell empty lists of figures while it sleeps. */
  isSilentAsleep: boolean;
  /** A change restarts only the mining process: the pages stay, and say that nothing is behind them. */
  keepsWeb: boolean;
  /** Settings beside pools and modes: their value in this home, and the one that they fall to when left out. */
  settings: Record<string, { set: unknown; reset: unknown; writeAs?: string }>;
  filesystemVersion(model: string): string;
}

/** What differs between the models. Watts at the wall. */
export interface AntminerModelFacts {
  minerType: string;
  /** As the build names it: `FR-1.12(251009-S21)`. */
  shortName: string;
  chipsPerBoard: number;
  /** Draw and rate by mode; a mode that is missing is taken with a yes and dropped. */
  modes: Record<number, { powerW: number; ths: number }>;
  power: PowerFacts;
}

const FANS = {
  "bitmain-fan-ctrl": { set: true, reset: false },
  "bitmain-fan-pwm": { set: "85", reset: "100" },
};

const BUILDS: Record<string, AntminerBuild> = {
  "2025-10": {
    modeKey: "miner-mode",
    tellsBothKeys: false,
    hasSocket: false,
    knowsNewStats: true,
    isSilentAsleep: true,
    keepsWeb: false,
    settings: {
      ...FANS,
      "bitmain-hashrate-percent": { set: "95", reset: "100" },
      "bitmain-user-ip-cat": { set: null, reset: null },
    },
    filesystemVersion: (model) => `FR-1.12(251009-${model})`,
  },
  "2023-03": {
    modeKey: "miner-mode",
    tellsBothKeys: false,
    hasSocket: true,
    knowsNewStats: true,
    isSilentAsleep: false,
    keepsWeb: true,
    settings: {
      "api-listen": { set: true, reset: true },
      "api-groups": { set: "A:stats:pools:devs:summary:version", reset: "" },
      ...FANS,
      "bitmain-freq": { set: "525", reset: "" },
      "bitmain-freq-level": { set: "90", reset: "100", writeAs: "freq-level" },
    },
    filesystemVersion: () => "Sat Mar 11 14:02:23 CST 2023",
  },
  "2021-08": {
    modeKey: "bitmain-work-mode",
    tellsBothKeys: true,
    hasSocket: true,
    knowsNewStats: false,
    isSilentAsleep: false,
    keepsWeb: false,
    settings: {
      ...FANS,
      "bitmain-use-vil": { set: true, reset: false },
      "freq-level": { set: "90", reset: "100" },
    },
    filesystemVersion: () => "Wed Aug 18 11:21:09 CST 2021",
  },
};

const POWER: PowerFacts = {
  idleW: 28,
  wakeW: 380,
  wakeS: 90,
  acceptS: 2,
  tauS: 25,
  rampUpWs: 60,
  rampDownWs: 400,
  noiseW: 12,
  gainDeviation: 0.015,
};

const MODELS: Record<"antminer-s19" | "antminer-s21", AntminerModelFacts> = {
  "antminer-s19": {
    minerType: "Antminer S19",
    shortName: "S19",
    chipsPerBoard: 76,
    modes: { 0: { powerW: 3250, ths: 95 }, 3: { powerW: 2440, ths: 76 } },
    power: POWER,
  },
  "antminer-s21": {
    minerType: "Antminer S21",
    shortName: "S21",
    chipsPerBoard: 108,
    modes: {
      0: { powerW: 3500, ths: 200 },
      2: { powerW: 4150, ths: 222 },
      3: { powerW: 2640, ths: 161 },
    },
    power: { ...POWER, idleW: 24 },
  },
};

/** Generations of each model, newest first. */
export const antminerGenerations = {
  "antminer-s19": ["2023-03", "2021-08"],
  "antminer-s21": ["2025-10"],
} as const;

export function antminerModel(model: keyof typeof MODELS): AntminerModelFacts {
  return MODELS[model];
}

/** The build of that generation; the model's newest when absent or unknown. */
export function antminerBuild(
  model: keyof typeof antminerGenerations,
  generation: string | undefined,
): AntminerBuild {
  const known = BUILDS[generation ?? ""] ?? BUILDS[antminerGenerations[model][0]];
  if (known === undefined) throw new Error(`no build for ${model}`);
  return known;
}
