import { safeText } from "../model/parse.ts";

/**
 * Text from outside as it may stand on a screen: `safeText`, and nothing in it that changes the width of its
 * neighbours (variation selectors, tags, half surrogates, towers of accents). At most `maxLength` characters.
 */
export function screenText(value: string, maxLength = 200): string {
  const clean = safeText(value, maxLength).replaceAll(LONE_SURROGATES, "").replaceAll(INVISIBLE, "");
  return clean.normalize("NFC").replaceAll(ACCENT_TOWERS, "$1").replaceAll(/\s+/g, " ").trim();
}

/** Terminal cells that a line takes: 2 for East Asian wide characters and emoji, 0 for combining marks. */
export function cellWidth(text: string): number {
  let width = 0;
  for (const character of text) width += characterWidth(character);
  return width;
}

/** Exactly `width` cells: padded at the end, or cut with an ellipsis. */
export function fitText(text: string, width: number): string {
  const short = clipText(text, width);
  return short + " ".repeat(Math.max(0, width - cellWidth(short)));
}

/** At most `width` cells; what is cut ends in an ellipsis, at the end of a word where one is near. */
export function clipText(text: string, width: number): string {
  if (width <= 0) return "";
  if (cellWidth(text) <= width) return text;
  const head = takeCells(text, width - 1);
  const lastSpace = head.lastIndexOf(" ");
  const kept = lastSpace >= head.length * 0.6 ? head.slice(0, lastSpace) : head;
  return `${kept.replace(/[\s,;:.·]+$/, "")}…`;
}

/** `text` flushed right in `width` cells. */
export function padLeft(text: string, width: number): string {
  return " ".repeat(Math.max(0, width - cellWidth(text))) + text;
}

/** Lines of at most `width` cells, broken between words; a longer word is broken, too many lines end in an ellipsis. */
export function wrapText(text: string, width: number, maxLines = Number.POSITIVE_INFINITY): string[] {
  if (width <= 0 || maxLines <= 0) return [];
  const lines: string[] = [];
  // A number and its unit stay on one line.
  let rest = text.trim().replaceAll(BEFORE_UNIT, GLUE);
  while (rest !== "") {
    const line = lines.length + 1 >= maxLines ? clipText(rest, width) : firstLine(rest, width);
    lines.push(line.replaceAll(GLUE, " "));
    rest = lines.length >= maxLines ? "" : rest.slice(line.length).trimStart();
  }
  return lines;
}

function firstLine(text: string, width: number): string {
  if (cellWidth(text) <= width) return text;
  const head = takeCells(text, width);
  if (text[head.length] === " ") return head.trimEnd();
  const lastSpace = head.lastIndexOf(" ");
  if (lastSpace > 0) return head.slice(0, lastSpace).trimEnd();
  // A cell too narrow for its first character must still make progress.
  return head === "" ? ([...text][0] ?? "") : head;
}

function takeCells(text: string, cells: number): string {
  let taken = "";
  let width = 0;
  for (const character of text) {
    width += characterWidth(character);
    if (width > cells) break;
    taken += character;
  }
  return taken;
}

function characterWidth(character: string): number {
  if (/^[\u0020-\u02ff\u2010-\u2027\u2190-\u21ff\u2500-\u25cf]$/.test(character)) return 1;
  if (/^\p{Mark}$/u.test(character)) return 0;
  return WIDE.test(character) ? 2 : 1;
}

const WIDE =
  /^(?:\p{Emoji_Presentation}|[\u1100-\u115f\u2e80-\u303e\u3041-\ua4cf\ua960-\ua97f\uac00-\ud7a3\uf900-\ufaff\ufe10-\ufe19\ufe30-\ufe6f\uff01-\uff60\uffe0-\uffe6]|[\u{16fe0}-\u{18cff}\u{1aff0}-\u{1b2ff}\u{1f1e6}-\u{1f1ff}\u{1f300}-\u{1f64f}\u{1f900}-\u{1f9ff}\u{20000}-\u{3fffd}])$/u;
const GLUE = "\u00a0";
const BEFORE_UNIT = /(?<=\d) (?=(?:k?Wh?|A|°[CF]|%|min|s|h|d|sats?)\b|°|%)/g;
const LONE_SURROGATES = /[\ud800-\udbff](?![\udc00-\udfff])|(?<![\ud800-\udbff])[\udc00-\udfff]/g;
const INVISIBLE = /\p{Default_Ignorable_Code_Point}/gu;
const ACCENT_TOWERS = /(\p{Mark})\p{Mark}+/gu;
