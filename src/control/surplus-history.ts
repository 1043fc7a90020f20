import type { Tick } from "./inputs.ts";
import type { SurplusMemory } from "./state.ts";

/** Grid power and the miner power of the same moment, W. */
export interface Aligned {
  gridW: number;
  minersW: number;
}

const HISTORY_MS = 900_000;
const PV_HISTORY_MS = 240_000;
/** Delays tried of what miners tell of their power, ms. */
const DELAYS_MS = [0, 5000, 10_000];

/** When a grid sample was taken, monotonic ms: its receipt less the latency of the meter. */
export function effectiveMono(tick: Tick, receivedMono: number): number {
  return receivedMono - tick.config.meterLatencyS * 1000;
}

/** Keeps the miner power of 15 minutes, W. */
export function rememberPower(memory: SurplusMemory, monoMs: number, minersW: number): void {
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

/** Keeps the PV power of the last minutes, W, to lay beside a grid sample that comes late. */
export function rememberPv(tick: Tick): void {
  const { pvMonos, pvW } = tick.state.surplus;
  const { pv } = tick.inputs;
  if (!pv.isNew || pv.value === null || pv.sampleMono === null) return;
  pvMonos.push(pv.sampleMono);
  pvW.push(pv.value);
  while (tick.monoMs - (pvMonos[0] ?? tick.monoMs) > PV_HISTORY_MS || pvMonos.length > 60) {
    pvMonos.shift();
    pvW.shift();
  }
}

/** PV power at a past moment, W; null when that is not known. */
export function pvAt(memory: SurplusMemory, monoMs: number): number | null {
  const first = memory.pvMonos[0];
  return first === undefined || monoMs < first ? null : valueAt(memory.pvMonos, memory.pvW, monoMs);
}

/**
 * Grid power beside the miner power of the same moment. A miner tells its power late, by how much is found out from its
 * own moves: the right delay is the one at which the surplus does not jump when only the miner moved.
 */
export function alignedAt(tick: Tick, gridW: number, receivedMono: number): Aligned {
  const memory = tick.state.surplus;
  const mono = effectiveMono(tick, receivedMono);
  if (tick.inputs.grid.isNew) weighDelays(memory, gridW, mono);
  const { jumpW } = memory.delays;
  let best = 0;
  for (let index = 1; index < jumpW.length; index++) {
    if ((jumpW[index] ?? 0) < 0.9 * (jumpW[best] ?? 0)) best = index;
  }
  return { gridW, minersW: powerAt(memory, mono + (DELAYS_MS[best] ?? 0)) };
}

function weighDelays(memory: SurplusMemory, gridW: number, mono: number): void {
  const { surplusW, minersW, jumpW } = memory.delays;
  for (const [index, delayMs] of DELAYS_MS.entries()) {
    const nowW = powerAt(memory, mono + delayMs);
    const formerW = minersW[index];
    const formerSurplusW = surplusW[index];
    if (formerW !== undefined && formerSurplusW !== undefined) {
      const weight = Math.min(0.1, Math.abs(nowW - formerW) / 5000);
      jumpW[index] = (jumpW[index] ?? 0) * (1 - weight) + Math.abs(nowW - gridW - formerSurplusW) * weight;
    }
    surplusW[index] = nowW - gridW;
    minersW[index] = nowW;
  }
}

/** Miner power at a past moment, between the two nearest records, W. */
function powerAt(memory: SurplusMemory, monoMs: number): number {
  return valueAt(memory.powerMonos, memory.powerW, monoMs);
}

function valueAt(monos: readonly number[], values: readonly number[], monoMs: number): number {
  let index = monos.length - 1;
  while (index > 0 && (monos[index] ?? 0) > monoMs) index--;
  const early = monos[index] ?? monoMs;
  const late = monos[index + 1];
  const earlyW = values[index] ?? 0;
  if (late === undefined || late <= early || monoMs <= early) return earlyW;
  const lateW = values[index + 1] ?? earlyW;
  return earlyW + ((lateW - earlyW) * (monoMs - early)) / (late - early);
}
