import { type Evidence, judge } from "../miners/evidence.ts";
import { type MinerDriverEntry, minerDrivers } from "../miners/registry.ts";
import { HearthError, unreachableError, unsupportedError } from "../model/errors.ts";
import type { MinerCapabilities, MinerIdentity } from "../model/miner.ts";
import { createCgminerLink } from "../net/cgminer-link.ts";
import { type HostPort, parseHostPort } from "../net/host-port.ts";
import { createHttp } from "../net/http.ts";
import { createLimiter, type Limiter } from "../net/limit.ts";
import { isPortOpen } from "../net/port-probe.ts";
import { ownSubnets, scanHosts } from "../net/scan-range.ts";
import { type BoundDriver, bindDriver } from "./miner-port.ts";

/** A miner that answered. Of a family without a driver only the name is known: `isSupported` is false then. */
export interface FoundMiner {
  host: string;
  port: number;
  identity: MinerIdentity;
  capabilities: MinerCapabilities;
  isSupported: boolean;
}

export interface DiscoverOptions {
  /** `HOST` or `HOST:PORT` as a person named them, loopback too; these are probed alone. */
  hosts?: readonly string[];
  /** Ranges to scan, `192.168.1.0/24`; with neither hosts nor subnets the own private networks. */
  subnets?: readonly string[];
  /** Called for each miner as soon as it is known. */
  onFound?: (miner: FoundMiner) => void;
  signal?: AbortSignal;
}

/** One place to try: a port and the families that may answer there. */
interface Endpoint {
  port: number;
  entries: readonly MinerDriverEntry[];
}

/** A dark /24 on all ports ends in one round of these (requirements DISC-1). */
const CONNECTIONS = 800;
const IDENTIFICATIONS = 32;
const CONNECT_MS = 900;
/** From the open port to the name, in a scan and for an address named by a person, ms. */
const SCAN_IDENTIFY_MS = 1_400;
const NAMED_IDENTIFY_MS = 5_000;
/** One try of one protocol, ms. */
const TRY_MS = 2_000;
const CAPABILITIES_MS = 5_000;
const WEB_PORTS = new Set([80, 443, 8080]);

/**
 * Finds miners and touches nothing: only reads are sent. A host that does not answer, or is no miner, is left out.
 * Throws `SCAN_RANGE_INVALID`, `SCAN_RANGE_REFUSED`, `HOST_INVALID` before anything is sent.
 */
export async function discoverMiners(options: DiscoverOptions = {}): Promise<FoundMiner[]> {
  const signal = options.signal ?? new AbortController().signal;
  const named = (options.hosts ?? []).map(parseHostPort);
  const ranges = options.subnets ?? (named.length > 0 ? [] : ownSubnets());
  const scanned = [...new Set(ranges.flatMap(scanHosts))];
  const found = new Map<string, FoundMiner>();
  const report = (miner: FoundMiner | null) => {
    if (miner === null) return;
    const key = miner.identity.id || `${miner.host}:${miner.port}`;
    // One device may answer at two addresses.
    if (found.has(key)) return;
    found.set(key, miner);
    options.onFound?.(miner);
  };
  const connections = createLimiter(CONNECTIONS);
  const identifications = createLimiter(IDENTIFICATIONS);
  await Promise.all([
    ...named.map(async (target) => report(await orNull(identifyMiner(target, signal), signal))),
    ...scanned.map(async (host) => report(await scanHost(host, connections, identifications, signal))),
  ]);
  signal.throwIfAborted();
  return [...found.values()];
}

/**
 * Who is at one address. An explicit port is the only one tried, for every protocol. Throws `MINER_UNREACHABLE`,
 * `MINER_TIMEOUT`, `MINER_AUTH_REQUIRED`, `MINER_CUT_ANSWER`, or `MINER_UNSUPPORTED` (exit 1) for something that
 * answers and is no miner known here; a known family without a driver is answered with `isSupported: false`.
 */
export async function identifyMiner(
  target: HostPort,
  signal?: AbortSignal,
  totalMs = NAMED_IDENTIFY_MS,
): Promise<FoundMiner> {
  const endpoints = target.port === null ? familyEndpoints() : [explicitEndpoint(target.port)];
  return examine(target.host, endpoints, totalMs, signal ?? new AbortController().signal);
}

async function scanHost(
  host: string,
  connections: Limiter,
  identifications: Limiter,
  signal: AbortSignal,
): Promise<FoundMiner | null> {
  const endpoints = familyEndpoints();
  const states = await Promise.all(
    endpoints.map(({ port }) => connections(() => isPortOpen(host, port, CONNECT_MS, signal))),
  );
  const open = endpoints.filter((_, place) => states[place]);
  if (open.length === 0 || signal.aborted) return null;
  return identifications(() => orNull(examine(host, open, SCAN_IDENTIFY_MS, signal), signal));
}

/** Asks every family that may be there; what none of them knows is named from its page and its words. */
async function examine(
  host: string,
  endpoints: readonly Endpoint[],
  totalMs: number,
  signal: AbortSignal,
): Promise<FoundMiner> {
  const limit = AbortSignal.any([signal, AbortSignal.timeout(totalMs)]);
  const misses: HearthError[] = [];
  for (const { port, entries } of endpoints) {
    for (const entry of entries) {
      const driver = await bindDriver(entry, host, port, { totalMs: Math.min(TRY_MS, totalMs) });
      const identity = await tryIdentify(driver, misses, signal, limit);
      if (identity === null) continue;
      return { host, port, identity, capabilities: await capabilitiesOf(driver, signal), isSupported: true };
    }
  }
  const isSilent = misses.length > 0 && misses.every(({ code }) => code === "MINER_UNREACHABLE");
  if (isSilent && misses[0]) throw misses[0];
  // Silence has no name.
  if (misses.every(({ code }) => code === "MINER_UNREACHABLE" || code === "MINER_TIMEOUT")) {
    throw mostTelling(misses, host, endpoints);
  }
  return nameOther(host, endpoints, misses, signal, limit);
}

