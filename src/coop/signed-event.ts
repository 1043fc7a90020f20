import type { CoopEvent, EventPriority, EventType } from "../model/coop-event.ts";
import { HearthError } from "../model/errors.ts";
import { field, safeText, toNumber } from "../model/parse.ts";
import { canonicalText } from "../settlement/canonical.ts";
import { JWS_TYPES, verifyCompact } from "./jws.ts";
import { createSha256, type PublicJwk } from "./keys.ts";

/** What this home accepts as an event for itself. */
export interface EventRules {
  key: PublicJwk;
  /** The pin. */
  thumbprint: string;
  coop: string;
  member: string;
  /** Groups from the enrolment; never what a VTN claims later. */
  groups: readonly string[];
}

/** The newest accepted version of one event; plain data, to be kept over restarts (reliability.md T05, T07). */
export interface SeenEvent {
  version: number;
  sha256: string;
  expiresMs: number;
  /** True once it was missing from a complete list: cancelled, and this version never counts again. */
  isGone: boolean;
  event: CoopEvent;
}

export type SeenEvents = Record<string, SeenEvent>;

/** Where `SeenEvents` live; `write` must be durable before it returns. */
export interface EventMemory {
  read(): SeenEvents;
  write(seen: SeenEvents): void;
}

export interface RefusedEvent {
  /** Null when not even an id could be read. */
  id: string | null;
  /** Plain words; safe text. */
  reason: string;
}

export interface EventReview {
  /** Every event in force or to come; cancelled ones carry `isCancelled`. */
  events: CoopEvent[];
  seen: SeenEvents;
  refused: RefusedEvent[];
}

const DAY_MS = 86_400_000;
const KEEP_AFTER_EXPIRY_MS = 30 * DAY_MS;
const FARTHEST_START_MS = 31 * DAY_MS;
const LONGEST_EVENT_MS = 7 * DAY_MS;
const LATEST_JOIN_MS = 60_000;
const TYPES: readonly string[] = ["limit", "off", "shift", "raise"];
const PRIORITIES: readonly string[] = ["drill", "economic", "peak", "emergency"];

/**
 * Judges a complete list of signed events against what was seen before: signature, addressee, freshness and
 * strictly rising version per id. An equal or lower version changes nothing, a missing id is cancelled, an event
 * that is new and ends within a minute is not joined (reliability.md F19, T05-T07). Throws nothing.
 */
export async function reviewEvents(
  list: readonly string[],
  rules: EventRules,
  former: SeenEvents,
  nowMs: number,
): Promise<EventReview> {
  const seen: SeenEvents = { ...former };
  const refused: RefusedEvent[] = [];
  const listed = new Set<string>();
  for (const jws of list) {
    const claim = await openClaim(jws, rules);
    if (!("event" in claim)) {
      refused.push(claim);
      continue;
    }
    listed.add(claim.event.id);
    const reason = admit(claim, seen, nowMs);
    if (reason !== null) refused.push({ id: claim.event.id, reason });
  }
  for (const [id, entry] of Object.entries(seen)) {
    if (entry.expiresMs + KEEP_AFTER_EXPIRY_MS < nowMs) delete seen[id];
    else if (!listed.has(id) && !entry.isGone) seen[id] = { ...entry, isGone: true };
  }
  const events = Object.values(seen)
    .filter(({ isGone, event }) => !isGone && (event.endMs === null || event.endMs > nowMs))
    .map(({ event }) => event);
  return { events, seen, refused };
}

type Claim = Omit<SeenEvent, "isGone">;

/** Takes a claim into `seen`; the reason when it does not count, null when it does or is already known. */
function admit(claim: Claim, seen: SeenEvents, nowMs: number): string | null {
  const known = Object.hasOwn(seen, claim.event.id) ? seen[claim.event.id] : undefined;
  if (known && !known.isGone && known.version === claim.version && known.sha256 === claim.sha256) return null;
  if (known && claim.version <= known.version) {
    return `version ${claim.version} is not above ${known.version}, which is known`;
  }
  if (claim.expiresMs <= nowMs) return "it has expired";
  const { event } = claim;
  if (!event.isCancelled) {
    if (Math.abs(event.startMs - nowMs) > FARTHEST_START_MS) return "it starts too far from now";
    if (!known && event.endMs !== null && event.endMs - nowMs < LATEST_JOIN_MS)
      return "it is as good as over";
  }
  // A cancel names only the id; the times of what it cancels stay for the people who read it.
  const merged =
    event.isCancelled && known ? { ...known.event, version: event.version, isCancelled: true } : event;
  // A cancel of something never seen is only remembered, so that the event itself cannot come after it.
  seen[event.id] = { ...claim, isGone: event.isCancelled && !known, event: merged };
  return null;
}

