import { toInstant } from "../model/clock.ts";
import type { SplitLegProof, SplitProof } from "../model/view.ts";

/** Accepted work of one leg in the window of the proof. */
export interface ProofLeg {
  role: "coop" | "member";
  /** Difficulty-1 shares, 0 or more. */
  acceptedDifficulty: bigint;
  /** Number of accepted shares. */
  shares: number;
  /** Mean difficulty of these shares, before the first one the difficulty set; null when the device does not tell. */
  meanShareDifficulty: number | null;
}

export interface SplitProofInput {
  /** The co-op's part, 0 to 1,000,000. */
  targetPpm: number;
  legs: readonly ProofLeg[];
  /** Work of the longest time slice in the window; null when work is interleaved without slices. */
  largestSlotDifficulty: number | null;
  /** What the read-back found different from the terms, in words. */
  drift: readonly string[];
  /** Null when nothing was measured yet. */
  window: { startMs: number; endMs: number } | null;
  /** Mechanism by miner, for display. */
  mechanisms: Record<string, string>;
}

/** Fewer accepted shares than this prove nothing (settlement.md §4 rule 5). */
export const ENOUGH_SHARES = 100;
/** Standard deviations on each side that hold 95 % of the luck. */
const Z95 = 1.959964;
const WHOLE_PPM = 1_000_000;

/**
 * The effective share from accepted difficulty, with its 95 % range (settlement.md §4 rules 3-5). The range
 * holds every share `q` for which the measured one lies within 1.96 sd of `q`, so it answers exactly the
 * question of rule 5 and stays honest near 0 and 100 %. Time slices make it at least one slot wide on each
 * side. Measured values are null while no share was accepted.
 *
 * Verdict: `drift` when the read-back failed, whatever the shares say; `not_enough_shares` under 100; `skewed`
 * when the target lies outside the range; else `ok`.
 */
export function proveSplit(input: SplitProofInput): SplitProof {
  const coop = legTotal(input.legs, "coop");
  const member = legTotal(input.legs, "member");
  const shares = coop.shares + member.shares;
  const range = shareRange(coop, member, input.largestSlotDifficulty);
  const { targetPpm } = input;
  const { startMs, endMs } = input.window ?? {};
  const hasWindow = startMs !== undefined && endMs !== undefined;
  return {
    legs: [coopProof(targetPpm, range, coop), memberProof(targetPpm, range, member)],
    drift: [...input.drift],
    verdict: verdictOf(input.drift.length > 0, shares, range, targetPpm),
    shares,
    window: hasWindow ? { start: toInstant(startMs), end: toInstant(endMs) } : null,
    mechanisms: { ...input.mechanisms },
  };
}

/**
 * Expected luck of a split, as a ratio: the standard deviation of the co-op's measured share at a true share
 * (settlement.md §4 rule 4).
 *
 * @param facts True share 0 to 1, total difficulty above 0, mean share difficulty of the co-op's and the
 *   member's leg.
 */
export function splitSd(facts: {
  share: number;
  totalDifficulty: number;
  coopDifficulty: number;
  memberDifficulty: number;
}): number {
  const { share, totalDifficulty, coopDifficulty, memberDifficulty } = facts;
  const other = 1 - share;
  const variance =
    other * other * share * totalDifficulty * coopDifficulty +
    share * share * other * totalDifficulty * memberDifficulty;
  return Math.sqrt(variance) / totalDifficulty;
}

/**
 * True when the measured share is so far off that it is an alarm, once two evaluations at least an hour apart
 * agree: more than 3 sd and more than one point (settlement.md §4 rule 5). Ratios 0 to 1.
 */
export function isAlarmingSkew(measured: number, target: number, sd: number): boolean {
  return Math.abs(measured - target) > Math.max(3 * sd, 0.01);
}

/**
 * Seconds without an accepted share after which a leg counts as silent: ten minutes, or eight expected gaps
 * between shares (settlement.md §4 rule 6). Null when the leg expects no shares.
 */
export function silentAfterS(leg: {
  hashrateHs: number;
  sharePpm: number;
  shareDifficulty: number;
}): number | null {
  const perSecond = (leg.hashrateHs * leg.sharePpm) / WHOLE_PPM / (leg.shareDifficulty * 2 ** 32);
  return perSecond > 0 && Number.isFinite(perSecond) ? Math.max(600, 8 / perSecond) : null;
}

