import { type BatteryTerm, readBattery, rideThrough } from "./battery.ts";
import { expectSurplus, noteSurplus } from "./expectation.ts";
import { hourOf, type Tick } from "./inputs.ts";
import { weighMeter } from "./meter-doubt.ts";
import { pushBounded, quantile } from "./numbers.ts";
import { alignedAt, effectiveMono, pvAt, rememberPower, rememberPv } from "./surplus-history.ts";

/** The virtual surplus (control.md §3): what the site would export if every miner drew nothing, W. */
export interface Surplus {
  /** Expected when a change made now has come through, W; null when unknown. */
  nowW: number | null;
  /** Meter fresh; `held`: silent for less than a minute after it became stale; `sun`: only PV speaks; `none`. */
  basis: "meter" | "held" | "sun" | "none";
  /** True only while a fresh meter allows to start or raise for the sun. */
  mayRise: boolean;
  isBatteryUnknown: boolean;
  /** The meter answers the miners' own steps with a wrong sign or scale: it counts as silent. */
  isMeterWrong: boolean;
  battery: BatteryTerm;
  /** What the battery gives now to carry running miners over a dip, W; 0 as a rule. */
  rideW: number;
  /** For how long the meter has been silent, frozen or absent, s; 0 while it serves. */
  blindS: number;
  /** True on the tick on which the meter serves again after a silence. */
  isBack: boolean;
  /** Grid power that belongs to the miner power beside it, for the panel limit. */
  aligned: { gridW: number; minersW: number } | null;
}

const HOLD_S = 60;

/** Total miner power now, W: measured, or the best guess for those that do not tell. */
export function totalPower(tick: Tick): number {
  let total = 0;
  for (const profile of tick.config.miners) total += tick.state.miners[profile.name]?.nowW ?? 0;
  return total;
}

/** Takes this tick's power and meter samples into the memory and answers the surplus. */
export function updateSurplus(tick: Tick): Surplus {
  const memory = tick.state.surplus;
  const minersW = totalPower(tick);
  rememberPower(memory, tick.monoMs, minersW);
  rememberPv(tick);
  const { grid, pv } = tick.inputs;
  const isFrozen = watchFrozen(tick, minersW);
  const battery = readBattery(tick);
  const hasSpoken = memory.sampleW.length > 0;
  const seen =
    isFrozen || grid.value === null || grid.sampleMono === null
      ? null
      : alignedAt(tick, grid.value, grid.sampleMono);
  if (seen && grid.isNew) weighMeter(memory, seen.minersW, seen.gridW);
  const isMeterWrong = memory.doubt.isWrong;
  const aligned = isMeterWrong ? null : seen;
  if (aligned && grid.isNew && battery.termW !== null)
    takeSurplusSample(tick, aligned, battery, battery.termW);
  const isBatteryUnknown = battery.termW === null;
  const wasBlind = memory.blindSinceMono !== null;
  if (aligned) memory.blindSinceMono = null;
  else memory.blindSinceMono ??= tick.monoMs - tick.inputs.grid.unusableS * 1000;
  const blindS = memory.blindSinceMono === null ? 0 : (tick.monoMs - memory.blindSinceMono) / 1000;
  const common = {
    ...{ isBatteryUnknown, isMeterWrong, battery, blindS, rideW: 0, aligned },
    isBack: wasBlind && blindS === 0 && hasSpoken,
  };
  if (aligned && !isBatteryUnknown) {
    const nowW = expectSurplus(tick);
    const rideW = nowW === null ? 0 : rideOver(tick, nowW);
    const mayRise = grid.age === "fresh" && rideW === 0;
    return { ...common, nowW: nowW === null ? null : nowW + rideW, basis: "meter", mayRise, rideW };
  }
  if (blindS <= HOLD_S && !isMeterWrong && memory.sampleW.length > 0 && !isBatteryUnknown) {
    return { nowW: null, basis: "held", mayRise: false, ...common };
  }
  const sunW = pv.age === "fresh" && pv.value !== null ? sunOnly(tick, pv.value) : null;
  return { nowW: sunW, basis: sunW === null ? "none" : "sun", mayRise: sunW !== null, ...common };
}

/** Lifts running miners to their lowest power over a dip that the battery bears already, W. */
function rideOver(tick: Tick, nowW: number): number {
  let leastW = 0;
  for (const { name, minW } of tick.config.miners) if (tick.state.miners[name]?.isSurplusOn) leastW += minW;
  return leastW > 0 ? rideThrough(tick, leastW - nowW, leastW) : 0;
}

function takeSurplusSample(
  tick: Tick,
  aligned: { gridW: number; minersW: number },
  battery: BatteryTerm,
  termW: number,
): void {
  const memory = tick.state.surplus;
  const sampleMono = effectiveMono(tick, tick.inputs.grid.sampleMono ?? tick.monoMs);
  // Beside a battery of unknown flow the household is unknown too; without a battery nothing flows.
  const flowW = tick.inputs.hasBattery ? tick.inputs.battery.value : 0;
  let surplusW = aligned.minersW - aligned.gridW - tick.config.reserveW + termW;
  const pvW = pvAt(memory, sampleMono);
  memory.houseW = null;
  if (pvW !== null && flowW !== null && tick.inputs.pv.age === "fresh") {
    memory.houseW = aligned.gridW + pvW + flowW - aligned.minersW;
    memory.batteryShiftW = termW + flowW;
    rememberLoad(tick, memory.houseW);
    // With a battery that charges, the balance alone would take its charge for sunshine.
    surplusW = Math.min(surplusW, Math.max(0, pvW - memory.houseW) + battery.bufferW);
  }
  noteSurplus(tick, sampleMono, surplusW);
}

/** Bit-identical for 120 s while the miners moved by 300 W: the meter shows an old picture (control.md §2). */
function watchFrozen(tick: Tick, minersW: number): boolean {
  const { frozen } = tick.state.surplus;
  const { last } = tick.inputs.grid;
  if (last !== frozen.value) {
    tick.state.surplus.frozen = { value: last, sinceMono: tick.monoMs, lowW: minersW, highW: minersW };
    return false;
  }
  frozen.lowW = Math.min(frozen.lowW, minersW);
  frozen.highW = Math.max(frozen.highW, minersW);
  return last !== null && tick.monoMs - frozen.sinceMono >= 120_000 && frozen.highW - frozen.lowW >= 300;
}

function rememberLoad(tick: Tick, houseW: number): void {
  const { loadBin, loadByHourW } = tick.state.surplus;
  loadBin.startMono ??= tick.monoMs;
  loadBin.sum += houseW;
  loadBin.count += 1;
  if (tick.monoMs - loadBin.startMono < 300_000) return;
  const hour = loadByHourW[hourOf(tick.snapshot)];
  if (hour) pushBounded(hour, loadBin.sum / loadBin.count, 24);
  tick.state.surplus.loadBin = { startMono: null, sum: 0, count: 0 };
}

/** Without the meter: 70 % of the PV less the household's high load at this hour; null when that is unknown. */
function sunOnly(tick: Tick, pvW: number): number | null {
  const loads = tick.state.surplus.loadByHourW[hourOf(tick.snapshot)] ?? [];
  const highLoadW = quantile(loads, 0.9);
  return highLoadW === null ? null : 0.7 * pvW - highLoadW;
}
