import type { ZoneBudget } from "../budget.ts";
import { startOrder } from "../dither.ts";
import type { Tick } from "../inputs.ts";
import { clamp } from "../numbers.ts";
import { zoneMemory } from "../state.ts";
import type { Supervised } from "../supervise.ts";
import type { MinerProfile } from "../types.ts";

/** What the sun gives to one zone at this tick, W. */
export interface Spare {
  /** Without and with the part kept back for cloud. */
  nowW: number;
  wishW: number;
  /** Accepted probability of a shortfall, 0..1 (control.md §4). */
  alpha: number;
  mayRise: boolean;
}

/** What a start costs, J: 0.05 kWh (control.md §15), and no more than this long at the lowest power, s. */
const START_COST_J = 180_000;
const START_COST_S = 360;
/** Worth let go before a start, in starts' costs. */
const START_PART = 1.1;
/** How much more may be lost before a stop for each lowest power that the last half hour was worth. */
const PATIENCE = 0.6;
const LONG_S = 1800;
/** A shortfall never weighs more than this many times what the sun brings. */
const HARDEST = 20;

/**
 * Which miners of a zone the sun runs, by what running is worth (control.md §4): a start when as much worth has been
 * let go as a start costs, a stop when as much has been lost again. The loss allowed grows with what the last half hour
 * brought, because after good times a dip is likely a cloud.
 */
export function gather(tick: Tick, zone: ZoneBudget, spare: Spare): Supervised[] {
  const running: Supervised[] = [];
  let usedW = 0;
  for (const miner of startOrder(zone.miners)) {
    weigh(tick, zone, miner, { ...spare, nowW: spare.nowW - usedW, wishW: spare.wishW - usedW });
    if (!miner.memory.isSurplusOn) continue;
    running.push(miner);
    usedW += miner.profile.maxW;
  }
  return running;
}

/**
 * Worth of running as well as the sun allows, in W of surplus: what is used of it, less what must be bought for the
 * lowest power, weighed so that running breaks even where a shortfall of that probability is accepted.
 */
export function worthW({ minW, maxW }: MinerProfile, surplusW: number, alpha: number): number {
  if (surplusW >= minW) return Math.min(surplusW, maxW);
  const weight = clamp((1 - alpha) / Math.max(alpha, 1e-9), 0, HARDEST);
  return surplusW - weight * (minW - surplusW);
}

function weigh(tick: Tick, zone: ZoneBudget, { profile, memory }: Supervised, left: Spare): void {
  const costJ = Math.min(START_COST_J, profile.minW * START_COST_S);
  const worth = worthW(profile, left.nowW, left.alpha);
  const part = clamp(worth / profile.minW, -1.5, 2.5);
  memory.worthLong += Math.min(1, tick.dtS / LONG_S) * (part - memory.worthLong);
  if (memory.isSurplusOn) {
    memory.deficitJ = Math.max(0, memory.deficitJ - worth * tick.dtS);
    if (memory.deficitJ < costJ * Math.exp(PATIENCE * memory.worthLong)) return;
    memory.isSurplusOn = false;
    zoneMemory(tick.state, zone.rules.name).isStoppedByDeficit = true;
  } else {
    // What is left over beyond the highest power tells how far a dip would be.
    const spareW = Math.max(0, left.nowW - profile.maxW);
    memory.startJ = clamp(memory.startJ + (worth + spareW) * tick.dtS, 0, 2 * costJ);
    // What runs for another reason needs no proof that a start would pay.
    const isEnough = memory.startJ >= costJ * START_PART || memory.targetW >= profile.minW;
    if (!left.mayRise || !isEnough || worth <= 0) return;
    memory.isSurplusOn = true;
    zoneMemory(tick.state, zone.rules.name).isStoppedByDeficit = false;
  }
  memory.startJ = 0;
  memory.deficitJ = 0;
}
