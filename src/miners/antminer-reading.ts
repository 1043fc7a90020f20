import type { MinerReading, MinerState, PoolReading } from "../model/miner.ts";
import { field, flag, list, number, safeText, text, toNumber } from "../model/parse.ts";
import { configPools, modeOf } from "./antminer-config.ts";
import { modeWord, SLEEP_MODE } from "./antminer-models.ts";
import { toPools, withScheme } from "./cgminer.ts";

/** What was asked for one snapshot; null where it gave no usable answer. */
export interface AntminerAnswers {
  config: unknown;
  stats: unknown;
  summary: unknown;
  pools: unknown;
}

/** From its start to its first hash, s (miners.md §16: 3-10 min). */
const START_S = 600;
const SLOTS = 4;
/** Figures of a sensor; 0 is none, 255 a broken one. */
const SENSOR = { unknownWhen: 0, min: -40, max: 200 };
const RATE_SCALES: Record<string, number> = { H: 1e-12, KH: 1e-9, MH: 1e-6, GH: 1e-3, TH: 1 };

/** One snapshot; `modes` are the rungs that were offered. No I/O. */
export function toReading(answers: AntminerAnswers, modes: readonly number[]): MinerReading {
  const stats = statsEntry(answers.stats);
  const summary = list(answers.summary, "SUMMARY")[0];
  const mode = modeOf(answers.config) ?? number(stats, "miner-mode", { min: 0 });
  const hashrateThs = liveRate(answers);
  const uptimeS = number(stats, "elapsed", { min: 0 }) ?? number(stats, "Elapsed", { min: 0 });
  const faults = faultsOf(summary);
  const state = stateOf({ mode, hashrateThs, uptimeS, faults });
  const isListed = state !== "paused" && state !== "unknown" && mode !== null;
  const index = isListed ? modes.indexOf(mode) : -1;
  // What answers draws: 0 is a build that does not tell.
  const powerW = number(stats, "watt", { unknownWhen: 0, min: 0 });
  return {
    state,
    stateDetail: detailOf(faults, state, mode),
    powerW,
    // Whether the supply measures it or the firmware works it out is not told.
    powerSource: powerW === null ? null : "estimated",
    hashrateThs,
    chipMaxC: hottest(stats, "temp_chip"),
    boardC: hottest(stats, "temp_pcb"),
    inletC: null,
    outletC: null,
    fans: fansOf(stats),
    // Asleep its fans stand still by intent.
    hasFanFault: mode !== SLEEP_MODE && faults.some(({ type }) => type === "fans"),
    uptimeS,
    powerTargetW: null,
    mode: mode === null ? null : modeWord(mode),
    stepIndex: index < 0 ? null : index,
    pools: poolsOf(answers),
  };
}

/** The entry with the figures: the only one of the new form, the second of the old one; null when there is none. */
export function statsEntry(stats: unknown): unknown {
  return list(stats, "STATS").find((entry) => STATS_KEYS.some((key) => field(entry, key) !== undefined));
}

const STATS_KEYS = ["rate_5s", "GHS 5s", "chain", "chain_rate1", "fan", "fan1"];

/** Live rate of 5 s, TH/s; null where neither answer tells it. */
export function liveRate({ stats, summary }: Pick<AntminerAnswers, "stats" | "summary">): number | null {
  return hashrateOf(statsEntry(stats)) ?? hashrateOf(list(summary, "SUMMARY")[0]);
}

/** The old form is always in GH/s, the new one names its unit (miners.md §10). */
function hashrateOf(entry: unknown): number | null {
  if (field(entry, "rate_5s") === undefined) return number(entry, "GHS 5s", { scale: 1e-3, min: 0 });
  const unit = (text(entry, "rate_unit") ?? "GH/s").toUpperCase().replace(/\/S$/, "");
  const scale = RATE_SCALES[unit];
  return scale === undefined ? null : number(entry, "rate_5s", { scale, min: 0 });
}

interface Fault {
  type: string;
  words: string;
}

/** What `summary.cgi` complains of: entries `{type, status, code, msg}` whose status is an error. */
function faultsOf(summary: unknown): Fault[] {
  const faults = list(summary, "status")
    .filter((entry) => /^[ef]/i.test(text(entry, "status") ?? ""))
    .map((entry) => {
      const type = text(entry, "type") ?? "device";
      return {
        type,
        words: `${type}: ${text(entry, "msg") ?? `code ${number(entry, "code") ?? "unknown"}`}`,
      };
    });
  if (flag(summary, "safe_mode") === true) faults.push({ type: "safe mode", words: "safe mode" });
  return faults;
}

