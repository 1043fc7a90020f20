import type { Tick } from "./inputs.ts";
import { finite } from "./numbers.ts";
import type { Override } from "./types.ts";

const LONGEST_MS = 86_400_000;

/** Overrides in force for one zone; an override without a zone is for every zone. */
export function overridesOf(tick: Tick, zone: string): Override[] {
  return tick.snapshot.overrides.filter(
    (override) =>
      override.kind !== "power" &&
      (override.zone === null || override.zone === zone) &&
      isInForce(tick, override),
  );
}

/** Watts that a person set for one miner, W; null when none did. The last one given counts. */
export function powerOverride(tick: Tick, miner: string): number | null {
  for (const override of tick.snapshot.overrides.toReversed()) {
    if (override.kind !== "power" || override.miner !== miner || !isInForce(tick, override)) continue;
    const powerW = finite(override.powerW);
    if (powerW !== null && powerW >= 0) return powerW;
  }
  return null;
}

/** Set point now: an override, else the schedule while the clock can be believed, else the zone's own, degC. */
export function setPointOf(tick: Tick, zone: { name: string; setC: number; floorC: number }): number {
  let setC = scheduled(tick, zone.name) ?? zone.setC;
  for (const override of overridesOf(tick, zone.name)) {
    const wantedC = finite(override.setC);
    if (override.kind === "set" && wantedC !== null) setC = wantedC;
    if (override.kind === "away") setC = zone.floorC + 3;
  }
  return setC;
}

/** Remembers which overrides are in force, so that an end is reported for a minute (MANUAL_EXPIRED). */
export function noteExpiry(tick: Tick): boolean {
  const { manual } = tick.state;
  const active = tick.snapshot.overrides.filter((override) => isInForce(tick, override)).map(keyOf);
  const present = tick.snapshot.overrides.map(keyOf);
  const hasEnded = manual.active.some(
    (key) => !active.includes(key) && (present.includes(key) || endOf(key) <= tick.wallMs),
  );
  if (hasEnded) manual.expiredMono = tick.monoMs;
  manual.active = active;
  if (manual.expiredMono !== null && tick.monoMs - manual.expiredMono > 60_000) manual.expiredMono = null;
  return manual.expiredMono !== null;
}

/** `off` and `set` may last until revoked; all others end by themselves, at most a day ahead. */
function isInForce(tick: Tick, override: Override): boolean {
  const untilMs = finite(override.untilMs);
  if (override.kind === "off") return untilMs === null || untilMs > tick.wallMs;
  if (untilMs === null) return override.kind === "set" && override.untilMs === null;
  const isTooLong = untilMs > tick.wallMs + LONGEST_MS && override.kind !== "set" && override.kind !== "away";
  return untilMs > tick.wallMs && !isTooLong;
}

function keyOf(override: Override): string {
  return `${override.kind}|${override.zone ?? ""}|${override.miner ?? ""}|${override.untilMs ?? "-"}`;
}

function endOf(key: string): number {
  const end = Number(key.split("|")[3]);
  return Number.isFinite(end) ? end : Number.POSITIVE_INFINITY;
}

/** Latest switch at or before now, looking back a week; null without a schedule or a believable clock. */
function scheduled(tick: Tick, zone: string): number | null {
  const rules = tick.config.zones.find((entry) => entry.name === zone);
  if (!rules || rules.schedule.length === 0 || !tick.inputs.wall.isTrusted) return null;
  const { isoWeekday, minuteOfDay } = tick.snapshot.local;
  for (let back = 0; back < 8; back++) {
    const day = ((isoWeekday - 1 - back + 14) % 7) + 1;
    let best: { minuteOfDay: number; setC: number } | null = null;
    for (const entry of rules.schedule) {
      const isDay = entry.days[0] <= day && day <= entry.days[1];
      const isPast = back > 0 || entry.minuteOfDay <= minuteOfDay;
      if (isDay && isPast && (best === null || entry.minuteOfDay >= best.minuteOfDay)) best = entry;
    }
    if (best) return best.setC;
  }
  return null;
}
