import type { MinerReading, MinerState, PoolReading, PoolState } from "../model/miner.ts";
import { field, flag, list, number, safeText, text } from "../model/parse.ts";
import { sharesOf } from "./bos-groups.ts";
import { BOS_IDLE_W, highest, POWER_TARGET, powerOf } from "./bos-socket.ts";
import { isFeeGroup, toGroups } from "./braiins-pools.ts";
import { withScheme } from "./cgminer.ts";

/** Answers of one reading; null where a part was not asked for or not told. */
export interface BraiinsAnswers {
  /** `miner/details`. */
  details: unknown;
  /** `miner/stats`. */
  stats: unknown;
  /** `pools/`. */
  pools: unknown;
  /** `cooling/state`. */
  cooling: unknown;
  /** `miner/hw/hashboards`. */
  boards: unknown;
  /** `configuration/miner`. */
  configuration: unknown;
  /** `performance/tuner-state`. */
  tuner: unknown;
  /** `miner/errors`, asked for a miner that its firmware has stopped. */
  errors: unknown;
}

/** What is known beside the answers. */
export interface BraiinsSide {
  /** It has been seen paused for so long, s; null while it is not paused. */
  pausedForS: number | null;
  /** Words of the latest change that the device refused; null when there is none. */
  refusal: string | null;
}

/** Figures of the time before a pause may stand for so long, s (miners.md §7.3). */
const STALE_S = 60;
const NO_SENSOR = [0, -1, -273];
const AT_CHIP = 1;
const AT_BOARD = 2;
/** A target that dynamic scaling holds lower by less is the set one, W. */
const HELD_W = 5;

/** `status` of `miner/details` (miners.md §7.2). 4 is not mining, whatever other programs say. */
export const BRAIINS_STATUS = { notStarted: 1, normal: 2, paused: 3, suspended: 4, restricted: 5 } as const;

/** `tuner_mode` is told as 1, as 0 (not specified), or not at all; 2 is by hash rate. */
const TUNED_BY_WATTS: (number | null)[] = [1, 0, null];

/** One snapshot; no I/O. Watts are the firmware's own estimate (`approximated_consumption`). */
export function toBraiinsReading(answers: BraiinsAnswers, side: BraiinsSide): MinerReading {
  const { details, stats, configuration } = answers;
  const state = stateOf(details);
  const isStale = state === "paused" && (side.pausedForS === null || side.pausedForS < STALE_S);
  const toldW = number(field(stats, "power_stats", "approximated_consumption"), "watt", { min: 0 });
  const isAtRest = isStale || (state === "paused" && (toldW ?? 0) < BOS_IDLE_W);
  const hashrateThs = isStale ? null : liveHashrateThs(stats);
  const powerW = powerOf(toldW, isAtRest, hashrateThs);
  const targetW = configuredTargetW(configuration);
  return {
    state,
    stateDetail: detailOf(answers, state, targetW, side),
    powerW,
    powerSource: powerW === null ? null : "estimated",
    hashrateThs,
    chipMaxC: highest([
      sensorC(field(answers.cooling, "highest_temperature"), AT_CHIP),
      ...boardsOf(answers).map((board) => temperatureC(field(board, "highest_chip_temp", "temperature"))),
    ]),
    boardC: highest([
      sensorC(field(answers.cooling, "highest_temperature"), AT_BOARD),
      ...boardsOf(answers).map((board) => temperatureC(field(board, "board_temp"))),
    ]),
    inletC: lowest(boardsOf(answers).map((board) => temperatureC(field(board, "lowest_inlet_temp")))),
    outletC: highest(boardsOf(answers).map((board) => temperatureC(field(board, "highest_outlet_temp")))),
    fans: list(answers.cooling, "fans").map((fan) => ({
      rpm: number(fan, "rpm", { min: 0 }),
      percent: percentOf(number(fan, "target_speed_ratio", { min: 0, max: 1 })),
    })),
    hasFanFault: hasFanFault(answers),
    // Counters of shares begin with the mining process, so its age goes with them; 0 means that it does not run.
    uptimeS: number(details, "bosminer_uptime_s", { unknownWhen: 0, min: 0 }),
    powerTargetW: targetW,
    mode: modeOf(configuration),
    stepIndex: null,
    pools: toPools(answers.pools),
  };
}

