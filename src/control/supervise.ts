import type { Tick } from "./inputs.ts";
import { clamp, finite } from "./numbers.ts";
import { type MinerMemory, minerMemory } from "./state.ts";
import type { MinerProfile, MinerSnapshot } from "./types.ts";

type DeviceReading = NonNullable<MinerSnapshot["reading"]>;

const UNREACHABLE_POLLS = 3;
const UNREACHABLE_MS = 60_000;
const TELEMETRY_MS = 60_000;
const RESEND_AFTER_MS = [30_000, 120_000, 600_000];
const UNRESPONSIVE_MS = 660_000;
const CONFIRM_MS = 15_000;
/** The gain of a device is a mean of about this many ticks. */
const GAIN_TICKS = 60;
/** Ticks for which the followed power is kept, more than the figures of a device may be old. */
const FOLLOWED = 8;

/** What one miner is seen to do at this tick, beside what is remembered of it. */
export interface Supervised {
  profile: MinerProfile;
  memory: MinerMemory;
  /** Latest reading while it is young enough to act on; null otherwise. */
  reading: DeviceReading | null;
  isReachable: boolean;
  /** The device does something else than what was last asked, and nothing is under way. */
  isStray: boolean;
  /** An open command should be sent again now. */
  needsResend: boolean;
  isNotFollowing: boolean;
}

/** Updates what is known of every miner: reach, power, open commands, changes made from outside (§3, §9, §12). */
export function superviseMiners(tick: Tick): Supervised[] {
  return tick.config.miners.map((profile) => {
    const seen = tick.snapshot.miners.find((miner) => miner.name === profile.name) ?? null;
    return supervise(tick, profile, seen);
  });
}

/** Watts at which a miner counts against shared limits: an open or unknown change counts at its higher side. */
export function reservedW(miner: Supervised): number {
  const { memory, profile } = miner;
  if (memory.isUnresponsive) return Math.max(profile.maxW, memory.powerW);
  if (!miner.isReachable) return memory.isAdopted ? Math.max(memory.targetW, memory.powerW) : profile.maxW;
  const open = memory.commitment;
  if (!open) return memory.targetW;
  return Math.max(open.fromW, open.toW, memory.isMeasured ? memory.powerW : 0);
}

/** Wall watts of a rung, or the nearest rung to a draw when the device does not tell its rung. */
export function runningWatts(profile: MinerProfile, reading: DeviceReading): number {
  const step = reading.stepIndex === null ? undefined : profile.stepsW[reading.stepIndex];
  if (step !== undefined) return step;
  const powerW = finite(reading.powerW);
  if (profile.kind === "continuous") return clamp(powerW ?? profile.minW, profile.minW, profile.maxW);
  let best = profile.stepsW[0] ?? profile.maxW;
  for (const stepW of profile.stepsW) {
    if (powerW !== null && Math.abs(stepW - powerW) < Math.abs(best - powerW)) best = stepW;
  }
  return best;
}

/** Index of the rung that draws these watts; null for devices without rungs and for 0. */
export function stepIndexOf(profile: MinerProfile, watts: number): number | null {
  if (profile.kind !== "discrete" || watts <= 0) return null;
  const index = profile.stepsW.indexOf(watts);
  return index < 0 ? null : index;
}

function supervise(tick: Tick, profile: MinerProfile, seen: MinerSnapshot | null): Supervised {
  const memory = minerMemory(tick.state, profile.name);
  const reading = seen?.reading ?? null;
  const isReachable = updateReach(tick, memory, seen);
  if (memory.day !== tick.snapshot.local.day) {
    memory.day = tick.snapshot.local.day;
    memory.startsToday = 0;
    memory.writesToday = 0;
  }
  if (reading && isReachable && !memory.isAdopted) adopt(profile, memory, reading);
  updatePower(tick, profile, memory, reading);
  followPower(tick, profile, memory, reading);
  if (reading && isReachable) noteTrip(tick, profile, memory, reading);
  const follows = reading === null || isFollowing(profile, memory, reading);
  const miner: Supervised = {
    profile,
    memory,
    reading: isReachable ? reading : null,
    isReachable,
    isStray: false,
    needsResend: false,
    isNotFollowing: false,
  };
  if (!isReachable || seen?.isSwitchingPool) return miner;
  if (memory.commitment) followCommand(tick, miner, follows);
  else watchStray(miner, reading, follows);
  return miner;
}

