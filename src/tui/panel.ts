import { type Line, titleLine } from "./line.ts";

/** A part of the screen with one subject. */
export interface Panel {
  /** Empty: no heading, as on small screens. */
  title: string;
  /** Rows that belong together, a sentence or a gauge: shown whole or not at all. Given up from the end. */
  groups: Line[][];
  /** Groups without which the panel is better left out. */
  least: number;
  /** Smaller is more important. */
  rank: number;
  /** Takes rows only after there is air between the others. */
  isFiller?: boolean;
}

/** Each row a group of its own. */
export function singles(lines: readonly Line[]): Line[][] {
  return lines.map((line) => [line]);
}

/**
 * At most `height` rows from panels in their order on the screen. The important ones get their least groups first, then
 * all get what is left; rows to spare become air between panels.
 */
export function stackPanels(panels: readonly Panel[], width: number, height: number): Line[] {
  const present = panels.filter(({ groups }) => groups.length > 0);
  const counts = shareRows(present, height);
  const shown = present.filter((panel) => (counts.get(panel) ?? 0) > 0);
  const used = shown.reduce((sum, panel) => sum + rowsOf(panel, counts.get(panel) ?? 0), 0);
  let spare = height - used;
  const rows: Line[] = [];
  for (const [index, panel] of shown.entries()) {
    // Panels without headings are one block; air would tear it apart.
    if (index > 0 && panel.title !== "" && spare > 0) {
      rows.push([]);
      spare--;
    }
    if (panel.title !== "") rows.push(titleLine(panel.title, width));
    rows.push(...panel.groups.slice(0, counts.get(panel) ?? 0).flat());
  }
  return rows;
}

/** Rows that panels would like, headings included, air not. */
export function wantedRows(panels: readonly Panel[]): number {
  return panels.reduce((sum, panel) => sum + rowsOf(panel, panel.groups.length), 0);
}

/** Number of groups for each panel. */
function shareRows(panels: readonly Panel[], height: number): Map<Panel, number> {
  const byRank = [...panels].sort((a, b) => a.rank - b.rank);
  const counts = new Map<Panel, number>();
  let left = height;
  for (const panel of byRank) {
    const least = Math.min(panel.least, panel.groups.length);
    const cost = rowsOf(panel, least);
    if (cost > left) continue;
    counts.set(panel, least);
    left -= cost;
  }
  const air = panels.filter(({ title }) => title !== "").length - 1;
  for (const panel of byRank) {
    const count = counts.get(panel);
    if (count === undefined) continue;
    const more = addGroups(panel, count, panel.isFiller === true ? left - air : left);
    counts.set(panel, more);
    left -= rowsOf(panel, more) - rowsOf(panel, count);
  }
  return counts;
}

function addGroups(panel: Panel, from: number, rows: number): number {
  let count = from;
  while (count < panel.groups.length && rowsOf(panel, count + 1) - rowsOf(panel, from) <= rows) {
    count++;
  }
  return count;
}

/** Rows of the first `count` groups with the heading; nothing without a group. */
function rowsOf({ title, groups }: Panel, count: number): number {
  if (count === 0) return 0;
  const lines = groups.slice(0, count).reduce((sum, group) => sum + group.length, 0);
  return lines + (title === "" ? 0 : 1);
}
