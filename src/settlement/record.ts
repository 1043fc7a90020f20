import type {
  EnergyBucket,
  MiningLeg,
  SettlementPrice,
  SettlementRecord,
  SettlementState,
} from "../model/settlement-record.ts";
import { chargeUusd, fppsMsat, type NetworkFacts, netMsat, UUSD_PER_CENT, valueUusd } from "./earnings.ts";
import type { BucketEnergy } from "./energy.ts";
import { windowsOf } from "./record-windows.ts";
import { floorDivide, halfEven } from "./rounding.ts";

export { checkRecord, failedChecks, type IdentityCheck } from "./identities.ts";

/** Accepted work of one leg in the mining window, and what it earned. */
export interface WorkInput {
  role: "coop" | "member";
  /** Difficulty-1 shares, 0 or more. */
  acceptedDifficulty: bigint;
  rejectedDifficulty: bigint;
  earning: PoolEarning | ExpectedEarning;
}

/** The pool's own figure for this worker's day. */
export interface PoolEarning {
  kind: "pool";
  netMsat: bigint;
  status: "estimated" | "confirmed";
}

/** No pool figure yet: full-pay-per-share on the device's own count, always an estimate. */
export interface ExpectedEarning {
  kind: "expected";
  network: NetworkFacts;
}

/** Work since the terms took effect, for the cumulative debt (settlement.md §4 rule 7). */
export interface DebtInput {
  sharePpm: number;
  coopDifficulty: bigint;
  totalDifficulty: bigint;
  network: NetworkFacts;
}

/** Everything that a day is settled from. */
export interface DayInput {
  coop: string;
  member: string;
  /** Civil day in `tz`. */
  day: string;
  tz: string;
  /** 1 for the first. */
  revision: number;
  state: SettlementState;
  /** By tariff bucket (`bucketEnergy`). */
  energy: readonly BucketEnergy[];
  /** One entry per leg. */
  work: readonly WorkInput[];
  price: SettlementPrice;
  terms: { version: number; sha256: string } | null;
  /** The former day's latest revision; null for the member's first day. */
  former: { closeUusd: number; carryOutUusd: number } | null;
  /** Null leaves the debt line out: no split was agreed. */
  debt: DebtInput | null;
  /** Hash of the row that a new revision replaces. */
  supersedes?: string;
}

/**
 * The settlement record of a day by the rules of settlement.md §1 and §11: charge per bucket, value of the
 * co-op's leg at the price, whole cents credited, the rest carried, balance (positive: the member owes).
 * The ledger adds `prev`.
 *
 * @throws RangeError when a figure is no safe integer; HearthError `DAY_INVALID`, `TZ_UNKNOWN`.
 */
export function buildDayRecord(input: DayInput): Omit<SettlementRecord, "prev"> {
  const energy = input.energy.map(toBucket);
  const mining = input.work.map(toLeg);
  const charge = sumOf(energy.map((bucket) => bucket.charge_uusd));
  const credit = creditOf(mining, input.price, input.former?.carryOutUusd ?? 0);
  const open = BigInt(input.former?.closeUusd ?? 0);
  const credited = BigInt(credit.posted_cents) * UUSD_PER_CENT;
  return {
    type: "settlement.day/v1",
    coop: input.coop,
    member: input.member,
    day: input.day,
    tz: input.tz,
    ...windowsOf(input.day, input.tz),
    revision: input.revision,
    state: input.state,
    energy,
    mining,
    price: input.price,
    credit,
    balance: {
      open_uusd: toSafe(open),
      charge_uusd: toSafe(charge),
      credit_uusd: toSafe(credited),
      close_uusd: toSafe(open + charge - credited),
    },
    ...(input.debt === null ? {} : { debt: debtOf(input.debt) }),
    terms: input.terms,
    ...(input.supersedes === undefined ? {} : { supersedes: input.supersedes }),
  };
}

/**
 * What the co-op's leg is worth: value at the price plus the carry of the day before, floored to whole cents;
 * what is left over is carried on. Micro-dollars.
 */
export function creditOf(
  mining: readonly MiningLeg[],
  price: SettlementPrice,
  carryInUusd: number,
): SettlementRecord["credit"] {
  const coopMsat = sumOf(mining.filter((leg) => leg.role === "coop").map((leg) => leg.net_msat));
  const value = valueUusd(coopMsat, BigInt(price.cents_per_btc));
  const whole = value + BigInt(carryInUusd);
  const cents = floorDivide(whole, UUSD_PER_CENT);
  return {
    value_uusd: toSafe(value),
    carry_in_uusd: carryInUusd,
    posted_cents: toSafe(cents),
    carry_out_uusd: toSafe(whole - cents * UUSD_PER_CENT),
  };
}

/** Part of the day's charge that the credit covers, percent; null without a charge (settlement.md §10, §16). */
export function coveragePercent(record: Pick<SettlementRecord, "balance">): number | null {
  const { charge_uusd: charge, credit_uusd: credit } = record.balance;
  return charge > 0 ? (credit / charge) * 100 : null;
}

function toBucket(input: BucketEnergy): EnergyBucket {
  return {
    bucket: input.bucket,
    wh: toSafe(BigInt(input.wh)),
    rate_uusd_per_kwh: input.rateUusdPerKwh,
    charge_uusd: toSafe(chargeUusd(BigInt(input.wh), BigInt(input.rateUusdPerKwh))),
    source: input.source,
    quality: input.quality,
    ...(input.coveragePpm === null ? {} : { coverage_ppm: input.coveragePpm }),
  };
}

function toLeg(input: WorkInput): MiningLeg {
  const { earning } = input;
  const work = {
    role: input.role,
    diff_accepted: input.acceptedDifficulty.toString(),
    diff_rejected: input.rejectedDifficulty.toString(),
  };
  if (earning.kind === "pool") {
    return { ...work, net_msat: toSafe(earning.netMsat), source: "pool", status: earning.status };
  }
  const expected = netOfWork(input.acceptedDifficulty, earning.network);
  return { ...work, net_msat: toSafe(expected), source: "device", status: "estimated" };
}

function debtOf(debt: DebtInput): { diff: string; msat: number } {
  const owedPpm = BigInt(debt.sharePpm) * debt.totalDifficulty - 1_000_000n * debt.coopDifficulty;
  const diff = halfEven(owedPpm, 1_000_000n);
  // The msat side is floored on its size, so that neither side is promised what no pool paid.
  const size = netOfWork(diff < 0n ? -diff : diff, debt.network);
  return { diff: diff.toString(), msat: toSafe(diff < 0n ? -size : size) };
}

function netOfWork(difficulty1Shares: bigint, network: NetworkFacts): bigint {
  const { rewardSats, difficulty: networkDifficulty, feePpm } = network;
  return netMsat(fppsMsat({ difficulty1Shares, rewardSats, networkDifficulty }), feePpm);
}

function sumOf(values: readonly number[]): bigint {
  return values.reduce((sum, value) => sum + BigInt(value), 0n);
}

function toSafe(value: bigint): number {
  const result = Number(value);
  if (Number.isSafeInteger(result)) return result;
  throw new RangeError(`${value} does not fit a ledger figure`);
}
