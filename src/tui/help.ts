import { fitText, wrapText } from "../text/width.ts";
import { type Line, span, strong, titleLine } from "./line.ts";

const entries: readonly (readonly [string, string])[] = [
  ["q", "leave the dashboard; in `hearth run` this stops the loop cleanly"],
  ["?", "this page, and back"],
  ["Heat", "watts that the miners draw, and the budget that the rules leave them"],
  ["floor", "the lowest temperature; no price, event or debt takes a room below it"],
  ["[ | ●", "in the gauge of a room: its floor, its set point, the room now"],
  ["( | ● )", "in the gauge of the split: range of luck, agreed and measured share"],
  ["grid", "importing: power comes from the co-op; exporting: it goes there"],
  ["Why", "the rule that decides now; what stops more and less; what comes next by itself"],
  ["estimated", "numbers of today, until the co-op has confirmed the day"],
  ["–", "not known; it is never shown as 0"],
];

/** The page behind `?`: keys, signs and words. */
export function helpLines(width: number): Line[] {
  const indent = 11;
  const rows = entries.flatMap(([sign, words]) =>
    wrapText(words, width - indent, 3).map(
      (row, index): Line => [strong(fitText(index === 0 ? sign : "", indent)), span(row)],
    ),
  );
  return [titleLine("Help", width), ...rows];
}

/** The last row of every page. */
export function footerLine(isHelp: boolean, width: number): Line {
  const keys: Line = isHelp
    ? [strong("?"), span(" back   ", "label"), strong("q"), span(" quit", "label")]
    : [strong("q"), span(" quit   ", "label"), strong("?"), span(" help", "label")];
  const hint = "more: hearth explain, hearth settlement show";
  return width >= 64 && !isHelp ? [...keys, span(`   ${hint}`, "label")] : keys;
}
