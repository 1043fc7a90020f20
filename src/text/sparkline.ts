/** Limits of a plot's scale, in the unit of the values. */
export interface Scale {
  min: number;
  max: number;
}

/**
 * One row of block characters, one per value. Unknown values leave a gap, the least value keeps a thin line so that it
 * differs from a gap. Without a spread all values stand on the line at half height.
 */
export function sparkline(values: readonly (number | null)[], scale: Scale | null): string {
  return plotRows(values, 1, scale)[0] ?? "";
}

/** The same in `height` rows, top row first: each value a column of up to `height` times eight steps. */
export function plotRows(values: readonly (number | null)[], height: number, scale: Scale | null): string[] {
  const steps = values.map((value) => stepsOf(value, height, scale));
  return Array.from({ length: height }, (_, row) =>
    steps.map((count) => cellOf(count, height - 1 - row)).join(""),
  );
}

/**
 * Rows for values with a sign: import grows up from the zero line, export hangs down from it. `above` and `below` are
 * the rows on each side; both share one scale, so that a watt is as high on each side.
 */
export function signedRows(
  values: readonly (number | null)[],
  above: number,
  below: number,
  wattsPerRow: number,
): string[] {
  const up = plotRows(positive(values), above, { min: 0, max: Math.max(1, wattsPerRow * above) });
  const down = Array.from({ length: below }, (_, row) =>
    values.map((value) => hangingCell(value, row, wattsPerRow)).join(""),
  );
  return [...up, ...down];
}

/** Row of `height` (0 on top) where a value lies on the scale; null when it lies outside or is unknown. */
export function rowOf(value: number | null, height: number, scale: Scale): number | null {
  if (value === null || !Number.isFinite(value) || scale.max <= scale.min) return null;
  const part = (value - scale.min) / (scale.max - scale.min);
  if (part < 0 || part > 1) return null;
  return height - 1 - Math.min(height - 1, Math.floor(part * height));
}

const BLOCKS = [" ", "▁", "▂", "▃", "▄", "▅", "▆", "▇", "█"];

/** Eighths of a row that a value fills: 0 for a gap, at least 1 for anything known. */
function stepsOf(value: number | null, height: number, scale: Scale | null): number {
  if (value === null || !Number.isFinite(value) || scale === null) return 0;
  const most = height * 8;
  if (!(scale.max > scale.min)) return scale.max === 0 ? 1 : most / 2;
  const part = (value - scale.min) / (scale.max - scale.min);
  return Math.min(most, Math.max(1, Math.round(part * most)));
}

function cellOf(steps: number, rowFromBelow: number): string {
  const inRow = Math.max(0, Math.min(8, steps - rowFromBelow * 8));
  return BLOCKS[inRow] ?? " ";
}

function positive(values: readonly (number | null)[]): (number | null)[] {
  return values.map((value) => (value !== null && value > 0 ? value : null));
}

/** Terminals have no blocks that hang by eighths: halves are the finest that every font draws. */
function hangingCell(value: number | null, row: number, wattsPerRow: number): string {
  if (value === null || !Number.isFinite(value) || value >= 0) return " ";
  const halves = Math.round((-value / wattsPerRow) * 2) - row * 2;
  if (halves >= 2) return "█";
  if (halves === 1) return "▀";
  return row === 0 ? "▔" : " ";
}
