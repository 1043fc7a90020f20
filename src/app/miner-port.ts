import { type MinerDriverEntry, minerDriver, minerDrivers } from "../miners/registry.ts";
import { toInstant } from "../model/clock.ts";
import { accessError, HearthError, unreachableError, unsupportedError, usageError } from "../model/errors.ts";
import type {
  MinerActions,
  MinerBackup,
  MinerCapabilities,
  MinerIdentity,
  MinerReading,
  PoolTarget,
  WriteResult,
} from "../model/miner.ts";
import { minerBusy, minerNotAdopted } from "../model/miner-errors.ts";
import type { DeviceLink, DriverOptions, DriverTier, MinerDriver, Pace } from "../model/miner-link.ts";
import { createDeviceLink, type DeviceLinkOptions } from "../net/device-link.ts";
import { formatHostPort } from "../net/host-port.ts";
import { createSystemClock } from "../net/system-clock.ts";

/**
 * One adopted miner as use cases see it. Every call ends within 8 s of real time whatever the device does.
 * Before each write the link asks who is there (`MINER_IDENTITY_CHANGED`, exit 5: nothing was written), and an action
 * that the device lacks is refused before anything is sent (`MINER_…_UNSUPPORTED`, exit 1).
 */
export interface MinerPort {
  readonly name: string;
  readonly host: string;
  readonly port: number;
  /** As last seen; null before the first answer. */
  readonly identity: MinerIdentity | null;
  /** Asks who is there now and checks it against the adopted id. */
  identify(signal?: AbortSignal): Promise<MinerIdentity>;
  /** A snapshot; the first one, and the first after a miss, checks the identity too. */
  read(signal?: AbortSignal): Promise<MinerReading>;
  /** Asked once and kept until the firmware version changes. */
  capabilities(signal?: AbortSignal): Promise<MinerCapabilities>;
  pause(signal?: AbortSignal): Promise<WriteResult>;
  resume(signal?: AbortSignal): Promise<WriteResult>;
  setStep(index: number, signal?: AbortSignal): Promise<WriteResult>;
  setTarget(powerW: number, signal?: AbortSignal): Promise<WriteResult>;
  writePools(pools: readonly PoolTarget[], signal?: AbortSignal): Promise<WriteResult>;
  selectPool(index: number, signal?: AbortSignal): Promise<WriteResult>;
  restart(signal?: AbortSignal): Promise<WriteResult>;
  locate(signal?: AbortSignal): Promise<WriteResult>;
  /** Pools and settings as they stand. A secret: it holds what the device tells of passwords. */
  backup(signal?: AbortSignal): Promise<MinerBackup>;
  /** A write under way stops waiting for its proof and answers with what is known: something more urgent waits. */
  hurry(): void;
  /** Ends whatever is under way; later calls fail. */
  close(): void;
}

export interface OpenMinerOptions extends DriverOptions {
  host: string;
  port: number;
  /** Firmware family, as `driver` of the configuration. */
  driver: string;
  /** Adopted identity; null for a first look before adoption: then nothing can be written. */
  id: string | null;
  name: string;
  /** Waits between read-backs; real time when absent. */
  pace?: Pace;
  /** Pools and settings before each change of pools; a write that cannot be backed up is not made. */
  keepBackup?: (backup: MinerBackup) => void;
  link?: Pick<DeviceLinkOptions, "isExplicitPort" | "allowPublic" | "onExchange" | "totalMs" | "connectMs">;
}

/** A driver with its link: what it says of one device. */
export interface BoundDriver {
  readonly driver: MinerDriver;
  readonly tier: DriverTier;
  identify(signal: AbortSignal): Promise<MinerIdentity | null>;
  read(signal: AbortSignal): Promise<MinerReading>;
  capabilities(signal: AbortSignal): Promise<MinerCapabilities>;
  backup(signal: AbortSignal): ReturnType<MinerDriver["backup"]>;
}

/** Longest one-shot use of a miner, ms (interfaces.md §6). */
const CALL_MS = 8_000;

/** Words of an action in its error code and message. */
const ACTION_WORDS: Record<keyof MinerActions, { code: string; words: string }> = {
  pause: { code: "MINER_PAUSE_UNSUPPORTED", words: "be paused" },
  resume: { code: "MINER_RESUME_UNSUPPORTED", words: "be resumed" },
  setStep: { code: "MINER_STEP_UNSUPPORTED", words: "be set to a step" },
  setTarget: { code: "MINER_TARGET_UNSUPPORTED", words: "take a target in watts" },
  writePools: { code: "MINER_POOLS_UNSUPPORTED", words: "have its pools written" },
  selectPool: { code: "MINER_POOL_SWITCH_UNSUPPORTED", words: "switch its pool" },
  restart: { code: "MINER_RESTART_UNSUPPORTED", words: "be restarted from here" },
  locate: { code: "MINER_LOCATE_UNSUPPORTED", words: "show itself" },
};

