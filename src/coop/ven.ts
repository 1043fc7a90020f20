import type { Clock } from "../model/clock.ts";
import type { CoopConfig } from "../model/config.ts";
import type { CoopEvent } from "../model/coop-event.ts";
import { accessError, unsupportedError } from "../model/errors.ts";
import { field, list, safeText, text } from "../model/parse.ts";
import type { Http } from "../net/http.ts";
import type { PublicJwk } from "./keys.ts";
import { type Capacity, toCoopEvents } from "./openadr-limits.ts";
import { type EventMemory, type RefusedEvent, reviewEvents } from "./signed-event.ts";
import { createVenLink, type VenLink } from "./ven-link.ts";
import { answerError } from "./wire-guard.ts";

export interface VenOptions {
  http: Http;
  clock: Clock;
  /** `coop.openadr` of the configuration. */
  openadr: NonNullable<CoopConfig["openadr"]>;
  /** What `secret_ref` names; null for a public server. */
  secret: string | null;
  /** For a `--coop` pairing: only events signed with this key count. Null for a plain VTN. */
  signed: { coop: string; member: string; key: PublicJwk; thumbprint: string; memory: EventMemory } | null;
  /** What the heaters can draw; asked at each poll. */
  capacity: () => Pick<Capacity, "maxTotalW" | "baseLoadW">;
}

export interface VenPoll {
  /** The complete list: what is missing from it is cancelled. Cancelled signed events carry `isCancelled`. */
  events: CoopEvent[];
  /** Wall clock of the answer, ms. */
  contactAtMs: number;
  /** Events that did not count, and why; for `status`. */
  refused: RefusedEvent[];
}

/** A client of a VTN that polls (openadr3.md §10). */
export interface Ven {
  /** Finds or makes our ven and its resources; a VTN that forbids it is fine. Answers the ven's id or null. */
  register(resources: readonly { name: string; maxW: number }[]): Promise<{ venId: string | null }>;
  /** One complete poll. Throws a typed error and changes nothing when any part of it fails. */
  poll(): Promise<VenPoll>;
}

const HORIZON_MS = 7 * 86_400_000;
const PROGRAMS_AGE_MS = 3_600_000;
const SIGNED_PAYLOAD = "HEARTH_EVENT_JWS";

/**
 * Makes the client; nothing is sent yet. Throws `VTN_VERSION_UNSUPPORTED` (exit 1) for OpenADR 3.0, whose targets
 * have another shape, `COOP_URL_UNSAFE` (exit 5).
 */
export function createVen(options: VenOptions): Ven {
  const { openadr } = options;
  if (!openadr.version.startsWith("3.1")) throw versionUnsupported(openadr.version);
  const link = createVenLink({
    http: options.http,
    clock: options.clock,
    vtnUrl: openadr.vtn_url,
    tokenUrl: openadr.token_url,
    clientId: openadr.client_id,
    clientSecret: options.secret,
  });
  const granted = new Set(openadr.targets);
  const programs = createProgramList(link, options.clock);
  return {
    register: (resources) => register(link, openadr.ven_name, resources, granted),
    poll: () => poll(link, options, granted, programs),
  };
}

async function poll(
  link: VenLink,
  options: VenOptions,
  granted: ReadonlySet<string>,
  readPrograms: ProgramList,
): Promise<VenPoll> {
  const events = await link.listAll("events");
  const programs = await readPrograms(events);
  const nowMs = options.clock.nowMs();
  const joined = joinedPrograms(programs, options.openadr.programs);
  const mine = events.filter((event) => isForUs(event, joined, granted));
  if (options.signed) return readSigned(mine, options.signed, options.openadr.targets, nowMs);
  const { client_id: clientId, ven_name: venName, simple_caps_percent: simpleCapsPercent } = options.openadr;
  const rules = { nowMs, horizonMs: nowMs + HORIZON_MS, seed: venName ?? clientId ?? "" };
  const capacity = { ...options.capacity(), simpleCapsPercent };
  return { events: toCoopEvents(mine, rules, capacity), contactAtMs: nowMs, refused: [] };
}

type ProgramList = (events: readonly unknown[]) => Promise<unknown[]>;

/** The VTN's programs, read again each hour and when an event names one that is not known. */
function createProgramList(link: VenLink, clock: Clock): ProgramList {
  let known: unknown[] = [];
  let readAtMs = Number.NEGATIVE_INFINITY;
  return async (events) => {
    const ids = new Set(known.map((program) => field(program, "id")));
    const isComplete = events.every((event) => ids.has(field(event, "programID")));
    if (isComplete && clock.nowMs() - readAtMs < PROGRAMS_AGE_MS) return known;
    known = await link.listAll("programs");
    readAtMs = clock.nowMs();
    return known;
  };
}

