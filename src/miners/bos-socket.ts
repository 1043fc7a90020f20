import type { MinerReading, MinerState, PoolReading } from "../model/miner.ts";
import type { DeviceLink } from "../model/miner-link.ts";
import { list, number, safeText, text } from "../model/parse.ts";
import { type BosGroup, sharesOf } from "./bos-groups.ts";
import { askJoined, toPools } from "./cgminer.ts";
import { isSameUrl } from "./pool-target.ts";

/** Control board and fans of a miner that stands still, W: an assumption, for the firmware then tells 0 (miners.md §7.3). */
export const BOS_IDLE_W = 20;
/** A tuner that works towards watts, in words. */
export const POWER_TARGET = "power target";
/** The tuner needs so long after a start before hashing says anything, s. */
const START_S = 120;
/** A start of the mining process so soon after a pause may be one of this program's own changes, which leave the pause, s. */
const OWN_START_S = 180;
/** Positions of a four-fan board; with two fans the others always show 0 rpm. */
const FAN_PAIR = 2;

/** What the socket does not tell. */
export interface BosSide {
  /** Groups as configured; null where they are not known. */
  groups: readonly BosGroup[] | null;
  /** Power target as configured, W; null where it is not known. */
  targetW: number | null;
  /** The tuner's way to its target, in words; null where it is not known. */
  mode: string | null;
  /** This program paused it so long ago and has not resumed it since, s; null otherwise. */
  pausedForS: number | null;
}

/** Every figure that the socket on port 4028 has, in one request where the firmware joins them. */
export function askBos(link: DeviceLink, signal: AbortSignal): Promise<Record<string, unknown>> {
  return askJoined(link, ["summary", "tunerstatus", "temps", "fans", "tempctrl", "pools"], signal);
}

/**
 * One snapshot from the socket. It has no field for the state: hashing is mining, and of a miner that stands still it
 * is `paused` only when its tuner says so or this program did it, and no start came after. Watts are the tuner's estimate. No I/O.
 */
export function toBosReading(sections: unknown, side: BosSide): MinerReading {
  const [tuner] = list(sections, "TUNERSTATUS");
  const temperatures = list(sections, "TEMPS");
  const hottest = (key: string) =>
    highest(temperatures.map((entry) => number(entry, key, { unknownWhen: 0, min: -60, max: 250 })));
  const figures = {
    hashrateThs: hashrateOf(sections),
    drawW: number(tuner, "ApproximateMinerPowerConsumption", { min: 0, max: 100_000 }),
    chipMaxC: hottest("Chip"),
    uptimeS: number(list(sections, "SUMMARY")[0], "Elapsed", { min: 0 }),
    dangerousC: number(list(sections, "TEMPCTRL")[0], "Dangerous", { min: 40 }),
    words: tunerWords(tuner),
  };
  const state = stateOf(figures, side.pausedForS);
  const powerW = powerOf(figures.drawW, state === "paused", figures.hashrateThs);
  const limitW = number(tuner, "PowerLimit", { min: 1 });
  return {
    state,
    stateDetail: detailOf(state, figures, limitW, side),
    powerW,
    powerSource: powerW === null ? null : "estimated",
    hashrateThs: figures.hashrateThs,
    chipMaxC: figures.chipMaxC,
    boardC: hottest("Board"),
    inletC: null,
    outletC: null,
    fans: fansOf(sections),
    hasFanFault: false,
    uptimeS: figures.uptimeS,
    powerTargetW: side.targetW ?? limitW,
    mode: side.mode ?? (side.targetW === null && limitW !== null ? POWER_TARGET : null),
    stepIndex: null,
    pools: withShares(toPools(sections), side.groups),
  };
}

/** Live hash rate, TH/s: the one sign that a resumed miner works again. */
export function hashrateOf(sections: unknown): number | null {
  const [summary] = list(sections, "SUMMARY");
  const rules = { scale: 1e-6, min: 0 };
  return number(summary, "MHS 5s", rules) ?? number(summary, "MHS 1m", rules);
}

interface Figures {
  hashrateThs: number | null;
  drawW: number | null;
  chipMaxC: number | null;
  uptimeS: number | null;
  dangerousC: number | null;
  words: string[];
}