async function openClaim(jws: string, rules: EventRules): Promise<Claim | RefusedEvent> {
  let payload: Uint8Array;
  try {
    const { key, thumbprint } = rules;
    payload = await verifyCompact(jws, { typ: JWS_TYPES.event, keys: [key], thumbprint });
  } catch (error) {
    return { id: null, reason: error instanceof HearthError ? error.message : "its signature is broken" };
  }
  const text = Buffer.from(payload).toString("utf8");
  const body = parseCanonical(text);
  if (body === undefined) return { id: null, reason: "it is not in canonical form" };
  const id = field(body, "event", "id");
  if (typeof id !== "string" || !/^[A-Za-z0-9_-]{1,128}$/.test(id))
    return { id: null, reason: "it has no usable id" };
  const mismatch = addresseeProblem(body, rules);
  if (mismatch !== null) return { id, reason: mismatch };
  const version = field(body, "version");
  const expiresMs = instant(field(body, "expires"));
  if (!Number.isSafeInteger(version) || (version as number) < 1)
    return { id, reason: "its version is no number" };
  if (expiresMs === null) return { id, reason: "it has no expiry" };
  const event = toCoopEvent(field(body, "event"), id, version as number, rules.coop);
  if (typeof event === "string") return { id, reason: event };
  return { version: version as number, sha256: createSha256()(payload), expiresMs, event };
}

function parseCanonical(text: string): unknown {
  try {
    const body: unknown = JSON.parse(text);
    return canonicalText(body) === text ? body : undefined;
  } catch {
    return undefined;
  }
}

function addresseeProblem(body: unknown, rules: EventRules): string | null {
  if (field(body, "type") !== "coop-event/v1") return "it is of an unknown type";
  if (field(body, "coop") !== rules.coop) return "it is from another co-op";
  const to = field(body, "to");
  if (typeof to !== "string") return "it names nobody";
  if (to !== rules.member && !rules.groups.includes(to))
    return `it is for ${safeText(to, 40)}, not for this home`;
  const nonce = field(body, "nonce");
  return typeof nonce === "string" && nonce.length >= 8 ? null : "it has no nonce";
}

/** The event of control.md §7, or why it is refused (reliability.md F20). */
function toCoopEvent(body: unknown, id: string, version: number, coop: string): CoopEvent | string {
  const base = { id, version, raiseW: null, floorW: 0, source: coop };
  if (field(body, "cancelled") === true) {
    const gone = { issuedMs: 0, startMs: 0, endMs: null, limitW: 0, noticeS: 0, isCancelled: true };
    return { ...base, ...gone, type: "limit", priority: "peak" };
  }
  const type = field(body, "type");
  const priority = field(body, "priority") ?? "peak";
  const startMs = instant(field(body, "start"));
  const endMs = field(body, "end") == null ? null : instant(field(body, "end"));
  if (typeof type !== "string" || !TYPES.includes(type)) return "its kind is not known";
  if (typeof priority !== "string" || !PRIORITIES.includes(priority)) return "its class is not known";
  if (startMs === null || (endMs === null && field(body, "end") != null)) return "its times are not readable";
  if (endMs !== null && endMs <= startMs) return "it ends before it starts";
  if (endMs !== null && endMs - startMs > LONGEST_EVENT_MS) return "it is longer than 7 days";
  const watts = { min: 0, max: 100_000 };
  const floorW = toNumber(field(body, "floor_w") ?? 0, watts);
  const limitW =
    type === "off" ? 0 : toNumber(field(body, "limit_w") ?? (type === "raise" ? 100_000 : null), watts);
  const raiseW = type === "raise" ? toNumber(field(body, "raise_w"), watts) : null;
  if (limitW === null || floorW === null) return "its limit is no number of watts";
  if (type === "raise" && raiseW === null) return "it asks for more without saying how much";
  return {
    ...base,
    issuedMs: instant(field(body, "issued")) ?? startMs,
    startMs,
    endMs,
    type: type as EventType,
    priority: priority as EventPriority,
    limitW: Math.max(limitW, floorW),
    raiseW,
    floorW,
    noticeS: toNumber(field(body, "notice_s"), { min: 0, max: 31 * 86_400 }) ?? 0,
    isCancelled: false,
  };
}

function instant(value: unknown): number | null {
  if (typeof value !== "string" || !/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z$/.test(value)) return null;
  const ms = Date.parse(value);
  return Number.isNaN(ms) ? null : ms;
}
