import type { ReadingQuality } from "./settlement-record.ts";

/** Energy of one miner over one interval, as `POST /v1/intervals` sends it (settlement.md §15). */
export interface IntervalRow {
  miner: string;
  startMs: number;
  /** Time with readings, s. */
  seconds: number;
  /** Whole watt-hours, 0 or more. */
  wh: number;
  quality: ReadingQuality;
  /** Highest power seen, whole W; null is unknown. */
  wattMax: number | null;
}

/** Work of one miner for one leg in one hour. Difficulty-1 shares, 0 or more. */
export interface WorkRow {
  miner: string;
  hourMs: number;
  role: "coop" | "member";
  accepted: bigint;
  rejected: bigint;
  stale: bigint;
  /** Number of accepted shares. */
  shares: number;
  /** Time in which the leg had the work, s. */
  activeS: number;
}
