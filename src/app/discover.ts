import { type MinerDriverEntry, minerDrivers } from "../miners/registry.ts";
import { HearthError } from "../model/errors.ts";
import { listenForAnnouncements } from "../net/announcements.ts";
import { resolveDevice } from "../net/device-address.ts";
import { type HostPort, parseHostPort } from "../net/host-port.ts";
import { createLimiter, type Limiter } from "../net/limit.ts";
import { browseMdns } from "../net/mdns.ts";
import { connectionLimit, isPortOpen } from "../net/port-probe.ts";
import { isScannable, ownSubnets, scanHosts } from "../net/scan-range.ts";
import { type FoundMiner, type IdentifyOptions, identifyMiner } from "./identify-miner.ts";

/** Something that is a miner by its looks and could not be asked who it is, or what it can do. */
export interface LockedMiner {
  host: string;
  port: number | null;
  error: HearthError;
}

export interface Discovery {
  miners: FoundMiner[];
  /** Every `host:port` at which each id answered; more than one where a device has two addresses, or a double. */
  seenAt: ReadonlyMap<string, readonly string[]>;
  locked: LockedMiner[];
  /** What could not be listened to, in words. */
  warnings: string[];
}

export interface DiscoverOptions extends Pick<IdentifyOptions, "allowPublic" | "known" | "isNameOnly"> {
  /** `HOST` or `HOST:PORT` as a person named them, loopback too; these are probed alone. */
  hosts?: readonly string[];
  /** Ranges to scan, `192.168.1.0/24`; with neither hosts nor subnets the own private networks. */
  subnets?: readonly string[];
  /** Goes on listening for announcements for so long, ms: for the IP-report button of a miner. */
  listenMs?: number;
  /** Called for each miner as soon as it has a name, before it is asked what it can do. */
  onFound?: (miner: FoundMiner) => void;
  signal?: AbortSignal;
  /** Listeners to use instead of those of the network, for tests. */
  listeners?: readonly Listener[];
}

/** Hears of hosts that may be miners until the signal fires; answers a warning when it could not listen. */
export type Listener = (onHost: (host: string) => void, signal: AbortSignal) => Promise<string | null>;

/** At most so many at a time are asked who they are (miners.md §2.3). */
const IDENTIFICATIONS = 32;
/** A dark /24 ends in one round of these; a host that answers does so at once on a home network (DISC-1). */
const CONNECT_MS = 900;
/** Evidence in a scan, ms: a tar pit must not hold up the rest. */
const SCAN_EVIDENCE_MS = 1_200;
/** More hosts than live in a home are not asked because they were heard of: anyone may shout any address. */
const MOST_HEARD = 256;
/** Announcements are heard as long as a scan takes, at least this long, ms. */
const LISTEN_MS = 1_100;

/**
 * Finds miners and touches nothing: only reads are sent. A host that does not answer, or is no miner, is left out.
 * Throws `SCAN_RANGE_INVALID`, `SCAN_RANGE_REFUSED`, `HOST_INVALID`, `MINER_ADDRESS_REFUSED` before anything is sent.
 */
export async function discoverMiners(options: DiscoverOptions = {}): Promise<Discovery> {
  const signal = options.signal ?? new AbortController().signal;
  const named = (options.hosts ?? []).map(parseHostPort);
  const isSearch = named.length === 0 || options.subnets !== undefined;
  const ranges = options.subnets ?? (isSearch ? ownSubnets() : []);
  const scanned = [...new Set(ranges.flatMap(scanHosts))];
  await Promise.all(named.map(({ host }) => checkAddress(host, options.allowPublic ?? false, signal)));
  const book = createBook(options, signal);
  const connections = createLimiter(connectionLimit());
  const identifications = createLimiter(IDENTIFICATIONS);
  const scan = (host: string) => scanHost(host, book, connections, identifications, signal);
  const warnings = isSearch ? listen(options, scan, signal) : Promise.resolve([]);
  await Promise.all([...named.map((target) => book.examine(target)), ...scanned.map(scan)]);
  const heard = await warnings;
  signal.throwIfAborted();
  return { miners: book.miners(), seenAt: book.seenAt, locked: book.locked(), warnings: heard };
}

