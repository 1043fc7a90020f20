import type { MinerReading, MinerState, PoolReading, PoolState } from "../model/miner.ts";
import { field, flag, list, number, safeText, text } from "../model/parse.ts";
import { type ClockLadder, rungOf } from "./clock-ladder.ts";
import { fansOf, hottestC, isStarting, liveHashrateThs, stateByWork } from "./esp-board.ts";
import { type BoardPool, boardPoolUrl, NO_COUNTERS, readFlatPool, sessionCounters } from "./esp-pools.ts";

/** Numbers of the firmware's pool modes (miners.md §5.2). */
export const NERD_MODE = { failover: 0, dual: 1 } as const;
const PPM_PER_PERCENT = 10_000;
/** Chips that get less have no power, mV. */
const LEAST_CORE_MV = 100;
/** Within so long after a start the chips may not have their voltage yet, s. */
const POWERED_WITHIN_S = 60;

/** Errors of the board by which its firmware takes the power from the chips, in plain words. */
const PROTECTIONS: Record<number, string> = {
  1: "overheated",
  2: "its voltage regulator overheated",
  3: "its power supply failed",
  4: "it drew too much current",
  5: "its voltage was wrong",
};

/** Pool settings beside the pools themselves; null: not told, as by firmware before the dual mode. */
export interface NerdSplit {
  /** As stored; it applies after a restart. */
  mode: number | null;
  /** As it runs: the only one that counts. */
  activeMode: number | null;
  /** Percent of the jobs for the first pool, 0 to 100: the firmware itself lets anything through. */
  balancePercent: number | null;
}

/** What one pool entry of the running firmware tells. */
interface RunningPool {
  entry: unknown;
  pool: BoardPool;
  place: number;
}

/**
 * One snapshot from `/api/system/info` and, where the firmware has it, `/api/v2/dashboard`; from the latter only what
 * has no unit, because it tells volts and amps where the other tells thousandths. No I/O.
 */
export function toReading(
  info: unknown,
  dashboard: unknown,
  ladder: ClockLadder,
  hasWorkMoved = false,
): MinerReading {
  const state = stateOf(info, dashboard, hasWorkMoved);
  const clockMhz = number(info, "frequency", { min: 1 });
  const powerW = number(info, "power", { min: 0 });
  return {
    state,
    stateDetail: detailOf(info, dashboard),
    // Measured by the voltage regulator at the board's input.
    powerW,
    powerSource: powerW === null ? null : "measured",
    hashrateThs: rateThs(info),
    chipMaxC: hottestC(info, ["temp"]),
    boardC: null,
    inletC: null,
    outletC: null,
    fans: fansOf(info, "fanrpm2", "fanspeed2"),
    hasFanFault: false,
    uptimeS: number(info, "uptimeSeconds", { min: 0 }),
    powerTargetW: null,
    mode: clockMhz === null ? null : `${clockMhz} MHz`,
    stepIndex: state === "paused" || state === "unknown" ? null : rungOf(ladder, info),
    pools: poolReadings(info, dashboard),
  };
}

/** True while the chips are shut down until a restart; null where the firmware has no such field. */
export function isShutDown(info: unknown): boolean | null {
  return flag(info, "shutdown");
}

/** The split as the telemetry tells it. */
export function splitOf(source: unknown): NerdSplit {
  const percent = number(field(source, "stratum"), "poolBalance");
  return {
    mode: number(field(source, "stratum"), "poolMode"),
    activeMode: number(field(source, "stratum"), "activePoolMode"),
    balancePercent: percent === null ? null : Math.min(100, Math.max(0, percent)),
  };
}

/** Why the board's own protection stands; a restart would clear it, so it is never done for it (requirements DRV-8). */
export function faultOf(info: unknown, dashboard: unknown): string | null {
  const error = number(field(dashboard, "system"), "boardError", { unknownWhen: 0 });
  const protection = error === null ? undefined : PROTECTIONS[error];
  if (protection !== undefined) return protection;
  // Another number stands beside blocked pools when none is left to work for: the chips are well then.
  if (error !== null && !areAllBlocked(info, dashboard)) return `the board reports error ${error}`;
  const limitC = number(info, "overheat_temp", { min: 1 });
  const chipC = hottestC(info, ["temp"]);
  // Without that field these are the only signs that the board has taken the power from its chips.
  if (limitC !== null && chipC !== null && chipC >= limitC) return `hotter than its limit of ${limitC} degC`;
  return hasLostPower(info) ? "it has taken the power from its chips" : null;
}

function areAllBlocked(info: unknown, dashboard: unknown): boolean {
  const used = runningPools(info, dashboard).filter(({ pool }) => pool.host !== "");
  return used.length > 0 && used.every(({ entry }) => text(entry, "verifyBlocked") !== null);
}

/** The chips stand still without voltage though nobody has shut them down. */
function hasLostPower(info: unknown): boolean {
  const isSettled = (number(info, "uptimeSeconds") ?? 0) >= POWERED_WITHIN_S;
  return isSettled && isShutDown(info) !== true && hasNoVoltage(info) && rateThs(info) === 0;
}

function stateOf(info: unknown, dashboard: unknown, hasWorkMoved: boolean): MinerState {
  if (faultOf(info, dashboard) !== null) return "fault";
  const isDown = isShutDown(info);
  if (isDown === null) return stateByWork(rateThs(info), hasWorkMoved);
  if (isDown) return "paused";
  return isStarting(info) ? "starting" : "mining";
}

