import { randomBytes } from "node:crypto";
import { JWS_TYPES, signCompact } from "../coop/jws.ts";
import { formatDuration } from "../coop/openadr-time.ts";
import { toInstant } from "../model/clock.ts";
import type { EventPriority, EventType } from "../model/coop-event.ts";
import { usageError } from "../model/errors.ts";
import { canonicalText } from "../settlement/canonical.ts";
import { dayOf } from "../settlement/day.ts";
import { isMemberCode } from "../settlement/worker-code.ts";
import { type Office, PROGRAM } from "./office.ts";
import { text, whole } from "./rows.ts";

/** An event as the operator orders it. Watts for the heaters; times in epoch ms. */
export interface EventOrder {
  type: EventType;
  /** For `raise`: the watts wanted. Ignored for `off`. */
  limitW: number;
  startMs: number;
  endMs: number;
  priority: EventPriority;
  noticeS: number;
  /** A member code, or the group `all`. */
  to: string;
}

const DAY_MS = 86_400_000;
/** A signed event stays verifiable for a day after its end; then it counts for nobody. */
const EXPIRES_AFTER_MS = DAY_MS;

/** Signs and publishes an event. Throws `EVENT_INVALID` (exit 2). */
export async function createEvent(office: Office, order: EventOrder): Promise<{ id: string }> {
  checkOrder(order);
  const { clock, store, settings } = office;
  const nowMs = clock.nowMs();
  const count = whole(store.get("SELECT COUNT(*) AS n FROM events") ?? { n: 0 }, "n");
  // From the day and a count, so that the same day run twice gives the same id and the same return delay.
  const id = `${settings.id}-${dayOf(order.startMs, settings.tz)}-${count + 1}`;
  const event = {
    id,
    issued: toInstant(nowMs),
    start: toInstant(order.startMs),
    end: toInstant(order.endMs),
    type: order.type,
    ...(order.type === "raise"
      ? { raise_w: order.limitW }
      : { limit_w: order.type === "off" ? 0 : order.limitW }),
    notice_s: order.noticeS,
    priority: order.priority,
  };
  const version = 1;
  const jws = await signEvent(office, {
    to: order.to,
    version,
    expiresMs: order.endMs + EXPIRES_AFTER_MS,
    event,
  });
  const oadr = toOpenAdr({ id, order, jws, createdMs: nowMs, changedMs: nowMs });
  store.run(
    "INSERT INTO events VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
    id,
    version,
    order.to,
    JSON.stringify(order),
    jws,
    JSON.stringify(oadr),
    nowMs,
    order.endMs + EXPIRES_AFTER_MS,
  );
  return { id };
}

/** Signs the next version of an event that says "cancelled". Throws `EVENT_UNKNOWN` (exit 2). */
export async function cancelEvent(office: Office, id: string): Promise<void> {
  const row = office.store.get("SELECT * FROM events WHERE id = ?", id);
  if (!row) throw usageError("EVENT_UNKNOWN", `There is no event "${id.slice(0, 60)}".`);
  const order = JSON.parse(text(row, "body")) as EventOrder;
  const version = whole(row, "version") + 1;
  const nowMs = office.clock.nowMs();
  const expiresMs = Math.max(whole(row, "expires_ms"), nowMs + EXPIRES_AFTER_MS);
  const jws = await signEvent(office, { to: order.to, version, expiresMs, event: { id, cancelled: true } });
  const former = JSON.parse(text(row, "oadr")) as { createdDateTime: string };
  const oadr = toOpenAdr({ id, order, jws, createdMs: Date.parse(former.createdDateTime), changedMs: nowMs });
  // The standard has no cancel: zero length at the beginning of time means it (openadr3.md §6.6).
  const cancelled = { ...oadr, intervalPeriod: { start: "0001-01-01T00:00:00Z", duration: "PT0S" } };
  const sql = "UPDATE events SET version = ?, jws = ?, oadr = ?, changed_ms = ?, expires_ms = ? WHERE id = ?";
  office.store.run(sql, version, jws, JSON.stringify(cancelled), nowMs, expiresMs, id);
}

/** Unexpired events for these targets, changed since then, oldest first. */
export function eventsFor(
  office: Office,
  targets: readonly string[],
  sinceMs: number,
): { id: string; version: number; jws: string; oadr: Record<string, unknown>; changedMs: number }[] {
  const sql = "SELECT * FROM events WHERE changed_ms >= ? AND expires_ms > ? ORDER BY rowid";
  return office.store
    .all(sql, sinceMs, office.clock.nowMs())
    .filter((row) => targets.includes(text(row, "audience")))
    .map((row) => ({
      id: text(row, "id"),
      version: whole(row, "version"),
      jws: text(row, "jws"),
      oadr: JSON.parse(text(row, "oadr")) as Record<string, unknown>,
      changedMs: whole(row, "changed_ms"),
    }));
}

function signEvent(
  office: Office,
  claim: { to: string; version: number; expiresMs: number; event: Record<string, unknown> },
): Promise<string> {
  const payload = canonicalText({
    type: "coop-event/v1",
    coop: office.settings.id,
    to: claim.to,
    version: claim.version,
    expires: toInstant(claim.expiresMs),
    nonce: randomBytes(12).toString("base64url"),
    event: claim.event,
  });
  return signCompact(Buffer.from(payload), office.key, JWS_TYPES.event);
}

/** The event as any OpenADR 3.1 VEN reads it, with the signed one as a private payload beside. */
function toOpenAdr(made: {
  id: string;
  order: EventOrder;
  jws: string;
  createdMs: number;
  changedMs: number;
}) {
  const { id, order, jws } = made;
  const kilowatts = (order.type === "off" ? 0 : order.limitW) / 1000;
  const alert = { type: "ALERT_GRID_EMERGENCY", values: ["Grid emergency"] };
  return {
    id,
    createdDateTime: toInstant(made.createdMs),
    modificationDateTime: toInstant(made.changedMs),
    objectType: "EVENT",
    programID: PROGRAM.id,
    eventName: id,
    priority: { emergency: 0, peak: 1, economic: 2, drill: 3 }[order.priority],
    targets: [order.to],
    payloadDescriptors: [
      { objectType: "EVENT_PAYLOAD_DESCRIPTOR", payloadType: "DISPATCH_SETPOINT", units: "KW" },
    ],
    intervalPeriod: {
      start: toInstant(order.startMs),
      duration: formatDuration(order.endMs - order.startMs),
    },
    intervals: [
      {
        id: 0,
        payloads: [
          { type: "HEARTH_EVENT_JWS", values: [jws] },
          { type: "DISPATCH_SETPOINT", values: [kilowatts] },
          ...(order.priority === "emergency" && order.type === "off" ? [alert] : []),
        ],
      },
    ],
  };
}

function checkOrder(order: EventOrder): void {
  const isWhole = [order.startMs, order.endMs].every(Number.isFinite);
  const isAddressed = order.to === PROGRAM.group || isMemberCode(order.to);
  const isWatts = Number.isFinite(order.limitW) && order.limitW >= 0 && order.limitW <= 100_000;
  if (isWhole && order.endMs > order.startMs && isAddressed && isWatts && order.noticeS >= 0) return;
  throw usageError(
    "EVENT_INVALID",
    `An event needs an end after its start, 0 to 100,000 W and a member code or "${PROGRAM.group}".`,
    { hint: "Check type, limit, times and addressee" },
  );
}
