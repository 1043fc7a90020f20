import type { ControlConfig, MinerProfile, ZoneRules } from "../control/types.ts";
import { type HearthConfig, profileDefaults, type ZoneConfig } from "../model/config.ts";

/** Fallback house model of control.md §10. */
const DEFAULT_HOUSE = { uaWk: 180, baseGainW: 150, solarAreaM2: 2 };
/** control.md §10, policies. */
const FLEX = { comfort: [1, 2], "heat-only": [0.3, 0.3], "mining-first": [1, 4] } as const;

/** The installation as control sees it: every `null` of the file replaced by the rule that gives its default. */
export function toControlConfig(
  config: HearthConfig,
  miners: MinerProfile[],
  deviceSeed: string,
  meterLatencyS: number,
): ControlConfig {
  const offline = /^limit:(\d+)$/.exec(config.control.coop_offline_policy);
  return {
    tickS: config.control.tick_s,
    reserveW: config.control.reserve_w,
    rideThroughWh: config.control.ride_through_wh,
    altHeatUsdKwh: config.control.alt_heat_usd_kwh,
    coopOfflineLimitW: offline ? Number(offline[1]) : null,
    observeS: config.control.observe_s,
    meterLatencyS,
    panel: {
      mainA: config.panel.main_a,
      voltageV: config.panel.voltage_v,
      userCapW: config.panel.user_cap_w,
      noMeterCapW: config.panel.no_meter_cap_w,
    },
    circuits: config.circuits.map((circuit) => ({
      name: circuit.name,
      breakerA: circuit.breaker_a,
      voltageV: circuit.voltage_v,
      rated100: circuit.rated_100,
      otherW: circuit.other_w,
    })),
    zones: config.zones.map((zone) => toZoneRules(zone, config.coop?.max_floor_c ?? null)),
    miners,
    deviceSeed,
    hasGridMeter: config.sources.some((source) => source.role === "grid"),
  };
}

function toZoneRules(zone: ZoneConfig, maxFloorC: number | null): ZoneRules {
  const defaults = profileDefaults[zone.profile];
  const isWater = zone.profile === "water";
  const [flexDnC, flexUpC] = FLEX[zone.policy];
  const wantedFloorC = zone.floor_c ?? defaults.floorC;
  // A program may cap the floor so that it cannot serve to dodge events (control.md §5); water has its own cap.
  const highestFloorC = isWater ? 50 : (maxFloorC ?? Number.POSITIVE_INFINITY);
  return {
    name: zone.name,
    setC: zone.set_c ?? defaults.setC,
    floorC: Math.min(wantedFloorC, highestFloorC),
    maxC: zone.t_max_c ?? defaults.maxC,
    overheatC: defaults.overheatC,
    rearmC: defaults.rearmC,
    flexDnC: zone.flex_dn_c ?? flexDnC,
    flexUpC: zone.flex_up_c ?? flexUpC,
    policy: zone.policy,
    hasBackupHeat: zone.backup_heat,
    isWater,
    onSensorLoss: toSensorLoss(zone.on_sensor_loss),
    schedule: zone.schedule.map((entry) => {
      const [first = "1", last = first] = entry.days.split("-");
      const [hours = "0", minutes = "0"] = entry.at.split(":");
      return {
        days: [Number(first), Number(last)],
        minuteOfDay: Number(hours) * 60 + Number(minutes),
        setC: entry.set_c,
      };
    }),
    uaWk: zone.loss_w_per_k ?? DEFAULT_HOUSE.uaWk,
    baseGainW: DEFAULT_HOUSE.baseGainW,
    solarAreaM2: DEFAULT_HOUSE.solarAreaM2,
  };
}

function toSensorLoss(text: string): ZoneRules["onSensorLoss"] {
  if (text === "pause") return { kind: "pause" };
  const fixed = /^fixed:(\d+)$/.exec(text);
  return fixed ? { kind: "fixed", powerW: Number(fixed[1]) } : { kind: "duty" };
}
