import { HearthError, unreachableError } from "../model/errors.ts";
import type {
  FirmwareId,
  MinerCapabilities,
  MinerIdentity,
  MinerReading,
  MinerState,
  PowerStep,
  WriteResult,
} from "../model/miner.ts";
import { minerInFault } from "../model/miner-errors.ts";
import type { DeviceLink } from "../model/miner-link.ts";
import { field, number, text, toMac } from "../model/parse.ts";
import { proveWrite, sendUnproved } from "../model/prove-write.ts";
import { BOARD_POOLS } from "./esp-pools.ts";

/** Telemetry of every board of this line, whichever fork runs on it. */
export const BOARD_INFO = "/api/system/info";
/** After a start the chips need this long before their hash rate means anything, s (miners.md §4.3). */
const START_S = 60;
/** Clock, voltage and rest show within seconds (miners.md §16), ms. */
export const SHOWN_WITHIN_MS = 5_000;
/** What the Nerd forks tell in their telemetry and AxeOS does not (miners.md §5.1). */
const NERD_FIELDS = ["stratum", "hostip", "minPower", "lastResetReason", "fanrpm2"];

/** Its telemetry; an answer without any of the main fields is a miss, not a reading of unknowns. */
export async function askBoard(link: DeviceLink, signal: AbortSignal): Promise<unknown> {
  const info = await link.http.get(BOARD_INFO, signal);
  if (["ASICModel", "power", "hashRate"].some((key) => field(info, key) !== undefined)) return info;
  throw unreachableError(
    "MINER_BAD_ANSWER",
    `The miner at ${link.where} answered without any of the fields of AxeOS or its forks.`,
    { hint: "Check the address; it may be another device" },
  );
}

/**
 * What only some firmware versions answer; null where the path is not known: 404, or older firmware's way to its own
 * start page (miners.md §4). Everything else that is no data has the usual errors of a read.
 */
export async function askOptional(link: DeviceLink, path: string, signal: AbortSignal): Promise<unknown> {
  const { status, headers, body } = await link.http.exchange({ method: "GET", path }, signal);
  if (status === 404 || (status === 302 && headers["location"] === "/")) return null;
  if (status === 200 && typeof body === "object" && body !== null) return body;
  return link.http.get(path, signal);
}

/** Facts that only new firmware changes: asked once for each version that the board tells. */
export function oncePerVersion<Facts>(
  ask: (link: DeviceLink, info: unknown, signal: AbortSignal) => Promise<Facts>,
): (link: DeviceLink, info: unknown, signal: AbortSignal) => Promise<Facts> {
  let known: { version: string | null; facts: Facts } | null = null;
  return async (link, info, signal) => {
    const version = text(info, "version");
    if (known === null || known.version !== version)
      known = { version, facts: await ask(link, info, signal) };
    return known.facts;
  };
}

/** Who answers, by the rule of one fork; null for other devices. */
export async function identifyBoard(
  link: DeviceLink,
  toIdentity: (info: unknown) => MinerIdentity | null,
  signal: AbortSignal,
): Promise<MinerIdentity | null> {
  try {
    return toIdentity(await link.http.get(BOARD_INFO, signal));
  } catch (error) {
    if (error instanceof HearthError && error.code === "MINER_NO_ROUTE") return null;
    throw error;
  }
}

/** True for the NerdQAxe family: by its model's name, or by a model that is told beside the family's own fields. */
export function isNerdBoard(info: unknown): boolean {
  const model = text(info, "deviceModel");
  if (model === null) return false;
  return /^nerd/i.test(model) || NERD_FIELDS.some((key) => field(info, key) !== undefined);
}

/** Identity by MAC; null when the telemetry is of no such board. */
export function boardIdentity(info: unknown, firmware: FirmwareId, make: string): MinerIdentity | null {
  const mac = toMac(text(info, "macAddr"));
  const chip = text(info, "ASICModel");
  const firmwareVersion = text(info, "version");
  if (mac === null || chip === null || firmwareVersion === null) return null;
  const model = text(info, "deviceModel") ?? chip;
  return { id: mac, mac, serial: null, make, model, firmware, firmwareVersion };
}

/** Live rate, TH/s; told in GH/s. */
export function liveHashrateThs(info: unknown): number | null {
  return number(info, "hashRate", { scale: 1e-3, min: 0 });
}

export function isHashing(info: unknown): boolean {
  return (liveHashrateThs(info) ?? 0) > 0;
}

/** It runs since less than a minute and does not hash yet. */
export function isStarting(info: unknown): boolean {
  const uptimeS = number(info, "uptimeSeconds", { min: 0 });
  const hashRate = field(info, "hashRate");
  return uptimeS !== null && uptimeS < START_S && (hashRate === null || hashRate === 0);
}

