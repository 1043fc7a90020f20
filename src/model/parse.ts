/**
 * Readers of unknown data: what is missing or of another type is `undefined` or `null`, never 0.
 * Shape-tolerant on purpose: firmware renames and drops fields.
 */

/** Own property of an object, a nested path with several keys; undefined when anything is missing. */
export function field(source: unknown, ...path: (string | number)[]): unknown {
  let value = source;
  for (const key of path) {
    if (typeof value !== "object" || value === null || !Object.hasOwn(value, key)) return undefined;
    value = (value as Record<string | number, unknown>)[key];
  }
  return value;
}

export interface NumberRules {
  /** Factor to the unit wanted. */
  scale?: number;
  /** Values the firmware uses for "no sensor" or "off". */
  unknownWhen?: number | readonly number[];
  min?: number;
  max?: number;
}

/** A finite number (also a plain decimal string), scaled and in range; otherwise null. */
export function toNumber(value: unknown, rules: NumberRules = {}): number | null {
  let result: number;
  if (typeof value === "number") result = value;
  else if (typeof value === "string" && /^\s*[-+]?(\d+\.?\d*|\.\d+)(e[-+]?\d+)?\s*$/i.test(value)) {
    result = Number(value);
  } else return null;
  if (!Number.isFinite(result)) return null;
  const { unknownWhen } = rules;
  if (unknownWhen !== undefined && [unknownWhen].flat().includes(result)) return null;
  result *= rules.scale ?? 1;
  if (result < (rules.min ?? Number.NEGATIVE_INFINITY)) return null;
  if (result > (rules.max ?? Number.POSITIVE_INFINITY)) return null;
  return result === 0 ? 0 : result;
}

/** `toNumber` of one field. */
export function number(source: unknown, key: string, rules?: NumberRules): number | null {
  return toNumber(field(source, key), rules);
}

/** A non-empty string field without control characters, at most 256 characters; otherwise null. */
export function text(source: unknown, key: string): string | null {
  const value = field(source, key);
  if (typeof value !== "string") return null;
  const clean = safeText(value, 256);
  return clean === "" ? null : clean;
}

/** A list field; an empty list when missing or of another type. */
export function list(source: unknown, key: string): unknown[] {
  const value = field(source, key);
  return Array.isArray(value) ? value : [];
}

/** Booleans as devices spell them: true, 1, "Y", "true"; null when neither (miners.md §17). */
export function flag(source: unknown, key: string): boolean | null {
  const value = field(source, key);
  if (value === true || value === 1 || value === "Y" || value === "true" || value === "1") return true;
  if (value === false || value === 0 || value === "N" || value === "false" || value === "0") return false;
  return null;
}

/** MAC in lower-case colon form from any form seen in the field; null when it is none (miners.md §2.5). */
export function toMac(value: unknown): string | null {
  if (typeof value !== "string") return null;
  const hex = value.toLowerCase().replaceAll(/[^0-9a-f]/g, "");
  // All zeros or all ones is what a board says whose number is not known yet.
  if (hex.length !== 12 || /^(?:0+|f+)$/.test(hex)) return null;
  return hex.match(/../g)?.join(":") ?? null;
}

/**
 * An answer without the NULs, blanks and line ends behind it (miners.md §3.3 row 1). Walked from the end: a pattern that
 * tries every start of the tail takes minutes over a megabyte of blanks, and the whole loop stands still meanwhile.
 */
export function withoutTail(answer: string): string {
  let end = answer.length;
  while (end > 0 && answer.charCodeAt(end - 1) <= 0x20) end--;
  return answer.slice(0, end);
}

/**
 * Text from outside made safe for a terminal: control characters, escape sequences, bidirectional and
 * zero-width characters are dropped, the length is limited (reliability.md T11).
 */
export function safeText(value: string, maxLength = 200): string {
  return value.replaceAll(UNSAFE_SEQUENCES, "").replaceAll(UNSAFE_CHARACTERS, "").slice(0, maxLength).trim();
}

// Built from escapes so that no control byte stands in this file: CSI and OSC sequences, then single characters.
const UNSAFE_SEQUENCES = /[\u001b\u009b]\[?[0-?]*[ -/]*[@-~]|\u001b\][^\u0007\u001b]*(?:\u0007|\u001b\\)?/g;
const UNSAFE_CHARACTERS =
  /[\u0000-\u001f\u007f-\u009f\u00ad\u061c\u200b-\u200f\u2028-\u202f\u2060-\u206f\ufeff\ufff9-\ufffb]/g;
