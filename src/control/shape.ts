import type { ReasonCode } from "../model/reason.ts";
import type { Budget, ZoneBudget } from "./budget.ts";
import type { Tick } from "./inputs.ts";
import { clamp } from "./numbers.ts";
import type { Supervised } from "./supervise.ts";
import type { MinerProfile } from "./types.ts";

/** What one miner may be set to at this tick, and why not to something else (control.md §9). */
export interface Choices {
  miner: Supervised;
  /** Allowed watts, rising. A continuous device may also take any value between its two last. */
  values: number[];
  isContinuous: boolean;
  /** Why it may not rise or start, and for how long still, s (null: unknown). */
  upBlock: Block | null;
  /** Why it may not fall or stop. */
  downBlock: Block | null;
}

export interface Block {
  code: ReasonCode;
  text: string;
  leftS: number | null;
}

interface DwellRules {
  upS: number;
  downS: number;
  deadbandW: number;
}

const STAGGER_MS = 20_000;
const FLASH_WRITES_DAY = 3000;

/**
 * Deadband of a zone's sun following, W: a quarter of what is kept back for cloud, so that a quiet sky is followed
 * closely; doubles after 3000 writes of one day (flash wear). `keptW` >= 0.
 */
export function deadbandW(miners: readonly Supervised[], keptW: number): number {
  let widest = 0;
  for (const { profile, memory } of miners) {
    const { deadbandW: ownW } = dwellRules(profile);
    const isSmooth = profile.kind === "continuous" && !profile.restartOnChange;
    const w = isSmooth ? clamp(0.25 * keptW, 15, 60) : ownW;
    widest = Math.max(
      widest,
      Math.min(w, 0.5 * profile.maxW) * (memory.writesToday > FLASH_WRITES_DAY ? 2 : 1),
    );
  }
  return widest;
}

/** What layer 7 leaves to a miner: dwell, minimum times, start limit, stagger, observation after start-up. */
export function shapedChoices(tick: Tick, budget: Budget, zone: ZoneBudget, miner: Supervised): Choices {
  const { memory, isReachable } = miner;
  const fixed = (block: Block): Choices => ({
    miner,
    values: [memory.targetW],
    isContinuous: false,
    upBlock: block,
    downBlock: block,
  });
  if (!isReachable)
    return fixed({ code: "DEVICE_UNREACHABLE", text: `${miner.profile.name} does not answer`, leftS: null });
  return memory.targetW > 0
    ? runningChoices(tick, budget, zone, miner)
    : restingChoices(tick, budget, zone, miner);
}

/** What layers 0-3b may force: anything at or below what runs now, without waiting. */
export function forcedChoices(budget: Budget, miner: Supervised): Choices {
  const { profile, memory, isReachable } = miner;
  const base = { miner, isContinuous: false, upBlock: null, downBlock: null };
  if (!isReachable) return { ...base, values: [memory.targetW] };
  const highW = Math.min(memory.targetW, budget.minerHi[profile.name]?.w ?? profile.maxW);
  const rungs = rungsOf(profile).filter((w) => w <= highW);
  if (profile.kind === "continuous" && highW > profile.minW) rungs.push(Math.floor(highW / 10) * 10);
  // A device that cannot pause can only be taken to its lowest rung.
  const values =
    profile.canPause || memory.targetW === 0 ? [0, ...rungs] : rungs.length > 0 ? rungs : [profile.minW];
  return { ...base, values, isContinuous: profile.kind === "continuous" && rungs.length > 1 };
}

/** Whether the start of a miner was so lately that it is still waking. */
export function isWaking(tick: Tick, miner: Supervised): boolean {
  const { memory, profile } = miner;
  if (memory.targetW === 0 || memory.switchedMono === null || memory.commitment === null) return false;
  const isHalf = memory.isMeasured && memory.powerW >= 0.5 * memory.targetW;
  return !isHalf && tick.monoMs - memory.switchedMono < profile.wakeS * 1000;
}

function runningChoices(tick: Tick, budget: Budget, zone: ZoneBudget, miner: Supervised): Choices {
  const { profile, memory } = miner;
  const dwell = dwellRules(profile);
  const sinceSetS = memory.lastSetMono === null ? 86_400 : (tick.monoMs - memory.lastSetMono) / 1000;
  const onS = memory.switchedMono === null ? 86_400 : (tick.monoMs - memory.switchedMono) / 1000;
  const isFloor = zone.lo !== null;
  let upBlock: Block | null = null;
  if (isWaking(tick, miner)) {
    upBlock = { code: "SHAPE_WAKING", text: `${profile.name} is waking`, leftS: profile.wakeS - onS };
  } else if (isObserving(tick) && !isFloor) upBlock = observing(tick);
  else if (sinceSetS < dwell.upS && !isFloor) {
    upBlock = { code: "SHAPE_DEADBAND", text: "changed a moment ago", leftS: dwell.upS - sinceSetS };
  }
  let downBlock: Block | null = null;
  if (onS < profile.minOnS) {
    downBlock = { code: "SHAPE_MIN_ON", text: "minimum run time", leftS: profile.minOnS - onS };
  }
  const isDownHeld = sinceSetS < dwell.downS;
  const highW = highOf(budget, zone, miner);
  const values = profile.canPause && downBlock === null && !isDownHeld ? [0] : [];
  for (const w of rungsOf(profile)) {
    if (w > highW || (upBlock && w > memory.targetW) || (isDownHeld && w < memory.targetW)) continue;
    values.push(w);
  }
  if (memory.targetW <= highW && !values.includes(memory.targetW)) values.push(memory.targetW);
  const isContinuous = profile.kind === "continuous" && !isDownHeld;
  if (isContinuous && !upBlock && highW > profile.minW && highW < profile.maxW) values.push(highW);
  return { miner, values: values.sort((a, b) => a - b), isContinuous, upBlock, downBlock };
}

