import { safeText } from "../model/parse.ts";
import type { ModbusDecode } from "../model/source-config.ts";

/** How registers become a number: the type, whether its words stand in reverse, whether the usual sentinels count. */
export interface Decoding {
  type: ModbusDecode;
  isSwapped: boolean;
  hasSentinel: boolean;
}

/** As in the configuration: `int32snan` is a signed one of 32 bits, words swapped, with a value for "not there". */
export function parseDecode(decode: string): Decoding {
  const found = /^(u?int(?:16|32|64)|float32)(s?)(nan)?$/.exec(decode);
  return {
    type: (found?.[1] ?? "int16") as ModbusDecode,
    isSwapped: found?.[2] === "s",
    hasSentinel: found?.[3] === "nan",
  };
}

/** Registers that a type takes. */
export function wordCount(type: ModbusDecode): number {
  return Math.ceil(Number(type.replaceAll(/\D/g, "")) / 16);
}

/** What devices answer for "not implemented" (sources.md §1.6). */
const SENTINELS: Record<ModbusDecode, bigint | null> = {
  int16: -0x8000n,
  uint16: 0xffffn,
  int32: -0x8000_0000n,
  uint32: 0xffff_ffffn,
  int64: -0x8000_0000_0000_0000n,
  uint64: 0xffff_ffff_ffff_ffffn,
  float32: null,
};

/** The number in big-endian words; null for a sentinel, and for floats that are no number. */
export function decodeWords(
  words: readonly number[],
  { type, isSwapped, hasSentinel }: Decoding,
): number | null {
  const size = wordCount(type);
  if (words.length < size) return null;
  const view = new DataView(new ArrayBuffer(8));
  const ordered = words.slice(0, size);
  if (isSwapped) ordered.reverse();
  for (const [index, word] of ordered.entries()) view.setUint16(index * 2, word);
  if (type === "float32") {
    const value = view.getFloat32(0);
    return Number.isFinite(value) ? value : null;
  }
  const value = integerOf(view, type);
  return hasSentinel && value === SENTINELS[type] ? null : Number(value);
}

/** Text in registers, two characters each, up to the first NUL; safe for a terminal. */
export function wordsToText(words: readonly number[]): string {
  const bytes = words.flatMap((word) => [word >> 8, word & 0xff]);
  const end = bytes.indexOf(0);
  const text = (end < 0 ? bytes : bytes.slice(0, end)).map((byte) => String.fromCharCode(byte)).join("");
  return safeText(text, 64);
}

function integerOf(view: DataView, type: Exclude<ModbusDecode, "float32">): bigint {
  switch (type) {
    case "int16":
      return BigInt(view.getInt16(0));
    case "uint16":
      return BigInt(view.getUint16(0));
    case "int32":
      return BigInt(view.getInt32(0));
    case "uint32":
      return BigInt(view.getUint32(0));
    case "int64":
      return view.getBigInt64(0);
    case "uint64":
      return view.getBigUint64(0);
  }
}