interface LegTotal {
  difficulty: bigint;
  shares: number;
  /** Mean difficulty of a share; null when there was none and none is known. */
  meanDifficulty: number | null;
}

/** Ratios 0 to 1. */
interface ShareRange {
  measured: number;
  low: number;
  high: number;
}

function legTotal(legs: readonly ProofLeg[], role: ProofLeg["role"]): LegTotal {
  const own = legs.filter((leg) => leg.role === role);
  const difficulty = own.reduce((sum, leg) => sum + leg.acceptedDifficulty, 0n);
  const shares = own.reduce((sum, leg) => sum + leg.shares, 0);
  // Several miners on one leg: the luck is that of the mean weighted by work.
  const weighted = own.reduce((sum, leg) => sum + meanOf(leg) * Number(leg.acceptedDifficulty), 0);
  // Before the first share the known difficulty still says how coarse the leg is.
  const known = own.reduce<number | null>((most, leg) => larger(most, leg.meanShareDifficulty), null);
  return { difficulty, shares, meanDifficulty: difficulty > 0n ? weighted / Number(difficulty) : known };
}

function larger(one: number | null, other: number | null): number | null {
  return one === null || other === null ? (one ?? other) : Math.max(one, other);
}

function meanOf(leg: ProofLeg): number {
  return leg.meanShareDifficulty ?? Number(leg.acceptedDifficulty) / Math.max(1, leg.shares);
}

function shareRange(coop: LegTotal, member: LegTotal, slotDifficulty: number | null): ShareRange | null {
  const total = Number(coop.difficulty + member.difficulty);
  if (total === 0) return null;
  const measured = Number(coop.difficulty) / total;
  // A leg without a share so far is taken to be as coarse as the other.
  const coopDifficulty = coop.meanDifficulty ?? member.meanDifficulty ?? 1;
  const memberDifficulty = member.meanDifficulty ?? coopDifficulty;
  const isWithin = (share: number) =>
    Math.abs(measured - share) <=
    Z95 * splitSd({ share, totalDifficulty: total, coopDifficulty, memberDifficulty });
  const slot = (slotDifficulty ?? 0) / total;
  return {
    measured,
    low: Math.max(0, Math.min(edge(measured, 0, isWithin), measured - slot)),
    high: Math.min(1, Math.max(edge(measured, 1, isWithin), measured + slot)),
  };
}

/** The share farthest from `inside` towards `outside` that is still within, by bisection. */
function edge(inside: number, outside: number, isWithin: (share: number) => boolean): number {
  let within = inside;
  let beyond = outside;
  for (let step = 0; step < 40; step += 1) {
    const middle = (within + beyond) / 2;
    if (isWithin(middle)) within = middle;
    else beyond = middle;
  }
  return within;
}

function coopProof(targetPpm: number, range: ShareRange | null, leg: LegTotal): SplitLegProof {
  return {
    role: "coop",
    targetPpm,
    measuredPpm: range === null ? null : Math.round(range.measured * WHOLE_PPM),
    lowPpm: range === null ? null : Math.floor(range.low * WHOLE_PPM),
    highPpm: range === null ? null : Math.ceil(range.high * WHOLE_PPM),
    acceptedDifficulty: leg.difficulty.toString(),
  };
}

function memberProof(targetPpm: number, range: ShareRange | null, leg: LegTotal): SplitLegProof {
  const mirrored = coopProof(targetPpm, range, leg);
  const rest = (ppm: number | null) => (ppm === null ? null : WHOLE_PPM - ppm);
  return {
    role: "member",
    targetPpm: WHOLE_PPM - targetPpm,
    measuredPpm: rest(mirrored.measuredPpm),
    lowPpm: rest(mirrored.highPpm),
    highPpm: rest(mirrored.lowPpm),
    acceptedDifficulty: leg.difficulty.toString(),
  };
}

function verdictOf(
  hasDrift: boolean,
  shares: number,
  range: ShareRange | null,
  targetPpm: number,
): SplitProof["verdict"] {
  if (hasDrift) return "drift";
  if (range === null || shares < ENOUGH_SHARES) return "not_enough_shares";
  const isInside =
    targetPpm >= Math.floor(range.low * WHOLE_PPM) && targetPpm <= Math.ceil(range.high * WHOLE_PPM);
  return isInside ? "ok" : "skewed";
}
