import { accessError } from "../model/errors.ts";
import { field, safeText } from "../model/parse.ts";
import type { SettlementRecord } from "../model/settlement-record.ts";
import { isCivilDay } from "./civil-day.ts";

const STATES = ["accruing", "estimated", "confirmed", "applied", "disputed", "corrected"];
const SOURCES = ["ami", "submeter", "plug", "miner", "estimate"];
const QUALITIES = ["valid", "edited", "estimated", "questionable", "derived", "projected"];
const SHA256 = /^[0-9a-f]{64}$/;

/**
 * A settlement record from outside with the shape of settlement.md §11: every figure a safe integer, every word
 * a known one. Unknown fields stay. Its identities are `checkRecord`'s.
 *
 * @param value Parsed JSON; `prev` may be missing, as in what the co-op signs.
 * @throws HearthError `RECORD_INVALID`, exit 5, naming the first field found wrong.
 */
export function readRecord(value: unknown): SettlementRecord {
  const wrong = wrongField(value);
  if (wrong === null) return value as SettlementRecord;
  throw accessError("RECORD_INVALID", `A settlement record is refused: ${safeText(wrong, 60)} is wrong`, {
    left: "The ledger is unchanged",
    hint: "hearth settlement list",
  });
}

/** Name of the first field without its shape; null when all have it. */
function wrongField(value: unknown): string | null {
  const rules: [string, boolean][] = [
    ["type", field(value, "type") === "settlement.day/v1"],
    ...["coop", "member", "tz"].map((key): [string, boolean] => [key, isText(field(value, key))]),
    ["day", isCivilDay(field(value, "day"))],
    ["revision", isWhole(field(value, "revision"), 1)],
    ["state", isOneOf(field(value, "state"), STATES)],
    ...windowRules(value),
    ["price.cents_per_btc", isWhole(field(value, "price", "cents_per_btc"), 0)],
    ...["at", "source", "method"].map((key): [string, boolean] => [
      `price.${key}`,
      isText(field(value, "price", key)),
    ]),
    ...figures(value, "credit", ["value_uusd", "carry_in_uusd", "posted_cents", "carry_out_uusd"]),
    ...figures(value, "balance", ["open_uusd", "charge_uusd", "credit_uusd", "close_uusd"]),
    ["terms", isTermsReference(field(value, "terms"))],
    ["debt", isDebt(field(value, "debt"))],
    ["supersedes", isOptionalHash(field(value, "supersedes"))],
    ["prev", isOptionalHash(field(value, "prev"))],
  ];
  const wrong = rules.find(([, isSound]) => !isSound)?.[0] ?? null;
  return wrong ?? wrongEntry(value, "energy", isBucket) ?? wrongEntry(value, "mining", isLeg);
}

function windowRules(value: unknown): [string, boolean][] {
  return [
    ["energy_window", isWhole(field(value, "energy_window", "seconds"), 1)],
    ...["start", "end"].flatMap((key): [string, boolean][] => [
      [`energy_window.${key}`, isText(field(value, "energy_window", key))],
      [`mining_window.${key}`, isText(field(value, "mining_window", key))],
    ]),
  ];
}

function figures(value: unknown, group: string, keys: string[]): [string, boolean][] {
  return keys.map((key) => [`${group}.${key}`, isWhole(field(value, group, key))]);
}

function wrongEntry(value: unknown, key: string, isSound: (entry: unknown) => boolean): string | null {
  const entries = field(value, key);
  if (!Array.isArray(entries)) return key;
  const index = entries.findIndex((entry) => !isSound(entry));
  return index < 0 ? null : `${key}[${index}]`;
}

function isBucket(entry: unknown): boolean {
  const coverage = field(entry, "coverage_ppm");
  return (
    isText(field(entry, "bucket")) &&
    isWhole(field(entry, "wh"), 0) &&
    isWhole(field(entry, "rate_uusd_per_kwh")) &&
    isWhole(field(entry, "charge_uusd")) &&
    isOneOf(field(entry, "source"), SOURCES) &&
    isOneOf(field(entry, "quality"), QUALITIES) &&
    (coverage === undefined || (isWhole(coverage, 0) && Number(coverage) <= 1_000_000))
  );
}

function isLeg(entry: unknown): boolean {
  return (
    isOneOf(field(entry, "role"), ["coop", "member"]) &&
    isText(field(entry, "diff_accepted")) &&
    isText(field(entry, "diff_rejected")) &&
    isWhole(field(entry, "net_msat"), 0) &&
    isOneOf(field(entry, "source"), ["pool", "device", "estimate"]) &&
    isOneOf(field(entry, "status"), ["estimated", "confirmed"])
  );
}

function isTermsReference(terms: unknown): boolean {
  return terms === null || (isWhole(field(terms, "version"), 1) && isHash(field(terms, "sha256")));
}

function isDebt(debt: unknown): boolean {
  if (debt === undefined) return true;
  const diff = field(debt, "diff");
  return typeof diff === "string" && /^-?\d{1,40}$/.test(diff) && isWhole(field(debt, "msat"));
}

function isOptionalHash(value: unknown): boolean {
  return value === undefined || isHash(value);
}

function isHash(value: unknown): boolean {
  return typeof value === "string" && SHA256.test(value);
}

function isText(value: unknown): boolean {
  return typeof value === "string" && value !== "" && value.length <= 200 && safeText(value) === value;
}

function isOneOf(value: unknown, words: string[]): boolean {
  return typeof value === "string" && words.includes(value);
}

function isWhole(value: unknown, min: number = Number.MIN_SAFE_INTEGER): boolean {
  return Number.isSafeInteger(value) && Number(value) >= min;
}
