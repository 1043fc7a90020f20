import type { PoolReading } from "#src/model/miner.ts";

/** A pool entry of a miner as a driver tells it. */
export function poolReading(over: Partial<PoolReading>): PoolReading {
  return {
    url: "stratum+tcp://pool.example:3333",
    user: "rec.7k3q9d2z01",
    role: "unknown",
    state: "alive",
    acceptedDifficulty: 0,
    accepted: 0,
    rejected: 0,
    stale: 0,
    shareDifficulty: 1000,
    isActive: true,
    sharePpm: null,
    ...over,
  };
}
