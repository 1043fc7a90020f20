import { usageError } from "../model/errors.ts";
import { field, list, text as textField, toNumber } from "../model/parse.ts";
import type { EnergySource, ReadingQuality } from "../model/settlement-record.ts";
import { type BucketEnergy, bucketEnergy, type EnergyInterval } from "../settlement/energy.ts";
import { Problem } from "./http-kit.ts";
import { findMember } from "./members.ts";
import type { Office } from "./office.ts";
import { text, whole } from "./rows.ts";

/** What happened to one row of an upload. */
export interface RowOutcome {
  index: number;
  status: "stored" | "duplicate" | "refused";
  reason: string | null;
}

const SOURCES: readonly string[] = ["submeter", "plug", "miner", "estimate"];
const QUALITIES: readonly string[] = ["valid", "edited", "estimated", "questionable", "derived", "projected"];
const MAX_ROWS = 2_000;
const METER = "meter";

/** Meter readings of the co-op itself (AMI): they alone confirm. Watt-hours, whole. Throws `METER_ROW_INVALID` (2). */
export function importMeter(
  office: Office,
  member: string,
  rows: readonly { startMs: number; seconds: number; wh: number }[],
): void {
  if (!findMember(office, member)) throw usageError("MEMBER_UNKNOWN", "There is no such member.");
  office.store.transaction(() => {
    for (const { startMs, seconds, wh } of rows) {
      const isUsable = [startMs, seconds, wh].every(Number.isSafeInteger) && seconds > 0 && wh >= 0;
      if (!isUsable) {
        throw usageError(
          "METER_ROW_INVALID",
          "A meter reading needs a start, seconds and whole watt-hours.",
          {
            left: "Nothing was imported",
          },
        );
      }
      const sql =
        "INSERT INTO meter VALUES (?, ?, ?, ?) ON CONFLICT DO UPDATE SET seconds = excluded.seconds, wh = excluded.wh";
      office.store.run(sql, member, startMs, seconds, wh);
    }
  });
}

/** `POST /v1/intervals`: each row by itself; the newest value of an interval counts. Throws 422 for the whole batch. */
export function storeIntervals(office: Office, member: string, batch: Record<string, unknown>): RowOutcome[] {
  const device = textField(batch, "device");
  const source = textField(batch, "source") ?? "";
  const seconds = toNumber(batch["interval_seconds"]);
  const startMs = Date.parse(textField(batch, "start") ?? "");
  const readings = list(batch, "wh");
  if (
    device === null ||
    !SOURCES.includes(source) ||
    (seconds !== 900 && seconds !== 3600) ||
    Number.isNaN(startMs)
  ) {
    throw new Problem(
      422,
      "interval_batch",
      "device, source, interval_seconds (900 or 3600) and start are needed.",
    );
  }
  if (readings.length > MAX_ROWS) throw new Problem(422, "too_many_rows", `At most ${MAX_ROWS} rows.`);
  const qualities = list(batch, "quality");
  return office.store.transaction(() =>
    readings.map((wh, index): RowOutcome => {
      const quality = qualities[index] ?? "estimated";
      if (!Number.isSafeInteger(wh) || (wh as number) < 0) return refused(index, "wh is no whole number");
      if (typeof quality !== "string" || !QUALITIES.includes(quality))
        return refused(index, "quality is unknown");
      const atMs = startMs + index * seconds * 1000;
      return storeInterval(
        office,
        { member, device, atMs, seconds, wh: wh as number, source, quality },
        index,
      );
    }),
  );
}

/** `POST /v1/work`: counters of a device, UTC hour and leg; a later upload of the hour replaces the former. */
export function storeWork(office: Office, member: string, batch: Record<string, unknown>): RowOutcome[] {
  const rows = list(batch, "work");
  if (rows.length > MAX_ROWS) throw new Problem(422, "too_many_rows", `At most ${MAX_ROWS} rows.`);
  const sql = `INSERT INTO work VALUES (?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT DO UPDATE SET accepted = excluded.accepted,
    rejected = excluded.rejected, stale = excluded.stale, active_s = excluded.active_s`;
  return office.store.transaction(() =>
    rows.map((row, index): RowOutcome => {
      const device = textField(row, "device");
      const hourMs = Date.parse(textField(row, "hour") ?? "");
      const role = field(row, "role");
      const [accepted, rejected, stale] = ["accepted", "rejected", "stale"].map((key) =>
        difficulty(row, key),
      );
      if (device === null || Number.isNaN(hourMs) || hourMs % 3_600_000 !== 0)
        return refused(index, "device or hour");
      if (role !== "coop" && role !== "member") return refused(index, "role is unknown");
      if (accepted == null || rejected == null || stale == null)
        return refused(index, "no decimal difficulty");
      const activeS = Math.round(toNumber(field(row, "active_seconds"), { min: 0, max: 3_600 }) ?? 0);
      office.store.run(sql, member, device, hourMs, role, accepted, rejected, stale, activeS);
      return { index, status: "stored", reason: null };
    }),
  );
}

