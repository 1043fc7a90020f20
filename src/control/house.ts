import { outdoorGuess, type Tick } from "./inputs.ts";
import { clamp } from "./numbers.ts";
import type { ZoneMemory } from "./state.ts";
import type { ZoneRules } from "./types.ts";

/** Heat capacity over loss of the start values of control.md §10 (24 MJ/K over 180 W/K), s. */
const TIME_CONSTANT_S = 24e6 / 180;
const SLOPE_MINUTES = 15;

/** Sun through the windows now, W; 0 when irradiance is unknown. */
export function sunGainW(tick: Tick, rules: ZoneRules): number {
  return rules.solarAreaM2 * (tick.inputs.ghi.value ?? 0);
}

/** Heater watts that hold `roomC` for ever by the fallback model; may be negative. Outdoor unknown: 0 degC. */
export function holdingW(tick: Tick, rules: ZoneRules, roomC: number): number {
  const outdoorC = outdoorGuess(tick) ?? 0;
  return rules.uaWk * (roomC - outdoorC) - rules.baseGainW - sunGainW(tick, rules);
}

/** Temperature after `seconds` at a constant heater power by the fallback model, degC. */
export function forecastC(
  tick: Tick,
  rules: ZoneRules,
  roomC: number,
  heaterW: number,
  seconds: number,
): number {
  const outdoorC = outdoorGuess(tick) ?? 0;
  const ua = Math.max(1, rules.uaWk);
  const restC = outdoorC + (heaterW + rules.baseGainW + sunGainW(tick, rules)) / ua;
  return restC + (roomC - restC) * Math.exp(-seconds / TIME_CONSTANT_S);
}

/**
 * How fast the zone cools, K/s, never negative: the faster of the model without heat and what is measured,
 * because the air of a light room falls much quicker than its walls.
 */
export function coolingRate(tick: Tick, rules: ZoneRules, memory: ZoneMemory, roomC: number): number {
  const model = roomC - forecastC(tick, rules, roomC, 0, 60);
  return Math.max(0, model / 60, -measuredSlope(memory));
}

/** Keeps a temperature a minute for the measured slope. */
export function rememberSlope(memory: ZoneMemory, monoMs: number, roomC: number): void {
  const last = memory.slopeMonos.at(-1);
  if (last !== undefined && monoMs - last < 60_000) return;
  memory.slopeMonos.push(monoMs);
  memory.slopeC.push(roomC);
  while (memory.slopeMonos.length > SLOPE_MINUTES) {
    memory.slopeMonos.shift();
    memory.slopeC.shift();
  }
}

/** K/s over the last quarter of an hour; 0 with less than five minutes of history. Bounded to 10 K/h. */
function measuredSlope(memory: ZoneMemory): number {
  const first = memory.slopeMonos[0];
  const last = memory.slopeMonos.at(-1);
  if (first === undefined || last === undefined || last - first < 300_000) return 0;
  const change = (memory.slopeC.at(-1) ?? 0) - (memory.slopeC[0] ?? 0);
  return clamp((change * 1000) / (last - first), -10 / 3600, 10 / 3600);
}