/** Three missed polls and a minute without an answer; two good polls bring it back. */
function updateReach(tick: Tick, memory: MinerMemory, seen: MinerSnapshot | null): boolean {
  const reading = seen?.reading ?? null;
  const receivedMono = finite(reading?.receivedMono);
  if (reading && reading.seq !== memory.seq) {
    memory.seq = finite(reading.seq);
    memory.goodPolls = Math.min(memory.goodPolls + 1, 10);
  }
  const ageMs = receivedMono === null ? null : tick.monoMs - receivedMono;
  const missed = finite(seen?.missedPolls) ?? 0;
  const isSilent =
    ageMs === null || (ageMs > UNREACHABLE_MS && missed >= UNREACHABLE_POLLS) || ageMs > 3 * UNREACHABLE_MS;
  if (isSilent) {
    memory.unreachableSinceMono ??= tick.monoMs;
    memory.goodPolls = 0;
    return false;
  }
  if (memory.unreachableSinceMono === null || !memory.isAdopted) {
    memory.unreachableSinceMono = null;
    return true;
  }
  if (memory.goodPolls < 2) return false;
  memory.unreachableSinceMono = null;
  return true;
}

/** First sight: what the device does is what we take as asked for, without a command. */
function adopt(profile: MinerProfile, memory: MinerMemory, reading: DeviceReading): void {
  const isRunning =
    reading.state === "mining" ||
    reading.state === "starting" ||
    (reading.state === "unknown" && (finite(reading.powerW) ?? 0) > (profile.idleW + profile.minW) / 2);
  const wasRunning = memory.targetW > 0;
  if (isRunning !== wasRunning) memory.switchedMono = null;
  memory.targetW = isRunning ? runningWatts(profile, reading) : 0;
  memory.stepIndex = stepIndexOf(profile, memory.targetW);
  memory.commitment = null;
  // Only a command that it ignores again may say so: kept, it would never get one.
  memory.isUnresponsive = false;
  memory.isAdopted = true;
}

function updatePower(
  tick: Tick,
  profile: MinerProfile,
  memory: MinerMemory,
  reading: DeviceReading | null,
): void {
  const powerW = finite(reading?.powerW);
  const isYoung = reading !== null && tick.monoMs - reading.receivedMono <= TELEMETRY_MS;
  const isPlausible = powerW !== null && powerW >= 0 && powerW <= 1.3 * profile.maxW;
  memory.isMeasured = false;
  if (reading && isYoung && reading.state === "paused" && reading.powerSource !== "measured") {
    // Standby figures of firmware are stale ones of the time before (miners.md §6).
    memory.powerW = profile.idleW;
  } else if (isYoung && isPlausible && reading?.powerSource !== "target") {
    memory.powerW = powerW;
    memory.isMeasured = reading?.powerSource === "measured" || reading?.powerSource === "estimated";
  } else memory.powerW = modelledW(tick, profile, memory);
}

/** Draw as the device model has it when the device does not tell, W (control.md §3). */
function modelledW(tick: Tick, profile: MinerProfile, memory: MinerMemory): number {
  if (!memory.isAdopted) return profile.maxW;
  const open = memory.commitment;
  const settledW = memory.targetW > 0 ? memory.targetW : profile.idleW;
  if (!open) return settledW;
  const isStart = open.fromW === 0 && open.toW > 0;
  const sinceS = (tick.monoMs - open.atMono) / 1000 - (isStart ? profile.wakeS : 0);
  if (sinceS <= 0) return open.fromW > 0 ? open.fromW : profile.idleW;
  const part = 1 - Math.exp(-sinceS / Math.max(1, profile.tauS));
  const fromW = Math.max(open.fromW, profile.idleW);
  return fromW + (settledW - fromW) * part;
}

/**
 * Follows what the device would draw if it drew what it is told, learns which part of that it does draw, and brings an
 * old figure up to now by what the model says of the time between. Figures are taken to be a tick old when they arrive
 * (control.md §14). The gain is bounded to a tenth; each start begins anew, because it may bring another one.
 */
function followPower(
  tick: Tick,
  profile: MinerProfile,
  memory: MinerMemory,
  reading: DeviceReading | null,
): void {
  memory.nowW = memory.powerW;
  const isSettling = memory.targetW > 0 && memory.isMeasured && memory.powerW >= 0.8 * profile.minW;
  if (!isSettling || reading === null) {
    memory.followW = [memory.powerW];
    memory.gainTicks = 0;
    return;
  }
  const { followW } = memory;
  const lastW = followW[0] ?? memory.powerW;
  const stepW = (memory.targetW - lastW) * (1 - Math.exp(-tick.dtS / Math.max(1, profile.tauS)));
  followW.unshift(lastW + clamp(stepW, -profile.rampDownWs * tick.dtS, profile.rampUpWs * tick.dtS));
  if (followW.length > FOLLOWED) followW.pop();
  const ageTicks = Math.round((tick.monoMs - reading.receivedMono) / 1000 / tick.config.tickS);
  const thenW = followW[Math.min(ageTicks + 1, followW.length - 1)] ?? lastW;
  memory.gainTicks = Math.min(GAIN_TICKS, memory.gainTicks + 1);
  memory.gain += (clamp(memory.powerW / thenW, 0.9, 1.1) - memory.gain) / (memory.gainTicks + 5);
  if (ageTicks > 0) memory.nowW += memory.gain * ((followW[1] ?? lastW) - thenW);
}

