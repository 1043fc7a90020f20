import { isKnown } from "../text/format.ts";
import { type Line, type Span, span, strong, type Tone } from "./line.ts";

/** Watts drawn as a part of the budget: full cells, an eighth step, then the open rest. */
export function budgetBar(powerW: number | null, budgetW: number | null, width: number): Line {
  if (width <= 0) return [];
  if (!isKnown(powerW) || !isKnown(budgetW)) return [span("·".repeat(width), "label")];
  const part = budgetW > 0 ? Math.max(0, Math.min(1, powerW / budgetW)) : powerW > 0 ? 1 : 0;
  const eighths = Math.round(part * width * 8);
  const full = Math.floor(eighths / 8);
  const rest = eighths % 8 === 0 ? "" : (EIGHTHS[eighths % 8] ?? "");
  const open = width - full - rest.length;
  return [span("█".repeat(full) + rest, "heat"), span("░".repeat(open), "label")];
}

/** A room between its floor `[` and its set point `|`, the room itself `●`; without a reading only the marks. */
export function roomGauge(zone: { roomC: number | null; setC: number; floorC: number }, width: number): Line {
  const { roomC, setC, floorC } = zone;
  const values = [floorC, setC, ...(isKnown(roomC) ? [roomC] : [])];
  const low = Math.min(...values) - 0.75;
  const high = Math.max(...values) + 0.75;
  const marks: Mark[] = [
    { value: floorC, shape: "[", tone: "label" },
    { value: setC, shape: "|", tone: "label" },
  ];
  if (isKnown(roomC)) marks.push({ value: roomC, shape: "●", tone: roomC < floorC ? "bad" : "room" });
  return trackLine(low, high, marks, width);
}

/** A measured share `●` and its target `|` within the range of luck `(` `)`; all in ppm. */
export function splitGauge(
  leg: { targetPpm: number; measuredPpm: number | null; lowPpm: number | null; highPpm: number | null },
  width: number,
): Line {
  const { targetPpm, measuredPpm, lowPpm, highPpm } = leg;
  const known = [targetPpm, measuredPpm, lowPpm, highPpm].filter(isKnown);
  const reach = Math.max(10_000, ...known.map((value) => Math.abs(value - targetPpm) * 1.4));
  const marks: Mark[] = [];
  if (isKnown(lowPpm)) marks.push({ value: lowPpm, shape: "(", tone: "label" });
  if (isKnown(highPpm)) marks.push({ value: highPpm, shape: ")", tone: "label" });
  marks.push({ value: targetPpm, shape: "|", tone: "label" });
  if (isKnown(measuredPpm)) marks.push({ value: measuredPpm, shape: "●", tone: "coop" });
  return trackLine(targetPpm - reach, targetPpm + reach, marks, width);
}

interface Mark {
  value: number;
  shape: string;
  tone: Tone;
}

/** A rule with marks on it; a later mark stands above an earlier one. */
function trackLine(low: number, high: number, marks: readonly Mark[], width: number): Line {
  if (width <= 0) return [];
  const cells: Span[] = Array.from({ length: width }, () => span("─", "label"));
  for (const { value, shape, tone } of marks) {
    const part = high > low ? (value - low) / (high - low) : 0.5;
    const cell = Math.min(width - 1, Math.max(0, Math.round(part * (width - 1))));
    cells[cell] = tone === "label" ? span(shape) : strong(shape, tone);
  }
  return mergeSpans(cells);
}

/** Neighbours of one look in one piece. */
export function mergeSpans(cells: readonly Span[]): Line {
  const merged: Line = [];
  for (const cell of cells) {
    const last = merged.at(-1);
    if (last !== undefined && last.tone === cell.tone && last.isBold === cell.isBold) {
      merged[merged.length - 1] = { ...last, text: last.text + cell.text };
    } else merged.push(cell);
  }
  return merged;
}

const EIGHTHS = ["", "▏", "▎", "▍", "▌", "▋", "▊", "▉"];
