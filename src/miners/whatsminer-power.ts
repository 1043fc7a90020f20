import { HearthError, usageError } from "../model/errors.ts";
import type { WriteResult } from "../model/miner.ts";
import { minerIncomplete } from "../model/miner-errors.ts";
import type { DeviceLink, DriverMemory } from "../model/miner-link.ts";
import { list, number } from "../model/parse.ts";
import { proveWrite, type Seen, type Sent } from "../model/prove-write.ts";

/**
 * Watts of a Whatsminer (miners.md §11, §16). The configured limit stays as its owner set it; a target is a percent of
 * that limit, which acts in about a second and without a restart. Firmware without percents gets another limit, and
 * with it a restart of its mining process.
 */
export interface PowerView {
  /** The limit that rules now, W. */
  limitW: number | null;
  /** The limit as stored, W, where it is told beside the other. */
  storedLimitW: number | null;
  /** Percent of the limit; null where the firmware does not tell it. */
  percent: number | null;
  powerW: number | null;
  isOff: boolean | null;
  /** Age of the mining process, s. */
  elapsedS: number | null;
  /** Starts in half a minute, and takes a new limit without a restart. */
  isFastBoot: boolean;
}

export type Lever = "percent" | "limit";

/** What a generation does for it. */
export interface PowerCommands {
  power(link: DeviceLink, signal: AbortSignal): Promise<PowerView>;
  /** The percent alone, where it is told. */
  percent(link: DeviceLink, signal: AbortSignal): Promise<number | null>;
  /** Signs in for one order. What it throws comes from before anything was sent. */
  orders(link: DeviceLink, signal: AbortSignal): Promise<PowerOrders>;
}

/** `absent`: the firmware does not know the command. */
export interface PowerOrders {
  sendPercent(percent: number): Promise<Sent | "absent">;
  sendLimit(limitW: number): Promise<Sent>;
}

/** Lower percents are not offered: 1.5 of 3.6 kW is the least that is known of these units (miners.md §14). */
const LEAST_PERCENT = 40;
/** Limits outside of this are none: 0 while off, 99999 and 2147483647 without a limit, W. */
const LIMIT_RANGE = { min: 100, max: 20_000 };
/** A percent that is told reads back at once; watts follow within a minute, ms. */
const TOLD_WITHIN_MS = 3_000;
const WATTS_WITHIN_MS = 60_000;
const LIMIT_WITHIN_MS = 30_000;
/** Percents are "only approximately reached". */
const NEAR = 0.05;
const CLOCK_SLACK_S = 60;

/** A limit in W as the firmware tells it; null when there is none. */
export function toLimitW(source: unknown, key: string): number | null {
  return number(source, key, LIMIT_RANGE);
}

/** A percent as the firmware tells it, up to 200 on units with liquid; 0 is its word for "as the limit says". */
export function toPercent(source: unknown, key: string): number | null {
  const percent = number(source, key, { min: 0, max: 200 });
  return percent === 0 ? 100 : percent;
}

/**
 * The configured target, W: what is told, else what was set here since the mining process started, else the limit, which
 * no percent passes. While it is off and tells no percent: what it gets as it starts.
 */
export function targetW(view: PowerView, memory: DriverMemory, nowMs: number): number | null {
  if (view.limitW === null) return null;
  const noted = view.isOff === true ? wishedPercent(memory) : notedPercent(view, memory, nowMs);
  return Math.round((view.limitW * Math.min(100, view.percent ?? noted ?? 100)) / 100);
}

/** The lever of this firmware, by what it told or refused before. */
export function leverOf(memory: DriverMemory, firmwareVersion: string): Lever {
  return memory.get(NO_PERCENT) === firmwareVersion ? "limit" : "percent";
}

/** Least and greatest target, W; null while the limit is not known. */
export function rangeOf(view: PowerView, lever: Lever, memory: DriverMemory) {
  const maxW = lever === "percent" ? fullLimitW(view, memory) : keptLimitW(view, memory);
  return { minW: maxW === null ? null : Math.ceil((maxW * LEAST_PERCENT) / 1000) * 10, maxW };
}

