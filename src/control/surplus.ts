import { hourOf, type Tick } from "./inputs.ts";
import {
  clamp,
  insertSorted,
  median,
  pushBounded,
  quantile,
  removeSorted,
  sortedQuantile,
} from "./numbers.ts";
import type { SurplusMemory } from "./state.ts";

/** The virtual surplus (control.md §3): what the site would export if every miner drew nothing, W. */
export interface Surplus {
  /** Median of the last three samples, W; null when unknown. */
  nowW: number | null;
  /** Meter fresh; `held`: silent for less than a minute after it became stale; `sun`: only PV speaks; `none`. */
  basis: "meter" | "held" | "sun" | "none";
  /** True only while a fresh meter allows to start or raise for the sun. */
  mayRise: boolean;
  isBatteryUnknown: boolean;
  /** For how long the meter has been silent, frozen or absent, s; 0 while it serves. */
  blindS: number;
  /** True on the tick on which the meter serves again after a silence. */
  isBack: boolean;
  /** Grid power that belongs to the miner power beside it, for the panel limit. */
  aligned: { gridW: number; minersW: number } | null;
}

const HISTORY_MS = 900_000;
const CHANGES = 240;
const WITHOUT_HISTORY_W = -100;
const NEEDED_CHANGES = 20;
const HOLD_S = 60;
/** Delays tried of what miners tell of their power, ms. */
const DELAYS_MS = [0, 5000, 10_000];

/** Total miner power now, W: measured, or the best guess for those that do not tell. */
export function totalPower(tick: Tick): number {
  let total = 0;
  for (const profile of tick.config.miners) total += tick.state.miners[profile.name]?.powerW ?? 0;
  return total;
}

/** Takes this tick's power and meter samples into the memory and answers the surplus. */
export function updateSurplus(tick: Tick): Surplus {
  const memory = tick.state.surplus;
  const minersW = totalPower(tick);
  rememberPower(memory, tick.monoMs, minersW);
  const { grid, pv, battery } = tick.inputs;
  if (battery.value !== null)
    memory.batterySeenW = Math.max(memory.batterySeenW ?? 0, Math.abs(battery.value));
  const isFrozen = watchFrozen(tick, minersW);
  const batteryW = batteryTerm(tick);
  const hasSpoken = memory.sampleW.length > 0;
  const isBlind = grid.value === null || isFrozen;
  const aligned =
    isBlind || grid.value === null || grid.sampleMono === null
      ? null
      : alignedAt(tick, grid.value, grid.sampleMono);
  if (aligned && grid.isNew && batteryW !== null) takeSurplusSample(tick, aligned, batteryW);
  const isBatteryUnknown = batteryW === null;
  const wasBlind = memory.blindSinceMono !== null;
  if (aligned) memory.blindSinceMono = null;
  else memory.blindSinceMono ??= tick.monoMs - tick.inputs.grid.unusableS * 1000;
  const blindS = memory.blindSinceMono === null ? 0 : (tick.monoMs - memory.blindSinceMono) / 1000;
  const common = { isBatteryUnknown, blindS, isBack: wasBlind && blindS === 0 && hasSpoken, aligned };
  if (aligned && !isBatteryUnknown) {
    const nowW = memory.expectedW.at(-1) ?? null;
    return { nowW, basis: "meter", mayRise: grid.age === "fresh", ...common };
  }
  if (blindS <= HOLD_S && memory.sampleW.length > 0 && !isBatteryUnknown) {
    return { nowW: null, basis: "held", mayRise: false, ...common };
  }
  const sunW = pv.age === "fresh" && pv.value !== null ? sunOnly(tick, pv.value) : null;
  return { nowW: sunW, basis: sunW === null ? "none" : "sun", mayRise: sunW !== null, ...common };
}

/**
 * What is kept back for passing cloud, W, never above 0: the `alpha` quantile of how the surplus moved
 * within the lead time; -100 W until there are 20 samples (control.md §4).
 */
export function margin(memory: SurplusMemory, alpha: number): number {
  if (memory.changeW.length < NEEDED_CHANGES) return WITHOUT_HISTORY_W;
  return Math.min(0, sortedQuantile(memory.changeSortedW, alpha) ?? 0) + 0;
}

/** Discharge counts against the surplus; a battery that fell silent is taken as discharging (control.md §12). */
function batteryTerm(tick: Tick): number | null {
  if (!tick.inputs.hasBattery) return 0;
  const { battery, grid } = tick.inputs;
  if (battery.value !== null) return -Math.max(0, battery.value);
  if (grid.value !== null && grid.value >= 50) return 0;
  const seenW = tick.state.surplus.batterySeenW;
  return seenW === null ? null : -seenW;
}

function takeSurplusSample(tick: Tick, aligned: { gridW: number; minersW: number }, batteryW: number): void {
  const memory = tick.state.surplus;
  const { pv } = tick.inputs;
  const sampleMono = effectiveMono(tick, tick.inputs.grid.sampleMono ?? tick.monoMs);
  let surplusW = aligned.minersW - aligned.gridW - tick.config.reserveW + batteryW;
  if (pv.value !== null && pv.age === "fresh") {
    const flowW = tick.inputs.battery.value ?? 0;
    const houseW = aligned.gridW + pv.value + flowW - aligned.minersW;
    pushBounded(memory.houseW, houseW, 3);
    rememberLoad(tick, houseW);
    // With a battery that charges, the balance alone would take its charge for sunshine.
    surplusW = Math.min(surplusW, Math.max(0, pv.value - (median(memory.houseW) ?? houseW)));
  }
  const before = expectedBefore(memory, sampleMono - leadMs(tick));
  if (before !== null) rememberChange(memory, surplusW - before, changesKept(tick));
  memory.sampleMonos.push(sampleMono);
  memory.sampleW.push(surplusW + 0);
  memory.expectedW.push(surplusW + trendW(memory) + 0);
  const expired = memory.sampleMonos.findIndex((mono) => sampleMono - mono <= 120_000);
  if (expired > 0) {
    memory.sampleMonos.splice(0, expired);
    memory.sampleW.splice(0, expired);
    memory.expectedW.splice(0, expired);
  }
}

