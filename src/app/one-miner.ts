import { readConfig } from "../config/config-store.ts";
import { takeLock } from "../config/lock.ts";
import { createFolders, type HearthPaths, hearthPaths } from "../config/paths.ts";
import { openStateStore, type StateStore } from "../ledger/state-store.ts";
import type { HearthConfig, MinerConfig } from "../model/config.ts";
import { HearthError, unreachableError, usageError } from "../model/errors.ts";
import { minerNotAdopted } from "../model/miner-errors.ts";
import type { DriverTier } from "../model/miner-link.ts";
import type { RecordedExchange } from "../net/device-link.ts";
import { formatHostPort, type HostPort, parseHostPort } from "../net/host-port.ts";
import { isScannable } from "../net/scan-range.ts";
import { createSystemClock } from "../net/system-clock.ts";
import type { MinerPlace } from "./follow-miner.ts";
import { identifyMiner } from "./identify-miner.ts";
import { knownMiners } from "./known-miners.ts";
import { createDriverMemory, withoutKeeping } from "./miner-notes.ts";
import { createMinerPlaces } from "./miner-places.ts";
import { type MinerPort, openMiner } from "./miner-port.ts";
import { type AdoptedOptions, openAdopted } from "./open-adopted.ts";

/**
 * A one-shot command on one miner ends within 8 s whatever the device does (interfaces.md §6), ms; the rest of these is
 * for the start and the end of the program.
 */
const COMMAND_MS = 7_200;
/** Of that, for looking where a miner has moved to, ms. */
const SEARCH_MS = 2_600;

export interface OneMinerOptions {
  env: NodeJS.ProcessEnv;
  /** Name, id, or HOST[:PORT] (interfaces.md §4). */
  name: string;
  signal: AbortSignal;
  /** From a file; it goes before the stored one. */
  password?: string | null;
  allowPublic?: boolean;
  /** `write` opens the state for notes and holds the lock, so that no loop begins meanwhile. */
  purpose: "read" | "write";
  /** A person agreed to change a device that is not adopted. */
  isApproved?: boolean;
  onExchange?: (exchange: RecordedExchange) => void;
}

/** The miner of a command, open. */
export interface OneMiner {
  port: MinerPort;
  /** Null when it is not adopted. */
  config: MinerConfig | null;
  home: HearthConfig | null;
  paths: HearthPaths;
  /** The name in the configuration, or where it stands. */
  name: string;
  /** Said to the person: it was found at another address. */
  warnings: string[];
  signal: AbortSignal;
  tier: DriverTier | null;
}

/**
 * Opens one miner, runs a use of it, and closes it. An adopted one that does not answer where it is known, or whose
 * place another device has taken, is looked for once by its identity. Throws `MINER_UNKNOWN` (2), `MINER_NOT_ADOPTED`
 * (4) for a change that nobody agreed to, `LOOP_RUNNING` (4) for a change while a loop runs, and the errors of the use.
 */
export async function withMiner<T>(
  options: OneMinerOptions,
  run: (miner: OneMiner) => Promise<T>,
): Promise<T> {
  const paths = hearthPaths(options.env);
  const home = readConfig(paths)?.config ?? null;
  const isWrite = options.purpose === "write";
  const signal = withinCommand(options);
  if (isWrite) createFolders(paths);
  const lock = isWrite ? takeLock(paths, "Nothing was sent") : null;
  const store = openStore(paths, isWrite);
  try {
    const known = findAdopted(home, options.name);
    const ground = { options, paths, home, store, signal };
    return known ? await onAdopted(ground, known, run) : await onStranger(ground, run);
  } finally {
    store?.close();
    lock?.release();
  }
}

/** The adopted miner that a person means by name, id, host or host and port; null when there is none. */
export function findAdopted(home: HearthConfig | null, name: string): MinerConfig | null {
  const miners = home?.miners ?? [];
  const byName = miners.find((miner) => miner.name === name || miner.id === name.toLowerCase());
  if (byName) return byName;
  const target = toTarget(name);
  if (target === null) return null;
  const there = miners.filter(
    ({ host, port }) => host === target.host && (target.port === null || port === target.port),
  );
  return there.length === 1 ? (there[0] ?? null) : null;
}

interface Ground {
  options: OneMinerOptions;
  paths: HearthPaths;
  home: HearthConfig | null;
  store: StateStore | null;
  signal: AbortSignal;
}

async function onAdopted<T>(
  ground: Ground,
  known: MinerConfig,
  run: (miner: OneMiner) => Promise<T>,
): Promise<T> {
  const { store, signal } = ground;
  const placed = store ? createMinerPlaces(store).placed(known) : known;
  try {
    return await onPlaced(ground, placed, [], run);
  } catch (error) {
    if (!mayHaveMoved(error) || !isScannable(placed.host) || signal.aborted) throw error;
    const place = await search(ground, known).catch(() => null);
    // Back at its old place: whether to ask once more is the person's choice.
    if (place === null || (place.host === placed.host && place.port === placed.port)) throw error;
    const { followMiner, notePlace } = await import("./follow-miner.ts");
    if (ground.options.purpose === "write") notePlace(ground.paths, place);
    else followMiner(ground.paths, place);
    const moved = `${known.name} has moved from ${placed.host}:${placed.port} to ${place.host}:${place.port}`;
    return onPlaced(ground, { ...placed, host: place.host, port: place.port }, [moved], run);
  }
}

