/** Generations of AxeOS that are emulated, newest first. */
export const axeosFirmwares = ["2.15", "2.14", "2.12", "2.10", "2.4"] as const;
export type AxeosFirmware = (typeof axeosFirmwares)[number];

/** What a generation has (miners.md §4). */
export interface AxeosFeatures {
  /** As it names itself. */
  version: string;
  /** Pools in eight slots; the older keys are told, and ignored when written. */
  hasSlots: boolean;
  /** The routes for pause and resume, and the field `miningPaused`. */
  canPause: boolean;
  /** Averages of the hash rate, the running clock, and the route that shows the device. */
  hasAverages: boolean;
  /** Best difficulties as numbers; before as text with a suffix. */
  hasNumericBest: boolean;
  /** All that came after 2.4: options of the chip, fault fields, `poolDifficulty`, the choice of the fallback. */
  isModern: boolean;
}

const NOTHING_NEW: Omit<AxeosFeatures, "version"> = {
  hasSlots: false,
  canPause: false,
  hasAverages: false,
  hasNumericBest: false,
  isModern: false,
};

/** By generation, as `firmware` of the options names it; the newest without one. */
export function axeosFeatures(firmware: string | undefined): AxeosFeatures {
  const known = axeosFirmwares.find((generation) => generation === firmware) ?? axeosFirmwares[0];
  return FEATURES[known];
}

const WITH_OPTIONS = { ...NOTHING_NEW, isModern: true };
const WITH_AVERAGES = { ...WITH_OPTIONS, hasNumericBest: true, hasAverages: true };
const WITH_PAUSE = { ...WITH_AVERAGES, canPause: true };

const FEATURES: Record<AxeosFirmware, AxeosFeatures> = {
  "2.15": { ...WITH_PAUSE, version: "v2.15.0", hasSlots: true },
  "2.14": { ...WITH_PAUSE, version: "v2.14.0" },
  "2.12": { ...WITH_AVERAGES, version: "v2.12.0" },
  "2.10": { ...WITH_OPTIONS, version: "v2.10.1" },
  "2.4": { ...NOTHING_NEW, version: "v2.4.5-3-gb5d1e36-dirty" },
};
