import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { onTestFinished } from "vitest";
import type { Ledger, NewSettlement } from "#src/ledger/ledger.ts";
import { addDays } from "#src/settlement/day.ts";
import { buildDayRecord, type DayInput } from "#src/settlement/record.ts";
import { confirmedDay } from "../settlement/examples.ts";

/** A folder that is removed at the end of the test. */
export function testFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), "hearth-ledger-"));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

/** The document's day `count` days later, linked to what the ledger has. */
export function dayAfter(ledger: Ledger, count: number, change: Partial<DayInput> = {}): NewSettlement {
  const day = addDays("2026-01-15", count);
  const before = ledger.latest(addDays(day, -1))?.record ?? null;
  const former = before && {
    closeUusd: before.balance.close_uusd,
    carryOutUusd: before.credit.carry_out_uusd,
  };
  return buildDayRecord({ ...confirmedDay(), state: "estimated", day, former, ...change });
}

export const jws = { payload: "cGF5bG9hZA", protected: "aGVhZGVy", signature: "c2lnbmF0dXJl" };
export const atMs = Date.parse("2026-01-16T06:30:00Z");
