import { type Budget, limitFleet, lower } from "../budget.ts";
import type { Tick } from "../inputs.ts";
import { clamp, pushBounded } from "../numbers.ts";
import type { CircuitMemory } from "../state.ts";
import { reservedW, type Supervised } from "../supervise.ts";
import type { Surplus } from "../surplus.ts";
import type { ControlConfig } from "../types.ts";

type Circuit = ControlConfig["circuits"][number];

const MARGIN = 0.97;
const CONTINUOUS = 0.8;
const BIN_MS = 300_000;
const HOUR_MS = 3_600_000;
const BLIND_HOLD_S = 60;

/** Layer 1, electrical limits (control.md §8): each circuit, the panel, the member's cap, the cap without a meter. */
export function applyLimits(
  tick: Tick,
  budget: Budget,
  miners: readonly Supervised[],
  surplus: Surplus,
): void {
  const sag = voltagePart(tick);
  const isBlind = surplus.aligned === null && (!tick.config.hasGridMeter || surplus.blindS > BLIND_HOLD_S);
  const ownCapW = tick.config.panel.noMeterCapW;
  for (const circuit of tick.config.circuits) {
    limitCircuit(tick, budget, miners, circuit, sag);
    if (isBlind && ownCapW === null) {
      budget.circuitHi[circuit.name] = lower(budget.circuitHi[circuit.name], {
        w: 0.5 * circuitLimitW(circuit, sag),
        code: "LIMIT_NO_METER",
        layer: "limits",
        text: `no grid meter, so only half of ${circuit.name} is used`,
      });
    }
  }
  if (isBlind && ownCapW !== null) {
    limitFleet(budget, {
      w: ownCapW,
      code: "LIMIT_NO_METER",
      layer: "limits",
      text: "cap without a grid meter",
    });
  }
  limitPanel(tick, budget, miners, surplus, sag);
  const { userCapW } = tick.config.panel;
  if (userCapW !== null) {
    limitFleet(budget, { w: userCapW, code: "LIMIT_USER", layer: "limits", text: "your own cap" });
  }
}

/** Watts that miners may draw on a circuit for hours: 0.80 * A * V * 0.97 less what else hangs on it. */
export function circuitLimitW(circuit: Circuit, sag = 1): number {
  const part = circuit.rated100 ? 1 : CONTINUOUS;
  return Math.max(0, part * circuit.breakerA * circuit.voltageV * sag * MARGIN - circuit.otherW);
}

function limitCircuit(
  tick: Tick,
  budget: Budget,
  miners: readonly Supervised[],
  circuit: Circuit,
  sag: number,
): void {
  const memory = circuitMemory(tick, circuit.name);
  const limitW = circuitLimitW(circuit, sag);
  const breakerW = circuit.breakerA * circuit.voltageV * sag;
  let measuredW = 0;
  for (const { profile, memory: miner } of miners) {
    if (profile.circuit === circuit.name && miner.isMeasured) measuredW += miner.powerW;
  }
  const continuousW = breakerW * (circuit.rated100 ? 1 : CONTINUOUS);
  stepOnExcess(tick, memory, measuredW + circuit.otherW, { breakerW, continuousW, limitW });
  const isStepped = memory.factor < 1;
  budget.circuitHi[circuit.name] = lower(budget.circuitHi[circuit.name], {
    w: limitW * memory.factor,
    code: isStepped ? "LIMIT_OVERCURRENT_STEP" : "LIMIT_BREAKER_80",
    layer: "limits",
    text: isStepped
      ? `${circuit.name} drew too much, stepping down`
      : `${circuit.breakerA} A breaker allows ${Math.floor(limitW)} W`,
  });
}