function stateOf(figures: Figures, pausedForS: number | null): MinerState {
  const { hashrateThs, drawW, chipMaxC, uptimeS, dangerousC, words } = figures;
  if (hashrateThs !== null && hashrateThs > 0) return "mining";
  if (chipMaxC !== null && dangerousC !== null && chipMaxC >= dangerousC) return "fault";
  if (words.some((word) => /paus/i.test(word))) return "paused";
  if (words.some((word) => /resum|initial|starting/i.test(word))) return "starting";
  if (hashrateThs === null) return "unknown";
  const isOurPause = pausedForS !== null && (uptimeS === null || pausedForS <= uptimeS + OWN_START_S);
  if (isOurPause && (drawW === null || drawW === 0)) return "paused";
  return uptimeS !== null && uptimeS < START_S ? "starting" : "unknown";
}

/** Nothing that answers draws nothing: 0 means that the boards are off, or, of one that hashes, that there is no figure. */
export function powerOf(toldW: number | null, isAtRest: boolean, hashrateThs: number | null): number | null {
  if (isAtRest) return BOS_IDLE_W;
  if (toldW !== 0) return toldW;
  return hashrateThs !== null && hashrateThs > 0 ? null : BOS_IDLE_W;
}

function detailOf(
  state: MinerState,
  { hashrateThs, drawW, words }: Figures,
  limitW: number | null,
  { targetW, mode }: BosSide,
): string | null {
  const details: string[] = [];
  if (state === "fault") details.push("stopped by its own protection: a chip is too hot");
  if (state === "unknown" && hashrateThs === 0 && drawW === 0) {
    details.push("stands still: paused from elsewhere, without a pool, or stopped by its own protection");
  }
  if (state === "unknown" && hashrateThs === 0 && drawW !== null && drawW > 0) {
    details.push("draws power and does not hash");
  }
  if (targetW !== null && mode !== POWER_TARGET) details.push("not tuned by watts");
  else if (targetW !== null && limitW !== null && limitW < targetW) {
    details.push(`dynamic scaling holds it at ${limitW} W`);
  }
  const tuning = words.filter((word) => !/^stable$/i.test(word));
  if (tuning.length > 0 && state !== "paused") details.push(`tuner: ${[...new Set(tuning)].join(", ")}`);
  return details.length > 0 ? safeText(details.join("; "), 200) : null;
}

function tunerWords(tuner: unknown): string[] {
  return list(tuner, "TunerChainStatus")
    .map((chain) => text(chain, "Status"))
    .filter((word) => word !== null);
}

function fansOf(sections: unknown): MinerReading["fans"] {
  const fans = list(sections, "FANS").map((fan) => ({
    rpm: number(fan, "RPM", { min: 0, max: 100_000 }),
    percent: number(fan, "Speed", { min: 0, max: 100 }),
  }));
  const isPairAlone = fans.length > FAN_PAIR && fans.slice(FAN_PAIR).every(({ rpm }) => rpm === 0);
  return isPairAlone ? fans.slice(0, FAN_PAIR) : fans;
}

/** The socket lists the pools of all groups in one row; the share of each comes from the configuration. */
function withShares(pools: PoolReading[], groups: readonly BosGroup[] | null): PoolReading[] {
  if (groups === null) return pools;
  const shares = sharesOf(groups);
  const configured = groups.flatMap((group, place) =>
    group.pools.map((pool, index) => ({ pool, sharePpm: shares[place]?.[index] ?? null, isTaken: false })),
  );
  return pools.map((pool) => {
    const entry = configured.find(
      (candidate) =>
        !candidate.isTaken && candidate.pool.user === pool.user && isSameUrl(candidate.pool.url, pool.url),
    );
    if (entry === undefined) return pool;
    entry.isTaken = true;
    return { ...pool, sharePpm: entry.sharePpm };
  });
}

/** The highest of the known ones; null when none is known. */
export function highest(values: readonly (number | null)[]): number | null {
  const known = values.filter((value) => value !== null);
  return known.length > 0 ? Math.max(...known) : null;
}
