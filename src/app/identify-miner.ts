import { type Evidence, judge, OTHER_FAMILIES, WEB_PROBES } from "../miners/evidence.ts";
import { type MinerDriverEntry, minerDriver, minerDrivers } from "../miners/registry.ts";
import { HearthError, unreachableError, unsupportedError } from "../model/errors.ts";
import type { FirmwareId, MinerCapabilities, MinerIdentity } from "../model/miner.ts";
import { minerCutAnswer } from "../model/miner-errors.ts";
import type { DeviceLink, DriverTier, HttpReply } from "../model/miner-link.ts";
import { field, safeText } from "../model/parse.ts";
import { createDeviceLink, type Protocol } from "../net/device-link.ts";
import type { HostPort } from "../net/host-port.ts";
import { type BoundDriver, bindDriver } from "./miner-port.ts";

/** A miner that answered. */
export interface FoundMiner {
  host: string;
  port: number;
  identity: MinerIdentity;
  /** Null while it could not be asked, as half-started devices, and where only the name was wanted. */
  capabilities: MinerCapabilities | null;
  /** Why it could not be asked; null otherwise. */
  refusal: HearthError | null;
  tier: DriverTier;
}

/** An adopted miner with the password of its page; null: it has the factory's. */
export interface KnownMiner {
  id: string;
  driver: string;
  host: string;
  password: string | null;
}

/** One place to try: a port, and the protocols that may be spoken there in the order to try them. */
interface Place {
  port: number;
  protocols: readonly Protocol[];
}

export interface IdentifyOptions {
  signal?: AbortSignal;
  /** Of the whole evidence, ms; a device that has spoken gets its own time to say who it is. */
  evidenceMs?: number;
  /** Ports known to be open; all usual ones when absent. Not used with a port in the target. */
  openPorts?: readonly number[];
  allowPublic?: boolean;
  /** Password of the device's page, as a person gave it for this address. */
  password?: string | null;
  /** Adopted miners: each password is for the device of that identity alone. */
  known?: readonly KnownMiner[];
  /** Only who it is. What it can do may be told for a password alone, and every wrong one counts for the device. */
  isNameOnly?: boolean;
  /** Called as soon as it has a name, before it is asked what it can do. */
  onIdentity?: (miner: FoundMiner) => void;
}

/** From the first question to a verdict for an address named by a person, ms. */
const EVIDENCE_MS = 3_500;
/** One question of the evidence, ms. */
const QUESTION_MS = 1_100;
const IDENTITY_MS = 3_000;
const CAPABILITIES_MS = 4_000;
/** Ports on which people put web servers; elsewhere the socket is asked first. */
const WEB_PORTS = new Set([80, 443, 8080, 8000, 8888]);
/** Start pages are short; only their first part is looked at. */
const PAGE_BYTES = 300_000;

/**
 * Who is at one address. An explicit port is the only one tried, for every protocol. Throws `MINER_UNREACHABLE`,
 * `MINER_TIMEOUT`, `MINER_AUTH_REQUIRED`, `MINER_PASSWORD_WRONG`, `MINER_CUT_ANSWER`, `MINER_ADDRESS_REFUSED`, or
 * `MINER_UNSUPPORTED` (exit 1) for something that answers and is no miner known here. Only reads and logins are sent.
 */
export async function identifyMiner(target: HostPort, options: IdentifyOptions = {}): Promise<FoundMiner> {
  const signal = options.signal ?? new AbortController().signal;
  const places = target.port === null ? usualPlaces(options.openPorts) : [explicitPlace(target.port)];
  const search: Search = { target, signal, options, misses: [], hasSpoken: false };
  const limit = AbortSignal.any([signal, AbortSignal.timeout(options.evidenceMs ?? EVIDENCE_MS)]);
  const asked = new Set<string>();
  for (const { port, protocols } of places) {
    for (const protocol of protocols) {
      const families = await familiesAt(search, port, protocol, limit);
      signal.throwIfAborted();
      const found = await firstOf(search, families, port, asked);
      if (found !== null) return found;
      if (limit.aborted) break;
    }
  }
  throw mostTelling(search, places);
}

