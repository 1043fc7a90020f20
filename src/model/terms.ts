/** One destination of the work (settlement.md §8); keys as signed. */
export interface TermsLeg {
  pool: string;
  role: "coop" | "member";
  share_ppm: number;
  user: string;
  worker: string;
}

/** Signed split terms, `split-terms/v1`, exactly as canonicalised; unknown fields are kept and hashed. */
export interface SplitTerms {
  type: "split-terms/v1";
  coop: string;
  member: string;
  version: number;
  /** SHA-256 of the former terms; null only in version 1. */
  prev: string | null;
  /** A co-op day. */
  effective_from: string;
  legs: TermsLeg[];
  catch_up?: { max_share_ppm: number; horizon_hours: number };
  excess?: "carry" | "pay_out";
  scope?: "heater" | "account";
  expires?: string;
  cool_off_hours?: number;
  [extra: string]: unknown;
}

/** Flattened JSON JWS (RFC 7515). */
export interface FlatJws {
  payload: string;
  protected: string;
  signature: string;
}
