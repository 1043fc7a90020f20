/** What stands where a number is not known; never 0. */
export const UNKNOWN = "–";

type Unit = "C" | "F";

/** Power with its unit: `1200 W`, from 10 kW on `12.3 kW`. Sign kept, null is unknown. */
export function formatWatts(powerW: number | null | undefined): string {
  if (!isKnown(powerW)) return UNKNOWN;
  if (Math.abs(powerW) >= 9_999.5) return `${fixed(powerW / 1000, 1)} kW`;
  return `${fixed(powerW, 0)} W`;
}

/** Energy from Wh: `4.20 kWh`, with fewer decimals as it grows. */
export function formatEnergy(energyWh: number | null | undefined): string {
  if (!isKnown(energyWh)) return UNKNOWN;
  const kwh = energyWh / 1000;
  const size = Math.abs(kwh);
  return `${grouped(fixed(kwh, size < 9.995 ? 2 : size < 999.95 ? 1 : 0))} kWh`;
}

/** A temperature given in degC as the member chose to see it: `20.4 °C`, `68.7 °F`. */
export function formatTemperature(celsius: number | null | undefined, unit: Unit): string {
  return `${degrees(celsius, unit)} °${unit}`;
}

/** The bare number of `formatTemperature`, for places where the unit already stands. */
export function degrees(celsius: number | null | undefined, unit: Unit): string {
  if (!isKnown(celsius)) return UNKNOWN;
  return fixed(unit === "F" ? celsius * 1.8 + 32 : celsius, 1);
}

/** Whole satoshis: `1,193 sats`. */
export function formatSats(sats: number | bigint | null | undefined): string {
  if (sats === null || sats === undefined) return UNKNOWN;
  if (typeof sats === "number" && !Number.isFinite(sats)) return UNKNOWN;
  const whole = typeof sats === "bigint" ? sats.toString() : fixed(Math.trunc(sats), 0);
  return `${grouped(whole)} ${whole === "1" ? "sat" : "sats"}`;
}

/** Millisatoshis as satoshis to three decimals, exact: 1193594 is `1,193.594 sats`. */
export function formatMsat(amountMsat: number | bigint): string {
  return `${grouped(decimal(BigInt(amountMsat), 3))} sats`;
}

/** Cents as dollars: `$0.91`, `-$12.00`. */
export function formatCents(cents: number | null | undefined): string {
  if (!isKnown(cents)) return UNKNOWN;
  return dollars(decimal(BigInt(Math.round(cents)), 2));
}

/**
 * Micro-dollars as dollars, rounded half to even at `decimals` (0 to 6). An amount too small to show is `<$0.01`,
 * never a false zero.
 */
export function formatUusd(amountUusd: number | bigint | null | undefined, decimals = 4): string {
  if (amountUusd === null || amountUusd === undefined) return UNKNOWN;
  const amount = BigInt(amountUusd);
  const step = 10n ** BigInt(6 - decimals);
  const rounded = roundHalfEven(amount, step);
  if (rounded === 0n && amount !== 0n) return `<${dollars(decimal(1n, decimals))}`;
  return dollars(decimal(rounded, decimals));
}

/** A share in ppm as percent, exact to its four decimals: 300000 is `30 %`, 300152 is `30.0152 %`. */
export function formatPpm(sharePpm: number | null | undefined): string {
  if (!isKnown(sharePpm)) return UNKNOWN;
  return `${trimZeros(decimal(BigInt(Math.round(sharePpm)), 4))} %`;
}

/** A measured share in ppm to two decimals, for places where four would claim too much. */
export function formatMeasuredPpm(sharePpm: number | null | undefined): string {
  if (!isKnown(sharePpm)) return UNKNOWN;
  return `${fixed(sharePpm / 10_000, 2)} %`;
}

/** A percentage that is already one: `54.5 %`. */
export function formatPercent(percent: number | null | undefined, decimals = 1): string {
  return isKnown(percent) ? `${fixed(percent, decimals)} %` : UNKNOWN;
}

/** Work in difficulty-1 shares from its decimal string, short: `540.2 M`. Not a number: unknown. */
export function formatDifficulty(difficulty: string | null | undefined): string {
  if (typeof difficulty !== "string" || !/^-?\d{1,40}(\.\d+)?$/.test(difficulty)) return UNKNOWN;
  let value = Number(difficulty);
  for (const unit of ["", " K", " M", " G", " T", " P"]) {
    if (Math.abs(value) < 999.95) return fixed(value, unit === "" ? 0 : 1) + unit;
    value /= 1000;
  }
  return `${value.toExponential(2)} E`;
}

/** Digits in groups of three: `1234567.5` is `1,234,567.5`. */
export function grouped(digits: string): string {
  const [whole = "", fraction] = digits.split(".");
  const spaced = whole.replaceAll(/\B(?=(\d{3})+$)/g, ",");
  return fraction === undefined ? spaced : `${spaced}.${fraction}`;
}

/** `toFixed` without a negative zero. */
export function fixed(value: number, decimals: number): string {
  const text = value.toFixed(decimals);
  return /^-0(\.0*)?$/.test(text) ? text.slice(1) : text;
}

/** A number is there and finite. */
export function isKnown(value: number | null | undefined): value is number {
  return typeof value === "number" && Number.isFinite(value);
}

function decimal(units: bigint, decimals: number): string {
  const sign = units < 0n ? "-" : "";
  const digits = (units < 0n ? -units : units).toString().padStart(decimals + 1, "0");
  if (decimals === 0) return sign + digits;
  return `${sign}${digits.slice(0, -decimals)}.${digits.slice(-decimals)}`;
}

function roundHalfEven(value: bigint, step: bigint): bigint {
  const sign = value < 0n ? -1n : 1n;
  const size = value * sign;
  const whole = size / step;
  const rest = (size % step) * 2n;
  const isUp = rest > step || (rest === step && whole % 2n === 1n);
  return sign * (isUp ? whole + 1n : whole);
}

function dollars(amount: string): string {
  return amount.startsWith("-") ? `-$${grouped(amount.slice(1))}` : `$${grouped(amount)}`;
}

function trimZeros(text: string): string {
  return text.replace(/\.?0+$/, "");
}