/** Joins an entry of the registry with a link to `host:port`; without a `guard` in `link` it can only read. */
export async function bindDriver(
  entry: MinerDriverEntry,
  host: string,
  port: number,
  options: DriverOptions & { link?: DeviceLinkOptions } = {},
): Promise<BoundDriver> {
  return bindTo(
    await entry.load(options),
    createDeviceLink(host, port, { ...options.link, ports: entry.ports }),
  );
}

function bindTo(driver: MinerDriver, link: DeviceLink): BoundDriver {
  return {
    driver,
    tier: driver.tier,
    identify: (signal) => driver.identify(link, signal),
    read: (signal) => driver.read(link, signal),
    capabilities: (signal) => driver.capabilities(link, signal),
    backup: (signal) => driver.backup(link, signal),
  };
}

/** Opens a miner by its configuration; nothing is sent yet. Throws `DRIVER_UNKNOWN` (exit 2). */
export async function openMiner(options: OpenMinerOptions): Promise<MinerPort> {
  const entry = minerDriver(options.driver);
  if (entry === null) {
    const known = minerDrivers.map(({ id }) => id).join(", ");
    throw usageError("DRIVER_UNKNOWN", `There is no driver "${options.driver}"; there are ${known}.`);
  }
  const driver = await entry.load(options);
  const hurry = createHurry(options.pace ?? createSystemClock());
  const session = createSession(options, (guard) =>
    bindTo(
      driver,
      createDeviceLink(options.host, options.port, {
        ...options.link,
        ports: entry.ports,
        pace: hurry.pace,
        guard,
      }),
    ),
  );
  return createPort(options, session, hurry);
}

/** Waits that can be cut short, so that a write does not hold up a more urgent one while it looks for its proof. */
function createHurry(pace: Pace) {
  let waking = new AbortController();
  return {
    start: () => {
      if (waking.signal.aborted) waking = new AbortController();
    },
    hurry: () => waking.abort(),
    pace: {
      nowMs: () => pace.nowMs(),
      monoMs: () => pace.monoMs(),
      isHurried: () => waking.signal.aborted,
      async sleep(ms: number, signal: AbortSignal) {
        const hurried = waking.signal;
        await pace.sleep(ms, AbortSignal.any([signal, hurried])).catch((error: unknown) => {
          if (signal.aborted || !hurried.aborted) throw error;
        });
      },
    },
  };
}

function createPort(
  options: OpenMinerOptions,
  session: ReturnType<typeof createSession>,
  hurry: ReturnType<typeof createHurry>,
): MinerPort {
  const { host, port, name } = options;
  const closing = new AbortController();
  let told: MinerCapabilities | null = null;
  const bounded = <T>(signal: AbortSignal | undefined, run: (signal: AbortSignal) => Promise<T>) =>
    withinLimit([closing.signal, signal], formatHostPort(host, port), run);
  const act = <Name extends keyof MinerActions>(
    action: Name,
    signal: AbortSignal | undefined,
    run: (perform: NonNullable<MinerActions[Name]>, signal: AbortSignal) => Promise<WriteResult>,
  ) => {
    hurry.start();
    const cleared = session.clearedWrites();
    return bounded(signal, async (stop) => run(await session.cleared(action, stop), stop)).catch(
      (error: unknown) => {
        // No write was let through, so whatever failed, the device got none.
        throw error instanceof HearthError && session.clearedWrites() === cleared ? notSent(error) : error;
      },
    );
  };
  return {
    name,
    host,
    port,
    get identity() {
      return session.identity();
    },
    identify: (signal) => bounded(signal, session.identify),
    capabilities: (signal) =>
      bounded(signal, async (stop) => {
        told = await session.capabilities(stop);
        return told;
      }),
    read: (signal) => bounded(signal, session.read),
    backup: (signal) => bounded(signal, session.backup),
    pause: (signal) => act("pause", signal, (perform, stop) => perform(stop)),
    resume: (signal) => act("resume", signal, (perform, stop) => perform(stop)),
    setStep: (index, signal) =>
      act("setStep", signal, async (perform, stop) => {
        if (told !== null && !hasSameSteps(told, await session.capabilities(stop))) throw otherSteps(options);
        return perform(index, stop);
      }),
    setTarget: (powerW, signal) => act("setTarget", signal, (perform, stop) => perform(powerW, stop)),
    writePools: (pools, signal) =>
      act("writePools", signal, async (perform, stop) => {
        if (options.keepBackup) options.keepBackup(await session.backup(stop));
        return perform(pools, stop);
      }),
    selectPool: (index, signal) => act("selectPool", signal, (perform, stop) => perform(index, stop)),
    restart: (signal) => act("restart", signal, (perform, stop) => perform(stop)),
    locate: (signal) => act("locate", signal, (perform, stop) => perform(stop)),
    hurry: hurry.hurry,
    close: () => closing.abort(new Error("the miner was closed")),
  };
}

