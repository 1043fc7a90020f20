import type { IntervalRow, WorkRow } from "../model/book-rows.ts";
import { toInstant } from "../model/clock.ts";

/** One `POST /v1/intervals` (settlement.md §15): readings of one device in a row without gap. Watt-hours. */
export interface IntervalBatch {
  device: string;
  /** `miner`, `plug`, `submeter`: authority by settlement.md §11. */
  source: string;
  interval_seconds: number;
  start: string;
  /** Null: no reading for that interval. */
  wh: (number | null)[];
  quality: string[];
  watt_max: (number | null)[];
}

/** One `POST /v1/work`: a row per device, UTC hour and leg; difficulty as decimal strings. */
export interface WorkBatch {
  work: {
    device: string;
    /** Start of the UTC hour. */
    hour: string;
    role: "coop" | "member";
    accepted: string;
    rejected: string;
    stale: string;
    shares: number;
    active_seconds: number;
  }[];
}

/** What the co-op did with one row: `stored`, `duplicate` or `refused`. */
export interface RowResult {
  index: number;
  status: string;
  reason: string | null;
}

/** Rows allowed in one request. */
export const MAX_ROWS = 2_000;

/** Groups stored intervals into batches: one device, one length, no gap, at most 2,000 rows. */
export function toIntervalBatches(rows: readonly IntervalRow[], source: string): IntervalBatch[] {
  const sorted = rows.toSorted((a, b) => a.miner.localeCompare(b.miner) || a.startMs - b.startMs);
  const batches: IntervalBatch[] = [];
  let nextStartMs = Number.NaN;
  for (const row of sorted) {
    let batch = batches.at(-1);
    const continues =
      batch?.device === row.miner &&
      batch.interval_seconds === row.seconds &&
      row.startMs === nextStartMs &&
      batch.wh.length < MAX_ROWS;
    if (!batch || !continues) {
      batch = emptyBatch(row, source);
      batches.push(batch);
    }
    batch.wh.push(row.wh);
    batch.quality.push(row.quality);
    batch.watt_max.push(row.wattMax);
    nextStartMs = row.startMs + row.seconds * 1000;
  }
  return batches;
}

/** Work counters as one request; at most 2,000 rows, the caller cuts. */
export function toWorkBatch(rows: readonly WorkRow[]): WorkBatch {
  return {
    work: rows.map((row) => ({
      device: row.miner,
      hour: toInstant(row.hourMs),
      role: row.role,
      accepted: row.accepted.toString(),
      rejected: row.rejected.toString(),
      stale: row.stale.toString(),
      shares: row.shares,
      active_seconds: row.activeS,
    })),
  };
}

function emptyBatch(row: IntervalRow, source: string): IntervalBatch {
  return {
    device: row.miner,
    source,
    interval_seconds: row.seconds,
    start: toInstant(row.startMs),
    wh: [],
    quality: [],
    watt_max: [],
  };
}
