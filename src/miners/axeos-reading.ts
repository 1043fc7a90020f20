import type { MinerReading, MinerState, PoolReading, PoolState } from "../model/miner.ts";
import { field, flag, list, number, safeText, text } from "../model/parse.ts";
import { type ClockLadder, rungOf } from "./clock-ladder.ts";
import { fansOf, hottestC, isHashing, isStarting, liveHashrateThs, stateByWork } from "./esp-board.ts";
import {
  type BoardPool,
  boardPoolUrl,
  NO_COUNTERS,
  readFlatPool,
  readPool,
  sessionCounters,
} from "./esp-pools.ts";

/** One entry of the pool settings as the device reads them; `slot` is null before firmware 2.15. */
export interface AxeosPool extends BoardPool {
  slot: number | null;
  /** `unknown`: the device does not tell which slots it uses. */
  role: "primary" | "fallback" | "spare" | "unknown";
  /** The device's own object, for a write that must keep its other fields. */
  raw: unknown;
}

/** One snapshot from `/api/system/info`; `hasWorkMoved`: more work was accepted than at the reading before. No I/O. */
export function toReading(info: unknown, ladder: ClockLadder, hasWorkMoved = false): MinerReading {
  const state = stateOf(info, hasWorkMoved);
  const clockMhz = number(info, "frequency", { min: 1 });
  const powerW = number(info, "power", { min: 0 });
  const fault = faultOf(info);
  return {
    state,
    stateDetail: fault,
    // Board input: the loss of the mains adapter, about 10-15 %, is not in it (miners.md §4.1).
    powerW,
    powerSource: powerW === null ? null : "measured",
    hashrateThs: liveHashrateThs(info),
    chipMaxC: hottestC(info, ["temp", "temp2"]),
    boardC: null,
    inletC: null,
    outletC: null,
    fans: fansOf(info, "fan2rpm", "fan2speed"),
    hasFanFault: /\bfan/i.test(fault ?? ""),
    uptimeS: number(info, "uptimeSeconds", { min: 0 }),
    powerTargetW: null,
    mode: clockMhz === null ? null : `${clockMhz} MHz`,
    stepIndex: state === "paused" || state === "unknown" ? null : rungOf(ladder, info),
    pools: poolReadings(info),
  };
}

/** Every configured destination: primary first, then fallback, then spare slots that get no work. */
export function poolsOf(info: unknown): AxeosPool[] {
  if (!hasSlots(info)) {
    return (["primary", "fallback"] as const)
      .map((role, place): AxeosPool => ({ ...readFlatPool(info, place), slot: null, role, raw: null }))
      .filter(isSet);
  }
  const primary = number(info, "primaryPoolIndex");
  const fallback = number(info, "secondaryPoolIndex");
  const slots = list(info, "pools").map((raw, place): AxeosPool => {
    const slot = number(raw, "id") ?? place;
    const role = slot === primary ? "primary" : slot === fallback ? "fallback" : "spare";
    return { ...readPool(raw), slot, role: primary === null ? "unknown" : role, raw };
  });
  const rank = { primary: 0, fallback: 1, spare: 2, unknown: 3 };
  return slots.filter(isSet).sort((one, other) => rank[one.role] - rank[other.role]);
}

/** Firmware 2.15 and later keeps pools in slots and ignores the older keys (miners.md §4.4). */
export function hasSlots(info: unknown): boolean {
  return Array.isArray(field(info, "pools"));
}

/** True while an operator holds it paused; null before firmware 2.14, which cannot pause (miners.md §4.3). */
export function isPaused(info: unknown): boolean | null {
  return flag(info, "miningPaused");
}

/** The device's own words for a fault; it is never cleared from here (requirements DRV-8). */
export function faultOf(info: unknown): string | null {
  const words = ["hardware_fault", "power_fault"]
    .map((key) => text(info, key))
    .filter((word) => word !== null);
  if (flag(info, "overheat_mode") === true)
    words.push("overheated, to be reset on the device when it has cooled");
  return words.length > 0 ? safeText(words.join(", "), 160) : null;
}

function isSet(pool: AxeosPool): boolean {
  return pool.host !== "";
}

function poolReadings(info: unknown): PoolReading[] {
  const usesFallback = flag(info, "isUsingFallbackStratum");
  const isForced = flag(info, "useFallbackStratum") === true;
  const isWorking = isHashing(info);
  return poolsOf(info).map((pool) => {
    const isActive = isAtWork(pool, usesFallback);
    return {
      url: boardPoolUrl(pool),
      user: pool.user,
      role: "unknown",
      state: poolState(pool, isActive === true && isWorking, usesFallback === true && !isForced),
      // One total for both pools, so it is told for the one at work.
      ...(isActive === true ? sessionCounters(info) : NO_COUNTERS),
      isActive,
      sharePpm: null,
    };
  });
}

function isAtWork({ role }: AxeosPool, usesFallback: boolean | null): boolean | null {
  if (role === "spare") return false;
  return role === "unknown" || usesFallback === null ? null : usesFallback === (role === "fallback");
}

function poolState({ role }: AxeosPool, hasWork: boolean, hasFailedOver: boolean): PoolState {
  if (role === "spare") return "disabled";
  if (hasWork) return "alive";
  return role === "primary" && hasFailedOver ? "dead" : "unknown";
}

function stateOf(info: unknown, hasWorkMoved: boolean): MinerState {
  if (faultOf(info) !== null) return "fault";
  const hasPause = isPaused(info);
  if (hasPause === null) return stateByWork(liveHashrateThs(info), hasWorkMoved);
  if (hasPause) return "paused";
  return isStarting(info) ? "starting" : "mining";
}