function isFollowing(profile: MinerProfile, memory: MinerMemory, reading: DeviceReading): boolean {
  const powerW = finite(reading.powerW);
  if (memory.targetW === 0) {
    if (reading.state === "mining" || reading.state === "starting") return false;
    return reading.state !== "unknown" || powerW === null || powerW <= (profile.idleW + profile.minW) / 2;
  }
  if (reading.state === "paused" || reading.state === "fault") return false;
  // What is only on or off draws what it draws; its `maxW` may be all that its circuit gives.
  if (profile.kind === "onoff" && reading.state === "mining") return true;
  if (memory.stepIndex !== null && reading.stepIndex !== null) return reading.stepIndex === memory.stepIndex;
  if (reading.state === "starting" || powerW === null || reading.powerSource === "target") return true;
  return Math.abs(powerW - memory.targetW) <= toleranceW(profile, memory.targetW);
}

/** 150 W or 10 % (control.md §3), but never so wide that a small device could not fail it. */
function toleranceW(profile: MinerProfile, targetW: number): number {
  return Math.max(Math.min(150, 0.3 * profile.maxW), 0.1 * targetW);
}

/** Closes a confirmed command; otherwise asks for it again after 30, 120 and 600 s, then gives the device up. */
function followCommand(tick: Tick, miner: Supervised, follows: boolean): void {
  const { memory, profile } = miner;
  const open = memory.commitment;
  if (!open) return;
  const closeW = Math.max(50, 0.03 * open.toW);
  const isClose = !memory.isMeasured || open.toW === 0 || Math.abs(memory.powerW - open.toW) <= closeW;
  if (follows && isClose) {
    open.closeSinceMono ??= tick.monoMs;
    const stepS = Math.abs(open.toW - open.fromW) / Math.max(1, profile.rampUpWs);
    const isSettled =
      memory.isMeasured || tick.monoMs - open.atMono > (profile.wakeS + 5 * profile.tauS + stepS + 30) * 1000;
    if (tick.monoMs - open.closeSinceMono >= CONFIRM_MS && (isSettled || open.toW === 0)) release(memory);
    return;
  }
  open.closeSinceMono = null;
  const waitedMs = tick.monoMs - open.atMono;
  const longMs = (profile.wakeS + 5 * profile.tauS + 60) * 1000;
  if (follows && waitedMs <= longMs) return;
  if (follows) {
    release(memory);
    return;
  }
  const dueMs = RESEND_AFTER_MS[open.resends];
  miner.isNotFollowing = open.resends > 0 || (dueMs !== undefined && waitedMs >= dueMs);
  if (dueMs !== undefined) miner.needsResend = waitedMs >= dueMs;
  else {
    if (waitedMs >= UNRESPONSIVE_MS) memory.isUnresponsive = true;
    miner.needsResend = tick.monoMs - open.lastSentMono >= 600_000;
  }
}

function release(memory: MinerMemory): void {
  memory.commitment = null;
  memory.isUnresponsive = false;
}

/** Two polls in a row that differ without a command of ours: changed from outside (DEVICE_EXTERNAL_CHANGE). */
function watchStray(miner: Supervised, reading: DeviceReading | null, follows: boolean): void {
  const { memory } = miner;
  const isJudgeable = reading !== null && reading.state !== "unknown" && memory.tripCode !== "DEVICE_FAULT";
  if (follows || !isJudgeable) memory.strayTicks = 0;
  else memory.strayTicks += 1;
  if (memory.strayTicks < 3) return;
  memory.strayTicks = 0;
  miner.isStray = true;
}

/** Remembers the causes of layer 0 that a device tells: heat, fans, its own fault. */
function noteTrip(tick: Tick, profile: MinerProfile, memory: MinerMemory, reading: DeviceReading): void {
  const chipC = finite(reading.chipMaxC);
  const boardC = finite(reading.boardC);
  let code: MinerMemory["tripCode"] = null;
  if (chipC !== null && chipC >= profile.chipLimitC) code = "SAFE_CHIP_HOT";
  else if (boardC !== null && boardC >= profile.boardLimitC) code = "SAFE_BOARD_HOT";
  else if (reading.hasFanFault && (reading.state === "mining" || reading.state === "starting"))
    code = "SAFE_FAN";
  else if (reading.state === "fault") code = "DEVICE_FAULT";
  if (code === null) return;
  memory.tripCode = code;
  memory.trippedMono = tick.monoMs;
}