interface Evidence {
  mode: number | null;
  hashrateThs: number | null;
  uptimeS: number | null;
  faults: readonly Fault[];
}

/** There is no state field: the configured mode and the live rate tell it (interfaces.md §6). */
function stateOf({ mode, hashrateThs, uptimeS, faults }: Evidence): MinerState {
  if (hashrateThs !== null && hashrateThs > 0) return "mining";
  const isAsleep = mode === SLEEP_MODE;
  // A low rate and a lost pool are no faults of the device.
  const isStopped = faults.some(
    ({ type }) => type !== "rate" && type !== "network" && !(isAsleep && type === "fans"),
  );
  if (isStopped) return "fault";
  if (isAsleep) return "paused";
  return hashrateThs === 0 && mode !== null && uptimeS !== null && uptimeS < START_S ? "starting" : "unknown";
}

function detailOf(faults: readonly Fault[], state: MinerState, mode: number | null): string | null {
  const words = faults.map((fault) => fault.words);
  if (state === "mining" && mode === SLEEP_MODE) words.push("set to sleep, and still hashing");
  return words.length > 0 ? safeText(words.join(", "), 160) : null;
}

/** Of all boards: `chain[].temp_chip` as numbers, or `temp_chip1` as `"78-50-69-70"`. */
function hottest(stats: unknown, name: "temp_chip" | "temp_pcb"): number | null {
  const lists = list(stats, "chain").map((chain) => list(chain, name));
  for (let slot = 1; slot <= SLOTS; slot++) lists.push((text(stats, `${name}${slot}`) ?? "").split("-"));
  const known = lists
    .flat()
    .map((value) => toNumber(value, SENSOR))
    .filter((celsius) => celsius !== null);
  return known.length > 0 ? Math.max(...known) : null;
}

function fansOf(stats: unknown): MinerReading["fans"] {
  const told = Array.isArray(field(stats, "fan"))
    ? list(stats, "fan")
    : [1, 2, 3, 4].map((slot) => field(stats, `fan${slot}`)).filter((value) => value !== undefined);
  const count = number(stats, "fan_num", { min: 0 }) ?? told.length;
  return told.slice(0, count).map((value) => ({ rpm: toNumber(value, { min: 0 }), percent: null }));
}

/** The pools at work; the configured ones, without counters, where those are not told. */
function poolsOf({ pools, config }: AntminerAnswers): PoolReading[] {
  const told = list(pools, "POOLS").flatMap((pool) =>
    field(pool, "url") === undefined ? toPools({ POOLS: [pool] }) : [toWebPool(pool)],
  );
  const used = told.filter(({ url }) => url !== "");
  if (used.length > 0) return used;
  return configPools(config).map((pool) => ({
    ...NO_COUNTERS,
    url: withScheme(safeText(pool.url, 256)),
    user: safeText(pool.user, 256),
    role: "unknown",
    state: "unknown",
    isActive: null,
    sharePpm: null,
  }));
}

const NO_COUNTERS = {
  acceptedDifficulty: null,
  accepted: null,
  rejected: null,
  stale: null,
  shareDifficulty: null,
};

const POOL_STATES: Record<string, PoolReading["state"]> = {
  alive: "alive",
  dead: "dead",
  disabled: "disabled",
  rejecting: "rejecting",
};

/** An entry of `pools.cgi`; which of them is at work is not told there. */
function toWebPool(pool: unknown): PoolReading {
  return {
    url: withScheme(text(pool, "url") ?? ""),
    user: text(pool, "user") ?? "",
    role: "unknown",
    state: POOL_STATES[text(pool, "status")?.toLowerCase() ?? ""] ?? "unknown",
    acceptedDifficulty: number(pool, "diffa", { min: 0 }),
    accepted: number(pool, "accepted", { min: 0 }),
    rejected: number(pool, "rejected", { min: 0 }),
    stale: number(pool, "stale", { min: 0 }),
    shareDifficulty:
      number(pool, "lsdiff", { unknownWhen: 0, min: 0 }) ?? number(pool, "diff", { unknownWhen: 0, min: 0 }),
    isActive: flag(pool, "Stratum Active"),
    sharePpm: null,
  };
}
