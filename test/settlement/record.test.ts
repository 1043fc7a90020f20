import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { SettlementRecord } from "#src/model/settlement-record.ts";
import { canonicalText } from "#src/settlement/canonical.ts";
import {
  buildDayRecord,
  checkRecord,
  coveragePercent,
  type DayInput,
  failedChecks,
} from "#src/settlement/record.ts";
import { readRecord } from "#src/settlement/record-shape.ts";
import { asRecord, confirmedDay, exampleDay, exampleTerms, RECORD_SHA256, sha256 } from "./examples.ts";

const failed = (record: SettlementRecord, former: SettlementRecord | null = null) =>
  failedChecks(checkRecord(record, former, exampleTerms())).map((check) => check.name);

describe("the daily record", () => {
  it("comes out byte for byte as the document's example", () => {
    const record = asRecord(buildDayRecord(confirmedDay()));
    expect(sha256(canonicalText(record))).toBe(RECORD_SHA256);
    expect(coveragePercent(record)?.toFixed(1)).toBe("54.5");
    expect(failed(record)).toEqual([]);
  });

  it("has the same figures from the device's work alone, marked as an estimate", () => {
    const { mining, credit, balance } = buildDayRecord(exampleDay());
    expect(mining.map((leg) => leg.net_msat)).toEqual([1_193_594, 510_134]);
    expect(mining.map((leg) => [leg.source, leg.status])).toEqual([
      ["device", "estimated"],
      ["device", "estimated"],
    ]);
    expect(credit).toEqual({
      value_uusd: 911_918,
      carry_in_uusd: 4200,
      posted_cents: 91,
      carry_out_uusd: 6118,
    });
    expect(balance).toEqual({
      open_uusd: 0,
      charge_uusd: 1_668_300,
      credit_uusd: 910_000,
      close_uusd: 758_300,
    });
  });

  it("shows time without readings and the debt of the split", () => {
    const day = exampleDay();
    const network = { difficulty: 138_966_872_071_213n, rewardSats: 313_312_160n, feePpm: 20_000n };
    const record = buildDayRecord({
      ...day,
      energy: day.energy.map((bucket) => ({ ...bucket, coveragePpm: 987_654 })),
      debt: { sharePpm: 700_000, coopDifficulty: 540_213_248n, totalDifficulty: 771_096_576n, network },
    });
    expect(record.energy.map((bucket) => bucket.coverage_ppm)).toEqual([987_654, 987_654]);
    expect(record.debt?.diff).toBe("-445645");
    expect(record.debt?.msat).toBe(-983);
    expect(failed(asRecord(record))).toEqual([]);
  });

  it("carries what is below a cent from day to day and loses nothing", () => {
    let former: DayInput["former"] = null;
    let credited = 0;
    let valued = 0;
    for (let count = 0; count < 30; count += 1) {
      const record = buildDayRecord({ ...confirmedDay(), former });
      valued += record.credit.value_uusd;
      credited += record.credit.posted_cents * 10_000;
      former = { closeUusd: record.balance.close_uusd, carryOutUusd: record.credit.carry_out_uusd };
    }
    expect(credited + (former?.carryOutUusd ?? 0)).toBe(valued);
  });

  it("refuses a figure that no safe integer holds", () => {
    const day = exampleDay();
    expect(() =>
      buildDayRecord({ ...day, energy: day.energy.map((bucket) => ({ ...bucket, wh: 2 ** 52 })) }),
    ).toThrow(RangeError);
  });
});

