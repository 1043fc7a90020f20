import type { PowerStep } from "../model/miner.ts";
import { list, number, text } from "../model/parse.ts";

/** A profile of the device: clock and voltage with the draw that the firmware expects of them (miners.md §8.3). */
export interface LuxosProfile {
  name: string;
  /** Steps above (or, negative, below) the nameplate; null for profiles that the owner made. */
  step: number | null;
  /** Draw that the firmware expects, W. */
  watts: number;
  hashrateThs: number | null;
}

/** Every profile with a known draw, by rising draw. */
export function profilesOf(sections: unknown): LuxosProfile[] {
  const known = new Map<string, LuxosProfile>();
  for (const row of list(sections, "PROFILES")) {
    const name = text(row, "Profile Name");
    const watts = number(row, "Watts", { min: 1, max: 20_000 });
    if (name === null || watts === null || known.has(name)) continue;
    const hashrateThs = number(row, "Hashrate", { unknownWhen: 0, min: 0 });
    known.set(name, { name, step: number(row, "Step"), watts, hashrateThs });
  }
  return [...known.values()].sort((one, other) => one.watts - other.watts);
}

/** The steps between which the device may be moved; null: no bound on that side. */
export interface StepRange {
  least: number | null;
  most: number;
}

/**
 * Profiles to be offered as steps: those that can be named without doubt and lie in the range; what the owner made
 * himself has no step and is always offered.
 */
export function offeredProfiles(
  profiles: readonly LuxosProfile[],
  { least, most }: StepRange,
): LuxosProfile[] {
  const isInside = (step: number) => step <= most && step >= (least ?? Number.NEGATIVE_INFINITY);
  return profiles.filter(({ name, step }) => isSayable(name) && (step === null || isInside(step)));
}

/** Rungs for the control loop; the firmware's expectation is the best guess of the draw at the wall. */
export function toSteps(profiles: readonly LuxosProfile[]): PowerStep[] {
  return profiles.map(({ name, watts, hashrateThs }) => ({
    label: name,
    targetW: watts,
    wallW: watts,
    hashrateThs,
  }));
}

/**
 * False for a name that cannot stand in a command, and for one that may mean something else there: a selector
 * (`1200W`, `1.2kW`, `98THs`, `-2`), or the number of a board (0 to 3).
 */
function isSayable(name: string): boolean {
  if (/[,|\u0000-\u001f\u007f]/.test(name) || isBoardNumber(name)) return false;
  return !/^[+-]|^[\d.]+\s*(?:k?W|TH\/?s?)$/i.test(name);
}

function isBoardNumber(name: string): boolean {
  const value = name.trim() === "" ? Number.NaN : Number(name);
  return value >= 0 && value <= 3;
}
