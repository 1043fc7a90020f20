import type { StateStore } from "../ledger/state-store.ts";
import type { WorkRow } from "../model/book-rows.ts";
import type { MinerReading, PoolReading } from "../model/miner.ts";
import type { TermsLeg } from "../model/terms.ts";
import { isSamePool } from "../settlement/pool-url.ts";
import { type CounterIncrement, countIncrement } from "../settlement/work-counter.ts";

export type LegRole = TermsLeg["role"];

/** A leg as one miner should have it: normalised pool address and full user. */
export interface MinerLeg {
  role: LegRole;
  url: string;
  user: string;
}

/** Accepted work of one leg since the terms began. */
export interface LegTotal {
  accepted: bigint;
  rejected: bigint;
  shares: number;
}

export type LegTotals = Record<LegRole, LegTotal>;

interface CounterState {
  accepted: number;
  rejected: number;
  stale: number;
  uptimeS: number | null;
}

/** Which leg a pool entry of the device is; null when it is none of the terms. */
export function legOf(pool: PoolReading, legs: readonly MinerLeg[]): LegRole | null {
  return legs.find((leg) => leg.user === pool.user && isSamePool(leg.url, pool.url))?.role ?? null;
}

/**
 * Counts the accepted work of one miner per leg from its own counters, which fall to zero at restarts
 * (settlement.md §4.2). Where the firmware has no difficulty sum, shares times the current difficulty.
 */
export function createWorkMeter(miner: string, store: StateStore, termsKey: string) {
  const totalsKey = `work-totals:${termsKey}:${miner}`;
  const countersKey = `work-counters:${termsKey}:${miner}`;
  const totals = restoreTotals(store.get(totalsKey));
  // Kept over restarts, so that what the miner does while no loop runs is counted too.
  const counters = new Map<string, CounterState>(store.get<[string, CounterState][]>(countersKey) ?? []);
  const pending = createPending();
  let lastObservedMs: number | null = null;

  return {
    observe(atMs: number, reading: MinerReading, legs: readonly MinerLeg[]): { resets: string[] } {
      const resets: string[] = [];
      const activeS = lastObservedMs === null ? 0 : Math.min(60, Math.round((atMs - lastObservedMs) / 1000));
      lastObservedMs = atMs;
      for (const pool of reading.pools) {
        const role = legOf(pool, legs);
        const now = countersOf(pool, reading.uptimeS);
        if (!role || !now) continue;
        const key = `${pool.url}|${pool.user}`;
        const step = countIncrement(counters.get(key) ?? null, now);
        const isFirstSight = !counters.has(key);
        counters.set(key, now);
        if (isFirstSight) continue;
        if (step.isReset) resets.push(pool.url);
        const { accepted, rejected, shares } = toWork(pool, step);
        const isActive = pool.isActive === true && reading.state === "mining";
        if (accepted === 0n && rejected === 0n && !isActive) continue;
        add(totals[role], accepted, rejected, shares);
        const hourMs = Math.floor(atMs / 3_600_000) * 3_600_000;
        pending.add({
          miner,
          hourMs,
          role,
          accepted,
          rejected,
          stale: 0n,
          shares,
          activeS: isActive ? activeS : 0,
        });
      }
      return { resets };
    },
    totals: (): LegTotals => totals,
    /** Writes what came since the last call: rows of the hour, totals and counters, which belong together. */
    save(): void {
      for (const row of pending.take()) store.addWork({ ...row, shares: Math.round(row.shares) });
      store.set(totalsKey, saveTotals(totals));
      store.set(countersKey, [...counters]);
    },
  };
}

export type WorkMeter = ReturnType<typeof createWorkMeter>;

/** Rows of one miner that wait for the next write, summed by hour and leg. */
function createPending() {
  const rows = new Map<string, WorkRow>();
  return {
    add(row: WorkRow): void {
      const key = `${row.hourMs}|${row.role}`;
      const sum = rows.get(key);
      if (!sum) rows.set(key, { ...row });
      else {
        sum.accepted += row.accepted;
        sum.rejected += row.rejected;
        sum.shares += row.shares;
        sum.activeS += row.activeS;
      }
    },
    take(): WorkRow[] {
      const taken = [...rows.values()];
      rows.clear();
      return taken;
    },
  };
}

/** An increment of the device's counters as difficulty and shares. */
function toWork(
  pool: PoolReading,
  step: CounterIncrement,
): { accepted: bigint; rejected: bigint; shares: number } {
  const difficulty = pool.shareDifficulty ?? 0;
  const counted = step.accepted ?? 0;
  const isSum = pool.acceptedDifficulty !== null;
  return {
    accepted: BigInt(Math.round(isSum ? counted : counted * difficulty)),
    rejected: BigInt(Math.round((step.rejected ?? 0) * difficulty)),
    shares: isSum ? (difficulty > 0 ? counted / difficulty : 0) : counted,
  };
}

function countersOf(pool: PoolReading, uptimeS: number | null): CounterState | null {
  const accepted = pool.acceptedDifficulty ?? pool.accepted;
  if (accepted === null) return null;
  return { accepted, rejected: pool.rejected ?? 0, stale: pool.stale ?? 0, uptimeS };
}

function add(total: LegTotal, accepted: bigint, rejected: bigint, shares: number): void {
  total.accepted += accepted;
  total.rejected += rejected;
  total.shares += shares;
}

interface SavedTotal {
  accepted: string;
  rejected: string;
  shares: number;
}

function saveTotals(totals: LegTotals): Record<LegRole, SavedTotal> {
  const save = (total: LegTotal) => ({
    ...total,
    accepted: `${total.accepted}`,
    rejected: `${total.rejected}`,
  });
  return { coop: save(totals.coop), member: save(totals.member) };
}

function restoreTotals(saved: unknown): LegTotals {
  const restore = (role: LegRole): LegTotal => {
    const total = (saved as Partial<Record<LegRole, SavedTotal>> | null)?.[role];
    if (!total) return { accepted: 0n, rejected: 0n, shares: 0 };
    return { accepted: BigInt(total.accepted), rejected: BigInt(total.rejected), shares: total.shares };
  };
  return { coop: restore("coop"), member: restore("member") };
}
