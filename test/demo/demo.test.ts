import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { SettlementRecord } from "#src/model/settlement-record.ts";
import { temporaryHome } from "../binary/spawn-hearth.ts";

interface DemoData {
  seed: number;
  days: { day: string; recorded: string }[];
  split: {
    target_ppm: number;
    measured_ppm: number;
    low_ppm: number;
    high_ppm: number;
    mechanisms: Record<string, string>;
  };
  events: { met: boolean; start: string; end: string }[];
  settlements: SettlementRecord[];
  ledger: { rows: number; verified: boolean };
  safety: { floor_breach_min: number; over_limit_ws: number };
  reasons: Record<string, number>;
}

let hearth: ReturnType<typeof temporaryHome>;
let other: ReturnType<typeof temporaryHome>;
let whole: { ok: boolean; schema: string; data: DemoData };
let oneDay: { ok: boolean; data: DemoData };

beforeAll(async () => {
  hearth = temporaryHome();
  other = temporaryHome();
  const [first, second] = await Promise.all([
    hearth.run(["demo", "--json", "--quiet"]),
    other.run(["demo", "--json", "--quiet", "--seed", "3", "--day", "2022-01-02"]),
  ]);
  whole = JSON.parse(first.stdout);
  oneDay = JSON.parse(second.stdout);
}, 280_000);
afterAll(() => Promise.all([hearth.close(), other.close()]));

describe("the demo", () => {
  test("keeps every promise and says so in one document", () => {
    expect(whole).toMatchObject({ schema: "hearth.demo/1", ok: true });
    expect(whole.data.safety).toMatchObject({ floor_breach_min: 0, over_limit_ws: 0 });
    expect(whole.data.events).toHaveLength(1);
    expect(whole.data.events[0]?.met).toBe(true);
    expect(whole.data.ledger.verified).toBe(true);
  });

  test("maps the recorded days onto two civil days", () => {
    expect(whole.data.days.map(({ day, recorded }) => [day, recorded])).toEqual([
      ["2026-01-15", "2022-01-02"],
      ["2026-01-16", "2012-05-17"],
    ]);
  });

  test("proves the split: the range holds the target and the measured share", () => {
    const { target_ppm, measured_ppm, low_ppm, high_ppm } = whole.data.split;

    expect(target_ppm).toBe(300_000);
    expect(low_ppm).toBeLessThanOrEqual(target_ppm);
    expect(high_ppm).toBeGreaterThanOrEqual(target_ppm);
    expect(low_ppm).toBeLessThanOrEqual(measured_ppm);
    expect(high_ppm - low_ppm).toBeLessThan(100_000);
    expect(Object.values(whole.data.split.mechanisms)).toEqual(["time-slice", "time-slice"]);
  });

  test("settles both days by the identities, each day going on from the one before", () => {
    expect(whole.data.settlements.map((record) => [record.day, record.state])).toEqual([
      ["2026-01-15", "confirmed"],
      ["2026-01-16", "confirmed"],
    ]);
    let open = 0;
    let carry = 0;
    for (const { credit, balance, energy, mining } of whole.data.settlements) {
      const charge = energy.reduce((sum, bucket) => sum + bucket.charge_uusd, 0);
      expect(balance.open_uusd).toBe(open);
      expect(credit.carry_in_uusd).toBe(carry);
      expect(balance.charge_uusd).toBe(charge);
      expect(credit.value_uusd + credit.carry_in_uusd).toBe(
        credit.posted_cents * 10_000 + credit.carry_out_uusd,
      );
      expect(balance.close_uusd).toBe(balance.open_uusd + charge - credit.posted_cents * 10_000);
      expect(charge).toBeGreaterThan(0);
      expect(mining.every((leg) => BigInt(leg.diff_accepted) > 0n && leg.net_msat > 0)).toBe(true);
      open = balance.close_uusd;
      carry = credit.carry_out_uusd;
    }
  });

  test("meets the silent meter, the event and the sun on its way", () => {
    const sunny = Object.keys(whole.data.reasons);
    const cold = Object.keys(oneDay.data.reasons);

    expect(sunny).toContain("SURPLUS_TRACK");
    expect([...sunny, ...cold].some((code) => code.startsWith("COOP_"))).toBe(true);
  });

  test("leaves a folder that the other commands can read", async () => {
    const verify = await hearth.run(["settlement", "verify", "--json"]);
    const show = await hearth.run(["settlement", "show", "2026-01-15", "--json"]);
    const split = await hearth.run(["split", "verify", "--json"]);

    expect([verify.exit, show.exit, split.exit]).toEqual([0, 0, 0]);
    expect(JSON.parse(show.stdout).data).toMatchObject({ day: "2026-01-15", missing: [] });
  });

  test("gives other figures for another seed, on the day that was asked for", () => {
    expect(oneDay.data.days.map((day) => day.recorded)).toEqual(["2022-01-02"]);
    expect(oneDay.data.settlements[0]?.mining).not.toEqual(whole.data.settlements[0]?.mining);
    expect(oneDay.data.split.measured_ppm).not.toBe(whole.data.split.measured_ppm);
    expect(oneDay.data.safety.over_limit_ws).toBe(0);
  });
});
