import { type Budget, lower } from "../budget.ts";
import type { Tick } from "../inputs.ts";
import { zoneMemory } from "../state.ts";
import type { Supervised } from "../supervise.ts";

const COOLDOWN_MS = 900_000;
const ROOM_LATCH_MS = 1_800_000;

const causes = {
  SAFE_CHIP_HOT: "chip above its limit",
  SAFE_BOARD_HOT: "board above its limit",
  SAFE_FAN: "fan fault",
  DEVICE_FAULT: "the device reports a fault",
} as const;

/**
 * Layer 0, device safety: a hot or faulty miner is off for 900 s after the cause was last seen; an overheated
 * room is off until it is below its re-arm temperature and 30 minutes have passed (control.md §5).
 */
export function applySafety(tick: Tick, budget: Budget, miners: readonly Supervised[]): void {
  for (const miner of miners) stopTripped(tick, budget, miner);
  for (const zone of budget.zones) {
    const memory = zoneMemory(tick.state, zone.rules.name);
    const roomC = tick.inputs.rooms[zone.rules.name]?.value ?? null;
    if (roomC !== null && roomC >= zone.rules.overheatC) memory.overheatSinceMono ??= tick.monoMs;
    if (memory.overheatSinceMono === null) continue;
    const isCool = roomC !== null && roomC < zone.rules.rearmC;
    if (isCool && tick.monoMs - memory.overheatSinceMono >= ROOM_LATCH_MS) {
      memory.overheatSinceMono = null;
      continue;
    }
    zone.hardHi = lower(zone.hardHi, {
      w: 0,
      code: "SAFE_ROOM_OVERHEAT",
      layer: "safety",
      text: `${zone.rules.name} overheated, off until below ${zone.rules.rearmC} degC`,
    });
  }
}

function stopTripped(tick: Tick, budget: Budget, miner: Supervised): void {
  const { memory, profile } = miner;
  if (memory.trippedMono === null || memory.tripCode === null) return;
  const sinceMs = tick.monoMs - memory.trippedMono;
  if (sinceMs >= COOLDOWN_MS) {
    memory.trippedMono = null;
    memory.tripCode = null;
    return;
  }
  const isNow = sinceMs === 0 || memory.tripCode === "DEVICE_FAULT";
  budget.minerHi[profile.name] = lower(budget.minerHi[profile.name], {
    w: 0,
    code: isNow ? memory.tripCode : "SAFE_COOLDOWN",
    layer: "safety",
    text: isNow
      ? `${profile.name}: ${causes[memory.tripCode]}`
      : `${profile.name} cools down after: ${causes[memory.tripCode]}`,
  });
}
