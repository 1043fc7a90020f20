import { unreachableError } from "../model/errors.ts";

export interface JsonRules {
  /** Deepest nesting of arrays and objects allowed (requirements DRV-5). */
  maxDepth?: number;
  /** Integers beyond 2^53 come back as decimal strings instead of losing digits (miners.md §3.3, end). */
  keepLongIntegers?: boolean;
}

const DEFAULT_MAX_DEPTH = 32;
const QUOTE = 0x22;
const BACKSLASH = 0x5c;

/** Strict JSON with a cap on depth. Throws `JSON_INVALID` or `JSON_TOO_DEEP`; neither shows the text. */
export function parseJson(text: string, rules: JsonRules = {}): unknown {
  const maxDepth = rules.maxDepth ?? DEFAULT_MAX_DEPTH;
  if (isDeeperThan(text, maxDepth)) {
    throw unreachableError("JSON_TOO_DEEP", `The answer is nested deeper than ${maxDepth} levels.`);
  }
  try {
    // The reviver costs a call per value, so it runs only where a long number stands in the text.
    if (rules.keepLongIntegers && /\d{16}/.test(text)) return JSON.parse(text, keepLongInteger);
    return JSON.parse(text);
  } catch (cause) {
    throw unreachableError("JSON_INVALID", "The answer is not valid JSON.", { cause });
  }
}

function isDeeperThan(text: string, maxDepth: number): boolean {
  let depth = 0;
  let inString = false;
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i);
    if (inString) {
      if (code === BACKSLASH) i++;
      else if (code === QUOTE) inString = false;
    } else if (code === QUOTE) inString = true;
    // `[` and `{`, then `]` and `}`: they differ by one bit.
    else if ((code | 0x20) === 0x7b) {
      if (++depth > maxDepth) return true;
    } else if ((code | 0x20) === 0x7d) depth--;
  }
  return false;
}

function keepLongInteger(
  this: unknown,
  _key: string,
  value: unknown,
  context?: { source?: string },
): unknown {
  const isLong = typeof value === "number" && !Number.isSafeInteger(value);
  return isLong && context?.source && /^-?\d+$/.test(context.source) ? context.source : value;
}
