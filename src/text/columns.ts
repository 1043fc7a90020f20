import { cellWidth, padLeft } from "./width.ts";

/** A column of a plain table: its heading, and numbers flushed right. */
export interface Column {
  title: string;
  align?: "left" | "right";
}

/** Rows under their headings, two spaces between columns, no lines drawn, no space at line ends. */
export function tableLines(columns: readonly Column[], rows: readonly (readonly string[])[]): string[] {
  const widths = columns.map(({ title }, index) =>
    Math.max(cellWidth(title), ...rows.map((row) => cellWidth(row[index] ?? ""))),
  );
  const line = (cells: readonly string[]) =>
    columns
      .map(({ align }, index) => alignCell(cells[index] ?? "", widths[index] ?? 0, align))
      .join("  ")
      .trimEnd();
  return [line(columns.map(({ title }) => title)), ...rows.map(line)];
}

/** `name  value` lines with the values in one column; an empty name continues the one above. */
export function pairLines(pairs: readonly (readonly [name: string, value: string])[]): string[] {
  const width = Math.max(0, ...pairs.map(([name]) => cellWidth(name)));
  return pairs.map(([name, value]) => `${alignCell(name, width, "left")}  ${value}`.trimEnd());
}

function alignCell(text: string, width: number, align: Column["align"]): string {
  return align === "right" ? padLeft(text, width) : text + " ".repeat(Math.max(0, width - cellWidth(text)));
}
