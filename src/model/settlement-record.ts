/** `settlement.day/v1` exactly as hashed (settlement.md §11): snake_case, integers, difficulty as decimal strings. */
export interface SettlementRecord {
  type: "settlement.day/v1";
  coop: string;
  member: string;
  /** Civil day in `tz`. */
  day: string;
  tz: string;
  energy_window: { start: string; end: string; seconds: number };
  mining_window: { start: string; end: string };
  revision: number;
  state: SettlementState;
  energy: EnergyBucket[];
  mining: MiningLeg[];
  price: SettlementPrice;
  credit: { value_uusd: number; carry_in_uusd: number; posted_cents: number; carry_out_uusd: number };
  balance: { open_uusd: number; charge_uusd: number; credit_uusd: number; close_uusd: number };
  /** Cumulative split debt since the terms began, in difficulty (settlement.md §4.7); decimal string, may be negative. */
  debt?: { diff: string; msat: number };
  terms: { version: number; sha256: string } | null;
  /** Hash of the superseded row; only in corrections. */
  supersedes?: string;
  /** Hash of the row before it in the table; 64 zeros for the first. */
  prev: string;
}

export type SettlementState = "accruing" | "estimated" | "confirmed" | "applied" | "disputed" | "corrected";
export type EnergySource = "ami" | "submeter" | "plug" | "miner" | "estimate";
export type ReadingQuality = "valid" | "edited" | "estimated" | "questionable" | "derived" | "projected";

export interface EnergyBucket {
  bucket: string;
  wh: number;
  rate_uusd_per_kwh: number;
  charge_uusd: number;
  source: EnergySource;
  quality: ReadingQuality;
  /** Part of the window's time with a reading. */
  coverage_ppm?: number;
}

export interface MiningLeg {
  role: "coop" | "member";
  diff_accepted: string;
  diff_rejected: string;
  net_msat: number;
  source: "pool" | "device" | "estimate";
  status: "estimated" | "confirmed";
}

export interface SettlementPrice {
  cents_per_btc: number;
  at: string;
  source: string;
  method: string;
  status?: "late" | "estimated";
}
