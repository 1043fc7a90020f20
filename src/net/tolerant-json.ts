/**
 * A reader for the malformed JSON that miners really send (miners.md §3.3). It is used only after a strict
 * parse failed and works on tokens, so text inside strings is never touched.
 */
export interface TolerantResult {
  /** Every value found, one after another; several where objects stand back to back (row 16). */
  values: unknown[];
  /** True when the text ended inside a value: its last incomplete member is left out (row 9). */
  isPartial: boolean;
}

interface Cursor {
  text: string;
  at: number;
  depth: number;
  isPartial: boolean;
}

/** Marks a value that the end of the text cut off. */
const CUT = Symbol("cut");
const NUMBER = /-?\d+(?:\.\d+)?(?:[eE][-+]?\d+)?/y;
const WORD = /[-+]?[A-Za-z]+/y;
const BLANK = /[\s\0]*/y;
const WRAPPER_START = /^[A-Za-z_$][\w$.]*\s*\(/;
const MAX_DEPTH = 32;

/** Throws `SyntaxError` where even this reader cannot make sense of the text. */
export function parseTolerant(raw: string): TolerantResult {
  const text = unwrap(raw);
  const cursor: Cursor = { text, at: 0, depth: 0, isPartial: false };
  const values: unknown[] = [];
  skipBlank(cursor);
  while (cursor.at < text.length) {
    const value = readValue(cursor);
    if (value !== CUT) values.push(value);
    skipBlank(cursor);
  }
  return { values, isPartial: cursor.isPartial };
}

/** Takes a JSONP wrapper off (rows 12, 13) and completes an answer without its beginning (row 8). */
function unwrap(raw: string): string {
  const clean = raw.replaceAll("\0", "").trim();
  if (clean.startsWith(",")) return `{${clean}`;
  const start = WRAPPER_START.exec(clean)?.[0];
  const end = clean.lastIndexOf(")");
  if (start === undefined || end < start.length || !/^\)\s*;?$/.test(clean.slice(end))) return clean;
  return clean.slice(start.length, end);
}

function readValue(cursor: Cursor): unknown {
  const next = cursor.text[cursor.at];
  if (next === "{" || next === "[") return readContainer(cursor);
  if (next === '"') return readString(cursor);
  const number = match(cursor, NUMBER);
  if (number !== null) return toScalar(cursor, number);
  const word = match(cursor, WORD)?.toLowerCase();
  if (word === "true") return true;
  if (word === "false") return false;
  // Row 7 without its quotes.
  if (word !== undefined && /^(null|[-+]?(nan|inf|infinity))$/.test(word)) return null;
  if (word !== undefined && cursor.at >= cursor.text.length && cursor.depth > 0) return cut(cursor);
  throw new SyntaxError(`unexpected text at ${cursor.at}`);
}

/** A number at the very end of a cut text may lack digits. */
function toScalar(cursor: Cursor, number: string): unknown {
  if (cursor.at >= cursor.text.length && cursor.depth > 0) return cut(cursor);
  const value = Number(number);
  return Number.isInteger(value) && !Number.isSafeInteger(value) ? number : value;
}

/** An object or array: commas may be missing or too many (rows 2-5), an array may hold members (row 10). */
function readContainer(cursor: Cursor): unknown {
  const closer = cursor.text[cursor.at] === "{" ? "}" : "]";
  if (++cursor.depth > MAX_DEPTH) throw new SyntaxError("too deep");
  cursor.at++;
  const members = new Map<string, unknown>();
  const items: unknown[] = [];
  for (;;) {
    skipSeparators(cursor);
    if (cursor.at >= cursor.text.length) {
      cursor.isPartial = true;
      break;
    }
    if (cursor.text[cursor.at] === closer) {
      cursor.at++;
      break;
    }
    readEntry(cursor, closer, members, items);
    if (cursor.isPartial) break;
  }
  cursor.depth--;
  return closer === "}" || members.size > 0 ? Object.fromEntries(members) : items;
}

function readEntry(cursor: Cursor, closer: string, members: Map<string, unknown>, items: unknown[]): void {
  const value = readValue(cursor);
  skipBlank(cursor);
  if (typeof value === "string" && cursor.text[cursor.at] === ":") {
    cursor.at++;
    skipBlank(cursor);
    const member = cursor.at >= cursor.text.length ? cut(cursor) : readValue(cursor);
    if (member !== CUT) members.set(value, member);
    return;
  }
  if (value === CUT) return;
  if (closer === "]") {
    items.push(value);
    return;
  }
  if (cursor.at < cursor.text.length) throw new SyntaxError(`a key without a value at ${cursor.at}`);
  cursor.isPartial = true;
}

function readString(cursor: Cursor): unknown {
  const start = cursor.at;
  let end = start + 1;
  while (end < cursor.text.length && cursor.text[end] !== '"') end += cursor.text[end] === "\\" ? 2 : 1;
  if (end >= cursor.text.length) {
    cursor.at = cursor.text.length;
    return cut(cursor);
  }
  cursor.at = end + 1;
  // Raw control characters, as line feeds in an answer to setpool, are escaped (row 6).
  const literal = cursor.text
    .slice(start, end + 1)
    .replaceAll(
      /[\u0000-\u001f]/g,
      (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, "0")}`,
    )
    .replaceAll(/\\(?:(["\\/bfnrt]|u[0-9a-fA-F]{4})|)/g, (found, known) => (known ? found : "\\\\"));
  return JSON.parse(literal);
}

function cut(cursor: Cursor): typeof CUT {
  cursor.isPartial = true;
  return CUT;
}

function match(cursor: Cursor, pattern: RegExp): string | null {
  pattern.lastIndex = cursor.at;
  const found = pattern.exec(cursor.text);
  if (found === null) return null;
  cursor.at = pattern.lastIndex;
  return found[0];
}

function skipBlank(cursor: Cursor): void {
  match(cursor, BLANK);
}

function skipSeparators(cursor: Cursor): void {
  skipBlank(cursor);
  while (cursor.text[cursor.at] === ",") {
    cursor.at++;
    skipBlank(cursor);
  }
}
