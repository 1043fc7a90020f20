import { createHash } from "node:crypto";
import type { SettlementRecord } from "#src/model/settlement-record.ts";
import type { SplitTerms } from "#src/model/terms.ts";
import type { DayInput } from "#src/settlement/record.ts";

export const sha256 = (data: string | Uint8Array) => createHash("sha256").update(data).digest("hex");

export const TERMS_SHA256 = "481382af70aeba5c70cf187af3eb2de7c08d092472bdcca24bfdd26f11b1d7e0";
export const RECORD_SHA256 = "1917b1fdd9c7d03c52f47876836855254546be7904ef7e8ba446b482099bc07e";

/** The terms of settlement.md §8. */
export function exampleTerms(): SplitTerms {
  return {
    coop: "prairie-rec",
    effective_from: "2026-01-01",
    legs: [
      {
        pool: "stratum+tcp://pool.example:3333",
        role: "coop",
        share_ppm: 700_000,
        user: "prairierec",
        worker: "7k3q9d2z01",
      },
      {
        pool: "stratum+tcp://pool.example:3333",
        role: "member",
        share_ppm: 300_000,
        user: "bc1qar0srrr7xfkvy5l643lydnw9re59gtzzwf5mdq",
        worker: "7k3q9d2z01",
      },
    ],
    member: "7k3q9d2z",
    prev: null,
    type: "split-terms/v1",
    version: 3,
  };
}

/** Inputs from which settlement.md §11 derives its example. */
export function exampleDay(): DayInput {
  const network = { difficulty: 138_966_872_071_213n, rewardSats: 313_312_160n, feePpm: 20_000n };
  const energy = { source: "ami", quality: "valid", coveragePpm: null } as const;
  return {
    coop: "prairie-rec",
    member: "7k3q9d2z",
    day: "2026-01-15",
    tz: "America/Chicago",
    revision: 1,
    state: "confirmed",
    energy: [
      { bucket: "off_peak", wh: 16_800, rateUusdPerKwh: 82_000, ...energy },
      { bucket: "on_peak", wh: 1615, rateUusdPerKwh: 180_000, ...energy },
    ],
    work: [
      {
        role: "coop",
        acceptedDifficulty: 540_213_248n,
        rejectedDifficulty: 0n,
        earning: { kind: "expected", network },
      },
      {
        role: "member",
        acceptedDifficulty: 230_883_328n,
        rejectedDifficulty: 0n,
        earning: { kind: "expected", network },
      },
    ],
    price: {
      cents_per_btc: 7_640_100,
      at: "2026-01-16T00:00:00Z",
      source: "coop-reference",
      method: "median",
    },
    terms: { version: 3, sha256: TERMS_SHA256 },
    former: { closeUusd: 0, carryOutUusd: 4200 },
    debt: null,
  };
}

/** `exampleDay` with the pool's confirmed figures, as the document prints the record. */
export function confirmedDay(): DayInput {
  const day = exampleDay();
  const figures = { coop: 1_193_594n, member: 510_134n };
  return {
    ...day,
    work: day.work.map((leg) => ({
      ...leg,
      earning: { kind: "pool", netMsat: figures[leg.role], status: "confirmed" },
    })),
  };
}

export function asRecord(record: Omit<SettlementRecord, "prev">): SettlementRecord {
  return { ...record, prev: "0".repeat(64) };
}
