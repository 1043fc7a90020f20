import { splitMechanismOf } from "../app/split-mechanism.ts";
import type { Clock } from "../model/clock.ts";
import { chooseLeg, slotSeconds } from "../settlement/time-slice.ts";
import type { MinerKeeper } from "./miner-keeper.ts";
import type { LegRole, LegTotals, MinerLeg } from "./work-meter.ts";
import { legOf } from "./work-meter.ts";

/** settlement.md §5: never within this time after a start. */
const QUIET_AFTER_START_S = 60;
/** settlement.md §5: after so many failed switches, stop and alert. */
const MAX_FAILURES = 2;

export interface SlicerView {
  activeLeg: LegRole | null;
  slotS: number;
  /** Why it does not switch now; null when all is well. */
  blocked: string | null;
  isGivenUp: boolean;
}

export interface SliceSwitch {
  from: LegRole | null;
  to: LegRole;
  result: string;
  tookMs: number;
}

/**
 * Time slicing with deficit accounting on one miner: at each slot boundary the leg that is behind gets the next
 * slot (settlement.md §5). The pools of both legs must already stand in the device.
 */
export function createSlicer(keeper: MinerKeeper, clock: Clock) {
  let slotEndsMono = Number.NEGATIVE_INFINITY;
  let failures = 0;
  let activeLeg: LegRole | null = null;
  let blocked: string | null = "not read yet";
  const slotS = () => slotSeconds(keeper.capabilities()?.poolSwitch ?? "restart");

  return {
    /** Called after each reading; switches at most once a slot. Null when nothing was done. */
    async step(
      legs: readonly MinerLeg[],
      totals: LegTotals,
      targetPpm: number,
      signal: AbortSignal,
    ): Promise<SliceSwitch | null> {
      const reading = keeper.latest()?.reading;
      const capabilities = keeper.capabilities();
      // A firmware with shares of its own needs no slices, and a switch would disturb them.
      if (!reading || !capabilities || splitMechanismOf(capabilities).mechanism !== "time-slice") return null;
      const active = reading.pools.find((pool) => pool.isActive);
      activeLeg = active ? legOf(active, legs) : null;
      blocked = blockedBy(keeper, legs, failures);
      if (blocked !== null || clock.monoMs() < slotEndsMono) return null;
      const to = chooseLeg({
        coopDifficulty: totals.coop.accepted,
        memberDifficulty: totals.member.accepted,
        targetPpm,
        catchUp: null,
      });
      slotEndsMono = clock.monoMs() + slotS() * 1000;
      if (to === activeLeg) return null;
      const index = reading.pools.findIndex((pool) => legOf(pool, legs) === to);
      // An outage runs the living leg and keeps the debt (settlement.md §5).
      if (reading.pools[index]?.state === "dead") return null;
      const from = activeLeg;
      const startedMono = clock.monoMs();
      const result = await keeper.selectPool(index, signal);
      failures = result === "rejected" || result === "unknown" ? failures + 1 : 0;
      return { from, to, result, tookMs: clock.monoMs() - startedMono };
    },
    view: (): SlicerView => ({ activeLeg, slotS: slotS(), blocked, isGivenUp: failures >= MAX_FAILURES }),
    /** The member or a repair made things right again. */
    reset() {
      failures = 0;
      slotEndsMono = Number.NEGATIVE_INFINITY;
    },
  };
}

export type Slicer = ReturnType<typeof createSlicer>;

function blockedBy(keeper: MinerKeeper, legs: readonly MinerLeg[], failures: number): string | null {
  const reading = keeper.latest()?.reading;
  if (!reading) return "no reading";
  if (failures >= MAX_FAILURES) return "two switches failed";
  if (reading.state !== "mining") return `the miner is ${reading.state}`;
  if (reading.uptimeS !== null && reading.uptimeS < QUIET_AFTER_START_S) return "just started";
  if (legs.some((leg) => !reading.pools.some((pool) => legOf(pool, [leg])))) return "pools are not set";
  return null;
}
