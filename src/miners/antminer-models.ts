import type { PowerStep } from "../model/miner.ts";

/** Values of the two mode keys (miners.md §10). */
export const NORMAL_MODE = 0;
export const SLEEP_MODE = 1;
export const HIGH_MODE = 2;
export const LOW_MODE = 3;

const MODE_WORDS: Record<number, string> = {
  [NORMAL_MODE]: "normal",
  [SLEEP_MODE]: "sleep",
  [HIGH_MODE]: "high",
  [LOW_MODE]: "low",
};

/** Draw in normal mode by `minertype`, W: data sheets, the longer name first; the liquid-cooled ones by the largest. */
const NOMINAL_W: readonly [name: RegExp, powerW: number][] = [
  [/Hyd|Imm/i, 5700],
  [/S19 ?XP/i, 3010],
  [/S19 ?k ?Pro/i, 2760],
  [/S19j ?Pro/i, 3050],
  [/S19/i, 3250],
  [/T19/i, 3150],
  [/S21 ?XP/i, 3645],
  [/S21/i, 3500],
  [/T21/i, 3610],
];
const UNKNOWN_MODEL_W = 3300;

/** Part of the normal draw in each mode: guesses until measurement replaces them. */
const MODE_PART: Record<number, number> = { [LOW_MODE]: 0.75, [NORMAL_MODE]: 1, [HIGH_MODE]: 1.2 };

/**
 * Modes that are offered, by rising draw. No firmware lists its modes: low and normal are common to all (miners.md
 * §14), high is offered where the device was found in it.
 */
export function offeredModes(hasHighMode: boolean): readonly number[] {
  return hasHighMode ? [LOW_MODE, NORMAL_MODE, HIGH_MODE] : [LOW_MODE, NORMAL_MODE];
}

/** The firmware's word for a mode; a number where no word is known. */
export function modeWord(mode: number): string {
  return MODE_WORDS[mode] ?? `mode ${mode}`;
}

/** Rungs with guesses of the draw from the model table; the firmware has no watts of its own for them. */
export function antminerSteps(minerType: string | null, modes: readonly number[]): PowerStep[] {
  const nominalW = NOMINAL_W.find(([name]) => name.test(minerType ?? ""))?.[1] ?? UNKNOWN_MODEL_W;
  return modes.map((mode) => ({
    label: modeWord(mode),
    targetW: null,
    wallW: Math.round((nominalW * (MODE_PART[mode] ?? 1)) / 10) * 10,
    hashrateThs: null,
  }));
}
