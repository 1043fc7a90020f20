import type { SurplusMemory } from "./state.ts";

/** How the grid meter answers the miners' own steps. */
export interface MeterDoubt {
  /** Miner and grid power where the step under way began, W; null before the first sample. */
  fromMinersW: number | null;
  fromGridW: number;
  /** Steps in a row with a wrong answer, and with a right one. */
  wrong: number;
  right: number;
  isWrong: boolean;
}

const STEP_W = 300;
/** Between two samples less is no step of a miner. */
const STILL_W = 60;
const NEEDED_STEPS = 5;
const GOOD_STEPS = 3;

/** Nothing known yet: the meter is believed. */
export function initialDoubt(): MeterDoubt {
  return { fromMinersW: null, fromGridW: 0, wrong: 0, right: 0, isWrong: false };
}

/**
 * Lays the meter beside the miners' own steps of 300 W and more: a watt more at the miner is a watt more at the meter,
 * less what sun and household did meanwhile. Five steps in a row with the opposite sign or a hundredth or less of the
 * size make it wrong, because no sky does that; three right ones in a row make it good again.
 */
export function weighMeter(memory: SurplusMemory, minersW: number, gridW: number): void {
  const { doubt } = memory;
  const stepW = minersW - (doubt.fromMinersW ?? minersW);
  const isStep = Math.abs(stepW) >= STEP_W;
  if (isStep) noteAnswer(doubt, (gridW - doubt.fromGridW) / stepW);
  if (isStep || doubt.fromMinersW === null || Math.abs(stepW) < STILL_W) {
    doubt.fromMinersW = minersW;
    doubt.fromGridW = gridW;
  }
}

function noteAnswer(doubt: MeterDoubt, answer: number): void {
  const isWrong = (answer > -1.4 && answer < -0.6) || Math.abs(answer) < 0.01 || answer > 20;
  doubt.wrong = isWrong ? Math.min(doubt.wrong + 1, NEEDED_STEPS) : 0;
  doubt.right = answer > 0.5 && answer < 1.6 ? Math.min(doubt.right + 1, GOOD_STEPS) : 0;
  if (doubt.wrong >= NEEDED_STEPS) doubt.isWrong = true;
  else if (doubt.right >= GOOD_STEPS) doubt.isWrong = false;
}