/** What is known of one device, and the checks before anything is written to it. */
function createSession(
  options: OpenMinerOptions,
  bind: (guard: (signal: AbortSignal) => Promise<void>) => BoundDriver,
) {
  let identity: MinerIdentity | null = null;
  let known: MinerCapabilities | null = null;
  let mustIdentify = true;
  let clearedWrites = 0;
  const driver = bind(async (signal) => {
    if (options.id === null) throw minerNotAdopted(formatHostPort(options.host, options.port));
    await identify(signal);
    clearedWrites += 1;
  });

  const identify = async (signal: AbortSignal): Promise<MinerIdentity> => {
    const seen = await driver.identify(signal);
    if (seen === null) throw changed(options, "a device of another kind");
    if (options.id !== null && seen.id !== options.id) throw changed(options, `${seen.model} ${seen.id}`);
    if (identity !== null && identity.firmwareVersion !== seen.firmwareVersion) known = null;
    identity = seen;
    mustIdentify = false;
    return seen;
  };
  const capabilities = async (signal: AbortSignal) => {
    // Some tell only behind their password, and that is for the adopted device alone.
    if (known === null && mustIdentify) await identify(signal);
    known ??= await driver.capabilities(signal);
    return known;
  };
  const read = async (signal: AbortSignal) => {
    if (mustIdentify) await identify(signal);
    try {
      return await driver.read(signal);
    } catch (error) {
      // A miss may mean that another device took the address, whatever was asked beside it.
      mustIdentify = true;
      throw error;
    }
  };
  const backup = async (signal: AbortSignal): Promise<MinerBackup> => {
    const seen = identity ?? (await identify(signal));
    const at = toInstant((options.pace ?? createSystemClock()).nowMs());
    return { at, identity: seen, ...(await driver.backup(signal)) };
  };
  /** The action, once it is sure that the device has it and is the adopted one. */
  const cleared = async <Name extends keyof MinerActions>(action: Name, signal: AbortSignal) => {
    if ((await capabilities(signal)).actions[action] === undefined) throw unsupported(options.name, action);
    await identify(signal);
    // Asked for again: a new firmware version drops what was known.
    const perform = (await capabilities(signal)).actions[action];
    if (perform === undefined) throw unsupported(options.name, action);
    return perform;
  };
  return {
    identity: () => identity,
    /** Writes that passed the check of identity so far. */
    clearedWrites: () => clearedWrites,
    ...{ identify, capabilities, read, backup, cleared },
  };
}

/** Runs under the caller's signals and the limit of one call; nothing stays behind. */
async function withinLimit<T>(
  outer: readonly (AbortSignal | undefined)[],
  where: string,
  run: (signal: AbortSignal) => Promise<T>,
): Promise<T> {
  for (const signal of outer) signal?.throwIfAborted();
  const controller = new AbortController();
  const stops = outer.filter((signal) => signal !== undefined);
  const onAbort = () => controller.abort(stops.find((signal) => signal.aborted)?.reason);
  const timer = setTimeout(() => controller.abort(overdue(where)), CALL_MS);
  for (const signal of stops) signal.addEventListener("abort", onAbort, { once: true });
  try {
    return await run(controller.signal);
  } catch (error) {
    throw controller.signal.aborted ? controller.signal.reason : error;
  } finally {
    clearTimeout(timer);
    for (const signal of stops) signal.removeEventListener("abort", onAbort);
  }
}

/** The same error, known to have come before anything was sent: it may be tried again. */
function notSent(error: HearthError): HearthError {
  const { exit, code, message, hint, left } = error;
  const details = {
    cause: error,
    mayRetry: true,
    left: left ?? "Nothing was written",
    ...(hint ? { hint } : {}),
  };
  return new HearthError(exit, code, message, details);
}

/** A step is named by its place in a list; in the list of another firmware that place may draw more. */
function hasSameSteps(one: MinerCapabilities, other: MinerCapabilities): boolean {
  const listed = ({ steps }: MinerCapabilities) =>
    JSON.stringify(steps.map(({ label, targetW, wallW }) => [label, targetW, wallW]));
  return one === other || listed(one) === listed(other);
}

function otherSteps({ host, port }: OpenMinerOptions): HearthError {
  return minerBusy(formatHostPort(host, port), "its firmware has changed, and its steps with it");
}

function overdue(where: string): HearthError {
  return unreachableError("MINER_TIMEOUT", `The miner at ${where} was not done within ${CALL_MS / 1000} s.`, {
    hint: "Read it again before repeating a change: it may have taken it",
  });
}

function changed(options: OpenMinerOptions, seen: string): HearthError {
  return accessError(
    "MINER_IDENTITY_CHANGED",
    `At ${formatHostPort(options.host, options.port)} there is not the adopted miner ${options.name} (${options.id ?? options.driver}) but ${seen}.`,
    { left: "Nothing was written", hint: "Run `hearth discover` to find where it is now" },
  );
}

function unsupported(name: string, action: keyof MinerActions): HearthError {
  const { code, words } = ACTION_WORDS[action];
  return unsupportedError(code, `${name} cannot ${words}: its firmware does not offer it.`, {
    left: "Nothing was sent",
    hint: `hearth miner show ${name} says what it can do`,
  });
}
