import { describe, expect, it } from "vitest";
import type { SettlementRecord } from "#src/model/settlement-record.ts";
import { settlementLines } from "#src/text/table.ts";

/** A day of a 40 TH/s heater with the figures of settlement.md §11. */
const record: SettlementRecord = {
  type: "settlement.day/v1",
  coop: "prairie-rec",
  member: "7k3q9d2z",
  day: "2026-01-15",
  tz: "America/Chicago",
  energy_window: { start: "2026-01-15T06:00:00Z", end: "2026-01-16T06:00:00Z", seconds: 86_400 },
  mining_window: { start: "2026-01-15T00:00:00Z", end: "2026-01-16T00:00:00Z" },
  revision: 1,
  state: "confirmed",
  energy: [
    {
      bucket: "off_peak",
      wh: 16_800,
      rate_uusd_per_kwh: 82_000,
      charge_uusd: 1_377_600,
      source: "ami",
      quality: "valid",
    },
    {
      bucket: "on_peak",
      wh: 1_615,
      rate_uusd_per_kwh: 180_000,
      charge_uusd: 290_700,
      source: "ami",
      quality: "valid",
      coverage_ppm: 995_000,
    },
  ],
  mining: [
    {
      role: "coop",
      diff_accepted: "540213248",
      diff_rejected: "0",
      net_msat: 1_193_594,
      source: "pool",
      status: "confirmed",
    },
    {
      role: "member",
      diff_accepted: "230883328",
      diff_rejected: "0",
      net_msat: 510_134,
      source: "pool",
      status: "confirmed",
    },
  ],
  price: { cents_per_btc: 7_640_100, at: "2026-01-16T00:00:00Z", source: "coop-reference", method: "median" },
  credit: { value_uusd: 911_918, carry_in_uusd: 4_200, posted_cents: 91, carry_out_uusd: 6_118 },
  balance: { open_uusd: 0, charge_uusd: 1_668_300, credit_uusd: 910_000, close_uusd: 758_300 },
  terms: { version: 3, sha256: "481382af70aeba5c70cf187af3eb2de7c08d092472bdcca24bfdd26f11b1d7e0" },
  prev: "0".repeat(64),
};

describe("a settled day for the member", () => {
  it("shows energy, mining, credit, carry, balance and coverage", () => {
    const lines = settlementLines(record, {
      missing: [],
      coveragePercent: 54.5,
      targetPpm: 700_000,
      luckPpm: 8_400,
    });
    expect(lines.join("\n")).toMatchInlineSnapshot(`
      "2026-01-15  prairie-rec, member 7k3q9d2z
      confirmed, revision 1

      ENERGY       kWh  $ per kWh   CHARGE  FROM
      off_peak  16.800    $0.0820  $1.3776  co-op meter, valid
      on_peak    1.615    $0.1800  $0.2907  co-op meter, valid, 99.5 % of the time
      all       18.415             $1.6683

      MINED                    NET     WORK     PART  FROM
      to the co-op  1,193.594 sats  540.2 M  70.06 %  pool, confirmed
      to you          510.134 sats  230.9 M  29.94 %  pool, confirmed
      Agreed part of the co-op: 70 %, luck explains ±0.84 %

      Credit   $0.91 posted
               worth $0.911918, carried in $0.004200, carried on $0.006118
      Price    $76,401.00 per BTC at Thu 15 Jan 18:00 CST (coop-reference, median)
      Covers   54.5 % of the charge
      Balance  nothing owed before, $0.7583 owed after
               $1.6683 charged, $0.9100 credited
      Terms    version 3, 481382af70aeba5c

      The co-op's bill rules."
    `);
  });

  it("marks what is estimated and names what it waits for", () => {
    const open: SettlementRecord = {
      ...record,
      state: "estimated",
      balance: { ...record.balance, close_uusd: -758_300 },
      debt: { diff: "-1200", msat: -2_500 },
    };
    const text = settlementLines(open, {
      missing: ["meter data", "the pool's day"],
      coveragePercent: null,
    }).join("\n");
    expect(text).toContain("estimated: numbers are ours until the co-op confirms");
    expect(text).toContain("$0.91 posted, estimated");
    expect(text).toMatch(/Waiting +for meter data\nWaiting +for the pool's day/);
    expect(text).toContain("$0.7583 in your favour");
    expect(text).toContain("2.500 sats more than agreed has gone to the co-op");
    expect(text).toContain("– of the charge");
  });

  it("never says payment, and passes no escape from a record on", () => {
    const hostile = {
      ...record,
      coop: "\u001b[2Jrec",
      price: { ...record.price, source: "\u001b]0;x\u0007ref" },
    };
    const text = settlementLines(hostile, { missing: ["\u009b31mmeter"], coveragePercent: 1 }).join("\n");
    expect(text).not.toMatch(/payment/i);
    expect(text.replaceAll("\n", "")).not.toMatch(/\p{Cc}/u);
  });
});
