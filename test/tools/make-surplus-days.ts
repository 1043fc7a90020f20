/**
 * Makes the sunny days of the control bench, `test/fixtures/days/`, from a folder with the source series. Run once, by hand:
 *
 *   node test/tools/make-surplus-days.ts PATH_TO_DATA [OUTPUT_FOLDER]
 *
 * Needs Node 24. The bench reads only what this script wrote, never the source folder.
 */
import { copyFileSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { gunzipSync, gzipSync } from "node:zlib";

const DAY_S = 86_400;

interface Series {
  head: string[];
  rows: string[][];
}

interface Plan {
  name: string;
  file: string;
  title: string;
  column: string;
  /** Local civil day of the site by standard time. */
  day: string;
  offsetHours: number;
}

const plan = (file: string, offsetHours: number, days: Record<string, string>, column = "pv_sim_w"): Plan[] =>
  Object.entries(days).map(([day, words]) => ({
    name: `${file.split("_")[1]}-${day}`,
    file: `${file}.csv.gz`,
    title: words,
    column,
    day,
    offsetHours,
  }));

const plans: Plan[] = [
  ...plan("irradiance_siouxfalls_2003_3min", -6, {
    "2003-07-13": "Sioux Falls SD, clear",
    "2003-07-08": "Sioux Falls SD, broken cloud",
    "2003-09-22": "Sioux Falls SD, broken cloud",
    "2003-09-27": "Sioux Falls SD, broken cloud",
  }),
  ...plan("irradiance_desertrock_1998_3min", -8, {
    "1998-06-13": "Desert Rock NV, clear",
    "1998-06-18": "Desert Rock NV, clear",
    "1998-03-29": "Desert Rock NV, broken cloud",
    "1998-05-06": "Desert Rock NV, broken cloud",
    "1998-11-08": "Desert Rock NV, broken cloud",
  }),
  ...plan("irradiance_golden_2012-05-17_1min", -7, { "2012-05-17": "Golden CO, broken cloud" }),
  ...plan("irradiance_golden_2019-02_5min", -7, {
    "2019-02-01": "Golden CO, winter",
    "2019-02-02": "Golden CO, winter",
    "2019-02-03": "Golden CO, winter",
    "2019-02-04": "Golden CO, winter",
    "2019-02-05": "Golden CO, winter",
  }),
  ...plan(
    "pv_serfeast_2022-03_1min",
    -7,
    { "2022-03-18": "Golden CO, measured", "2022-03-19": "Golden CO, measured" },
    "pv_ac_w",
  ),
];

function readSeries(path: string): Series {
  const lines = gunzipSync(readFileSync(path)).toString("utf8").trimEnd().split(/\r?\n/);
  return {
    head: lines.filter((line) => line.startsWith("#")),
    rows: lines.filter((line) => !line.startsWith("#")).map((line) => line.split(",")),
  };
}

/** Local seconds and watts of one day; empty cells are left out, so that the reader draws a line across. */
function dayOf(series: Series, { column, day, offsetHours }: Plan): [number, number][] {
  const at = series.rows[0]?.indexOf(column) ?? -1;
  const startMs = Date.parse(`${day}T00:00:00Z`) - offsetHours * 3_600_000;
  return series.rows.slice(1).flatMap((cells): [number, number][] => {
    const seconds = (Date.parse((cells[0] ?? "").replace(/Z$/, ":00Z")) - startMs) / 1000;
    const cell = cells[at] ?? "";
    return seconds < 0 || seconds >= DAY_S || cell === "" ? [] : [[seconds, Number(cell)]];
  });
}

/** The day from its first second to its last row-step, dark where the recording had not begun or had ended. */
function completed(rows: [number, number][]): [number, number][] {
  const steps = rows.slice(1).map(([seconds], index) => seconds - (rows[index]?.[0] ?? 0));
  const stepS = steps.sort((first, second) => first - second)[Math.floor(steps.length / 2)] ?? 60;
  const [firstS, firstW] = rows[0] ?? [0, 0];
  const [lastS, lastW] = rows.at(-1) ?? [0, 0];
  return [
    ...(firstS > 0 ? ([[0, firstW]] as [number, number][]) : []),
    ...rows,
    ...(lastS < DAY_S - stepS ? ([[DAY_S - stepS, lastW]] as [number, number][]) : []),
  ];
}

function textOf(head: string[], notes: string[], rows: [number, number][]): string {
  const kept = head.filter((line) => /^# (source|licence|site|processing):/.test(line));
  return [
    ...notes.map((note) => `# ${note}`),
    ...kept,
    "t,pv_w",
    ...rows.map((row) => row.join(",")),
    "",
  ].join("\n");
}

const [dataDir = "", outDir = join(import.meta.dirname, "../fixtures/days")] = process.argv.slice(2);
mkdirSync(outDir, { recursive: true });
const made = "made by test/tools/make-surplus-days.ts";
for (const entry of plans) {
  const series = readSeries(join(dataDir, entry.file));
  const rows = completed(dayOf(series, entry));
  const notes = [`title: ${entry.title}`, `day: ${entry.day}, t in seconds of local standard time; ${made}`];
  const text = textOf(series.head, notes, rows);
  writeFileSync(join(outDir, `${entry.name}.csv.gz`), gzipSync(text, { level: 9 }));
}
const cloudy = readSeries(join(dataDir, "pv_cloudy_hours_10s.csv.gz"));
for (const segment of new Set(cloudy.rows.slice(1).map(([name = ""]) => name))) {
  const own = cloudy.rows.slice(1).filter(([name]) => name === segment);
  const rows = own.map(([, t, single]): [number, number] => [Number(t), Math.round(Number(single) * 5000)]);
  const notes = [
    `title: Very variable hour ${segment}, 10 s`,
    `note: one combiner (pv_pu_single) times 5000 W; ${made}`,
  ];
  const text = textOf(cloudy.head, notes, rows);
  writeFileSync(join(outDir, `cloudy-hour-${segment}.csv.gz`), gzipSync(text, { level: 9 }));
}
copyFileSync(join(dataDir, "LICENSES.txt"), join(outDir, "LICENSES.txt"));
