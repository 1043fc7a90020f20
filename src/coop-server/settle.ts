import { JWS_TYPES, signFlat } from "../coop/jws.ts";
import { toInstant } from "../model/clock.ts";
import { refusedError, staleError } from "../model/errors.ts";
import type { SettlementRecord } from "../model/settlement-record.ts";
import { canonicalText } from "../settlement/canonical.ts";
import { energyWindow, miningWindow } from "../settlement/day.ts";
import type { NetworkFacts } from "../settlement/earnings.ts";
import { buildDayRecord, type DebtInput, type WorkInput } from "../settlement/record.ts";
import { coopSharePpm } from "../settlement/terms.ts";
import { memberCodes } from "./members.ts";
import type { Office } from "./office.ts";
import { memberPart, readPoolDay, type WorkerDay } from "./pool-day.ts";
import { energyOf, workOf } from "./readings.ts";
import { text } from "./rows.ts";
import { termsOn } from "./terms-office.ts";

/**
 * Settles one civil day for every member: revision 1, state `confirmed`, signed. A day that is settled already
 * keeps its record. What is signed has no `prev`: that link belongs to the table where a row stands, and the home
 * appends the record to its own. Throws `DAY_NOT_OVER`, `POOL_DAY_OPEN` (exit 6), `SETTLE_ORDER` (exit 4).
 */
export async function settleDay(office: Office, day: string): Promise<{ day: string; members: string[] }> {
  const { settings, clock, http } = office;
  const energy = energyWindow(day, settings.tz);
  const mining = miningWindow(day);
  if (clock.nowMs() < Math.max(energy.endMs, mining.endMs)) {
    throw staleError("DAY_NOT_OVER", `${day} is not over yet.`, { left: "Nothing was settled" });
  }
  const { poolApiUrl, pool } = settings;
  const workers =
    poolApiUrl === null ? null : await readPoolDay(http, { apiUrl: poolApiUrl, user: pool.user }, day);
  const members = memberCodes(office);
  for (const member of members) {
    if (!isSettled(office, member, day)) await settleMember(office, member, day, workers);
  }
  return { day, members };
}

async function settleMember(
  office: Office,
  member: string,
  day: string,
  workers: ReadonlyMap<string, WorkerDay> | null,
): Promise<void> {
  const { settings, key, store } = office;
  const terms = termsOn(office, member, day);
  const mining = miningWindow(day);
  const record = buildDayRecord({
    coop: settings.id,
    member,
    day,
    tz: settings.tz,
    revision: 1,
    state: "confirmed",
    energy: energyOf(office, member, energyWindow(day, settings.tz)),
    work: [coopLeg(office, member, mining, workers), memberLeg(office, member, mining)],
    price: {
      cents_per_btc: settings.price.centsPerBtc,
      at: toInstant(mining.endMs),
      source: settings.price.source,
      method: "fixed",
    },
    terms: terms && { version: terms.version, sha256: terms.sha256 },
    former: formerOf(office, member, day),
    debt:
      terms && debtOf(office, member, coopSharePpm(terms.terms), terms.terms.effective_from, mining.endMs),
  });
  const canonical = canonicalText(record);
  const jws = await signFlat(Buffer.from(canonical), key, JWS_TYPES.settlement);
  const sql = "INSERT INTO settlements VALUES (?, ?, 1, 'confirmed', ?, ?) ON CONFLICT DO NOTHING";
  store.run(sql, member, day, canonical, JSON.stringify(jws));
}

/** The pool's figure for this member's workers; without an account API the uploaded work at the day's rate. */
function coopLeg(
  office: Office,
  member: string,
  window: { startMs: number; endMs: number },
  workers: ReadonlyMap<string, WorkerDay> | null,
): WorkInput {
  if (workers === null) return uploadedLeg(office, member, "coop", window);
  const part = memberPart(workers, member);
  return {
    role: "coop",
    acceptedDifficulty: part.acceptedDifficulty,
    rejectedDifficulty: part.rejectedDifficulty,
    earning: { kind: "pool", netMsat: part.netMsat, status: "confirmed" },
  };
}

function memberLeg(office: Office, member: string, window: { startMs: number; endMs: number }): WorkInput {
  return uploadedLeg(office, member, "member", window);
}

function uploadedLeg(
  office: Office,
  member: string,
  role: "coop" | "member",
  { startMs, endMs }: { startMs: number; endMs: number },
): WorkInput {
  const work = workOf(office, member, role, startMs, endMs);
  return {
    role,
    acceptedDifficulty: work.accepted,
    rejectedDifficulty: work.rejected,
    earning: { kind: "expected", network: networkOf(office) },
  };
}

/** Split debt since the terms took effect, from the uploaded work of both legs. */
function debtOf(office: Office, member: string, sharePpm: number, fromDay: string, toMs: number): DebtInput {
  const fromMs = miningWindow(fromDay).startMs;
  const coop = workOf(office, member, "coop", fromMs, toMs).accepted;
  const own = workOf(office, member, "member", fromMs, toMs).accepted;
  return { sharePpm, coopDifficulty: coop, totalDifficulty: coop + own, network: networkOf(office) };
}

function networkOf({ settings }: Office): NetworkFacts {
  const { difficulty, rewardSats, poolFeePpm } = settings.network;
  return { difficulty, rewardSats, feePpm: BigInt(poolFeePpm) };
}

/** Close and carry of the member's last settled day. Throws `SETTLE_ORDER` when a later day is settled already. */
function formerOf(
  office: Office,
  member: string,
  day: string,
): { closeUusd: number; carryOutUusd: number } | null {
  const later = office.store.get("SELECT day FROM settlements WHERE member = ? AND day > ?", member, day);
  if (later) {
    throw refusedError(
      "SETTLE_ORDER",
      `${text(later, "day")} is settled already, so ${day} comes too late.`,
      {
        left: "Nothing was settled",
        hint: "Settle days in their order",
      },
    );
  }
  const sql =
    "SELECT record FROM settlements WHERE member = ? AND day < ? ORDER BY day DESC, revision DESC LIMIT 1";
  const row = office.store.get(sql, member, day);
  if (!row) return null;
  const { balance, credit } = JSON.parse(text(row, "record")) as SettlementRecord;
  return { closeUusd: balance.close_uusd, carryOutUusd: credit.carry_out_uusd };
}

function isSettled(office: Office, member: string, day: string): boolean {
  return office.store.get("SELECT 1 FROM settlements WHERE member = ? AND day = ?", member, day) !== null;
}