describe("the identities of a record", () => {
  const amount = (max: number) => fc.integer({ min: 0, max });
  const bucket = fc.record({
    bucket: fc.constantFrom("off_peak", "on_peak", "shoulder"),
    wh: amount(200_000),
    rateUusdPerKwh: fc.integer({ min: -50_000, max: 5_000_000 }),
    source: fc.constantFrom("ami" as const, "miner" as const),
    quality: fc.constantFrom("valid" as const, "estimated" as const),
    coveragePpm: fc.option(amount(1_000_000)),
  });
  const inputs = fc.record({
    energy: fc.uniqueArray(bucket, { maxLength: 3, selector: (entry) => entry.bucket }),
    work: fc.tuple(fc.bigInt(0n, 10n ** 12n), fc.bigInt(0n, 10n ** 12n)),
    cents: amount(50_000_000),
    carry: amount(9_999),
    open: fc.integer({ min: -(10 ** 10), max: 10 ** 10 }),
  });

  it("hold for any day that is built", () => {
    fc.assert(
      fc.property(inputs, ({ energy, work, cents, carry, open }) => {
        const day = exampleDay();
        const record = buildDayRecord({
          ...day,
          energy,
          work: day.work.map((leg, index) => ({ ...leg, acceptedDifficulty: work[index] ?? 0n })),
          price: { ...day.price, cents_per_btc: cents },
          former: { closeUusd: open, carryOutUusd: carry },
        });
        const read = readRecord(JSON.parse(canonicalText(asRecord(record))));
        expect(failed(read)).toEqual([]);
        expect(read.credit.carry_out_uusd).toBeLessThan(10_000);
      }),
    );
  });

  const changes: [string, (record: SettlementRecord) => void, string[]][] = [
    [
      "a charge",
      (record) => Object.assign(record.energy[0] ?? {}, { charge_uusd: 1 }),
      ["charge.off_peak", "charge_sum"],
    ],
    [
      "the charge sum",
      (record) => Object.assign(record.balance, { charge_uusd: 1 }),
      ["charge_sum", "close"],
    ],
    ["the value", (record) => Object.assign(record.credit, { value_uusd: 911_919 }), ["value", "carry"]],
    ["the carry", (record) => Object.assign(record.credit, { carry_out_uusd: 6119 }), ["carry"]],
    [
      "a carry of a whole cent",
      (record) => Object.assign(record.credit, { posted_cents: 90, carry_out_uusd: 16_118 }),
      ["carry_out_range", "credit"],
    ],
    ["the credit", (record) => Object.assign(record.balance, { credit_uusd: 920_000 }), ["credit", "close"]],
    ["the closing balance", (record) => Object.assign(record.balance, { close_uusd: 0 }), ["close"]],
    [
      "a difficulty",
      (record) => Object.assign(record.mining[0] ?? {}, { diff_accepted: "-1" }),
      ["diff_accepted.coop"],
    ],
    ["a role twice", (record) => Object.assign(record.mining[1] ?? {}, { role: "coop" }), ["value", "legs"]],
    [
      "the energy window",
      (record) => Object.assign(record.energy_window, { seconds: 82_800 }),
      ["energy_window"],
    ],
    [
      "the mining window",
      (record) => Object.assign(record, { day: "2026-01-16" }),
      ["energy_window", "mining_window"],
    ],
    ["the version of the terms", (record) => Object.assign(record, { terms: null }), ["terms"]],
  ];
  it.each(changes)("find a changed figure: %s", (_name, change, expected) => {
    const record = asRecord(buildDayRecord(confirmedDay()));
    change(record);
    expect(failed(record)).toEqual(expected);
  });

  it("link a day to the one before", () => {
    const former = asRecord(buildDayRecord({ ...confirmedDay(), day: "2026-01-14" }));
    expect(failed(asRecord(buildDayRecord(confirmedDay())), former)).toEqual(["open", "carry_in"]);
    const linked = buildDayRecord({
      ...confirmedDay(),
      former: { closeUusd: former.balance.close_uusd, carryOutUusd: former.credit.carry_out_uusd },
    });
    expect(failed(asRecord(linked), former)).toEqual([]);
  });
});

describe("a record from outside", () => {
  const sound = () => asRecord(buildDayRecord(confirmedDay()));

  it("keeps fields that are not known", () => {
    const record = { ...sound(), remark: "posted" };
    expect(readRecord(record)).toEqual(record);
  });

  it.each<[string, unknown]>([
    ["null", null],
    ["another type", { ...sound(), type: "settlement.day/v2" }],
    ["a fraction", { ...sound(), credit: { ...sound().credit, value_uusd: 0.5 } }],
    ["a number as text", { ...sound(), revision: "1" }],
    ["a revision 0", { ...sound(), revision: 0 }],
    ["an unknown state", { ...sound(), state: "paid" }],
    ["negative energy", { ...sound(), energy: [{ ...sound().energy[0], wh: -1 }] }],
    ["a leg without work", { ...sound(), mining: [{ role: "coop" }] }],
    ["no energy list", { ...sound(), energy: {} }],
    [
      "a coverage above the whole",
      { ...sound(), energy: [{ ...sound().energy[0], coverage_ppm: 1_000_001 }] },
    ],
    ["a prev that is no hash", { ...sound(), prev: "0" }],
    ["an escape sequence", { ...sound(), member: "a\u001b[2J" }],
  ])("is refused with exit 5 for %s", (_name, value) => {
    expect(() => readRecord(value)).toThrow(expect.objectContaining({ code: "RECORD_INVALID", exit: 5 }));
  });
});