/**
 * Sets a target by percent, rounded down. Throws `MINER_TARGET_TOO_LOW` (exit 2) before anything is sent. A firmware
 * that turns out not to know percents is `rejected`, and gets limits from then on. While mining is off, a firmware that
 * does not tell its percent is not told one either: it draws nothing, and gets the percent as it starts.
 */
export async function setByPercent(
  link: DeviceLink,
  commands: PowerCommands,
  context: { memory: DriverMemory; firmwareVersion: string },
  wantedW: number,
  signal: AbortSignal,
): Promise<WriteResult> {
  const { memory, firmwareVersion } = context;
  const before = await commands.power(link, signal);
  const limitW = fullLimitW(before, memory);
  if (limitW === null) throw minerIncomplete(link.where, "power limit");
  // A percent of the limit that is a whole one must not fall to the next lower by the last bit.
  const percent = Math.min(100, Math.floor((wantedW * 100) / limitW + 1e-9));
  if (percent < LEAST_PERCENT) throw tooLow(link, wantedW, limitW);
  const isTold = before.percent !== null;
  if (!isTold && before.isOff === true) {
    memory.set(WISH, percent);
    return "effective";
  }
  const aim = { percent, aimW: (limitW * percent) / 100, isTold };
  const isNoted = isTold || notedPercent(before, memory, link.pace.nowMs()) === percent;
  if (isNoted && seenAt(before, aim) === "effective") return "effective";
  // Watts that were there before the order prove nothing of it.
  const canProve = isTold || !isNear(before.powerW, aim.aimW);
  const orders = await commands.orders(link, signal);
  return proveWrite(
    {
      async send() {
        const sent = await orders.sendPercent(percent);
        if (sent === "sent") note(before, memory, link.pace.nowMs(), percent);
        if (sent === "absent") memory.set(NO_PERCENT, firmwareVersion);
        return sent === "absent" ? "refused" : sent;
      },
      async look() {
        if (isTold) return seenAt({ ...before, percent: await commands.percent(link, signal) }, aim);
        return canProve ? seenAt(await commands.power(link, signal), aim) : "taken";
      },
      withinMs: isTold ? TOLD_WITHIN_MS : WATTS_WITHIN_MS,
    },
    link.pace,
    signal,
  );
}

/** By the percent where it is told, else by the measured watts, which tell nothing while mining is off. */
function seenAt(view: PowerView, aim: { percent: number; aimW: number; isTold: boolean }): Seen {
  if (aim.isTold) return view.percent === aim.percent ? "effective" : "unchanged";
  if (view.isOff !== false) return "taken";
  return isNear(view.powerW, aim.aimW) ? "effective" : "unchanged";
}

function isNear(powerW: number | null, aimW: number): boolean {
  return powerW !== null && Math.abs(powerW / aimW - 1) <= NEAR;
}

/**
 * After a start: the percent that was ordered last, where the miner would run higher than that; never a higher one. False
 * when it had to be given and does not show. Mining is on already, so what goes wrong here is seen in the next reading.
 */
export async function givePercentBack(
  link: DeviceLink,
  commands: PowerCommands,
  memory: DriverMemory,
  signal: AbortSignal,
): Promise<boolean> {
  const percent = wishedPercent(memory);
  if (percent === null) return true;
  try {
    const view = await commands.power(link, signal);
    if (percent >= (view.percent ?? 100)) return true;
    const sent = await (await commands.orders(link, signal)).sendPercent(percent);
    if (sent === "sent") note(view, memory, link.pace.nowMs(), percent);
    return view.percent !== null && (await commands.percent(link, signal)) === percent;
  } catch (error) {
    const cause: unknown = signal.aborted ? signal.reason : error;
    if (cause instanceof HearthError) return false;
    throw cause;
  }
}

