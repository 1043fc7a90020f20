import type { HistoryPoint } from "../model/view.ts";
import { formatTime, minuteOfDay } from "./time.ts";

/** A stretch of time cut into equal cells, one per column of a plot. Epoch milliseconds, end exclusive. */
export interface TimeSpan {
  fromMs: number;
  toMs: number;
}

/** The last `hours` that end with the newest point (or `endMs` where there is none). */
export function lastHours(endMs: number, hours: number): TimeSpan {
  return { fromMs: endMs - hours * HOUR_MS, toMs: endMs };
}

/**
 * One value per cell: the mean of the known values in it, or the last of them for what jumps (limits). Null where none
 * was known. Points in the order of time.
 */
export function bucketSeries(
  points: readonly HistoryPoint[],
  span: TimeSpan,
  cells: number,
  pick: (point: HistoryPoint) => number | null,
  how: "mean" | "last" = "mean",
): (number | null)[] {
  const sums = new Array<number>(cells).fill(0);
  const counts = new Array<number>(cells).fill(0);
  const cellMs = (span.toMs - span.fromMs) / cells;
  for (const point of points) {
    const value = pick(point);
    // The newest point lies on the end itself and belongs to the last cell.
    const index = Math.min(Math.floor((point.atMs - span.fromMs) / cellMs), cells - 1);
    if (value === null || !Number.isFinite(value)) continue;
    if (!(index >= 0) || point.atMs > span.toMs) continue;
    const isMean = how === "mean";
    sums[index] = isMean ? (sums[index] ?? 0) + value : value;
    counts[index] = isMean ? (counts[index] ?? 0) + 1 : 1;
  }
  return fillSingleGaps(
    sums.map((sum, index) => ((counts[index] ?? 0) === 0 ? null : sum / (counts[index] ?? 1))),
    cellMs < MINUTE_MS * 2,
  );
}

/** Least and greatest of the known values; null when none is known. */
export function rangeOf(values: readonly (number | null)[]): { min: number; max: number } | null {
  let min = Number.POSITIVE_INFINITY;
  let max = Number.NEGATIVE_INFINITY;
  for (const value of values) {
    if (value === null || !Number.isFinite(value)) continue;
    if (value < min) min = value;
    if (value > max) max = value;
  }
  return min <= max ? { min, max } : null;
}

/**
 * Two lines under a plot: a rule with a mark at full local hours, and their names. Labels that would touch are left
 * out. Hours are those of the wall clock in `tz`, so the day of a clock change shows its jump.
 */
export function hourRuler(span: TimeSpan, cells: number, tz: string): { marks: string; labels: string } {
  const marks = new Array<string>(cells).fill("─");
  const labels = new Array<string>(cells + LABEL_WIDTH).fill(" ");
  const cellMs = (span.toMs - span.fromMs) / cells;
  const everyHours = labelStep(HOUR_MS / cellMs);
  let freeFrom = 0;
  for (const atMs of fullHours(span)) {
    const cell = Math.floor((atMs - span.fromMs) / cellMs);
    if (cell >= cells) continue;
    marks[cell] = "┴";
    const name = formatTime(atMs, tz);
    const isNamed = Number(name.slice(0, 2)) % everyHours === 0 && name.endsWith("00");
    if (!isNamed || cell < freeFrom || cell + 5 > cells) continue;
    for (let index = 0; index < name.length; index++) labels[cell + index] = name[index] ?? " ";
    freeFrom = cell + LABEL_WIDTH;
  }
  return { marks: marks.join(""), labels: labels.slice(0, cells).join("") };

  function fullHours({ fromMs, toMs }: TimeSpan): number[] {
    const offset = minuteOfDay(fromMs, tz) ?? 0;
    // Zones exist whose hours begin at a quarter of the UTC hour.
    const firstMs = fromMs + ((60 - (offset % 60)) % 60) * MINUTE_MS - (fromMs % MINUTE_MS);
    const hours: number[] = [];
    for (let atMs = firstMs; atMs < toMs && hours.length < 1000; atMs += HOUR_MS) {
      if (atMs >= fromMs) hours.push(atMs);
    }
    return hours;
  }
}

function labelStep(cellsPerHour: number): number {
  for (const step of [1, 2, 3, 6, 12]) if (step * cellsPerHour >= LABEL_WIDTH + 1) return step;
  return 24;
}

/** Where a cell is hardly longer than the distance of points, an empty cell between two full ones is no gap. */
function fillSingleGaps(values: (number | null)[], isFine: boolean): (number | null)[] {
  if (!isFine) return values;
  return values.map((value, index) => {
    const before = values[index - 1] ?? null;
    return value === null && before !== null && (values[index + 1] ?? null) !== null ? before : value;
  });
}

const MINUTE_MS = 60_000;
const HOUR_MS = 3_600_000;
const LABEL_WIDTH = 6;