/** The configured power target, W; dynamic scaling may hold the miner below it. */
export function configuredTargetW(configuration: unknown): number | null {
  return number(field(configuration, "tuner", "power_target"), "watt", { min: 1 });
}

/** A target in watts has an effect: the tuner runs, and by watts, or it does not tell how. */
export function isTunedByWatts(configuration: unknown): boolean {
  const tuner = field(configuration, "tuner");
  return flag(tuner, "enabled") !== false && TUNED_BY_WATTS.includes(number(tuner, "tuner_mode"));
}

/** The number of `status`; a pause whose reason is the firmware's own is a suspension. Null when it is not told. */
export function statusOf(details: unknown): number | null {
  const status = number(details, "status", { min: 0, max: 99 });
  const isOwn = status === BRAIINS_STATUS.paused && PROTECTIONS.has(reasonOf(details) ?? "");
  return isOwn ? BRAIINS_STATUS.suspended : status;
}

/** Why the firmware holds the miner still, in words; null when it is at work or at rest for another reason. */
export function protectionOf(details: unknown): string | null {
  if (stateOf(details) !== "fault") return null;
  const reason = reasonOf(details);
  return reason === null ? "its firmware has suspended it" : plain(reason);
}

/** For how long it has been in its state, s, as newer releases tell; null where they do not, or by a clock that is ahead. */
export function toldSinceS(details: unknown, nowMs: number): number | null {
  const sinceS = number(field(details, "detailed_status", "status_since"), "seconds", { min: 1_000_000_000 });
  return sinceS === null || sinceS > nowMs / 1000 ? null : nowMs / 1000 - sinceS;
}

function stateOf(details: unknown): MinerState {
  switch (statusOf(details)) {
    case BRAIINS_STATUS.normal:
    case BRAIINS_STATUS.restricted:
      return "mining";
    case BRAIINS_STATUS.paused:
      return "paused";
    case BRAIINS_STATUS.notStarted:
      return "starting";
    case BRAIINS_STATUS.suspended:
      return SUSPENSIONS_WITHOUT_FAULT.has(reasonOf(details) ?? "") ? "unknown" : "fault";
    default:
      return "unknown";
  }
}

/** Reasons of a suspension that are nobody's damage; all others are the firmware's own protection or a defect. */
const SUSPENSIONS_WITHOUT_FAULT = new Set(["dead_pools", "application_unavailable", "user_pause"]);
/** Reasons that no person's pause has, whatever the status beside them. */
const PROTECTIONS = new Set([
  ...["thermal_pause", "dps_cooldown", "hardware_error", "tuner_error"],
  ...["unsupported_hardware", "missing_license"],
]);

/** Reason that newer firmware gives beside the status, in its own word: `dead_pools`, `thermal_pause`. */
function reasonOf(details: unknown): string | null {
  const status = field(details, "detailed_status", "status");
  const [phase] = keysOf(status);
  const [reason] = keysOf(phase === undefined ? undefined : field(status, phase, "reason"));
  return reason === undefined || UNTELLING.has(reason) ? null : safeText(reason, 40);
}

const UNTELLING = new Set(["normal", "none", "unspecified"]);

function keysOf(value: unknown): string[] {
  return typeof value === "object" && value !== null ? Object.keys(value) : [];
}

function detailOf(
  { details, tuner, errors, configuration }: BraiinsAnswers,
  state: MinerState,
  targetW: number | null,
  { refusal }: BraiinsSide,
): string | null {
  const words: string[] = [];
  const reason = reasonOf(details);
  if (statusOf(details) === BRAIINS_STATUS.suspended) words.push("suspended by its firmware");
  if (reason !== null && state !== "paused") words.push(plain(reason));
  if (statusOf(details) === BRAIINS_STATUS.restricted) {
    words.push("restricted: it mines with a licence penalty");
  }
  for (const error of list(errors, "errors").slice(-2)) words.push(text(error, "message") ?? "");
  const isByWatts = isTunedByWatts(configuration);
  if (state === "mining") words.push(isByWatts ? heldWords(tuner, targetW) : "", tunerWords(tuner));
  if (targetW !== null && !isByWatts) words.push("not tuned by watts");
  if (refusal !== null) words.push(refusal);
  // Status and tuner may say the same.
  const told = new Set(words.filter((word) => word !== ""));
  return told.size > 0 ? safeText([...told].join("; "), 240) : null;
}