/** Asks hosts who they are, each until it has answered, and keeps what they said. */
function createBook(options: DiscoverOptions, signal: AbortSignal) {
  const found = new Map<string, FoundMiner>();
  const locked: LockedMiner[] = [];
  const examined = new Set<string>();
  const seenAt = new Map<string, string[]>();
  const report = (miner: FoundMiner): boolean => {
    const key = miner.identity.id;
    seenAt.set(key, [...new Set([...(seenAt.get(key) ?? []), `${miner.host}:${miner.port}`])]);
    // One device may answer at two addresses.
    if (found.has(key)) return false;
    found.set(key, miner);
    options.onFound?.(miner);
    return true;
  };
  return {
    seenAt,
    miners: () => [...found.values()],
    locked: () => locked,
    async examine(
      target: HostPort,
      scan: Pick<IdentifyOptions, "openPorts" | "evidenceMs"> = {},
    ): Promise<void> {
      const key = `${target.host}:${target.port ?? ""}`;
      if (examined.has(key)) return;
      examined.add(key);
      let isNew = false;
      try {
        const miner = await identifyMiner(target, {
          ...scan,
          signal,
          allowPublic: options.allowPublic ?? false,
          known: options.known ?? [],
          isNameOnly: options.isNameOnly ?? false,
          onIdentity: (named) => {
            isNew = report(named);
          },
        });
        if (isNew) found.set(miner.identity.id, miner);
        if (miner.refusal && LOCKED.has(miner.refusal.code)) locked.push({ ...target, error: miner.refusal });
      } catch (error) {
        if (signal.aborted) return;
        if (!(error instanceof HearthError)) throw error;
        if (LOCKED.has(error.code)) locked.push({ ...target, error });
        else if (error.code !== "MINER_UNSUPPORTED") examined.delete(key);
      }
    },
  };
}

/** What a person can do something about, unlike silence. */
const LOCKED = new Set(["MINER_PASSWORD_WRONG", "MINER_BUSY", "MINER_BACKEND_DOWN"]);

async function scanHost(
  host: string,
  book: ReturnType<typeof createBook>,
  connections: Limiter,
  identifications: Limiter,
  signal: AbortSignal,
): Promise<void> {
  const ports = familyPorts();
  const states = await Promise.all(
    ports.map((port) => connections(() => isPortOpen(host, port, CONNECT_MS, signal))),
  );
  const openPorts = ports.filter((_, place) => states[place]);
  if (openPorts.length === 0 || signal.aborted) return;
  await identifications(() =>
    book.examine({ host, port: null }, { openPorts, evidenceMs: SCAN_EVIDENCE_MS }),
  );
}

/** Hosts that announce themselves are asked at once; what is heard outside home networks is not. */
async function listen(
  options: DiscoverOptions,
  scan: (host: string) => Promise<void>,
  signal: AbortSignal,
): Promise<string[]> {
  const listeners = options.listeners ?? [browseMdns, listenForAnnouncements];
  const limit = AbortSignal.any([signal, AbortSignal.timeout(options.listenMs ?? LISTEN_MS)]);
  const heard = new Set<string>();
  const underWay = new Map<string, Promise<void>>();
  const onHost = (host: string) => {
    if (!isScannable(host) || underWay.has(host)) return;
    if (heard.size >= MOST_HEARD && !heard.has(host)) return;
    heard.add(host);
    // A miner announces itself before it answers: what is heard once more is asked once more.
    underWay.set(
      host,
      scan(host).finally(() => underWay.delete(host)),
    );
  };
  const warnings = await Promise.all(listeners.map((listener) => listener(onHost, limit)));
  await Promise.all(underWay.values());
  return warnings.filter((warning) => warning !== null);
}

/** A place that may not be asked is said; a name that is not known is silence like any other. */
async function checkAddress(host: string, allowPublic: boolean, signal: AbortSignal): Promise<void> {
  try {
    await resolveDevice(host, { allowPublic, signal });
  } catch (error) {
    if (error instanceof HearthError && error.code === "MINER_UNREACHABLE") return;
    throw error;
  }
}

/** Usual ports of all families. */
function familyPorts(): number[] {
  const portsOf = ({ ports }: MinerDriverEntry) => Object.values(ports);
  return [...new Set(minerDrivers.flatMap(portsOf))];
}
