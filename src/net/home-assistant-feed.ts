import { accessError, unreachableError } from "../model/errors.ts";
import type { HttpReply } from "../model/miner-link.ts";
import { field } from "../model/parse.ts";
import type {
  EntityFeed,
  EntityState,
  HomeAssistantAccess,
  SourceClock,
  SourceHttpRequest,
} from "../model/source-link.ts";
import { type EntitySocket, openEntitySocket } from "./home-assistant-socket.ts";
import { keepUp } from "./keep-up.ts";

const REST_MS = 5_000;
/** Rewrites of an unchanged value are not pushed: when it was last written is asked so often, ms (sources.md §3.1). */
const CHECK_MS = 60_000;
const UNIT_MS = 600_000;

export interface EntityFeedOptions {
  access: HomeAssistantAccess;
  clock: SourceClock;
  secret: (ref: string | null) => string;
  request: (wanted: SourceHttpRequest, signal: AbortSignal) => Promise<HttpReply>;
}

export interface OpenEntityFeed extends EntityFeed {
  close(): Promise<void>;
}

interface Known {
  state: EntityState;
  /** When REST was asked for it, monotonic ms. */
  checkedMono: number;
}

/**
 * Entities of one Home Assistant: changes are told by WebSocket; once a minute, and while there is no WebSocket at every
 * read, the state is asked by REST. Nothing is ever written there.
 */
export function createEntityFeed(options: EntityFeedOptions): OpenEntityFeed {
  const { access, clock } = options;
  const known = new Map<string, Known>();
  const wanted = new Set<string>();
  const stop = new AbortController();
  let socket: EntitySocket | null = null;
  let running: Promise<void> | null = null;

  const onEntities = (event: unknown) => applyChanges(known, event, clock.monoMs());
  const session = async (isUp: () => void) => {
    socket = await openEntitySocket(access, options.secret(access.secretRef), { onEntities }, stop.signal);
    isUp();
    socket.subscribe([...wanted]);
    // What changed while there was no socket was told to nobody.
    for (const one of known.values()) one.checkedMono = Number.NEGATIVE_INFINITY;
    await socket.ended;
  };
  const onEnd = () => {
    socket = null;
  };
  const ask = (path: string, signal: AbortSignal) => options.request(restRequest(access, path), signal);
  const unit = createUnitAsker(ask, clock);
  return {
    async state(entity, signal) {
      if (!wanted.has(entity)) {
        wanted.add(entity);
        socket?.subscribe([entity]);
      }
      const before = known.get(entity);
      if (before && socket !== null && clock.monoMs() - before.checkedMono < CHECK_MS) return before.state;
      const reply = await ask(`/api/states/${entity}`, signal);
      // Only one that answers is talked to by WebSocket too: a refused token is not sent twice.
      running ??= keepUp({ session, onEnd, signal: stop.signal });
      if (reply.status === 404) {
        known.delete(entity);
        return null;
      }
      const state = stateOf(reply, access.url, clock.monoMs());
      known.set(entity, { state, checkedMono: clock.monoMs() });
      return state;
    },
    temperatureUnit: unit,
    async close() {
      stop.abort();
      socket?.close();
      await running;
    },
  };
}

/** The unit of temperatures without one, asked now and then: its owner may change it. */
function createUnitAsker(
  ask: (path: string, signal: AbortSignal) => Promise<HttpReply>,
  clock: SourceClock,
): EntityFeed["temperatureUnit"] {
  let last: { unit: string | null; mono: number } | null = null;
  return async (signal) => {
    if (last && clock.monoMs() - last.mono < UNIT_MS) return last.unit;
    const told = field((await ask("/api/config", signal)).body, "unit_system", "temperature");
    last = { unit: typeof told === "string" ? told : null, mono: clock.monoMs() };
    return last.unit;
  };
}

function restRequest(access: HomeAssistantAccess, path: string): SourceHttpRequest {
  const { url, secretRef, tls, fingerprint, allowPublic } = access;
  return {
    ...{ method: "GET", url: `${url.replace(/\/$/, "")}${path}`, headers: {}, body: null },
    ...{ auth: "bearer", user: null, secretRef, tls, fingerprint, allowPublic, totalMs: REST_MS },
  };
}

/** The state with its age by the device's own clock: its `Date` against `last_reported` (older: `last_updated`). */
function stateOf(reply: HttpReply, url: string, nowMono: number): EntityState {
  const { status, body, headers } = reply;
  const state = field(body, "state");
  if (status === 403) {
    throw accessError("SOURCE_ACCESS", `Home Assistant at ${url} does not let this computer in.`, {
      hint: "its list of banned addresses, ip_bans.yaml",
    });
  }
  if (status !== 200 || typeof state !== "string") {
    throw unreachableError("SOURCE_BROKEN", `${url} answered with status ${status} and no state.`, {
      hint: "Check the address: http://HOST:8123",
    });
  }
  const written = field(body, "last_reported") ?? field(body, "last_updated");
  const ageMs = Date.parse(headers["date"] ?? "") - Date.parse(typeof written === "string" ? written : "");
  // The date has whole seconds, so a fresh state may seem to come from the future.
  const reportedMono = Number.isFinite(ageMs) ? nowMono - Math.max(0, ageMs) : nowMono;
  return { state, attributes: attributesOf(field(body, "attributes")), reportedMono };
}

/** Changes (`c`) to entities that are known from REST; what was removed (`r`) is asked for anew. */
function applyChanges(known: Map<string, Known>, event: unknown, nowMono: number): void {
  for (const [entity, change] of Object.entries(attributesOf(field(event, "c")))) {
    const before = known.get(entity);
    if (!before) continue;
    const plus = field(change, "+");
    const told = field(plus, "s");
    const attributes = { ...before.state.attributes, ...attributesOf(field(plus, "a")) };
    const gone = field(change, "-", "a");
    for (const name of Array.isArray(gone) ? gone : []) delete attributes[String(name)];
    const state = typeof told === "string" ? told : before.state.state;
    known.set(entity, { ...before, state: { state, attributes, reportedMono: nowMono } });
  }
  const removed = field(event, "r");
  for (const entity of Array.isArray(removed) ? removed : []) known.delete(String(entity));
}

function attributesOf(value: unknown): Record<string, unknown> {
  return typeof value === "object" && value !== null ? { ...value } : {};
}
