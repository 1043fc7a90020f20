import { type ControlState, initialState, minerMemory, zoneMemory } from "./state.ts";
import type { ControlConfig } from "./types.ts";

const LONGEST_PAUSE_MS = 7 * 86_400_000;

/**
 * The state after a restart: minimum times, starts of today, latches, event returns and slow memories of a saved state,
 * with its times moved to the new monotonic clock; everything that must be seen again is fresh. A broken, foreign or
 * missing save gives the initial state; single bad values are left out. Never throws.
 */
export function restoreState(
  saved: unknown,
  config: ControlConfig,
  monoMs: number,
  wallMs: number,
): ControlState {
  const state = initialState(config, monoMs);
  const root = record(saved);
  const lastMono = numberOf(root["lastMono"]);
  const lastWallMs = numberOf(root["lastWallMs"]);
  if (root["schema"] !== 1 || lastMono === null || lastWallMs === null) return state;
  const pausedMs = Math.max(0, Math.min(LONGEST_PAUSE_MS, wallMs - lastWallMs));
  const shiftMs = monoMs - lastMono - (Number.isFinite(pausedMs) ? pausedMs : 0);
  const time = (value: unknown) => {
    const mono = numberOf(value);
    return mono === null ? null : mono + shiftMs;
  };
  for (const { name } of config.miners) restoreMiner(state, name, record(record(root["miners"])[name]), time);
  for (const { name } of config.zones) restoreZone(state, name, record(record(root["zones"])[name]), time);
  restoreCoop(state, record(root["coop"]), time);
  for (const { name } of config.circuits) {
    const circuit = record(record(root["circuits"])[name]);
    const memory = state.circuits[name];
    const factor = numberOf(circuit["factor"]);
    if (memory && factor !== null && factor >= 0 && factor <= 1) {
      memory.factor = factor;
      memory.changedMono = time(circuit["changedMono"]);
    }
  }
  restoreSlow(state, root, time);
  return state;
}

type Time = (value: unknown) => number | null;

function restoreMiner(state: ControlState, name: string, saved: Record<string, unknown>, time: Time): void {
  const memory = minerMemory(state, name);
  // What it does now is read from the device; this only tells whether it switched while nobody watched.
  memory.targetW = Math.max(0, numberOf(saved["targetW"]) ?? 0);
  memory.switchedMono = time(saved["switchedMono"]);
  memory.day = typeof saved["day"] === "string" ? saved["day"].slice(0, 10) : "";
  memory.startsToday = countOf(saved["startsToday"]);
  memory.writesToday = countOf(saved["writesToday"]);
  memory.isUnresponsive = saved["isUnresponsive"] === true;
  const code = saved["tripCode"];
  if (
    code === "SAFE_CHIP_HOT" ||
    code === "SAFE_BOARD_HOT" ||
    code === "SAFE_FAN" ||
    code === "DEVICE_FAULT"
  ) {
    memory.trippedMono = time(saved["trippedMono"]);
    memory.tripCode = memory.trippedMono === null ? null : code;
  }
}

function restoreZone(state: ControlState, name: string, saved: Record<string, unknown>, time: Time): void {
  const memory = zoneMemory(state, name);
  memory.integralW = Math.max(-1500, Math.min(1500, numberOf(saved["integralW"]) ?? 0));
  memory.setC = numberOf(saved["setC"]);
  memory.overheatSinceMono = time(saved["overheatSinceMono"]);
  memory.isMaxLatched = saved["isMaxLatched"] === true;
  memory.isFull = saved["isFull"] === true;
  memory.isFloorActive = saved["isFloorActive"] === true;
  memory.isHeating = saved["isHeating"] === true;
  memory.owedJ = numberOf(saved["owedJ"]) ?? 0;
  memory.rungW = Math.max(0, numberOf(saved["rungW"]) ?? 0);
}

function restoreCoop(state: ControlState, saved: Record<string, unknown>, time: Time): void {
  const { coop } = state;
  coop.noBoostUntilMono = time(saved["noBoostUntilMono"]);
  const hold = record(saved["hold"]);
  const limitW = numberOf(hold["limitW"]);
  const untilMono = time(hold["untilMono"]);
  if (limitW !== null && untilMono !== null) coop.hold = { limitW, untilMono };
  for (const [id, value] of Object.entries(record(saved["active"])).slice(0, 100)) {
    const event = record(value);
    const eventLimitW = numberOf(event["limitW"]);
    const sinceMono = time(event["sinceMono"]);
    if (eventLimitW === null || sinceMono === null) continue;
    coop.active[id] = {
      limitW: eventLimitW,
      allowedW: numberOf(event["allowedW"]) ?? eventLimitW,
      sinceMono,
      overSinceMono: null,
      isNotMet: event["isNotMet"] === true,
    };
  }
  for (const [id, value] of Object.entries(record(saved["firstSeenMono"])).slice(0, 100)) {
    const mono = time(value);
    if (mono !== null) coop.firstSeenMono[id] = mono;
  }
}

function restoreSlow(state: ControlState, root: Record<string, unknown>, time: Time): void {
  state.rampW = numberOf(root["rampW"]);
  state.lastStartMono = time(root["lastStartMono"]);
  const hours = record(root["weather"])["byHourC"];
  if (Array.isArray(hours) && hours.length === 24) state.weather.byHourC = hours.map(numberOf);
  const surplus = record(root["surplus"]);
  const loads = surplus["loadByHourW"];
  if (Array.isArray(loads) && loads.length === 24) {
    state.surplus.loadByHourW = loads.map((hour) =>
      Array.isArray(hour)
        ? hour
            .map(numberOf)
            .filter((w) => w !== null)
            .slice(-24)
        : [],
    );
  }
  const battery = record(root["battery"]);
  state.battery.seenW = numberOf(battery["seenW"]);
  if (typeof battery["sundownDay"] === "string")
    state.battery.sundownDay = battery["sundownDay"].slice(0, 10);
}

function record(value: unknown): Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value)
    ? (value as Record<string, unknown>)
    : {};
}

function numberOf(value: unknown): number | null {
  return typeof value === "number" && Number.isFinite(value) ? value : null;
}

function countOf(value: unknown): number {
  return Math.max(0, Math.floor(numberOf(value) ?? 0));
}