async function readSigned(
  events: readonly unknown[],
  signed: NonNullable<VenOptions["signed"]>,
  groups: readonly string[],
  nowMs: number,
): Promise<VenPoll> {
  const { key, thumbprint, coop, member, memory } = signed;
  const found = events.map((event) => ({ id: text(event, "id"), jws: signedPayload(event) }));
  const jwsList = found.map(({ jws }) => jws).filter((jws) => jws !== null);
  const former = memory.read();
  const review = await reviewEvents(jwsList, { key, thumbprint, coop, member, groups }, former, nowMs);
  memory.write(review.seen);
  const unsigned = found
    .filter(({ jws }) => jws === null)
    .map(({ id }) => ({ id, reason: "it carries no signature of the co-op" }));
  return { events: review.events, contactAtMs: nowMs, refused: [...review.refused, ...unsigned] };
}

function signedPayload(event: unknown): string | null {
  const [first] = list(event, "intervals");
  const payload = list(first, "payloads").find((one) => field(one, "type") === SIGNED_PAYLOAD);
  const [jws] = list(payload, "values");
  return typeof jws === "string" ? jws : null;
}

/** Ids of the programs joined at pairing by name; null means all (`["*"]`). */
function joinedPrograms(programs: readonly unknown[], names: readonly string[]): Set<unknown> | null {
  if (names.includes("*")) return null;
  const joined = programs.filter((program) => names.includes(String(field(program, "programName"))));
  return new Set(joined.map((program) => field(program, "id")));
}

/** The checks that no server is trusted with (openadr3.md §3.4, §5). */
function isForUs(event: unknown, joined: Set<unknown> | null, granted: ReadonlySet<string>): boolean {
  if (joined !== null && !joined.has(field(event, "programID"))) return false;
  const targets = list(event, "targets");
  return targets.length === 0 || targets.some((target) => typeof target === "string" && granted.has(target));
}

async function register(
  link: VenLink,
  venName: string | null,
  resources: readonly { name: string; maxW: number }[],
  granted: Set<string>,
): Promise<{ venId: string | null }> {
  if (venName === null) return { venId: null };
  const ven = (await findVen(link, venName)) ?? (await makeVen(link, venName));
  const venId = text(ven, "id");
  if (venId === null) return { venId: null };
  for (const target of list(ven, "targets")) if (typeof target === "string") granted.add(target);
  const known = new Set(
    (await link.listAll(`resources?venID=${encodeURIComponent(venId)}`)).map(resourceName),
  );
  for (const { name, maxW } of resources) {
    if (known.has(name)) continue;
    const attributes = [{ type: "MAX_POWER_CONSUMPTION", values: [maxW / 1000] }];
    const resource = { objectType: "VEN_RESOURCE_REQUEST", resourceName: name, venID: venId, attributes };
    const { status, body } = await link.request("POST", "resources", resource);
    // 409: made by somebody in between; 403: the VTN does not want them from us.
    if (status > 299 && status !== 409 && status !== 403)
      throw answerError("Registering a miner", status, body);
  }
  return { venId };
}

async function findVen(link: VenLink, venName: string): Promise<unknown> {
  const vens = await link.listAll(`vens?venName=${encodeURIComponent(venName)}`);
  return vens.find((ven) => field(ven, "venName") === venName) ?? null;
}

async function makeVen(link: VenLink, venName: string): Promise<unknown> {
  const { status, body } = await link.request("POST", "vens", { objectType: "VEN_VEN_REQUEST", venName });
  if (status === 200 || status === 201) return body;
  if (status === 403) return null;
  if (status !== 409) throw answerError("Registering at the VTN", status, body);
  const ven = await findVen(link, venName);
  if (ven !== null) return ven;
  throw accessError("VTN_NAME_TAKEN", `Another client of the VTN holds the name "${venName}".`, {
    hint: "Ask the utility to free it, or pair again for another name",
  });
}

function versionUnsupported(version: string) {
  return unsupportedError(
    "VTN_VERSION_UNSUPPORTED",
    `This VTN speaks OpenADR ${safeText(version, 20)}; 3.1 is needed.`,
    {
      left: "Nothing was sent",
      hint: "Ask the utility for its OpenADR 3.1 address",
    },
  );
}

function resourceName(resource: unknown): unknown {
  return field(resource, "resourceName");
}
