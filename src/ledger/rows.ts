import type { SettlementRecord, SettlementState } from "../model/settlement-record.ts";
import type { FlatJws } from "../model/terms.ts";

/** SHA-256 in lower-case hex. */
export type HashHex = (data: string | Uint8Array) => string;

/** One thing that happened; `hash` is SHA-256 of the canonical `{seq,id,at,kind,body,prev}` (interfaces.md §7). */
export interface LedgerEvent {
  /** From 1, without a gap. */
  seq: number;
  /** ULID. */
  id: string;
  /** RFC 3339 UTC, whole seconds. */
  at: string;
  /** As `terms.activated` (settlement.md §12). */
  kind: string;
  body: Record<string, unknown>;
  /** Hash of the event before; 64 zeros for the first. */
  prev: string;
  hash: string;
}

/** One row of a day's history; `hash` is SHA-256 of the canonical record, which contains `prev`. */
export interface SettlementRow {
  /** From 1, without a gap. */
  seq: number;
  member: string;
  day: string;
  revision: number;
  state: SettlementState;
  record: SettlementRecord;
  hash: string;
  /** The co-op's signed word for this row; null for the home's own. */
  jws: FlatJws | null;
}

/** Something in a ledger that is not as it was written. */
export interface LedgerBreak {
  table: "events" | "settlements" | "file";
  /** The row; null when it is the file. */
  seq: number | null;
  text: string;
}

export interface LedgerVerification {
  /** Rows that could be read. */
  events: number;
  settlements: number;
  /** Empty when everything is as it was written. */
  breaks: LedgerBreak[];
}

/** Event that keeps the signed record of a settlement row, so that the signature is in the chain as well. */
export const SIGNED_KIND = "settlement.signed";
