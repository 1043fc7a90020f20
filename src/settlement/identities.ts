import type { SettlementRecord } from "../model/settlement-record.ts";
import type { SplitTerms } from "../model/terms.ts";
import { chargeUusd, UUSD_PER_CENT, valueUusd } from "./earnings.ts";
import { windowsOf } from "./record-windows.ts";

/** One identity of a record; `ok` false when what was found is not what follows from the rest. */
export interface IdentityCheck {
  name: string;
  ok: boolean;
  expected: string;
  found: string;
}

/**
 * Recomputes every identity of settlement.md §11 from the record's own figures. The record must have its shape
 * (`readRecord`).
 *
 * @param former The former day's latest revision; null when it is not known, then the link to it is not judged.
 * @param terms The terms in force on that day; null when not known, then only roles themselves are judged.
 */
export function checkRecord(
  record: SettlementRecord,
  former: SettlementRecord | null,
  terms: SplitTerms | null,
): IdentityCheck[] {
  return [
    ...windowChecks(record),
    ...energyChecks(record),
    ...creditChecks(record),
    ...balanceChecks(record),
    ...(former === null ? [] : formerChecks(record, former)),
    ...legChecks(record, terms),
  ];
}

/** The identities that do not hold. */
export function failedChecks(checks: readonly IdentityCheck[]): IdentityCheck[] {
  return checks.filter((check) => !check.ok);
}

function windowChecks(record: SettlementRecord): IdentityCheck[] {
  const expected = windowsOf(record.day, record.tz);
  const energy = record.energy_window;
  return [
    same(
      "energy_window",
      `${expected.energy_window.start} ${expected.energy_window.end} ${expected.energy_window.seconds}`,
      `${energy.start} ${energy.end} ${energy.seconds}`,
    ),
    same(
      "mining_window",
      `${expected.mining_window.start} ${expected.mining_window.end}`,
      `${record.mining_window.start} ${record.mining_window.end}`,
    ),
  ];
}

function energyChecks(record: SettlementRecord): IdentityCheck[] {
  const charges = record.energy.map((bucket) =>
    same(
      `charge.${bucket.bucket}`,
      chargeUusd(BigInt(bucket.wh), BigInt(bucket.rate_uusd_per_kwh)),
      bucket.charge_uusd,
    ),
  );
  const sum = record.energy.reduce((total, bucket) => total + BigInt(bucket.charge_uusd), 0n);
  return [...charges, same("charge_sum", sum, record.balance.charge_uusd)];
}

function creditChecks(record: SettlementRecord): IdentityCheck[] {
  const { credit, price } = record;
  const coopMsat = record.mining
    .filter((leg) => leg.role === "coop")
    .reduce((sum, leg) => sum + BigInt(leg.net_msat), 0n);
  const posted = BigInt(credit.posted_cents) * UUSD_PER_CENT;
  return [
    same("value", valueUusd(coopMsat, BigInt(price.cents_per_btc)), credit.value_uusd),
    same(
      "carry",
      BigInt(credit.value_uusd) + BigInt(credit.carry_in_uusd),
      posted + BigInt(credit.carry_out_uusd),
    ),
    within("carry_out_range", credit.carry_out_uusd, 0, 9_999),
    within("carry_in_range", credit.carry_in_uusd, 0, 9_999),
  ];
}

function balanceChecks(record: SettlementRecord): IdentityCheck[] {
  const { balance, credit } = record;
  const close = BigInt(balance.open_uusd) + BigInt(balance.charge_uusd) - BigInt(balance.credit_uusd);
  return [
    same("credit", BigInt(credit.posted_cents) * UUSD_PER_CENT, balance.credit_uusd),
    same("close", close, balance.close_uusd),
  ];
}

function formerChecks(record: SettlementRecord, former: SettlementRecord): IdentityCheck[] {
  return [
    same("open", former.balance.close_uusd, record.balance.open_uusd),
    same("carry_in", former.credit.carry_out_uusd, record.credit.carry_in_uusd),
  ];
}

function legChecks(record: SettlementRecord, terms: SplitTerms | null): IdentityCheck[] {
  const roles = record.mining.map((leg) => leg.role);
  const allowed: string[] = terms === null ? ["coop", "member"] : terms.legs.map((leg) => leg.role);
  const isSound = new Set(roles).size === roles.length && roles.every((role) => allowed.includes(role));
  const checks = [check("legs", isSound, `each at most once: ${allowed.join(", ")}`, roles.join(", "))];
  for (const leg of record.mining) {
    for (const key of ["diff_accepted", "diff_rejected"] as const) {
      const isWhole = /^(0|[1-9]\d{0,39})$/.test(leg[key]);
      checks.push(check(`${key}.${leg.role}`, isWhole, "a whole number, 0 or more", leg[key].slice(0, 40)));
    }
  }
  if (terms !== null) checks.push(same("terms", terms.version, record.terms?.version ?? "none"));
  return checks;
}

function same(
  name: string,
  expected: bigint | number | string,
  found: bigint | number | string,
): IdentityCheck {
  return check(name, String(expected) === String(found), String(expected), String(found));
}

function within(name: string, value: number, min: number, max: number): IdentityCheck {
  return check(name, value >= min && value <= max, `${min} to ${max}`, String(value));
}

function check(name: string, ok: boolean, expected: string, found: string): IdentityCheck {
  return { name, ok, expected, found };
}