async function tryIdentify(
  driver: BoundDriver,
  misses: HearthError[],
  signal: AbortSignal,
  limit: AbortSignal,
): Promise<MinerIdentity | null> {
  try {
    return await driver.identify(limit);
  } catch (error) {
    signal.throwIfAborted();
    if (error instanceof HearthError) misses.push(error);
    else if (!limit.aborted) throw error;
    return null;
  }
}

async function capabilitiesOf(driver: BoundDriver, signal: AbortSignal): Promise<MinerCapabilities> {
  try {
    // Its own limit: the device has a name now and may take its time.
    const bound = await driver.capabilities(AbortSignal.any([signal, AbortSignal.timeout(CAPABILITIES_MS)]));
    return bound;
  } catch {
    signal.throwIfAborted();
    // Half-started devices are shown all the same; what they can do is asked again at adoption.
    return NO_CAPABILITIES;
  }
}

async function nameOther(
  host: string,
  endpoints: readonly Endpoint[],
  misses: readonly HearthError[],
  signal: AbortSignal,
  limit: AbortSignal,
): Promise<FoundMiner> {
  for (const { port, entries } of endpoints) {
    const kinds = new Set(entries.map(({ linkKind }) => linkKind));
    const verdict = judge({
      http: kinds.has("http") ? await pageOf(host, port, limit) : null,
      socket: kinds.has("cgminer") ? await socketWords(host, port, limit) : null,
    });
    signal.throwIfAborted();
    if (verdict === null || verdict.firmware === null) continue;
    // A family with a driver that did not identify: its own error says why.
    if (minerDrivers.some(({ id }) => id === verdict.firmware)) continue;
    const identity = {
      ...{ id: "", mac: null, serial: null, make: null, firmwareVersion: "" },
      ...{ model: verdict.title, firmware: verdict.firmware },
    };
    return { host, port, identity, capabilities: NO_CAPABILITIES, isSupported: false };
  }
  throw mostTelling(misses, host, endpoints);
}

/** A login, a start-up or half an answer says more than "unknown device"; a bad answer to a foreign question says nothing. */
function mostTelling(
  misses: readonly HearthError[],
  host: string,
  endpoints: readonly Endpoint[],
): HearthError {
  for (const code of ["MINER_AUTH_REQUIRED", "MINER_BACKEND_DOWN", "MINER_CUT_ANSWER"]) {
    const miss = misses.find((error) => error.code === code);
    if (miss) return miss;
  }
  const where = endpoints.length === 1 ? `${host}:${endpoints[0]?.port}` : host;
  const hasSpoken = misses.some(({ code }) => code === "MINER_BAD_ANSWER" || code === "MINER_NO_ROUTE");
  if (hasSpoken) {
    return unsupportedError(
      "MINER_UNSUPPORTED",
      `Something answers at ${where}, but it is no miner known here.`,
      {
        left: "Only reads were sent",
        hint: `Known families: ${minerDrivers.map(({ title }) => title).join(", ")}`,
      },
    );
  }
  return (
    misses.find(({ code }) => code === "MINER_TIMEOUT") ??
    unreachableError("MINER_TIMEOUT", `Nothing at ${where} answered in time.`, { hint: "Run it again" })
  );
}

async function pageOf(host: string, port: number, limit: AbortSignal): Promise<Evidence["http"]> {
  const http = createHttp({ connectMs: 1_000, totalMs: TRY_MS });
  const base = `http://${host.includes(":") ? `[${host}]` : host}:${port}`;
  try {
    const page = await http.request({ url: `${base}/`, signal: limit });
    const info = await http.request({ url: `${base}/api/system/info`, signal: limit });
    return { status: page.status, headers: page.headers, body: `${page.text}\n${info.text}` };
  } catch {
    return null;
  } finally {
    http.close();
  }
}

async function socketWords(host: string, port: number, limit: AbortSignal): Promise<string | null> {
  try {
    const link = createCgminerLink(host, port, { totalMs: TRY_MS });
    return JSON.stringify(await link.command("version", null, limit));
  } catch (error) {
    // The start of an unreadable answer may still hold the name.
    return error instanceof HearthError ? error.message : null;
  }
}

/** Ports of the families, one entry per port. */
function familyEndpoints(): Endpoint[] {
  const ports = [...new Set(minerDrivers.flatMap((entry) => entry.ports))];
  return ports.map((port) => ({ port, entries: minerDrivers.filter((entry) => entry.ports.includes(port)) }));
}

/** Every protocol on one port; the likelier one first, because a foreign question may hang. */
function explicitEndpoint(port: number): Endpoint {
  const first = WEB_PORTS.has(port) ? "http" : "cgminer";
  const isFirst = (entry: MinerDriverEntry) => (entry.linkKind === first ? 0 : 1);
  return { port, entries: [...minerDrivers].sort((one, other) => isFirst(one) - isFirst(other)) };
}

async function orNull<T>(pending: Promise<T>, signal: AbortSignal): Promise<T | null> {
  try {
    return await pending;
  } catch (error) {
    if (error instanceof HearthError || signal.aborted) return null;
    throw error;
  }
}

const NO_CAPABILITIES: MinerCapabilities = {
  canPause: false,
  power: "none",
  split: "none",
  minW: null,
  maxW: null,
  steps: [],
  idleW: 0,
  wakeS: 0,
  tauS: 0,
  minOnS: 0,
  minOffS: 0,
  poolSwitch: "none",
  poolsNeedRestart: false,
  maxUserLength: 63,
  actions: {},
};