/** Above the breaker: down to 80 % at once. Above 80 % for a minute: 10 % less each 30 s. Back by 10 % in 10 min. */
function stepOnExcess(
  tick: Tick,
  memory: CircuitMemory,
  drawnW: number,
  { breakerW, continuousW, limitW }: { breakerW: number; continuousW: number; limitW: number },
): void {
  const sinceChangeMs =
    memory.changedMono === null ? Number.POSITIVE_INFINITY : tick.monoMs - memory.changedMono;
  if (drawnW > breakerW) {
    memory.overSinceMono ??= tick.monoMs;
    if (sinceChangeMs < 30_000) return;
    memory.factor = clamp(memory.factor * ((CONTINUOUS * breakerW) / drawnW), 0, 1);
    memory.changedMono = tick.monoMs;
    return;
  }
  if (drawnW > continuousW && limitW > 0) {
    memory.overSinceMono ??= tick.monoMs;
    if (tick.monoMs - memory.overSinceMono < 60_000 || sinceChangeMs < 30_000) return;
    memory.factor = Math.max(0, memory.factor - 0.1);
    memory.changedMono = tick.monoMs;
    return;
  }
  memory.overSinceMono = null;
  if (memory.factor < 1 && sinceChangeMs >= 600_000) {
    memory.factor = Math.min(1, memory.factor + 0.1);
    memory.changedMono = tick.monoMs;
  }
}

/** The main breaker with what the house draws beside the miners; blind: no increase for a minute. */
function limitPanel(
  tick: Tick,
  budget: Budget,
  miners: readonly Supervised[],
  surplus: Surplus,
  sag: number,
): void {
  if (!tick.config.hasGridMeter) return;
  if (surplus.aligned) {
    const { mainA, voltageV } = tick.config.panel;
    const { minersW, gridW } = surplus.aligned;
    const w = minersW + mainA * voltageV * sag * CONTINUOUS - Math.max(gridW, 0);
    limitFleet(budget, { w, code: "LIMIT_PANEL", layer: "limits", text: `${mainA} A main breaker` });
  } else if (surplus.blindS <= BLIND_HOLD_S) {
    let w = 0;
    for (const miner of miners) w += Math.max(miner.memory.targetW, miner.isReachable ? 0 : reservedW(miner));
    limitFleet(budget, { w, code: "LIMIT_PANEL", layer: "limits", text: "grid meter silent, no increase" });
  }
}

/**
 * Lowest five-minute mean of the mains voltage in the last hour over its nominal, at most 1: miners draw constant
 * power, so low voltage means more current. While the source is silent the last known low stays.
 */
function voltagePart(tick: Tick): number {
  const { voltage: memory } = tick.state;
  const { voltage: signal } = tick.inputs;
  const nominalV = nominalOf(tick.config.panel.voltageV, signal.last);
  if (signal.value !== null) {
    memory.binStartMono ??= tick.monoMs;
    memory.sum += signal.value;
    memory.count += 1;
    if (tick.monoMs - memory.binStartMono >= BIN_MS) {
      pushBounded(memory.meanMonos, tick.monoMs, 13);
      pushBounded(memory.means, memory.sum / memory.count, 13);
      memory.binStartMono = tick.monoMs;
      memory.sum = 0;
      memory.count = 0;
    }
    while (memory.meanMonos.length > 0 && tick.monoMs - (memory.meanMonos[0] ?? 0) > HOUR_MS) {
      memory.meanMonos.shift();
      memory.means.shift();
    }
  }
  let lowV = memory.count > 0 ? memory.sum / memory.count : nominalV;
  for (const mean of memory.means) lowV = Math.min(lowV, mean);
  return Math.min(1, lowV / nominalV);
}

/** A meter may show one leg (120 V) or both (240 V) of the panel. */
function nominalOf(panelV: number, seenV: number | null): number {
  if (seenV === null) return panelV;
  return Math.abs(seenV - panelV / 2) < Math.abs(seenV - panelV) ? panelV / 2 : panelV;
}

function circuitMemory(tick: Tick, name: string): CircuitMemory {
  const known = tick.state.circuits[name];
  if (known) return known;
  const fresh: CircuitMemory = { overSinceMono: null, changedMono: null, factor: 1 };
  tick.state.circuits[name] = fresh;
  return fresh;
}
