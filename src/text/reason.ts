import type { Layer, ReasonCode } from "../model/reason.ts";
import { screenText } from "./width.ts";

/** Short words for each reason code (control.md §13), used where a record brings no text of its own. */
const reasonLabels: Record<ReasonCode, string> = {
  SAFE_CHIP_HOT: "a chip is too hot",
  SAFE_BOARD_HOT: "a board is too hot",
  SAFE_FAN: "a fan has failed",
  SAFE_ROOM_OVERHEAT: "the room is too hot",
  SAFE_EXTERNAL_TRIP: "an outside safety switch has tripped",
  SAFE_COOLDOWN: "cooling down after a safety stop",
  LIMIT_BREAKER_80: "80 % of the breaker",
  LIMIT_PANEL: "the main panel",
  LIMIT_PHASE: "one phase of the panel",
  LIMIT_USER: "the limit set by the member",
  LIMIT_NO_METER: "careful limit while the meter is silent",
  LIMIT_OVERCURRENT_STEP: "step down after an overcurrent",
  COOP_LIMIT: "co-op event limits the heaters",
  COOP_OFF: "co-op event asks for off",
  COOP_RAISE: "co-op event asks for more",
  COOP_PRE_RAMP: "ramping down for a co-op event",
  COOP_SNAPBACK_DELAY: "waiting a little after a co-op event",
  COOP_NOT_MET: "co-op event is not met",
  COOP_OFFLINE_POLICY: "limit while the co-op is out of reach",
  FLOOR_HOLD: "holding the heat floor",
  FLOOR_FULL: "full heat to reach the floor",
  FLOOR_PREDICTED: "heating ahead to stay above the floor",
  FLOOR_OVER_EVENT: "the heat floor stands above the co-op event",
  MANUAL_SET: "set by hand",
  MANUAL_OFF: "switched off by hand",
  MANUAL_EXPIRED: "the setting by hand has ended",
  COMFORT_HEAT: "the room asks for heat",
  COMFORT_FLEX: "the room is within its comfort band",
  COMFORT_STORE: "storing heat in the room",
  COMFORT_FULL: "the room is warm enough",
  COMFORT_MAX: "the room is at its upper limit",
  COMFORT_SENSOR_LOST: "thermometer lost, floor duty",
  SURPLUS_TRACK: "following the sun",
  SURPLUS_WAIT_START: "waiting until the sun is steady",
  SURPLUS_RIDE_THROUGH: "riding through a cloud",
  SURPLUS_STOP_DEFICIT: "stopping, too little sun",
  SURPLUS_NONE: "no spare sun",
  SURPLUS_PROBE: "trying whether more sun is there",
  SURPLUS_METER_STALE: "the meter's last value is old",
  BATTERY_FIRST: "the battery comes first",
  BATTERY_BUFFER: "the battery smooths the sun",
  BATTERY_SUNDOWN: "the battery must be full by sundown",
  BATTERY_UNKNOWN: "the battery is not known",
  PRICE_CHEAP: "power is cheap now",
  PRICE_NEGATIVE: "power is paid for now",
  EXPORT_BETTER: "selling to the grid is worth more",
  HEAT_WORTH_IMPORT: "heat is worth the price of power",
  PRICE_UNKNOWN: "the price is not known",
  PRICE_TOO_HIGH: "power costs too much now",
  PLAN_PREHEAT: "heating ahead of a dearer time",
  PLAN_WAIT_CHEAPER: "waiting for a cheaper time",
  PLAN_COAST: "coasting on stored heat",
  SHAPE_MIN_ON: "minimum run time",
  SHAPE_MIN_OFF: "minimum rest",
  SHAPE_RAMP: "ramping",
  SHAPE_DEADBAND: "too small a change to act on",
  SHAPE_MODE_STEP: "the miner's next step",
  SHAPE_START_LIMIT: "starts of this hour are used up",
  SHAPE_STAGGER: "miners change one after the other",
  SHAPE_WAKING: "the miner is waking",
  SHAPE_SETTLING: "the miner is settling",
  DEVICE_NOT_FOLLOWING: "the miner does not follow",
  DEVICE_UNREACHABLE: "the miner does not answer",
  DEVICE_FAULT: "the miner reports a fault",
  DEVICE_EXTERNAL_CHANGE: "the miner was changed from outside",
  HEAT_NOT_ARRIVING: "the heat does not reach the room",
  SYS_STARTUP_OBSERVE: "watching only, just started",
  SYS_CLOCK_UNSYNCED: "the clock is not set",
  SYS_SAFE_STATE: "safe state",
  SYS_OVERRUN: "the loop is late",
};

const layerWords: Record<Layer, string> = {
  safety: "device safety",
  limits: "electrical limits",
  off: "off switch",
  floor: "heat floor",
  coop: "co-op event",
  manual: "set by hand",
  comfort: "comfort",
  economics: "sun and price",
  shaping: "easy on the device",
  system: "system",
};

/** Words for a reason code; an unknown code is shown as it is. */
export function reasonLabel(code: string): string {
  return Object.hasOwn(reasonLabels, code) ? reasonLabels[code as ReasonCode] : screenText(code, 40);
}

/** The text that came with a reason, else the words for its code. */
export function reasonText(reason: { code: string; text: string }): string {
  const text = screenText(reason.text);
  return text === "" ? reasonLabel(reason.code) : text;
}

/** Words for the layer that decides (control.md §5). */
export function layerLabel(layer: Layer): string {
  return layerWords[layer];
}
