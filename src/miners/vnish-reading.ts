import type { MinerReading, MinerState, PoolReading, PoolState } from "../model/miner.ts";
import { field, list, number, safeText, text, toNumber } from "../model/parse.ts";
import { withScheme } from "./cgminer.ts";

/** Factor from the hash rate's unit in this build (`info.hr_measure`) to TH/s. */
const TO_THS: Record<string, number> = { "GH/S": 1e-3, "MH/S": 1e-6, "TH/S": 1 };

/** Every word of `miner_state`; `paused` is not documented, and could be nothing else. */
const STATES: Record<string, MinerState> = {
  mining: "mining",
  initializing: "starting",
  starting: "starting",
  "auto-tuning": "starting",
  restarting: "starting",
  "shutting-down": "paused",
  stopped: "paused",
  paused: "paused",
  failure: "fault",
};

const POOL_STATES: Record<string, PoolState> = {
  active: "alive",
  working: "alive",
  offline: "dead",
  disabled: "disabled",
  rejecting: "rejecting",
};

/**
 * One snapshot from `summary`, `info` and `perf-summary`, of which the last two may be missing; `names` are the steps.
 * Without `info` the unit of the hash rate is not known, and so it is not told. No I/O.
 */
export function toReading(
  summary: unknown,
  info: unknown,
  performance: unknown,
  names: readonly string[],
): MinerReading {
  const miner = field(summary, "miner");
  const state = stateOf(miner);
  // At rest it tells 0, though the controller draws some watts.
  const powerW = number(miner, "power_consumption", { unknownWhen: 0, min: 0 });
  const preset = presetOf(performance);
  const place = preset === null ? -1 : names.indexOf(preset);
  return {
    state,
    stateDetail: stateDetail(miner, state),
    powerW,
    powerSource: powerW === null ? null : isMetered(miner) ? "measured" : "estimated",
    hashrateThs: hashrateThs(miner, info),
    chipMaxC: maxTemperature(miner, "chip_temp"),
    boardC: maxTemperature(miner, "pcb_temp"),
    inletC: null,
    outletC: null,
    fans: fansOf(miner),
    hasFanFault: list(field(miner, "cooling"), "fans").some((fan) => text(fan, "status") === "lost"),
    uptimeS: uptimeOf(text(field(info, "system"), "uptime")),
    powerTargetW: wattsOf(preset),
    mode: preset,
    stepIndex: state === "paused" || state === "unknown" || place < 0 ? null : place,
    pools: poolsOf(miner).map(({ reading }) => reading),
  };
}

/** The preset at work, by `perf-summary`; null when clocks are set by hand. */
export function presetOf(performance: unknown): string | null {
  return text(field(performance, "current_preset"), "name");
}

/** Watts that a preset is named after; null for `disabled` and names of other kinds. */
export function wattsOf(preset: string | null): number | null {
  return toNumber(preset, { min: 1, max: 20_000 });
}

/** `null` is what it tells while it boots; `status` tells the same fields as `miner_status`. */
export function stateOf(miner: unknown): MinerState {
  if (miner === null) return "starting";
  const word = stateWord(miner);
  return (word !== null && Object.hasOwn(STATES, word) ? STATES[word] : undefined) ?? "unknown";
}

/** Is the word one of a device on its way to rest? */
export function isShuttingDown(miner: unknown): boolean {
  return stateWord(miner) === "shutting-down";
}

/** Every destination with its number in commands; the firmware's own pools are marked. */
export function poolsOf(miner: unknown): { id: number | null; reading: PoolReading }[] {
  const pools = list(miner, "pools");
  const hasActive = pools.some((pool) => text(pool, "status") === "active");
  return pools
    .filter((pool) => (text(pool, "url") ?? "") !== "")
    .map((pool) => ({ id: number(pool, "id", { min: 0 }), reading: toPool(pool, hasActive) }));
}

function toPool(pool: unknown, hasActive: boolean): PoolReading {
  const status = text(pool, "status") ?? "";
  const isFee = ["DevFee", "Refund"].includes(text(pool, "pool_type") ?? "");
  const url = text(pool, "url") ?? "";
  return {
    // The fee pools have a name in place of an address.
    url: isFee && !url.includes(":") ? url : withScheme(url),
    user: text(pool, "user") ?? "",
    role: isFee ? "dev_fee" : "unknown",
    state: (Object.hasOwn(POOL_STATES, status) ? POOL_STATES[status] : undefined) ?? "unknown",
    acceptedDifficulty: number(pool, "diffa", { min: 0 }),
    accepted: number(pool, "accepted", { min: 0 }),
    rejected: number(pool, "rejected", { min: 0 }),
    stale: number(pool, "stale", { min: 0 }),
    shareDifficulty: number(pool, "ls_diff", { unknownWhen: 0, min: 0 }),
    isActive: hasActive ? status === "active" : null,
    sharePpm: null,
  };
}

function stateWord(miner: unknown): string | null {
  return text(field(miner, "miner_status"), "miner_state");
}

function stateDetail(miner: unknown, state: MinerState): string | null {
  const status = field(miner, "miner_status");
  const word = stateWord(miner);
  if (state === "fault") {
    const code = number(status, "failure_code");
    const words = [text(status, "description"), code === null ? null : `code ${code}`];
    return safeText(words.filter((part) => part !== null).join(", "), 120) || "failure";
  }
  return word === "auto-tuning" ? "tuning its preset: this takes tens of minutes" : null;
}

/** The supply of some models meters; elsewhere the figure is the firmware's model. */
function isMetered(miner: unknown): boolean {
  return field(miner, "psu", "psu_power_metering") === true;
}

function hashrateThs(miner: unknown, info: unknown): number | null {
  const scale = TO_THS[(text(info, "hr_measure") ?? "").toUpperCase()];
  return scale === undefined ? null : number(miner, "hr_realtime", { scale, min: 0 });
}

function maxTemperature(miner: unknown, key: string): number | null {
  return number(field(miner, key), "max", { unknownWhen: 0, min: -60, max: 200 });
}

function fansOf(miner: unknown): MinerReading["fans"] {
  const cooling = field(miner, "cooling");
  const percent = number(cooling, "fan_duty", { min: 0, max: 100 });
  return list(cooling, "fans").map((fan) => ({ rpm: number(fan, "rpm", { min: 0 }), percent }));
}

/** `3 days, 4:05`, `4:05`, `4:05:12` or `17 min`, s; null for other words. */
export function uptimeOf(words: string | null): number | null {
  const match = /^(?:(\d+)\s*d(?:ays?)?,?\s*)?(?:(\d+):(\d{2})(?::(\d{2}))?|(\d+)\s*min)?$/i.exec(
    words ?? "",
  );
  if (!match || words === null || words === "") return null;
  const [days, hours, minutes, seconds, onlyMinutes] = match.slice(1).map((part) => Number(part ?? 0));
  const minutesSum = (hours ?? 0) * 60 + (minutes ?? 0) + (onlyMinutes ?? 0);
  return (days ?? 0) * 86_400 + minutesSum * 60 + (seconds ?? 0);
}
