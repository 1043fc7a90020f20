import type { Tick } from "./inputs.ts";
import { clamp, insertSorted, median, removeSorted, sortedQuantile } from "./numbers.ts";
import type { SurplusMemory } from "./state.ts";

/** From a command to most of the change at a device that is led, s: what is expected is expected for then. */
export const REACT_S = 8;

const CHANGES = 240;
const WITHOUT_HISTORY_W = -100;
const NEEDED_CHANGES = 20;
/** Steps that a trend is read from. */
const TREND_STEPS = 7;
/** A trend is trusted no further ahead than this, s. */
const TREND_S = 15;
const SAMPLES = 24;
/** A rise that the PV meter tells of is judged from here on, W, and believed up to here at most. */
const CLAIM_W = 150;
const MOST_TRUST_W = 4000;

/** Takes a sample of the surplus, W, into the memory, and learns from what had been expected for its moment. */
export function noteSurplus(tick: Tick, sampleMono: number, surplusW: number): void {
  const memory = tick.state.surplus;
  weighPv(memory, surplusW - (memory.sampleW.at(-1) ?? surplusW));
  const expectedW = expectedFor(memory, sampleMono);
  if (expectedW !== null) rememberChange(memory, surplusW - expectedW, changesKept(tick));
  memory.sampleMonos.push(sampleMono);
  memory.sampleW.push(surplusW + 0);
  if (memory.sampleW.length <= SAMPLES) return;
  memory.sampleMonos.shift();
  memory.sampleW.shift();
}

/**
 * The surplus when a change made now has come through, W; null before the first sample. The last sample and its trend;
 * with a live PV reading, what the sun gives now beside the household of the last sample (control.md §3, §4).
 */
export function expectSurplus(tick: Tick): number | null {
  const memory = tick.state.surplus;
  const lastW = memory.sampleW.at(-1);
  const lastMono = memory.sampleMonos.at(-1);
  if (lastW === undefined || lastMono === undefined) return null;
  const { pv } = tick.inputs;
  let expectedW =
    lastW + trend(memory.sampleMonos, memory.sampleW, (tick.monoMs - lastMono) / 1000 + REACT_S);
  if (memory.houseW !== null && pv.age === "fresh" && pv.value !== null && pv.sampleMono !== null) {
    const aheadS = (tick.monoMs - pv.sampleMono) / 1000 + REACT_S;
    const sunW = pv.value + trend(memory.pvMonos, memory.pvW, aheadS);
    const claimedW = sunW - memory.houseW - tick.config.reserveW + memory.batteryShiftW;
    memory.pvClaimW = Math.max(memory.pvClaimW, claimedW - lastW);
    expectedW = Math.min(claimedW, lastW + memory.pvTrustW);
  }
  memory.expectMonos.push(tick.monoMs + REACT_S * 1000);
  memory.expectW.push(expectedW + 0);
  if (memory.expectW.length > 60) {
    memory.expectMonos.splice(0, 15);
    memory.expectW.splice(0, 15);
  }
  return expectedW + 0;
}

/**
 * What is kept back for passing cloud, W, never above 0: the `alpha` quantile of how far the surplus was from what had
 * been expected of it, as far as the reserve does not cover it already; -100 W until there are 20 samples (control.md §4).
 */
export function margin(tick: Tick, alpha: number): number {
  const { changeW, changeSortedW } = tick.state.surplus;
  if (changeW.length < NEEDED_CHANGES) return WITHOUT_HISTORY_W;
  return Math.min(0, (sortedQuantile(changeSortedW, alpha) ?? 0) + tick.config.reserveW) + 0;
}

/**
 * What the PV meter told between two grid samples is held against what the grid meter then says: a rise that came gives
 * it more trust, one that did not takes trust away. So a PV meter that lies raises nothing for longer than one sample,
 * by no more than it had proved before.
 */
function weighPv(memory: SurplusMemory, roseW: number): void {
  const { pvClaimW } = memory;
  memory.pvClaimW = 0;
  if (pvClaimW < CLAIM_W) return;
  if (roseW >= 0.5 * pvClaimW) memory.pvTrustW = clamp(memory.pvTrustW + 0.5 * pvClaimW, 0, MOST_TRUST_W);
  else memory.pvTrustW *= 0.5;
}

/** The last expectation for that moment or before it, W; null when there is none. */
function expectedFor(memory: SurplusMemory, mono: number): number | null {
  const { expectMonos, expectW } = memory;
  for (let index = expectMonos.length - 1; index >= 0; index--) {
    if ((expectMonos[index] ?? 0) <= mono) return expectW[index] ?? null;
  }
  return null;
}

/** Change within `aheadS` if it goes on as the middle one of the last steps, W. */
function trend(monos: readonly number[], values: readonly number[], aheadS: number): number {
  const last = values.length - 1;
  if (last < TREND_STEPS) return 0;
  const slopes: number[] = [];
  for (let index = last - TREND_STEPS + 1; index <= last; index++) {
    const seconds = ((monos[index] ?? 0) - (monos[index - 1] ?? 0)) / 1000;
    slopes.push(((values[index] ?? 0) - (values[index - 1] ?? 0)) / Math.max(1, seconds));
  }
  return (median(slopes) ?? 0) * Math.min(aheadS, TREND_S);
}

/** Keeps the last errors in the order in which they came and in rising order, because each tick asks for a quantile. */
function rememberChange(memory: SurplusMemory, changeW: number, kept: number): void {
  memory.changeW.push(changeW);
  insertSorted(memory.changeSortedW, changeW);
  while (memory.changeW.length > kept) removeSorted(memory.changeSortedW, memory.changeW.shift() ?? 0);
}

/** Ten minutes of samples at the learnt period of the meter. */
function changesKept(tick: Tick): number {
  const periodS = tick.state.sources["grid"]?.periodS ?? tick.config.tickS;
  return clamp(Math.round(600 / Math.max(1, periodS)), NEEDED_CHANGES, CHANGES);
}
