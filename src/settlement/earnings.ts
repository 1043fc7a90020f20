import { halfEven } from "./rounding.ts";

/** Hashes of one difficulty-1 share. */
const HASHES_PER_SHARE = 2n ** 32n;
const MSAT_PER_SAT = 1000n;
const MSAT_PER_BTC = 100_000_000_000n;
/** Micro-dollars of one cent. */
export const UUSD_PER_CENT = 10_000n;
const WHOLE_PPM = 1_000_000n;

/** What the network pays for work on one day. */
export interface NetworkFacts {
  /** Network difficulty, above 0. */
  difficulty: bigint;
  /** Subsidy and mean fees of one block, sat. */
  rewardSats: bigint;
  /** The pool's fee, ppm of the gross. */
  feePpm: bigint;
}

/**
 * Gross earning of work by full-pay-per-share, msat, rounded down (settlement.md §10).
 *
 * @param work Difficulty-1 shares, block reward in sat, network difficulty above 0.
 */
export function fppsMsat(work: {
  difficulty1Shares: bigint;
  rewardSats: bigint;
  networkDifficulty: bigint;
}): bigint {
  return (MSAT_PER_SAT * work.difficulty1Shares * work.rewardSats) / work.networkDifficulty;
}

/** What is left of a gross earning after the pool's fee, msat, rounded down. */
export function netMsat(grossMsat: bigint, feePpm: bigint): bigint {
  return (grossMsat * (WHOLE_PPM - feePpm)) / WHOLE_PPM;
}

/**
 * Gross earning to expect from a steady hash rate, msat, rounded down once at the end (settlement.md §10).
 *
 * @param work Hash rate in H/s, duration in s, block reward in sat, network difficulty above 0.
 */
export function expectedMsat(work: {
  hashrateHs: bigint;
  seconds: bigint;
  rewardSats: bigint;
  networkDifficulty: bigint;
}): bigint {
  const numerator = MSAT_PER_SAT * work.hashrateHs * work.seconds * work.rewardSats;
  return numerator / (work.networkDifficulty * HASHES_PER_SHARE);
}

/** Value of an amount at a price, micro-dollars, half to even (settlement.md §1). */
export function valueUusd(msat: bigint, centsPerBtc: bigint): bigint {
  return halfEven(msat * centsPerBtc * UUSD_PER_CENT, MSAT_PER_BTC);
}

/** Charge for energy, micro-dollars, half to even (settlement.md §1, §11). */
export function chargeUusd(wh: bigint, rateUusdPerKwh: bigint): bigint {
  return halfEven(wh * rateUusdPerKwh, 1000n);
}

/** Block subsidy in sat by height: it halves every 210,000 blocks (settlement.md §10). */
export function subsidySats(height: number): bigint {
  return 5_000_000_000n >> BigInt(Math.floor(height / 210_000));
}

/**
 * Energy price at which mining pays exactly for its energy, cents per kWh; for display, not for the ledger
 * (settlement.md §10).
 */
export function breakEvenCentsKwh(facts: { satPerThDay: number; usdPerBtc: number; jPerTh: number }): number {
  const usdPerThDay = (facts.satPerThDay * facts.usdPerBtc) / 1e8;
  return (usdPerThDay / ((facts.jPerTh * 24) / 1000)) * 100;
}

/**
 * The co-op share at which the credit equals the charge, ppm rounded up (settlement.md §10). When even the
 * whole payout is too little, `sharePpm` is 1,000,000 and `shortfallUusd` says what stays owed.
 *
 * @param day Charge in micro-dollars, net earning of all legs in msat, price in cents per BTC.
 */
export function shareForZero(day: { chargeUusd: bigint; netMsatTotal: bigint; centsPerBtc: bigint }): {
  sharePpm: number;
  shortfallUusd: bigint;
} {
  if (day.chargeUusd <= 0n) return { sharePpm: 0, shortfallUusd: 0n };
  const earned = day.netMsatTotal * day.centsPerBtc * UUSD_PER_CENT;
  const wanted = WHOLE_PPM * day.chargeUusd * MSAT_PER_BTC;
  const share = earned > 0n ? (wanted + earned - 1n) / earned : WHOLE_PPM + 1n;
  if (share <= WHOLE_PPM) return { sharePpm: Number(share), shortfallUusd: 0n };
  const value = valueUusd(day.netMsatTotal, day.centsPerBtc);
  return { sharePpm: 1_000_000, shortfallUusd: day.chargeUusd - value };
}

/**
 * A BTC amount as pools write it (`"0.00385090"`) in sat; null for exponents, signs, anything that is no
 * decimal number, and more than 8 decimals with a tail other than zeros (settlement.md §1).
 */
export function parseBtc(text: string): bigint | null {
  const match = /^(\d{1,9})(?:\.(\d{1,32}))?$/.exec(text);
  const [, whole, decimals = ""] = match ?? [];
  if (whole === undefined || /[1-9]/.test(decimals.slice(8))) return null;
  return BigInt(whole) * 100_000_000n + BigInt(decimals.slice(0, 8).padEnd(8, "0"));
}

/** A satoshi field that comes as a whole number or a decimal string; null for anything else (settlement.md §1). */
export function parseSats(value: unknown): bigint | null {
  if (typeof value === "number") return Number.isSafeInteger(value) && value >= 0 ? BigInt(value) : null;
  return typeof value === "string" && /^\d{1,16}$/.test(value) ? BigInt(value) : null;
}