async function search({ paths, home, signal }: Ground, known: MinerConfig): Promise<MinerPlace | null> {
  // Few miners move; what searches and writes is loaded for those alone.
  const { findMiner } = await import("./follow-miner.ts");
  return findMiner({
    id: known.id,
    known: knownMiners(paths, home?.miners ?? []),
    allowPublic: known.allow_public,
    signal: AbortSignal.any([signal, AbortSignal.timeout(SEARCH_MS)]),
  });
}

async function onPlaced<T>(
  ground: Ground,
  config: MinerConfig,
  warnings: string[],
  run: (miner: OneMiner) => Promise<T>,
): Promise<T> {
  const { options, paths, home, signal } = ground;
  const port = await openAdopted(config, {
    paths,
    store: notesOf(ground),
    pace: createSystemClock(),
    password: options.password ?? null,
    ...(options.onExchange ? { onExchange: options.onExchange } : {}),
  });
  try {
    return await run({ port, config, home, paths, name: config.name, warnings, signal, tier: null });
  } finally {
    port.close();
  }
}

/**
 * A device at an address that is not in the configuration: read freely, changed only when a person agreed to it
 * (requirements DISC-4). One that is adopted and was named by another of its addresses stays adopted, with its limits.
 */
async function onStranger<T>(ground: Ground, run: (miner: OneMiner) => Promise<T>): Promise<T> {
  const { options, paths, home, signal } = ground;
  const notes = notesOf(ground);
  const target = toTarget(options.name);
  if (target === null || (target.port === null && !/[.:]/.test(target.host)))
    throw unknownMiner(options.name, home);
  const isWrite = options.purpose === "write";
  const password = options.password ?? null;
  const allowPublic = options.allowPublic ?? false;
  const found = await identifyMiner(target, { signal, password, allowPublic, isNameOnly: true });
  const known = home?.miners.find(({ id }) => id === found.identity.id);
  if (known) {
    const there = { host: found.host, port: found.port, allow_public: allowPublic };
    return onPlaced(ground, { ...known, ...there, driver: found.identity.firmware }, [], run);
  }
  const where = formatHostPort(found.host, found.port);
  if (isWrite && !options.isApproved) throw minerNotAdopted(where);
  const port = await openMiner({
    ...{ host: found.host, port: found.port, driver: found.identity.firmware, name: where, password },
    id: found.identity.id,
    pace: createSystemClock(),
    ...(notes ? { memory: createDriverMemory(notes, found.identity.id) } : {}),
    link: {
      isExplicitPort: target.port !== null,
      allowPublic,
      ...(options.onExchange ? { onExchange: options.onExchange } : {}),
    },
  });
  try {
    return await run({
      port,
      config: null,
      home,
      paths,
      name: where,
      warnings: [],
      signal,
      tier: found.tier,
    });
  } finally {
    port.close();
  }
}

/** The notes of drivers: a reading learns from them, as whose pause it is, and writes none. */
function notesOf({ options, store }: Ground): AdoptedOptions["store"] {
  if (store === null || options.purpose === "write") return store;
  return withoutKeeping(store);
}

function mayHaveMoved(error: unknown): boolean {
  return error instanceof HearthError && ["MINER_UNREACHABLE", "MINER_IDENTITY_CHANGED"].includes(error.code);
}

function toTarget(name: string): HostPort | null {
  try {
    return parseHostPort(name);
  } catch {
    return null;
  }
}

function unknownMiner(name: string, home: HearthConfig | null): HearthError {
  const names = (home?.miners ?? []).map((miner) => miner.name).join(", ");
  return usageError(
    "MINER_UNKNOWN",
    `There is no adopted miner "${name.slice(0, 60)}", and it is no address.`,
    {
      left: "Nothing was sent",
      hint: names === "" ? "hearth discover, then hearth pair --miner HOST[:PORT]" : `one of ${names}`,
    },
  );
}

/** The state, for places and notes of drivers; null where there is none to read yet. */
function openStore(paths: HearthPaths, isWrite: boolean): StateStore | null {
  try {
    return openStateStore(paths.state, { readOnly: !isWrite });
  } catch (error) {
    // A note that cannot be read or kept must not keep a person from their heater.
    if (error instanceof HearthError) return null;
    throw error;
  }
}

/** The caller's signal with the limit of a command, whose reason a write under way knows how to end with. */
function withinCommand({ signal, name, purpose }: OneMinerOptions): AbortSignal {
  const limit = new AbortController();
  const overdue = unreachableError(
    "MINER_TIMEOUT",
    `${name} was not done within ${Math.ceil(COMMAND_MS / 1000)} s.`,
    {
      hint:
        purpose === "write"
          ? "Read it again before repeating a change: it may have taken it"
          : "Run it again; if it stays so, restart the miner",
    },
  );
  const timer = setTimeout(() => limit.abort(overdue), COMMAND_MS);
  timer.unref();
  return AbortSignal.any([signal, limit.signal]);
}