/** Energy of a window by bucket: the co-op's meter when it covers all of it, otherwise what the home uploaded. */
export function energyOf(
  office: Office,
  member: string,
  window: { startMs: number; endMs: number },
): BucketEnergy[] {
  const { store, settings } = office;
  const { tariff } = settings;
  const span = [member, window.startMs, window.endMs] as const;
  const meter = store.all("SELECT * FROM meter WHERE member = ? AND start_ms >= ? AND start_ms < ?", ...span);
  const ami = meter.map((row) => toInterval(METER, row, "valid"));
  const meteredS = ami.reduce((sum, { seconds }) => sum + seconds, 0);
  if (meteredS >= (window.endMs - window.startMs) / 1000) {
    return bucketEnergy({ tariff, window, devices: [METER], intervals: ami, source: "ami" });
  }
  const sql = "SELECT * FROM intervals WHERE member = ? AND start_ms >= ? AND start_ms < ?";
  const rows = store.all(sql, ...span);
  const intervals = rows.map((row) =>
    toInterval(text(row, "device"), row, text(row, "quality") as ReadingQuality),
  );
  const devices = [...new Set([...deviceIds(office, member), ...intervals.map(({ miner }) => miner)])];
  return bucketEnergy({
    tariff,
    window,
    devices,
    intervals,
    source: weakest(rows.map((row) => text(row, "source"))),
  });
}

/** Uploaded work of a leg from `fromMs` on, before `toMs`. */
export function workOf(
  office: Office,
  member: string,
  role: "coop" | "member",
  fromMs: number,
  toMs: number,
): { accepted: bigint; rejected: bigint } {
  const sql =
    "SELECT accepted, rejected, stale FROM work WHERE member = ? AND role = ? AND hour_ms >= ? AND hour_ms < ?";
  const sum = { accepted: 0n, rejected: 0n };
  for (const row of office.store.all(sql, member, role, fromMs, toMs)) {
    sum.accepted += BigInt(text(row, "accepted"));
    sum.rejected += BigInt(text(row, "rejected")) + BigInt(text(row, "stale"));
  }
  return sum;
}

function storeInterval(
  office: Office,
  row: {
    member: string;
    device: string;
    atMs: number;
    seconds: number;
    wh: number;
    source: string;
    quality: string;
  },
  index: number,
): RowOutcome {
  const { member, device, atMs, seconds, wh, source, quality } = row;
  const known = office.store.get(
    "SELECT wh, quality FROM intervals WHERE member = ? AND device = ? AND start_ms = ?",
    member,
    device,
    atMs,
  );
  if (known && known["wh"] === wh && known["quality"] === quality)
    return { index, status: "duplicate", reason: null };
  const sql = `INSERT INTO intervals VALUES (?, ?, ?, ?, ?, ?, ?) ON CONFLICT DO UPDATE SET seconds = excluded.seconds,
    wh = excluded.wh, source = excluded.source, quality = excluded.quality`;
  office.store.run(sql, member, device, atMs, seconds, wh, source, quality);
  return { index, status: "stored", reason: null };
}

function toInterval(miner: string, row: Record<string, unknown>, quality: ReadingQuality): EnergyInterval {
  return {
    miner,
    startMs: whole(row, "start_ms"),
    seconds: whole(row, "seconds"),
    wh: whole(row, "wh"),
    quality,
  };
}

function deviceIds(office: Office, member: string): string[] {
  return office.store.all("SELECT id FROM devices WHERE member = ?", member).map((row) => text(row, "id"));
}

/** The source of least authority among the rows (settlement.md §11); `estimate` when there are none. */
function weakest(sources: readonly string[]): EnergySource {
  return (SOURCES.findLast((source) => sources.includes(source)) ?? "estimate") as EnergySource;
}

function difficulty(row: unknown, key: string): string | null {
  const value = field(row, key) ?? "0";
  return typeof value === "string" && /^\d{1,30}$/.test(value) ? value : null;
}

function refused(index: number, reason: string): RowOutcome {
  return { index, status: "refused", reason };
}