function restingChoices(tick: Tick, budget: Budget, zone: ZoneBudget, miner: Supervised): Choices {
  const { profile } = miner;
  const upBlock = startBlock(tick, zone, miner);
  const highW = highOf(budget, zone, miner);
  const values = upBlock ? [0] : [0, ...rungsOf(profile).filter((w) => w <= highW)];
  const isContinuous = profile.kind === "continuous" && values.length > 1;
  if (isContinuous && highW < profile.maxW && highW > profile.minW) values.push(highW);
  return { miner, values, isContinuous, upBlock, downBlock: null };
}

/** Minimum off time holds against everything; the floor passes observation and the day's start limit. */
function startBlock(tick: Tick, zone: ZoneBudget, miner: Supervised): Block | null {
  const { profile, memory } = miner;
  const offS = memory.switchedMono === null ? 86_400 : (tick.monoMs - memory.switchedMono) / 1000;
  if (!memory.isAdopted || memory.isUnresponsive) {
    return { code: "DEVICE_NOT_FOLLOWING", text: `${profile.name} does not follow`, leftS: null };
  }
  if (offS < profile.minOffS) {
    return { code: "SHAPE_MIN_OFF", text: "minimum rest time", leftS: profile.minOffS - offS };
  }
  const isFloor = zone.lo !== null;
  if (isObserving(tick) && !isFloor) return observing(tick);
  const starts = startsAllowed(tick, zone, profile.maxStartsDay);
  if (memory.startsToday >= starts && !isFloor) {
    return { code: "SHAPE_START_LIMIT", text: `${profile.name} has used its starts of today`, leftS: null };
  }
  const { lastStartMono } = tick.state;
  if (lastStartMono !== null && tick.monoMs - lastStartMono < STAGGER_MS) {
    const leftS = (STAGGER_MS - (tick.monoMs - lastStartMono)) / 1000;
    return { code: "SHAPE_STAGGER", text: "another miner has just started", leftS };
  }
  return null;
}

/**
 * Starts of a day by what they are for: a cold room and the member may use all, heat that pays all but the last sixth,
 * what only pays two thirds, spread over the day.
 */
function startsAllowed(tick: Tick, zone: ZoneBudget, maxStartsDay: number): number {
  const { want, roomC, setC, rules } = zone;
  const isCold = roomC !== null && roomC < setC - rules.flexDnC;
  if (isCold || want?.layer === "comfort" || want?.layer === "manual") return maxStartsDay;
  if (want?.code === "HEAT_WORTH_IMPORT" && roomC !== null && roomC < setC) return (5 / 6) * maxStartsDay;
  const share = (2 / 3) * maxStartsDay;
  return Math.min(share, 2 + (share * tick.snapshot.local.minuteOfDay) / 1440);
}

function isObserving(tick: Tick): boolean {
  return tick.monoMs - tick.state.startedMono < tick.config.observeS * 1000;
}

function observing(tick: Tick): Block {
  const leftS = tick.config.observeS - (tick.monoMs - tick.state.startedMono) / 1000;
  return { code: "SYS_STARTUP_OBSERVE", text: "watching first, just started", leftS };
}

/** Highest watts for one miner from layers 0-2, its zone and a person who set its power; a floor goes above the last. */
function highOf(budget: Budget, zone: ZoneBudget, miner: Supervised): number {
  const { profile } = miner;
  return Math.min(
    profile.maxW,
    budget.minerHi[profile.name]?.w ?? profile.maxW,
    zone.hardHi?.w ?? profile.maxW,
    zone.lo ? profile.maxW : (budget.manualW[profile.name] ?? profile.maxW),
  );
}

function rungsOf(profile: MinerProfile): number[] {
  if (profile.kind === "continuous") return [profile.minW, profile.maxW];
  return profile.stepsW.length > 0 ? [...profile.stepsW] : [profile.maxW];
}

/** Table of control.md §9. */
function dwellRules(profile: MinerProfile): DwellRules {
  if (profile.restartOnChange) return { upS: 900, downS: 300, deadbandW: 300 };
  if (profile.kind === "continuous") return { upS: 10, downS: 10, deadbandW: 40 };
  if (profile.kind === "onoff") return { upS: 0, downS: 0, deadbandW: 0 };
  return { upS: 60, downS: 30, deadbandW: 60 };
}
