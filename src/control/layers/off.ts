import { type Budget, lower } from "../budget.ts";
import type { Tick } from "../inputs.ts";
import { overridesOf } from "../overrides.ts";

/** Layer 2, the member's own off switch: it outranks even the floor, and says so (control.md §5). */
export function applyOffSwitch(tick: Tick, budget: Budget): void {
  for (const zone of budget.zones) {
    if (!overridesOf(tick, zone.rules.name).some((override) => override.kind === "off")) continue;
    zone.hardHi = lower(zone.hardHi, {
      w: 0,
      code: "MANUAL_OFF",
      layer: "off",
      text: `${zone.rules.name} is switched off by you, its floor of ${zone.rules.floorC} degC is off too`,
    });
  }
}
