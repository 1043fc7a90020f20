import { usageError } from "../model/errors.ts";
import type { SourceRole } from "../model/source-config.ts";

type Dimension = "power" | "temperature" | "percent" | "price" | "irradiance" | "voltage";

const ROLES: Record<SourceRole, Dimension> = {
  grid: "power",
  pv: "power",
  battery_power: "power",
  load: "power",
  miner_power: "power",
  battery_soc: "percent",
  room: "temperature",
  outdoor: "temperature",
  ghi: "irradiance",
  voltage: "voltage",
  import_price: "price",
  export_price: "price",
};

/** To W, degC, percent, USD/kWh, W/m2 and V. */
const UNITS: Record<Dimension, Record<string, (value: number) => number>> = {
  power: {
    mW: (value) => value / 1000,
    W: same,
    kW: (value) => value * 1000,
    MW: (value) => value * 1e6,
    GW: (value) => value * 1e9,
  },
  temperature: {
    C: same,
    "°C": same,
    F: (value) => ((value - 32) * 5) / 9,
    "°F": (value) => ((value - 32) * 5) / 9,
    K: (value) => value - 273.15,
  },
  percent: { percent: same, "%": same, ratio: (value) => value * 100 },
  price: {
    usd: same,
    "usd/kWh": same,
    cents: (value) => value / 100,
    "USD/kWh": same,
    "usd/MWh": (value) => value / 1000,
  },
  irradiance: { "W/m2": same, "W/m²": same, "kW/m2": (value) => value * 1000 },
  voltage: { V: same, mV: (value) => value / 1000 },
};

/** What the configuration has where nobody named a unit; outside of power it means the unit of the role. */
const UNNAMED = "W";

/**
 * The conversion from `unit` to the unit of the role (sources.md §0). A lower-case `mw` is not taken for `MW`.
 * Throws `SOURCE_UNIT_INVALID` (exit 2) for a unit of another kind, as degrees for a meter.
 */
export function unitConversion(role: SourceRole, unit: string, name: string): (value: number) => number {
  const units = UNITS[ROLES[role]];
  const convert = Object.hasOwn(units, unit) ? units[unit] : undefined;
  if (convert) return convert;
  if (unit === UNNAMED) return same;
  throw usageError("SOURCE_UNIT_INVALID", `The source ${name} (${role}) cannot have the unit "${unit}".`, {
    hint: `Use one of ${Object.keys(units).join(", ")}`,
  });
}

/** The unit that every sample of the role is in, as it is shown. */
export function roleUnit(role: SourceRole): string {
  return NORMAL[ROLES[role]];
}

const NORMAL: Record<Dimension, string> = {
  power: "W",
  temperature: "°C",
  percent: "%",
  price: "USD/kWh",
  irradiance: "W/m²",
  voltage: "V",
};

/**
 * What is odd about a first value, for the person who adds the source; null when nothing is. It is asked, never guessed:
 * `unit` stays as it was said (sources.md §6). `value` in the unit of the role.
 */
export function unitDoubt(
  { role, unit }: { role: SourceRole; unit: string },
  value: number | null,
): string | null {
  if (value === null) return null;
  const size = Math.abs(value);
  if (ROLES[role] === "power" && unit === "W" && size < 100 && size % 1 !== 0) {
    return `${value} W is little: if the device tells kW, say --unit kW`;
  }
  if (ROLES[role] === "power" && size > 100_000)
    return `${value} W is a lot: if the device tells mW, say --unit mW`;
  if (ROLES[role] === "temperature" && !/F/.test(unit) && size > 45) {
    return `${value} °C is hot: if the device tells °F, say --unit F`;
  }
  return null;
}

/** Roles whose numbers mean nothing without their unit. */
export function isPowerOrTemperature(role: SourceRole): boolean {
  return ["power", "temperature"].includes(ROLES[role]);
}

function same(value: number): number {
  return value;
}
