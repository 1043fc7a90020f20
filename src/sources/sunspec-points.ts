import { decodeWords } from "./words.ts";

/** A point of a model: offsets count from the model's ID register (sources.md §1.6). */
export interface SunspecPoint {
  offset: number;
  type: "int16" | "uint16" | "float32";
  /** Offset of the scale factor; null where the value is a float. */
  scaleOffset: number | null;
}

const scaled = (offset: number, scaleOffset: number, type: "int16" | "uint16" = "int16"): SunspecPoint => ({
  offset,
  type,
  scaleOffset,
});
const float = (offset: number): SunspecPoint => ({ offset, type: "float32", scaleOffset: null });

/** Power by model, in the model's own sign: inverters producing +, meters as their makers have it. */
export const POWER: ReadonlyMap<number, SunspecPoint> = new Map([
  ...[101, 102, 103].map((id) => [id, scaled(14, 15)] as const),
  ...[111, 112, 113].map((id) => [id, float(22)] as const),
  ...[201, 202, 203, 204].map((id) => [id, scaled(18, 22)] as const),
  ...[211, 212, 213, 214].map((id) => [id, float(28)] as const),
  [701, scaled(10, 116)],
  [802, scaled(47, 63)],
]);

/** How full a battery is, percent. */
export const CHARGE: ReadonlyMap<number, SunspecPoint> = new Map([
  [802, scaled(11, 56, "uint16")],
  [124, scaled(8, 22, "uint16")],
]);

/** Operating state of an inverter; 2 sleeping, 8 standby mean that it says itself that it makes nothing. */
export const STATE: ReadonlyMap<number, number> = new Map([
  ...[101, 102, 103].map((id) => [id, 38] as const),
  ...[111, 112, 113].map((id) => [id, 48] as const),
]);
const ASLEEP: ReadonlySet<number> = new Set([1, 2, 8]);

/** Models by the part of the system that they tell of; where a unit has several, the later ones are fuller. */
export const PARTS: Record<"inverter" | "meter" | "battery", readonly number[]> = {
  inverter: [101, 102, 103, 111, 112, 113, 701],
  meter: [201, 202, 203, 204, 211, 212, 213, 214],
  battery: [802, 124],
};

/** The value of a point in the words from `from` on (offset of the first word); null when not implemented. */
export function pointValue(words: readonly number[], from: number, point: SunspecPoint): number | null {
  const value = decodeWords(words.slice(point.offset - from), {
    type: point.type,
    isSwapped: false,
    hasSentinel: true,
  });
  if (value === null || point.scaleOffset === null) return value;
  const factor = decodeWords(words.slice(point.scaleOffset - from), {
    type: "int16",
    isSwapped: false,
    hasSentinel: true,
  });
  // A factor outside of -10…10 is none: a value without its scale could be off by a thousand.
  if (factor === null || factor < -10 || factor > 10) return null;
  // Dividing keeps 1234 x 10^-1 at 123.4.
  return factor < 0 ? value / 10 ** -factor : value * 10 ** factor;
}

/** Does the inverter say itself that it sleeps? False where it does not tell. */
export function isAsleep(words: readonly number[], model: number): boolean {
  const offset = STATE.get(model);
  return offset !== undefined && ASLEEP.has(words[offset] ?? -1);
}