function plain(word: string): string {
  return word.replaceAll("_", " ");
}

/** Dynamic scaling lowers the target of a hot miner on its own (miners.md §7.4). */
function heldWords(tuner: unknown, targetW: number | null): string {
  const heldW = number(field(tuner, "mode_state", "powertargetmodestate", "current_target"), "watt", {
    min: 1,
  });
  if (heldW === null || targetW === null || heldW >= targetW - HELD_W) return "";
  return `dynamic scaling holds it at ${heldW} W, below the ${targetW} W that are set`;
}

function tunerWords(tuner: unknown): string {
  return TUNER_WORDS[number(tuner, "overall_tuner_state") ?? 0] ?? "";
}

/** By `overall_tuner_state`; stable and continuous tuning need no word. */
const TUNER_WORDS: Record<number, string> = {
  1: "tuner off",
  3: "tuning",
  4: "tuner error",
  6: "preheating",
};

/** The shortest live window up to a minute, TH/s; `since_restart` and the long ones are averages of other times. */
function liveHashrateThs(stats: unknown): number | null {
  const windows = field(stats, "miner_stats", "real_hashrate");
  for (const key of ["last_5s", "last_15s", "last_30s", "last_1m"]) {
    const ths = number(field(windows, key), "gigahash_per_second", { scale: 1e-3, min: 0 });
    if (ths !== null) return ths;
  }
  return null;
}

function modeOf(configuration: unknown): string | null {
  const tuner = field(configuration, "tuner");
  if (flag(tuner, "enabled") === false) return "manual";
  if (number(tuner, "tuner_mode") === 2) return "hashrate target";
  const isByWatts = isTunedByWatts(configuration) && configuredTargetW(configuration) !== null;
  return isByWatts ? POWER_TARGET : null;
}

function hasFanFault({ details, errors }: BraiinsAnswers): boolean {
  const stopped = field(details, "detailed_status", "status", "stopped", "reason", "thermal_pause");
  if (text(stopped, "reason")?.endsWith("BROKEN_FANS")) return true;
  return list(errors, "errors").some((error) =>
    list(error, "components").some((component) => /^fan/i.test(text(component, "name") ?? "")),
  );
}

function percentOf(ratio: number | null): number | null {
  return ratio === null ? null : Math.round(ratio * 100);
}

function boardsOf({ boards }: BraiinsAnswers): unknown[] {
  return list(boards, "hashboards").filter((board) => field(board, "enabled") !== false);
}

function sensorC(sensor: unknown, location: number): number | null {
  return number(sensor, "location") === location ? temperatureC(field(sensor, "temperature")) : null;
}

function temperatureC(value: unknown): number | null {
  return number(value, "degree_c", { unknownWhen: NO_SENSOR, min: -60, max: 250 });
}

function lowest(values: readonly (number | null)[]): number | null {
  const known = values.filter((value) => value !== null);
  return known.length > 0 ? Math.min(...known) : null;
}

function toPools(told: unknown): PoolReading[] {
  const groups = Array.isArray(told) ? told : [];
  const known = toGroups(told);
  const shares = known === null ? null : sharesOf(known);
  return groups.flatMap((group, place) =>
    list(group, "pools").map((pool, index) => toPool(group, pool, shares?.[place]?.[index] ?? null)),
  );
}

function toPool(group: unknown, pool: unknown, sharePpm: number | null): PoolReading {
  const stats = field(pool, "stats");
  return {
    url: withScheme(text(pool, "url") ?? ""),
    user: text(pool, "user") ?? "",
    role: isFeeGroup(text(group, "name") ?? "") ? "dev_fee" : "unknown",
    state: poolState(pool),
    // The firmware keeps no sum of difficulty: work is counted from shares (miners.md §7.6).
    acceptedDifficulty: null,
    accepted: number(stats, "accepted_shares", { min: 0 }),
    rejected: number(stats, "rejected_shares", { min: 0 }),
    stale: number(stats, "stale_shares", { min: 0 }),
    shareDifficulty: number(stats, "last_difficulty", { unknownWhen: 0, min: 0 }),
    isActive: flag(pool, "active"),
    sharePpm,
  };
}

function poolState(pool: unknown): PoolState {
  if (flag(pool, "enabled") === false) return "disabled";
  const isAlive = flag(pool, "alive");
  return isAlive === null ? "unknown" : isAlive ? "alive" : "dead";
}