/** Where no field tells the state: mining when the live rate or the accepted work moves (interfaces.md §6). */
export function stateByWork(hashrateThs: number | null, hasWorkMoved: boolean): MinerState {
  return hasWorkMoved || (hashrateThs ?? 0) > 0 ? "mining" : "unknown";
}

/** Tells of each telemetry whether more work was accepted than at the one before. */
export function createWorkWatch(): (info: unknown) => boolean {
  let earlier: number | null = null;
  return (info) => {
    const accepted = number(info, "sharesAccepted", { min: 0 });
    const hasMoved = accepted !== null && earlier !== null && accepted > earlier;
    earlier = accepted;
    return hasMoved;
  };
}

/** Hottest of these, degC; -1 and 0 are chips without power or sensor (miners.md §17). */
export function hottestC(info: unknown, keys: readonly string[]): number | null {
  const known = keys
    .map((key) => number(info, key, { unknownWhen: [-1, 0], min: -50, max: 250 }))
    .filter((celsius) => celsius !== null);
  return known.length > 0 ? Math.max(...known) : null;
}

/** The first fan, and the second where it is there. */
export function fansOf(info: unknown, secondRpm: string, secondPercent: string): MinerReading["fans"] {
  const percent = number(info, "fanspeed", { min: 0, max: 100 });
  const rpm = number(info, "fanrpm", { min: 0 });
  const other = number(info, secondRpm, { unknownWhen: 0, min: 0 });
  const fans: MinerReading["fans"] = [];
  if (rpm !== null || percent !== null) fans.push({ rpm, percent });
  if (other !== null) {
    fans.push({ rpm: other, percent: number(info, secondPercent, { min: 0, max: 100 }) ?? percent });
  }
  return fans;
}

type AlikeCapabilities = Omit<
  MinerCapabilities,
  "split" | "idleW" | "splitStepPpm" | "poolSwitch" | "poolsNeedRestart" | "actions"
>;

/** What every board of this line can do alike. */
export function boardCapabilities(steps: PowerStep[], canPause: boolean): AlikeCapabilities {
  return {
    canPause,
    power: steps.length > 0 ? "discrete" : canPause ? "onoff" : "none",
    // What the telemetry calls its power limits are not what the board can be set to (miners.md §4.3).
    minW: null,
    maxW: null,
    steps,
    // A restart and the ramp of the clock.
    wakeS: 60,
    tauS: 10,
    minOnS: 600,
    minOffS: 300,
    restartsOnChange: false,
    // After any restart it mines again (miners.md §4.3, §5.3).
    pausePersists: false,
    poolSlots: BOARD_POOLS,
    maxUserLength: 63,
  };
}

/** What differs between the forks in a write. */
export interface BoardWrites {
  /** Telemetry before a write and after it; throws what forbids a write. */
  read(signal: AbortSignal): Promise<unknown>;
  /** True while the chips rest by order. */
  isAtRest(info: unknown): boolean;
  /** The board's own fault in words; null without one. */
  faultOf(info: unknown, signal: AbortSignal): Promise<string | null>;
}

/** Throws `MINER_IN_FAULT` for what could wake a board that its firmware has stopped. */
export async function checkWell(
  link: DeviceLink,
  board: BoardWrites,
  info: unknown,
  signal: AbortSignal,
): Promise<void> {
  const fault = await board.faultOf(info, signal);
  if (fault !== null) throw minerInFault(link.where, fault);
}

/**
 * Lets the chips rest. A board that says it rests and hashes all the same is told so again, and then only believed when
 * it stands still.
 */
export async function restBoard(
  link: DeviceLink,
  board: BoardWrites,
  path: string,
  signal: AbortSignal,
): Promise<WriteResult> {
  const before = await board.read(signal);
  const hasLied = board.isAtRest(before) && isHashing(before);
  if (board.isAtRest(before) && !hasLied) return "effective";
  return proveWrite(
    {
      async send() {
        await link.http.send("POST", path, {}, signal);
        return "sent";
      },
      async look() {
        const seen = await askBoard(link, signal);
        if (!board.isAtRest(seen)) return "unchanged";
        return hasLied && isHashing(seen) ? "taken" : "effective";
      },
      withinMs: SHOWN_WITHIN_MS,
    },
    link.pace,
    signal,
  );
}

/**
 * Restarts the board: it leaves the network a second later and comes back with counters at zero. A start also ends the
 * board's own protection, so one that protects itself is left alone.
 */
export async function restartBoard(
  link: DeviceLink,
  board: BoardWrites,
  signal: AbortSignal,
): Promise<WriteResult> {
  await checkWell(link, board, await board.read(signal), signal);
  return sendUnproved(async () => {
    await link.http.send("POST", "/api/system/restart", {}, signal);
    return "sent";
  }, signal);
}
