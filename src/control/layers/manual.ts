import { type Budget, higher } from "../budget.ts";
import type { Tick } from "../inputs.ts";
import { overridesOf, powerOverride } from "../overrides.ts";

/** Layer 4, the member's override: boost of a zone, or set power of a miner. Works below an event's limit only. */
export function applyManual(tick: Tick, budget: Budget): void {
  for (const zone of budget.zones) {
    if (overridesOf(tick, zone.rules.name).some((override) => override.kind === "boost")) {
      zone.want = higher(zone.want, {
        w: zone.maxW,
        code: "MANUAL_SET",
        layer: "manual",
        text: `boost of ${zone.rules.name} up to ${zone.rules.maxC} degC`,
      });
    }
    for (const { profile } of zone.miners) {
      const powerW = powerOverride(tick, profile.name);
      if (powerW === null) continue;
      budget.manualW[profile.name] = powerW;
      zone.isManual = true;
      zone.want = higher(zone.want, {
        w: Math.min(powerW, profile.maxW),
        code: "MANUAL_SET",
        layer: "manual",
        text: `${profile.name} set to ${Math.round(powerW)} W by you`,
      });
    }
  }
}

/** True when a boost is in force: then comfort stops it only at the highest temperature. */
export function isBoosted(tick: Tick, zone: string): boolean {
  return overridesOf(tick, zone).some((override) => override.kind === "boost");
}
