import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { gunzipSync } from "node:zlib";
import { type Trace, traceColumns } from "#src/sim/plant/trace.ts";
import { loadRecordedDay } from "#src/sim/recorded-day.ts";

const TEMPLATES = fileURLToPath(new URL("../../templates", import.meta.url));
const DAYS = fileURLToPath(new URL("../fixtures/days", import.meta.url));
/** Where in the day a single hour is laid, for the household that goes with it. */
const HOUR_AT_S = 11 * 3600;

export interface SurplusDay {
  name: string;
  title: string;
  /** Cloud edges within the day: the goals for starts are stricter there. */
  isBroken: boolean;
  trace: Trace;
}

/** The recorded sunny days of the bench, each with the household load of a recorded winter weekday, scaled. */
export function surplusDays(loadScale: number, wanted: RegExp = /./): SurplusDay[] {
  const load = loadRecordedDay(TEMPLATES, "2022-01-03").loadW;
  return [DAYS, ...(process.env["HEARTH_BENCH_DAYS"] === undefined ? [] : [process.env["HEARTH_BENCH_DAYS"]])]
    .flatMap((folder) =>
      readdirSync(folder)
        .filter((name) => name.endsWith(".csv.gz"))
        .map((name) => [folder, name] as const),
    )
    .filter(([, name]) => wanted.test(name))
    .map(([folder, name]) => {
      const text = gunzipSync(readFileSync(join(folder, name))).toString("utf8");
      const title = /^# title: (.*)$/m.exec(text)?.[1] ?? name;
      const rows = text
        .split("\n")
        .filter((line) => /^\d/.test(line))
        .map((line) => line.split(",").map(Number) as [number, number]);
      const trace = joined(rows, load, loadScale);
      return { name: name.replace(".csv.gz", ""), title, isBroken: /broken|variable/.test(title), trace };
    });
}

function joined(rows: [number, number][], load: readonly number[], scale: number): Trace {
  const last = rows.at(-1) ?? [0, 0];
  const rowStepS = last[0] - (rows.at(-2)?.[0] ?? 0);
  const durationS = last[0] + rowStepS;
  const stepS = Math.min(60, rowStepS);
  const count = Math.round(durationS / stepS);
  const timesS = Float64Array.from({ length: count }, (_, index) => index * stepS);
  const shiftS = durationS <= 3600 ? HOUR_AT_S : 0;
  const columns = Object.fromEntries(traceColumns.map((column) => [column, null])) as Trace["columns"];
  let at = 0;
  columns.pv_w = timesS.map((nowS) => {
    while ((rows[at + 1]?.[0] ?? Number.POSITIVE_INFINITY) <= nowS) at += 1;
    const [fromS, fromW] = rows[at] ?? [0, 0];
    const [toS, toW] = rows[at + 1] ?? [fromS + 1, fromW];
    return fromW + ((toW - fromW) * (nowS - fromS)) / (toS - fromS);
  });
  columns.load_w = timesS.map((nowS) => scale * (load[Math.floor((nowS + shiftS) / 60) % 1440] ?? 0));
  return { startMs: null, timesS, columns, durationS };
}