interface Search {
  target: HostPort;
  signal: AbortSignal;
  options: IdentifyOptions;
  misses: HearthError[];
  /** Something came that is more than an open port. */
  hasSpoken: boolean;
}

/** Families that what answers by this protocol may be of. */
async function familiesAt(
  search: Search,
  port: number,
  protocol: Protocol,
  limit: AbortSignal,
): Promise<FirmwareId[]> {
  const link = createDeviceLink(search.target.host, port, {
    allowPublic: search.options.allowPublic ?? false,
    totalMs: QUESTION_MS,
    connectMs: QUESTION_MS,
    maxBytes: PAGE_BYTES,
  });
  const evidence: Evidence = { http: null, socket: null, frames: null };
  try {
    if (protocol === "http") {
      const page = await link.http.exchange({ method: "GET", path: "/" }, limit);
      search.hasSpoken = true;
      return await webFamilies(link, page, limit);
    }
    if (protocol === "frames") {
      evidence.frames = JSON.stringify(await link.frames.ask({ cmd: "get.device.info", param: null }, limit));
    } else {
      const reply = await link.cgminer.ask({ command: "version" }, limit);
      if (reply.isPartial) search.misses.push(minerCutAnswer(link.where));
      evidence.socket = JSON.stringify(reply);
      // Whatsminers do not know `version`; the boards tell whose they are.
      if (judge(evidence).length === 0) {
        evidence.socket += JSON.stringify(await link.cgminer.ask({ command: "devdetails" }, limit));
      }
    }
    search.hasSpoken = true;
  } catch (error) {
    search.signal.throwIfAborted();
    if (!(error instanceof HearthError)) {
      if (limit.aborted) return [];
      throw error;
    }
    search.misses.push(error);
    // The start of an unreadable answer may still hold the name.
    if (protocol === "cgminer" && error.code === "MINER_BAD_ANSWER") evidence.socket = error.message;
  }
  return judge(evidence);
}

/** By the start page, else by what it answers to the questions of each family. */
async function webFamilies(link: DeviceLink, page: HttpReply, limit: AbortSignal): Promise<FirmwareId[]> {
  const judged = judge({
    http: { status: page.status, headers: page.headers, body: page.text },
    socket: null,
    frames: null,
  });
  if (judged.length > 0) return judged;
  for (const { path, families } of WEB_PROBES) {
    const probed = families(await link.http.exchange({ method: "GET", path }, limit));
    if (probed.length > 0) return probed;
  }
  for (const [path, key, title] of OTHER_FAMILIES) {
    const answer = await link.http.exchange({ method: "GET", path }, limit);
    if (field(answer.body, key) !== undefined) throw unsupported(link.where, `It is ${title}`);
  }
  return [];
}

/** The first of the families whose driver knows the device; each is asked once. */
async function firstOf(
  search: Search,
  families: readonly FirmwareId[],
  port: number,
  asked: Set<string>,
): Promise<FoundMiner | null> {
  for (const family of families) {
    const entry = minerDriver(family);
    if (entry === null || asked.has(family)) continue;
    asked.add(family);
    const found = await tryFamily(search, entry, port);
    if (found !== null) return found;
  }
  return null;
}

async function tryFamily(
  search: Search,
  entry: MinerDriverEntry,
  seenPort: number,
): Promise<FoundMiner | null> {
  const { target, signal, options } = search;
  const isExplicitPort = target.port !== null;
  // A page may have told the family; it is spoken to on the family's own port, which comes first.
  const usual = Object.values(entry.ports);
  const isOwnPort = usual.includes(seenPort) && seenPort !== entry.ports.http;
  const port = isExplicitPort || isOwnPort ? seenPort : (usual[0] ?? seenPort);
  const bindWith = (password: string | null) =>
    bindDriver(entry, target.host, port, {
      password,
      link: { isExplicitPort, allowPublic: options.allowPublic ?? false },
    });
  const password = options.password ?? passwordAt(search, entry.id);
  const driver = await bindWith(password);
  let identity: MinerIdentity | null;
  try {
    identity = await driver.identify(AbortSignal.any([signal, AbortSignal.timeout(IDENTITY_MS)]));
  } catch (error) {
    signal.throwIfAborted();
    if (error instanceof HearthError) search.misses.push(error);
    else if (!isTimeout(error)) throw error;
    return null;
  }
  if (identity === null) return null;
  const found = { host: target.host, port, identity, capabilities: null, refusal: null, tier: driver.tier };
  options.onIdentity?.(found);
  if (options.isNameOnly) return found;
  const own = options.password ?? passwordOf(search, identity.id);
  const opened = own === password ? driver : await bindWith(own);
  return { ...found, ...(await capabilitiesOf(opened, signal)) };
}

