/** What a trace may tell, by its column names (product.md §7). */
export const traceColumns = [
  "pv_w",
  "load_w",
  "outdoor_c",
  "ghi_wm2",
  "import_usd_kwh",
  "export_usd_kwh",
  "event_limit_w",
] as const;

export type TraceColumn = (typeof traceColumns)[number];

/** Rows of a given day or season; NaN is a missing value. */
export interface Trace {
  /** Wall clock of the first row, epoch ms; null when the trace counts seconds. */
  startMs: number | null;
  /** Seconds from the first row, strictly rising. */
  timesS: Float64Array;
  /** A column that the trace has not is null. */
  columns: Record<TraceColumn, Float64Array | null>;
  /** The last row lasts one row-step, so the trace ends here, s. */
  durationS: number;
}

/** Reads a trace forward in time; asking for an earlier moment is not meant. Answers NaN where it is not known. */
export class TraceCursor {
  readonly trace: Trace;
  readonly #stepS: number;
  #row = 0;
  #rowS = 0;
  #nextS: number;
  /** From here on the row says nothing: rows are missing. */
  #gapS = Number.POSITIVE_INFINITY;
  #nowS = 0;

  constructor(trace: Trace) {
    this.trace = trace;
    this.#stepS = rowStepS(trace.timesS);
    this.#rowS = trace.timesS[0] ?? 0;
    this.#nextS = trace.timesS[1] ?? Number.POSITIVE_INFINITY;
    this.#markGap();
  }

  /** Moves to the row that holds `nowS`. */
  seek(nowS: number): void {
    const { timesS } = this.trace;
    this.#nowS = nowS;
    if (nowS < this.#nextS) return;
    while (nowS >= this.#nextS) {
      this.#row += 1;
      this.#rowS = this.#nextS;
      this.#nextS = timesS[this.#row + 1] ?? Number.POSITIVE_INFINITY;
    }
    this.#markGap();
  }

  /** Value of the row, held until the next one. */
  held(column: Float64Array): number {
    if (this.#nowS >= this.#gapS) return Number.NaN;
    return column[this.#row] ?? Number.NaN;
  }

  /** Linear between the row and the next one; held where the next one is missing. */
  linear(column: Float64Array, nowS: number): number {
    if (this.#nowS >= this.#gapS) return Number.NaN;
    const value = column[this.#row] ?? Number.NaN;
    if (this.#nextS === Number.POSITIVE_INFINITY || this.#gapS < this.#nextS) return value;
    const next = column[this.#row + 1] ?? Number.NaN;
    if (Number.isNaN(next)) return value;
    return value + ((next - value) * (nowS - this.#rowS)) / (this.#nextS - this.#rowS);
  }

  /** Where rows are missing the last one lasts one row-step; the end of the trace is no gap. */
  #markGap(): void {
    const isGap = Number.isFinite(this.#nextS) && this.#nextS - this.#rowS > MISSING_STEPS * this.#stepS;
    this.#gapS = isGap ? this.#rowS + this.#stepS : Number.POSITIVE_INFINITY;
  }
}

/** Rows further apart than this many usual steps have rows missing between them. */
const MISSING_STEPS = 3;

/** The usual distance of two rows, s: the median. */
function rowStepS(timesS: Float64Array): number {
  const steps = timesS.subarray(1).map((seconds, index) => seconds - (timesS[index] ?? 0));
  steps.sort();
  return steps[Math.floor(steps.length / 2)] ?? 1;
}
