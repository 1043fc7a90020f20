import { cellWidth, clipText } from "../text/width.ts";

/** What a piece of text is about; colours only repeat what words and shapes say already. */
export type Tone = "label" | "heat" | "sun" | "grid" | "room" | "coop" | "good" | "warn" | "bad";

export interface Span {
  text: string;
  tone?: Tone;
  isBold?: boolean;
}

/** One row of the screen, left to right. */
export type Line = Span[];

/** Plain or coloured text. */
export function span(text: string, tone?: Tone): Span {
  return tone === undefined ? { text } : { text, tone };
}

/** Text that should meet the eye first. */
export function strong(text: string, tone?: Tone): Span {
  return { ...span(text, tone), isBold: true };
}

/** Cells that a line takes. */
export function lineWidth(line: Line): number {
  return line.reduce((width, { text }) => width + cellWidth(text), 0);
}

/** Exactly `width` cells: padded at the end or cut with an ellipsis. */
export function fitLine(line: Line, width: number): Line {
  const fitted: Line = [];
  let left = width;
  for (const piece of line) {
    const isWhole = cellWidth(piece.text) <= left;
    const text = isWhole ? piece.text : clipText(piece.text, left);
    if (text !== "") fitted.push({ ...piece, text });
    left -= cellWidth(text);
    if (!isWhole) break;
  }
  return left > 0 ? [...fitted, span(" ".repeat(left))] : fitted;
}

/** `left` and `right` at the two ends of a row; what does not fit is cut from the left one. */
export function spreadLine(left: Line, right: Line, width: number): Line {
  const room = width - lineWidth(right);
  return room < 1 ? fitLine(left, width) : [...fitLine(left, room), ...right];
}

/** Whole parts, as many as fit in one row, in order; nothing is cut in the middle of a part but a first one too long. */
export function joinParts(parts: readonly Line[], width: number, gap = "   "): Line {
  return flowParts(parts, width, gap)[0] ?? [];
}

/** Parts set in rows like words in a paragraph. */
export function flowParts(parts: readonly Line[], width: number, gap = "   "): Line[] {
  const rows: Line[] = [];
  let row: Line = [];
  for (const part of parts) {
    if (part.length === 0) continue;
    const joined = row.length === 0 ? part : [...row, span(gap), ...part];
    if (row.length > 0 && lineWidth(joined) > width) {
      rows.push(row);
      row = part;
    } else row = joined;
  }
  if (row.length > 0) rows.push(row);
  return rows;
}

/** Two blocks next to each other; the shorter one is filled up with empty rows. */
export function besideLines(
  left: readonly Line[],
  leftWidth: number,
  right: readonly Line[],
  rightWidth: number,
  gap: number,
): Line[] {
  const height = Math.max(left.length, right.length);
  return Array.from({ length: height }, (_, row) => [
    ...fitLine(left[row] ?? [], leftWidth),
    span(" ".repeat(gap)),
    ...fitLine(right[row] ?? [], rightWidth),
  ]);
}

/** Heading of a panel: its title on a rule across the width. */
export function titleLine(title: string, width: number): Line {
  const rule = Math.max(0, width - cellWidth(title) - 1);
  return [strong(title), span(` ${"─".repeat(rule)}`, "label")];
}