/** Keeps the last changes in the order in which they came and in rising order, because each tick asks for a quantile. */
function rememberChange(memory: SurplusMemory, changeW: number, kept: number): void {
  memory.changeW.push(changeW);
  insertSorted(memory.changeSortedW, changeW);
  while (memory.changeW.length > kept) removeSorted(memory.changeSortedW, memory.changeW.shift() ?? 0);
}

/** Ten minutes of samples at the learnt period of the meter. */
function changesKept(tick: Tick): number {
  const periodS = tick.state.sources["grid"]?.periodS ?? tick.config.tickS;
  return clamp(Math.round(+(process.env["CK"] ?? 600) / Math.max(1, periodS)), NEEDED_CHANGES, CHANGES);
}

/** Lead time of control.md §4: meter latency, half the settling of the slowest device, one tick. */
function leadMs(tick: Tick): number {
  let tauS = 0;
  for (const miner of tick.config.miners) tauS = Math.max(tauS, miner.tauS);
  return +(process.env["H"] ?? 12) * 1000 + 0 * tauS;
}

/** Where the surplus goes within the lead time if it goes on as in the last half minute, W. */
function trendW(memory: SurplusMemory): number {
  const N = +(process.env["TN"] ?? 7), D = +(process.env["TD"] ?? 1), HH = +(process.env["TH"] ?? 12);
  const n = memory.sampleW.length;
  if (n < N + 1) return 0;
  const slopes: number[] = [];
  for (let i = n - N; i < n; i++) slopes.push(((memory.sampleW[i] ?? 0) - (memory.sampleW[i - 1] ?? 0)) / Math.max(1, ((memory.sampleMonos[i] ?? 0) - (memory.sampleMonos[i - 1] ?? 0)) / 1000));
  return D * HH * (median(slopes) ?? 0);
}

/**
 * Grid power beside the miner power of the same moment. A miner tells its power late, by how much is found out from its
 * own moves: the right delay is the one at which the surplus does not jump when only the miner moved.
 */
function alignedAt(tick: Tick, gridW: number, receivedMono: number): { gridW: number; minersW: number } {
  const memory = tick.state.surplus;
  const mono = effectiveMono(tick, receivedMono);
  const { delays } = memory;
  if (tick.inputs.grid.isNew) {
    for (const [index, delayMs] of DELAYS_MS.entries()) {
      const minersW = powerAt(memory, mono + delayMs);
      const [formerW, formerMinersW] = [delays.surplusW[index], delays.minersW[index]];
      if (formerW !== undefined && formerMinersW !== undefined) {
        const movedW = Math.abs(minersW - formerMinersW);
        const jumpW = Math.abs(minersW - gridW - formerW);
        const weight = Math.min(0.1, movedW / 5000);
        delays.jumpW[index] = (delays.jumpW[index] ?? 0) * (1 - weight) + jumpW * weight;
      }
      delays.surplusW[index] = minersW - gridW;
      delays.minersW[index] = minersW;
    }
  }
  let best = 0;
  for (const [index, jumpW] of delays.jumpW.entries()) if (jumpW < 0.9 * (delays.jumpW[best] ?? 0)) best = index;
  return { gridW, minersW: powerAt(memory, mono + (DELAYS_MS[best] ?? 0)) };
}

function effectiveMono(tick: Tick, receivedMono: number): number {
  return receivedMono - tick.config.meterLatencyS * 1000;
}

/** Latest sample at or before a moment that is not older than twice the way back. */
function expectedBefore(memory: SurplusMemory, monoMs: number): number | null {
  for (let index = memory.sampleMonos.length - 1; index >= 0; index--) {
    if ((memory.sampleMonos[index] ?? 0) <= monoMs) return memory.expectedW[index] ?? null;
  }
  return null;
}

function rememberPower(memory: SurplusMemory, monoMs: number, minersW: number): void {
  memory.powerMonos.push(monoMs);
  memory.powerW.push(minersW);
  let expired = 0;
  while (
    monoMs - (memory.powerMonos[expired] ?? monoMs) > HISTORY_MS ||
    memory.powerMonos.length - expired > 300
  ) {
    expired++;
  }
  // In blocks, because cutting one entry each tick would move the whole list each tick.
  if (expired >= 30) {
    memory.powerMonos.splice(0, expired);
    memory.powerW.splice(0, expired);
  }
}

/** Miner power at a past moment, between the two nearest records, W. */
function powerAt(memory: SurplusMemory, monoMs: number): number {
  const { powerMonos, powerW } = memory;
  let index = powerMonos.length - 1;
  while (index > 0 && (powerMonos[index] ?? 0) > monoMs) index--;
  const early = powerMonos[index] ?? monoMs;
  const late = powerMonos[index + 1];
  const earlyW = powerW[index] ?? 0;
  if (late === undefined || late <= early || monoMs <= early) return earlyW;
  const lateW = powerW[index + 1] ?? earlyW;
  return earlyW + ((lateW - earlyW) * (monoMs - early)) / (late - early);
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
