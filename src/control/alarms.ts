import type { Alarm } from "../model/decision.ts";
import type { Findings } from "./decision.ts";
import type { Tick } from "./inputs.ts";
import type { Supervised } from "./supervise.ts";

const UNREACHABLE_ALARM_MS = 600_000;
const NEAR_FLOOR_K = 2;

/** What a person should know now; each stands while its cause does. Codes are stable. */
export function alarmsOf(tick: Tick, findings: Findings): Alarm[] {
  const alarms: Alarm[] = [];
  const add = (code: string, text: string) => alarms.push({ code, text });
  zoneAlarms(tick, findings, add);
  minerAlarms(tick, findings.miners, add);
  if (findings.surplus.isMeterWrong) {
    add(
      "SURPLUS_METER_WRONG",
      "The grid meter answers the miners' own steps with a wrong sign or scale; it is not used until it is right again",
    );
  } else if (tick.config.hasGridMeter && findings.surplus.aligned === null && findings.surplus.blindS > 60) {
    add(
      "SURPLUS_METER_STALE",
      `The grid meter has been silent for ${Math.round(findings.surplus.blindS / 60)} min`,
    );
  }
  if (!tick.inputs.wall.isTrusted)
    add("SYS_CLOCK_UNSYNCED", "The clock is not synchronised; schedules are ignored");
  if (tick.sinceLastS > 3 * tick.config.tickS && tick.sinceLastS < 3600) {
    add("SYS_OVERRUN", `The loop paused for ${Math.round(tick.sinceLastS)} s`);
  }
  for (const [name, circuit] of Object.entries(tick.state.circuits)) {
    if (circuit.factor < 1)
      add("LIMIT_OVERCURRENT_STEP", `${name} drew more than its breaker allows for long`);
  }
  if (Object.values(tick.state.coop.active).some((event) => event.isNotMet)) {
    add("COOP_NOT_MET", "The co-op event's limit was not met; the heaters are off until it ends");
  }
  return alarms;
}

function zoneAlarms(tick: Tick, { budget }: Findings, add: (code: string, text: string) => void): void {
  for (const zone of budget.zones) {
    const { name, floorC } = zone.rules;
    if (zone.roomC === null && (tick.inputs.rooms[name]?.unusableS ?? 0) > 0) {
      add("COMFORT_SENSOR_LOST", `No temperature from ${name}`);
    }
    if (zone.roomC !== null && zone.roomC <= floorC)
      add("FLOOR_REACHED", `${name} is at its floor of ${floorC} degC`);
    else if (zone.roomC !== null && zone.roomC <= floorC + NEAR_FLOOR_K) {
      add("FLOOR_NEAR", `${name} is within ${NEAR_FLOOR_K} K of its floor of ${floorC} degC`);
    }
    if (zone.hardHi && zone.hardHi.w === 0) add(zone.hardHi.code, zone.hardHi.text);
  }
}

function minerAlarms(
  tick: Tick,
  miners: readonly Supervised[],
  add: (code: string, text: string) => void,
): void {
  if (miners.length > 1 && miners.every((miner) => !miner.isReachable)) {
    add("DEVICE_UNREACHABLE", "No miner answers: this looks like our own network, nothing is switched");
    return;
  }
  for (const miner of miners) {
    const { memory, profile } = miner;
    const silentMs = memory.unreachableSinceMono === null ? 0 : tick.monoMs - memory.unreachableSinceMono;
    if (silentMs >= UNREACHABLE_ALARM_MS)
      add("DEVICE_UNREACHABLE", `${profile.name} does not answer for ${Math.round(silentMs / 60_000)} min`);
    if (memory.isUnresponsive)
      add("DEVICE_NOT_FOLLOWING", `${profile.name} ignores its commands; counted at full power`);
    else if (miner.isNotFollowing)
      add("DEVICE_NOT_FOLLOWING", `${profile.name} does not follow yet, asked again`);
    if (miner.isStray) add("DEVICE_EXTERNAL_CHANGE", `${profile.name} was changed by someone else`);
    if (memory.tripCode !== null) add(memory.tripCode, `${profile.name} is stopped: ${memory.tripCode}`);
    const isStuck = memory.targetW > 0 && memory.tripCode !== null && !profile.canPause;
    if (isStuck) add("DEVICE_FAULT", `${profile.name} cannot be paused`);
  }
}
