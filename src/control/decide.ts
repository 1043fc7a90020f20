import type { Decision } from "../model/decision.ts";
import { allocate } from "./allocate.ts";
import { openBudget } from "./budget.ts";
import { commandMiners } from "./commands.ts";
import { describe } from "./decision.ts";
import { readEvents } from "./events.ts";
import { readInputs, rememberWeather, type Tick } from "./inputs.ts";
import { applyComfort } from "./layers/comfort.ts";
import { applyCoop, isCurtailed } from "./layers/coop.ts";
import { applyEconomics } from "./layers/economics.ts";
import { applyFloor } from "./layers/floor.ts";
import { applyLimits } from "./layers/limits.ts";
import { applyManual } from "./layers/manual.ts";
import { applyOffSwitch } from "./layers/off.ts";
import { applySafety } from "./layers/safety.ts";
import { clamp, copyPlain } from "./numbers.ts";
import { noteExpiry, setPointOf } from "./overrides.ts";
import { priceZone } from "./pricing.ts";
import { findReasons } from "./reasons.ts";
import type { ControlState } from "./state.ts";
import { superviseMiners } from "./supervise.ts";
import { updateSurplus } from "./surplus.ts";
import { updateThermostat } from "./thermostat.ts";
import type { ControlConfig, DecideResult, MinerCommand, Snapshot } from "./types.ts";

export { restoreState } from "./restore.ts";
export type { ControlState } from "./state.ts";
export { initialState } from "./state.ts";

/**
 * One tick of the control loop (control.md §1): a pure function of what is seen, remembered and configured.
 * The state handed in is not changed; the answer's state is new, plain JSON, and replays to the same decisions.
 * Never throws for bad values: what is not a finite number is unknown, and unknown never raises power.
 */
export function decide(
  snapshot: Snapshot,
  state: ControlState,
  config: ControlConfig,
): DecideResult<ControlState> {
  const next = copyPlain(state);
  const { commands, decision } = advance(snapshot, next, config);
  return { commands, state: next, decision: decision() };
}

/** What one tick decided, before it is put into words. */
export interface Advance {
  commands: MinerCommand[];
  /** The reason that binds, as the record has it. */
  reason: Decision["reason"];
  /** The whole record; only until the state is advanced again. */
  decision: () => Decision;
}

/**
 * The same tick on a state of which nobody needs the former one: it is changed in place, and the record is only put
 * together when it is asked for. Years of simulated ticks are run this way.
 */
export function advance(snapshot: Snapshot, state: ControlState, config: ControlConfig): Advance {
  const tick = openTick(snapshot, state, config);
  const miners = superviseMiners(tick);
  const surplus = updateSurplus(tick);
  rememberWeather(snapshot, tick.state, tick.inputs);
  if (surplus.isBack) {
    const runningW = miners.reduce((sum, miner) => sum + miner.memory.targetW, 0);
    tick.state.rampW = Math.min(tick.state.rampW ?? runningW, runningW);
  }
  const events = readEvents(tick);
  const budget = openBudget(tick, miners);
  const hasExpired = noteExpiry(tick);
  const isHeld = isCurtailed(tick, events);
  for (const zone of budget.zones) {
    zone.setC = setPointOf(tick, zone.rules);
    updateThermostat(tick, zone, isHeld);
  }
  // The layers in the order of control.md §5; each narrows what those before it left.
  applySafety(tick, budget, miners);
  applyLimits(tick, budget, miners, surplus);
  applyOffSwitch(tick, budget);
  applyFloor(tick, budget, events);
  applyCoop(tick, budget, events, miners);
  applyManual(tick, budget);
  const prices = budget.zones.map((zone) => priceZone(tick, zone));
  applyComfort(tick, budget, prices);
  applyEconomics(tick, budget, prices, surplus, events);
  const allocation = allocate(tick, budget, miners);
  const reasons = findReasons(budget, miners, allocation, hasExpired);
  const commands = commandMiners(tick, budget, miners, allocation, (miner) => reasons.ofMiner(miner).code);
  const { code, layer, text } = reasons.main;
  return {
    commands,
    reason: { code, layer, text },
    decision: () => describe(tick, { budget, miners, surplus, events, prices, allocation, reasons }),
  };
}

function openTick(snapshot: Snapshot, state: ControlState, config: ControlConfig): Tick {
  const { monoMs, wallMs } = snapshot;
  const sinceMs = state.lastMono === null ? 0 : monoMs - state.lastMono;
  const inputs = readInputs(snapshot, state, config);
  const tick: Tick = {
    snapshot,
    config,
    state,
    inputs,
    monoMs,
    wallMs,
    dtS: clamp(sinceMs / 1000, 0, 60),
    sinceLastS: sinceMs / 1000,
  };
  state.lastMono = monoMs;
  state.lastWallMs = wallMs;
  return tick;
}
