import type { ReasonCode } from "../model/reason.ts";
import type { Allocation } from "./allocate.ts";
import type { Budget } from "./budget.ts";
import type { Tick } from "./inputs.ts";
import { type Supervised, stepIndexOf } from "./supervise.ts";
import type { MinerCommand } from "./types.ts";

/**
 * Turns the allocation into commands: only what changes, and what a device did not follow (control.md §3). Moves the
 * memory of each miner to what was asked; it counts starts and writes.
 */
export function commandMiners(
  tick: Tick,
  budget: Budget,
  miners: readonly Supervised[],
  allocation: Allocation,
  codeOf: (miner: Supervised) => ReasonCode,
): MinerCommand[] {
  const commands: MinerCommand[] = [];
  for (const miner of miners) {
    if (!miner.isReachable || !miner.memory.isAdopted) continue;
    const wantedW = allocation.targetW[miner.profile.name] ?? miner.memory.targetW;
    const fromW = miner.memory.targetW;
    const isChange = wantedW !== fromW;
    if (!isChange && !miner.needsResend && !miner.isStray) continue;
    const command = commandOf(miner, fromW, wantedW, isUrgent(budget, miner, fromW, wantedW), codeOf(miner));
    if (isChange) noteChange(tick, miner, wantedW);
    else noteResend(tick, miner);
    miner.memory.writesToday += 1;
    commands.push(command);
  }
  return commands;
}

function commandOf(
  miner: Supervised,
  fromW: number,
  targetW: number,
  urgent: boolean,
  code: ReasonCode,
): MinerCommand {
  const { profile, reading } = miner;
  const isAsleep = fromW === 0 || reading?.state === "paused";
  const action = targetW === 0 ? "pause" : isAsleep ? "resume" : "set";
  return {
    miner: profile.name,
    action,
    targetW,
    stepIndex: stepIndexOf(profile, targetW),
    isUrgent: urgent,
    code,
  };
}

/** Down because a layer above comfort says so, or up for the floor. */
function isUrgent(budget: Budget, miner: Supervised, fromW: number, toW: number): boolean {
  const zone = budget.zones.find((entry) => entry.rules.name === miner.profile.zone);
  if (toW > fromW) return zone?.lo !== null && zone?.lo !== undefined;
  const { profile } = miner;
  const isMinerBound = (budget.minerHi[profile.name]?.w ?? profile.maxW) < fromW;
  const isZoneBound = (zone?.hardHi?.w ?? Number.POSITIVE_INFINITY) < fromW;
  const isCircuitBound = (budget.circuitHi[profile.circuit]?.w ?? Number.POSITIVE_INFINITY) < fromW;
  const isFleetBound = (budget.fleetHi?.w ?? Number.POSITIVE_INFINITY) < fromW;
  return isMinerBound || isZoneBound || isCircuitBound || isFleetBound;
}

function noteChange(tick: Tick, miner: Supervised, toW: number): void {
  const { memory, profile } = miner;
  const open = memory.commitment;
  const fromW = Math.max(memory.targetW, open ? Math.max(open.fromW, open.toW) : 0);
  const isStart = memory.targetW === 0;
  if (isStart || toW === 0) memory.switchedMono = tick.monoMs;
  if (isStart) {
    memory.startsToday += 1;
    tick.state.lastStartMono = tick.monoMs;
  }
  memory.commitment = {
    fromW: isStart && !open ? 0 : fromW,
    toW,
    atMono: tick.monoMs,
    lastSentMono: tick.monoMs,
    resends: 0,
    closeSinceMono: null,
  };
  memory.targetW = toW;
  memory.stepIndex = stepIndexOf(profile, toW);
  memory.lastSetMono = tick.monoMs;
}

/** A repeat keeps the age of the command; a device that strayed gets a new one. */
function noteResend(tick: Tick, miner: Supervised): void {
  const { memory } = miner;
  const open = memory.commitment ?? {
    fromW: Math.max(memory.targetW, memory.isMeasured ? memory.powerW : 0),
    toW: memory.targetW,
    atMono: tick.monoMs,
    lastSentMono: tick.monoMs,
    resends: -1,
    closeSinceMono: null,
  };
  memory.commitment = { ...open, lastSentMono: tick.monoMs, resends: open.resends + 1 };
}
