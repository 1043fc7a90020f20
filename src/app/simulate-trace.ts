import { readFileSync } from "node:fs";
import { gunzipSync } from "node:zlib";
import { type HearthError, usageError } from "../model/errors.ts";
import { safeText } from "../model/parse.ts";
import { type Trace, type TraceColumn, traceColumns } from "../sim/plant/trace.ts";

/** Bounds of what a cell may say; beyond them it is a wrong unit or a broken file. */
const RANGES: Record<TraceColumn, readonly [number, number]> = {
  pv_w: [0, 1_000_000],
  load_w: [0, 1_000_000],
  outdoor_c: [-80, 70],
  ghi_wm2: [0, 2000],
  import_usd_kwh: [-20, 100],
  export_usd_kwh: [-20, 100],
  event_limit_w: [0, 1_000_000],
};
const RFC3339 = /^\d{4}-\d\d-\d\d[Tt]\d\d:\d\d(:\d\d(\.\d+)?)?([Zz]|[+-]\d\d:\d\d)$/;
const NUMBER = /^[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?$/;
const LONGEST_S = 370 * 86_400;
const LARGEST_BYTES = 512 * 1024 * 1024;

/**
 * Reads the file of `hearth simulate --trace`: CSV, plain or gzip, `#` lines are comments (product.md §7).
 * Throws a usage error that names file, line and column for whatever cannot be understood.
 */
export function readTrace(path: string): Trace {
  return parseTrace(textOf(path), path);
}

/** The same from its text; `name` stands in the errors. */
export function parseTrace(text: string, name: string): Trace {
  const rows = new TraceRows(name);
  const lines = text.replace(/^\uFEFF/, "").split(/\r?\n|\r/);
  lines.forEach((line, index) => {
    if (!line.startsWith("#") && line.trim() !== "") rows.take(line, index + 1);
  });
  return rows.finish(lines.length);
}

/** Takes the lines of a trace one by one. */
class TraceRows {
  readonly #broken: Broken;
  #names: (TraceColumn | "t")[] | null = null;
  #startS: number | null = null;
  #isClock = false;
  readonly #times: number[] = [];
  readonly #cells: number[][] = [];

  constructor(name: string) {
    this.#broken = (line, what) => traceError(name, line, what);
  }

  take(line: string, number: number): void {
    if (this.#names === null) {
      this.#names = headerOf(line, number, this.#broken);
      return;
    }
    const fields = line.split(",");
    const names = this.#names;
    if (fields.length !== names.length) {
      throw this.#broken(number, `it has ${fields.length} cells, the header has ${names.length}`);
    }
    this.#takeTime(fields[names.indexOf("t")] ?? "", number);
    this.#cells.push(names.map((name, at) => cellOf(name, fields[at] ?? "", number, this.#broken)));
  }

  finish(lines: number): Trace {
    const broken = (what: string) => this.#broken(lines, what);
    if (this.#names === null) throw broken("it has no header line");
    const startMs = this.#isClock ? Math.round((this.#startS ?? 0) * 1000) : null;
    return traceOf(this.#names, this.#times, this.#cells, startMs, broken);
  }

  #takeTime(field: string, number: number): void {
    const { value, isClock } = timeOf(field, number, this.#broken);
    if (this.#startS === null) {
      this.#startS = value;
      this.#isClock = isClock;
    }
    if (isClock !== this.#isClock) throw this.#broken(number, "t changes between moments and seconds");
    const seconds = value - this.#startS;
    if (this.#times.length > 0 && seconds <= (this.#times.at(-1) ?? 0)) {
      throw this.#broken(number, "t does not rise");
    }
    this.#times.push(seconds);
  }
}

type Broken = (line: number, what: string) => HearthError;

function headerOf(line: string, number: number, broken: Broken): (TraceColumn | "t")[] {
  const names = line.split(",").map((name) => name.trim());
  for (const [index, name] of names.entries()) {
    if (name !== "t" && !(traceColumns as readonly string[]).includes(name)) {
      throw broken(number, `"${shown(name)}" is no column; known are t, ${traceColumns.join(", ")}`);
    }
    if (names.indexOf(name) !== index) throw broken(number, `column ${name} stands there twice`);
  }
  if (!names.includes("t")) throw broken(number, "there is no column t");
  if (names.length === 1) throw broken(number, "there is no column beside t");
  return names as (TraceColumn | "t")[];
}

function timeOf(field: string, number: number, broken: Broken): { value: number; isClock: boolean } {
  const text = field.trim();
  if (NUMBER.test(text)) {
    const value = Number(text);
    if (Number.isFinite(value)) return { value, isClock: false };
  }
  const ms = RFC3339.test(text) ? Date.parse(text.toUpperCase()) : Number.NaN;
  if (Number.isNaN(ms)) {
    throw broken(number, `t "${shown(text)}" is neither seconds nor an RFC 3339 moment with its zone`);
  }
  return { value: ms / 1000, isClock: true };
}

function cellOf(column: TraceColumn | "t", field: string, number: number, broken: Broken): number {
  const text = field.trim();
  if (column === "t" || text === "") return Number.NaN;
  const value = NUMBER.test(text) ? Number(text) : Number.NaN;
  if (!Number.isFinite(value)) throw broken(number, `${column} "${shown(text)}" is not a number`);
  const [low, high] = RANGES[column];
  if (value < low || value > high) {
    throw broken(number, `${column} ${shown(text)} is outside ${low} to ${high}`);
  }
  return value;
}

function traceOf(
  names: (TraceColumn | "t")[],
  times: number[],
  cells: number[][],
  startMs: number | null,
  broken: (what: string) => HearthError,
): Trace {
  if (times.length < 2) throw broken("it needs at least two rows");
  const timesS = Float64Array.from(times);
  const lastS = timesS.at(-1) ?? 0;
  const durationS = 2 * lastS - (timesS.at(-2) ?? 0);
  if (durationS > LONGEST_S) throw broken("it is longer than a year");
  const columns = Object.fromEntries(
    traceColumns.map((column) => {
      const at = names.indexOf(column);
      return [column, at < 0 ? null : Float64Array.from(cells, (row) => row[at] ?? Number.NaN)];
    }),
  ) as Trace["columns"];
  return { startMs, timesS, columns, durationS };
}

function textOf(path: string): string {
  let bytes: Buffer;
  try {
    bytes = readFileSync(path);
  } catch (cause) {
    const why = { ENOENT: "there is no such file", EISDIR: "it is a folder", EACCES: "it may not be read" };
    const code = (cause as NodeJS.ErrnoException).code ?? "";
    const what = code in why ? why[code as keyof typeof why] : "it cannot be read";
    throw unreadable(path, what, cause);
  }
  const isGzip = bytes[0] === 0x1f && bytes[1] === 0x8b;
  try {
    const plain = isGzip ? gunzipSync(bytes, { maxOutputLength: LARGEST_BYTES }) : bytes;
    return new TextDecoder("utf-8", { fatal: true }).decode(plain);
  } catch (cause) {
    const what = isGzip ? "its gzip data is broken or too large" : "it is not UTF-8 text";
    throw unreadable(path, what, cause);
  }
}

function unreadable(path: string, what: string, cause: unknown): HearthError {
  return usageError("TRACE_UNREADABLE", `The trace ${shown(path)} cannot be used: ${what}`, {
    hint: "name a CSV file, plain or gzip; its columns are in hearth simulate --help",
    cause,
  });
}

function traceError(name: string, line: number, what: string): HearthError {
  return usageError("TRACE_BROKEN", `The trace ${shown(name)} cannot be used: line ${line}: ${what}`, {
    hint: "the columns of a trace are in hearth simulate --help",
  });
}

/** Foreign text in an error: short and without control bytes. */
function shown(text: string): string {
  return safeText(text.slice(0, 80));
}