/** Some families do not even tell their name without it; the miner that is known there is of this family. */
function passwordAt({ target, options }: Search, family: FirmwareId): string | null {
  const there = options.known?.find(({ host, driver }) => host === target.host && driver === family);
  return there?.password ?? null;
}

function passwordOf({ options }: Search, id: string): string | null {
  return options.known?.find((miner) => miner.id === id)?.password ?? null;
}

async function capabilitiesOf(
  driver: BoundDriver,
  signal: AbortSignal,
): Promise<Pick<FoundMiner, "capabilities" | "refusal">> {
  try {
    const limit = AbortSignal.any([signal, AbortSignal.timeout(CAPABILITIES_MS)]);
    return { capabilities: await driver.capabilities(limit), refusal: null };
  } catch (error) {
    signal.throwIfAborted();
    if (error instanceof HearthError) return { capabilities: null, refusal: error };
    if (isTimeout(error)) return { capabilities: null, refusal: null };
    throw error;
  }
}

function isTimeout(error: unknown): boolean {
  return error instanceof DOMException && error.name === "TimeoutError";
}

/** Of all that went wrong the word that helps most; what spoke without being known is no miner. */
function mostTelling({ misses, target, hasSpoken }: Search, places: readonly Place[]): HearthError {
  for (const code of TELLING) {
    const miss = misses.find((error) => error.code === code);
    if (miss) return miss;
  }
  const where = places.length === 1 ? `${target.host}:${places[0]?.port}` : target.host;
  const isSilent = misses.every(({ code }) => code === "MINER_UNREACHABLE" || code === "MINER_TIMEOUT");
  if (!isSilent || hasSpoken) return unsupported(where, "It is no miner known here");
  return (
    misses.find(({ code }) => code === "MINER_TIMEOUT") ??
    misses[0] ??
    unreachableError("MINER_TIMEOUT", `Nothing at ${where} answered in time.`, { hint: "Run it again" })
  );
}

/** From the most to the least useful. */
const TELLING = [
  "MINER_UNSUPPORTED",
  "MINER_ADDRESS_REFUSED",
  "MINER_PASSWORD_WRONG",
  "MINER_AUTH_REQUIRED",
  "MINER_BUSY",
  "MINER_BACKEND_DOWN",
  "MINER_CUT_ANSWER",
];

function unsupported(where: string, what: string): HearthError {
  return unsupportedError("MINER_UNSUPPORTED", `Something answers at ${safeText(where, 80)}. ${what}.`, {
    left: "Only reads were sent",
    hint: `Known families: ${minerDrivers.map(({ title }) => title).join(", ")}`,
  });
}

/** The usual ports of all families, the web first: its evidence weighs more (miners.md §2.4). */
function usualPlaces(openPorts?: readonly number[]): Place[] {
  const places: Place[] = [];
  for (const protocol of ["http", "frames", "cgminer"] as const) {
    for (const { ports } of minerDrivers) {
      const port = ports[protocol];
      const isOpen = port !== undefined && (openPorts?.includes(port) ?? true);
      if (port === undefined || !isOpen || places.some((place) => place.port === port)) continue;
      places.push({ port, protocols: [protocol] });
    }
  }
  return places;
}

/** Every protocol on one port; the likelier one first, because a foreign question may hang. */
function explicitPlace(port: number): Place {
  if (WEB_PORTS.has(port)) return { port, protocols: ["http", "cgminer", "frames"] };
  if (minerDrivers.some(({ ports }) => ports.frames === port)) {
    return { port, protocols: ["frames", "cgminer", "http"] };
  }
  return { port, protocols: ["cgminer", "http", "frames"] };
}