/**
 * Live rate, TH/s. Before the dual mode it is a mean of ten minutes, which goes on while the chips have no voltage; the
 * measured voltage then tells that they stand still.
 */
function rateThs(info: unknown): number | null {
  const isMean = field(info, "hashRate_1m") === undefined;
  return isMean && hasNoVoltage(info) ? 0 : liveHashrateThs(info);
}

function hasNoVoltage(info: unknown): boolean {
  const coreMv = number(info, "coreVoltageActual", { min: 0 });
  return coreMv !== null && coreMv < LEAST_CORE_MV;
}

/** Its fault, and what keeps a pool from getting its work. */
function detailOf(info: unknown, dashboard: unknown): string | null {
  const fault = faultOf(info, dashboard);
  const words = fault === null ? [] : [fault];
  const { mode, activeMode } = splitOf(info);
  if (mode !== null && activeMode !== null && mode !== activeMode) {
    words.push("the other pool mode applies after a restart");
  }
  for (const { entry, place } of runningPools(info, dashboard)) {
    const reason = text(entry, "verifyBlocked");
    if (reason !== null) words.push(`pool ${place + 1} is blocked by its coinbase check (${reason})`);
    if (flag(entry, "poolDiffErr") === true) {
      words.push(`pool ${place + 1} asks for less difficulty than the chips can filter`);
    }
  }
  return words.length > 0 ? safeText(words.join("; "), 200) : null;
}

function poolReadings(info: unknown, dashboard: unknown): PoolReading[] {
  const split = splitOf(info);
  const isDual = split.activeMode === NERD_MODE.dual;
  return runningPools(info, dashboard)
    .filter(({ pool }) => pool.host !== "")
    .map(({ entry, pool, place }) => {
      const isActive = isAtWork(info, entry, place, isDual);
      return {
        url: boardPoolUrl(pool),
        user: pool.user,
        role: "unknown",
        state: poolState(info, entry, isActive, isDual),
        ...countersOf(info, entry, isActive === true && !isDual),
        isActive,
        sharePpm: isDual ? shareOf(split, place) : null,
      };
    });
}

/**
 * Both pools with what is told of each. Entries stand in the order of the settings; where only the one at work is
 * listed, as by firmware 1.0.35 in failover mode, `usingFallback` tells which it is.
 */
function runningPools(info: unknown, dashboard: unknown): RunningPool[] {
  const told = list(field(dashboard, "stratum"), "pools");
  const entries = told.length > 0 ? told : list(field(info, "stratum"), "pools");
  const places = entries.length === 1 && usesFallback(info) === true ? [null, entries[0]] : entries;
  return [0, 1].map((place) => {
    const entry = places[place] ?? null;
    return { entry, pool: endpointOf(info, entry, place), place };
  });
}

/** From the entry, else from the flat keys of the settings; encryption from whichever tells it. */
function endpointOf(info: unknown, entry: unknown, place: number): BoardPool {
  const flat = readFlatPool(info, place);
  const host = text(entry, "host");
  const protocol = number(entry, "activeProtocol");
  const isEncrypted = protocol === 0 ? flag(entry, "encrypted") : null;
  return {
    host: host ?? flat.host,
    port: host === null ? flat.port : number(entry, "port", { min: 1, max: 65_535 }),
    user: (host === null ? null : text(entry, "user")) ?? flat.user,
    isTls: flat.isTls ?? isEncrypted,
    isV2: protocol === 1,
  };
}

function shareOf({ balancePercent }: NerdSplit, place: number): number | null {
  if (balancePercent === null) return null;
  return (place === 0 ? balancePercent : 100 - balancePercent) * PPM_PER_PERCENT;
}

function usesFallback(info: unknown): boolean | null {
  return flag(field(info, "stratum"), "usingFallback") ?? flag(info, "isUsingFallbackStratum");
}

function isAtWork(info: unknown, entry: unknown, place: number, isDual: boolean): boolean | null {
  if (isDual) return text(entry, "verifyBlocked") !== null ? false : flag(entry, "connected");
  const onFallback = usesFallback(info);
  return flag(entry, "active") ?? (onFallback === null ? null : onFallback === (place === 1));
}

function poolState(info: unknown, entry: unknown, isActive: boolean | null, isDual: boolean): PoolState {
  if (text(entry, "verifyBlocked") !== null) return "disabled";
  const isConnected = flag(entry, "connected");
  if (isConnected === true) return "alive";
  // In failover mode the pool that only stands by is not connected by intent.
  if (isConnected === false) return isDual || isActive === true ? "dead" : "unknown";
  return isActive === true && (rateThs(info) ?? 0) > 0 ? "alive" : "unknown";
}

/** Of the entry; the board's one total only where a single pool gets all the work. */
function countersOf(info: unknown, entry: unknown, hasAllWork: boolean) {
  const accepted = number(entry, "accepted", { min: 0 });
  if (accepted === null) return hasAllWork ? sessionCounters(info) : NO_COUNTERS;
  return {
    ...NO_COUNTERS,
    accepted,
    rejected: number(entry, "rejected", { min: 0 }),
    shareDifficulty: number(entry, "poolDifficulty", { unknownWhen: 0, min: 0 }),
  };
}