/** Sets a target as a new limit, for firmware without percents: the mining process restarts unless it boots fast. */
export async function setByLimit(
  link: DeviceLink,
  commands: PowerCommands,
  memory: DriverMemory,
  wantedW: number,
  signal: AbortSignal,
): Promise<WriteResult> {
  const before = await commands.power(link, signal);
  const { minW, maxW } = rangeOf(before, "limit", memory);
  if (minW === null || maxW === null) throw minerIncomplete(link.where, "power limit");
  if (wantedW < minW) throw tooLow(link, wantedW, maxW);
  const limitW = Math.min(maxW, Math.floor(wantedW));
  const isStored = (view: PowerView) => (view.storedLimitW ?? view.limitW) === limitW;
  if (isStored(before)) return "effective";
  const orders = await commands.orders(link, signal);
  // An order may be lost: then the limit of the one before still stands.
  const lastW = ownLimitsW(memory).filter((ownW) => ownW === before.limitW);
  memory.set(OWN_LIMITS, [...lastW, limitW]);
  return proveWrite(
    {
      send: () => orders.sendLimit(limitW),
      look: async () => (isStored(await commands.power(link, signal)) ? "effective" : "unchanged"),
      withinMs: LIMIT_WITHIN_MS,
      goesAway: true,
    },
    link.pace,
    signal,
  );
}

/**
 * Notes of the driver: firmware without percents, the latest limit, the owner's limit, the limits that were set here, the
 * latest percent of this run, and the percent that was ordered last.
 */
const NO_PERCENT = "no percent in";
const LIMIT = "limitW";
const FULL_LIMIT = "fullLimitW";
const OWN_LIMITS = "ownLimitsW";
const PERCENT = "percent";
const WISH = "wishedPercent";

/** The limit now, or as it was last told: some firmware tells 0 while it is off. */
function fullLimitW(view: PowerView, memory: DriverMemory): number | null {
  if (view.limitW === null) return toLimitW({ noted: memory.get(LIMIT) }, "noted");
  if (memory.get(LIMIT) !== view.limitW) memory.set(LIMIT, view.limitW);
  return view.limitW;
}

/**
 * The owner's limit: one that is lowered here must find its way back. A limit that was not set here is a new one of the
 * owner's.
 */
function keptLimitW(view: PowerView, memory: DriverMemory): number | null {
  const seenW = fullLimitW(view, memory);
  if (seenW !== null && ownLimitsW(memory).includes(seenW)) {
    return toLimitW({ noted: memory.get(FULL_LIMIT) }, "noted") ?? seenW;
  }
  if (seenW !== null) memory.set(FULL_LIMIT, seenW);
  return seenW;
}

function ownLimitsW(memory: DriverMemory): number[] {
  return list({ noted: memory.get(OWN_LIMITS) }, "noted").filter((limitW) => typeof limitW === "number");
}

function note(view: PowerView, memory: DriverMemory, nowMs: number, percent: number): void {
  memory.set(PERCENT, { percent, atMs: nowMs, elapsedS: view.elapsedS });
  memory.set(WISH, percent);
}

function wishedPercent(memory: DriverMemory): number | null {
  return number({ noted: memory.get(WISH) }, "noted", { min: 1, max: 100 });
}

/** The percent that was set here, unless the mining process has restarted since: a percent does not outlive it. */
function notedPercent(view: PowerView, memory: DriverMemory, nowMs: number): number | null {
  const noted = memory.get(PERCENT);
  const percent = number(noted, "percent", { min: 1, max: 100 });
  const atMs = number(noted, "atMs");
  const elapsedS = number(noted, "elapsedS");
  if (percent === null || atMs === null || elapsedS === null || view.elapsedS === null) return null;
  const isSameRun = view.elapsedS >= elapsedS + (nowMs - atMs) / 1000 - CLOCK_SLACK_S;
  return isSameRun ? percent : null;
}

function tooLow(link: DeviceLink, wantedW: number, limitW: number): HearthError {
  return usageError(
    "MINER_TARGET_TOO_LOW",
    `The miner at ${link.where} cannot run at ${wantedW} W: below ${LEAST_PERCENT} % of its limit of ${limitW} W it is paused instead.`,
    { left: "It runs as before" },
  );
}
