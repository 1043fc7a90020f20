import { median } from "./numbers.ts";

/** A known step of a load, and what the meter said around it. */
export interface SignTest {
  /** How much more the load drew afterwards, W; negative when it was switched off. Known from the load itself. */
  stepW: number;
  /** Readings of the meter before and after, W, as the source gives them. */
  beforeW: readonly number[];
  afterW: readonly number[];
}

/**
 * `import-positive` is right, `export-positive` wants `invert`, `unsigned` shows import and export alike and is of no use
 * for surplus, `no-change` is the wrong meter or phase, `unclear` that something else switched meanwhile.
 */
export type SignVerdict = "import-positive" | "export-positive" | "unsigned" | "no-change" | "unclear";

export interface SignJudgement {
  verdict: SignVerdict;
  /** Median after less median before, W; null without readings. */
  changeW: number | null;
  /** Factor that would make the change fit: 1000 where a meter tells kW as W, 0.001 the other way round; else null. */
  scaleHint: number | null;
}

/** Less than this is lost in what a house does by itself, W (sources.md §0). */
export const SMALLEST_STEP_W = 500;
/** Part of the step by which a change may miss it: kettles and clouds. */
const TOLERANCE = 0.3;

/**
 * Judges the sign of a grid meter from one step of a known load (sources.md §0, reliability.md F31). A step that is too
 * small, or fewer than three readings on a side, is `unclear`.
 */
export function judgeSign({ stepW, beforeW, afterW }: SignTest): SignJudgement {
  const before = median(beforeW);
  const after = median(afterW);
  if (before === null || after === null) return { verdict: "unclear", changeW: null, scaleHint: null };
  const changeW = after - before;
  const isEnough = Math.abs(stepW) >= SMALLEST_STEP_W && Math.min(beforeW.length, afterW.length) >= 3;
  if (!isEnough) return { verdict: "unclear", changeW, scaleHint: null };
  const allowedW = TOLERANCE * Math.abs(stepW);
  const fits = (expectedW: number) => Math.abs(after - expectedW) <= allowedW;
  const scaleHint = scaleOf(changeW, stepW, [...beforeW, ...afterW]);
  if (scaleHint !== null) {
    return { verdict: changeW * stepW > 0 ? "import-positive" : "export-positive", changeW, scaleHint };
  }
  if (fits(before + stepW)) return { verdict: "import-positive", changeW, scaleHint };
  // A meter without a sign folds what crosses zero; one with a sign would have shown the minus.
  const isFolded = before >= 0 && after >= 0 && before < Math.abs(stepW) && fits(Math.abs(stepW) - before);
  if (isFolded && !fits(before - stepW)) return { verdict: "unsigned", changeW, scaleHint };
  if (fits(before - stepW)) return { verdict: "export-positive", changeW, scaleHint };
  return { verdict: Math.abs(changeW) <= allowedW ? "no-change" : "unclear", changeW, scaleHint };
}

/** A change of about a thousandth of the step, or a thousand times it, is the step in another unit. */
function scaleOf(changeW: number, stepW: number, readings: readonly number[]): number | null {
  const ratio = Math.abs(changeW / stepW);
  // Whole small numbers are a quiet meter in watts, whose last digit moved.
  const isLikeKilowatts =
    readings.every((value) => Math.abs(value) < 100) && readings.some((value) => value % 1 !== 0);
  if (isLikeKilowatts && Math.abs(ratio * 1000 - 1) <= TOLERANCE) return 1000;
  return Math.abs(ratio / 1000 - 1) <= TOLERANCE ? 0.001 : null;
}
