/** A device's work counters of one pool as just read. Null is unknown. */
export interface CounterReading {
  accepted: number | null;
  rejected: number | null;
  stale: number | null;
  /** Seconds since the device started. */
  uptimeS: number | null;
}

/** Work since the former reading, each 0 or more; null where one of the two readings did not tell. */
export interface CounterIncrement {
  accepted: number | null;
  rejected: number | null;
  stale: number | null;
  /** True when the counters fell back to zero in between: the gap is to be recorded as `counter_reset`. */
  isReset: boolean;
}

/** Devices round their uptime; less than this is no restart, s. */
const UPTIME_JITTER_S = 5;

/**
 * What was done since the former reading (settlement.md §4 rule 2). Counters fall to zero at restarts, and on
 * some devices at pool switches: then the increment is the new value, and what lay between is lost. The first
 * reading (`former` null) counts nothing, since its work may be older than the terms.
 */
export function countIncrement(former: CounterReading | null, now: CounterReading): CounterIncrement {
  const base = former ?? now;
  const isReset = hasRestarted(base, now) || hasFallen(base, now);
  const since = (was: number | null, is: number | null) => {
    if (was === null || is === null) return null;
    return isReset ? is : is - was;
  };
  return {
    accepted: since(base.accepted, now.accepted),
    rejected: since(base.rejected, now.rejected),
    stale: since(base.stale, now.stale),
    isReset,
  };
}

function hasRestarted(former: CounterReading, now: CounterReading): boolean {
  if (former.uptimeS === null || now.uptimeS === null) return false;
  return now.uptimeS < former.uptimeS - UPTIME_JITTER_S;
}

function hasFallen(former: CounterReading, now: CounterReading): boolean {
  const pairs = [
    [former.accepted, now.accepted],
    [former.rejected, now.rejected],
    [former.stale, now.stale],
  ] as const;
  return pairs.some(([was, is]) => was !== null && is !== null && is < was);
}
