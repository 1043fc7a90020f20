import type { CoopApi } from "../coop/coop-api.ts";
import { type IntervalBatch, type RowResult, toIntervalBatches, toWorkBatch } from "../coop/upload.ts";
import type { Ledger } from "../ledger/ledger.ts";
import type { StateStore } from "../ledger/state-store.ts";
import type { IntervalRow } from "../model/book-rows.ts";
import { type Clock, toInstant } from "../model/clock.ts";
import { HearthError } from "../model/errors.ts";
import { worseQuality } from "../settlement/energy.ts";
import { INTERVAL_S } from "./energy-meter.ts";

const MAX_ROWS = 2000;
/** Part of a quarter hour that must have had readings for its energy to pass as measured. */
const WHOLE_RATIO = 0.9;

export interface UploadParts {
  store: StateStore;
  ledger: Ledger;
  clock: Clock;
}

/**
 * Sends what is due, oldest first. What the co-op refuses for good is parked with its reason in the ledger, so that
 * it does not hold up the rest (settlement.md §15); what it could not take now stays in the queue. Answers the number
 * of requests that the co-op answered. Throws the first error that is worth a later try.
 */
export async function uploadDue(api: CoopApi, parts: UploadParts): Promise<number> {
  return (await uploadIntervals(api, parts)) + (await uploadWork(api, parts));
}

async function uploadIntervals(api: CoopApi, { store, ledger, clock }: UploadParts): Promise<number> {
  const rows = store.pendingIntervals(MAX_ROWS);
  const batches = toIntervalBatches(rows.map(onGrid), "miner");
  for (const batch of batches) {
    const refused = await sendOrPark(() => api.postIntervals(batch));
    const kind = refused === null ? "interval.uploaded" : "interval.parked";
    const body = { device: batch.device, start: batch.start, count: batch.wh.length };
    ledger.append(kind, refused === null ? body : { ...body, reason: refused }, clock.nowMs());
    store.markIntervalsUploaded(rowsOf(batch, rows));
  }
  return batches.length;
}

async function uploadWork(api: CoopApi, { store, ledger, clock }: UploadParts): Promise<number> {
  // The running hour still grows; it is sent when it is over.
  const hourMs = Math.floor(clock.nowMs() / 3_600_000) * 3_600_000;
  const rows = store.pendingWork(MAX_ROWS).filter((row) => row.hourMs < hourMs);
  if (rows.length === 0) return 0;
  const refused = await sendOrPark(() => api.postWork(toWorkBatch(rows)));
  const kind = refused === null ? "split.uploaded" : "split.parked";
  const body = { until: toInstant(hourMs), rows: rows.length };
  ledger.append(kind, refused === null ? body : { ...body, reason: refused }, clock.nowMs());
  store.markWorkUploaded(rows);
  return 1;
}

/** Null when everything was taken; the reason when some or all of it was refused for good. */
async function sendOrPark(send: () => Promise<RowResult[]>): Promise<string | null> {
  try {
    const refused = (await send()).filter((row) => row.status === "refused");
    return refused.length === 0 ? null : refused.map((row) => row.reason ?? "refused").join("; ");
  } catch (error) {
    if (error instanceof HearthError && error.code === "COOP_REFUSED") return error.message;
    throw error;
  }
}

function rowsOf(batch: IntervalBatch, rows: readonly IntervalRow[]): IntervalRow[] {
  const fromMs = Date.parse(batch.start);
  const toMs = fromMs + batch.wh.length * batch.interval_seconds * 1000;
  return rows.filter((row) => row.miner === batch.device && row.startMs >= fromMs && row.startMs < toMs);
}

/** Rows of the co-op lie on the grid of quarter hours; one with a gap says so by its quality. */
function onGrid(row: IntervalRow): IntervalRow {
  const hasGap = row.seconds < INTERVAL_S * WHOLE_RATIO;
  const quality = hasGap ? worseQuality(row.quality, "questionable") : row.quality;
  return { ...row, seconds: INTERVAL_S, quality };
}
