/**
 * Makes the recorded days of `templates/days/` and `templates/scenarios/` from a folder with the source series. Run once, by hand:
 *
 *   node test/tools/make-days.ts PATH_TO_DATA [OUTPUT_FOLDER]
 *
 * Needs Node 24. The product reads only what this script wrote, never the source folder.
 */
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { gunzipSync } from "node:zlib";

const DAY_MS = 86_400_000;
const MINUTE_MS = 60_000;

interface Table {
  head: Record<string, string>;
  rows: { ms: number; cells: Record<string, number | null> }[];
}

interface WeatherPlan {
  file: string;
  /** Local civil day of the site. */
  day: string;
  title: string;
  stepMinutes: number;
  /** Temperature by hour of the day; null takes the measured column. */
  temperature: ((hour: number) => number) | null;
  notes: string[];
  /** Standard time of the site; mountain time when left out. */
  offset?: string;
  /** Only `hearth simulate` takes it: no heater of the demo could hold a room on it, or it teaches nothing there. */
  isScenario?: boolean;
}

const cosine = (mean: number, amplitude: number) => (hour: number) =>
  mean - amplitude * Math.cos((2 * Math.PI * (hour - 4)) / 24);

const golden = (day: string, title: string): WeatherPlan => ({
  file: "weather_golden_2022-01_5min.csv.gz",
  day,
  title,
  stepMinutes: 5,
  temperature: null,
  notes: [],
});

const weatherPlans: WeatherPlan[] = [
  golden("2022-01-02", "Golden CO, cold and clear"),
  golden("2022-01-03", "Golden CO, thaw after a cold snap"),
  {
    file: "irradiance_golden_2012-05-17_1min.csv.gz",
    day: "2012-05-17",
    title: "Golden CO, broken cloud, with a shoulder-season temperature",
    stepMinutes: 1,
    temperature: cosine(9, 6),
    notes: [
      "the source begins at 01:00 local (summer time); the dark hour before repeats its first row",
      "outdoor_c is a formula, not measured: 9 - 6*cos(2*pi*(hour-4)/24), local hour",
    ],
  },
  {
    file: "irradiance_golden_2019-02_5min.csv.gz",
    day: "2019-02-02",
    title: "Golden CO, February sun, with a shoulder-season temperature",
    stepMinutes: 5,
    temperature: cosine(9, 6),
    notes: ["outdoor_c is a formula, not measured: 9 - 6*cos(2*pi*(hour-4)/24), local hour"],
  },
  {
    file: "irradiance_siouxfalls_2003_3min.csv.gz",
    day: "2003-09-22",
    title: "Sioux Falls SD, broken cloud in September, with a shoulder-season temperature",
    stepMinutes: 3,
    offset: "-06:00",
    temperature: cosine(9, 6),
    notes: ["outdoor_c is a formula, not measured: 9 - 6*cos(2*pi*(hour-4)/24), local hour"],
  },
  {
    file: "irradiance_desertrock_1998_3min.csv.gz",
    day: "1998-06-13",
    title: "Desert Rock NV, clear sky in June, with a mild temperature",
    stepMinutes: 3,
    offset: "-08:00",
    isScenario: true,
    temperature: cosine(16, 5),
    notes: ["outdoor_c is a formula, not measured: 16 - 5*cos(2*pi*(hour-4)/24), local hour"],
  },
  {
    file: "weather_alamosa_2016-01-01_1min.csv.gz",
    day: "2016-01-01",
    title: "San Luis Valley CO, extreme cold and clear",
    isScenario: true,
    stepMinutes: 5,
    temperature: null,
    notes: ["the source ends at 17:00 local; the evening is that of the day before"],
  },
];

const loadPlans = [
  { day: "2006-12-17", kind: "weekend", title: "One house in winter, a Sunday" },
  { day: "2006-12-19", kind: "weekday", title: "One house in winter, a Tuesday" },
];

main(process.argv[2], process.argv[3] ?? "templates");

function main(source: string | undefined, output: string): void {
  if (source === undefined)
    throw new Error("usage: node test/tools/make-days.ts PATH_TO_DATA [OUTPUT_FOLDER]");
  const days = join(output, "days");
  const scenarios = join(output, "scenarios");
  for (const folder of [days, scenarios]) mkdirSync(folder, { recursive: true });
  for (const plan of weatherPlans) {
    const folder = plan.isScenario ? scenarios : days;
    writeFileSync(join(folder, `weather_${plan.day}.csv`), weatherDay(source, plan));
  }
  for (const plan of loadPlans) {
    writeFileSync(join(days, `load_${plan.kind}_${plan.day}.csv`), loadDay(source, plan));
  }
  writeFileSync(join(scenarios, "cloudy_hours_10s.csv"), cloudyHours(source));
}

/** Three very variable hours one after the other, as a trace that `hearth simulate --trace` reads too. */
function cloudyHours(source: string): string {
  const file = "pv_cloudy_hours_10s.csv.gz";
  const lines = gunzipSync(readFileSync(join(source, file)))
    .toString("utf8")
    .trim()
    .split("\n");
  const notes = lines.filter((line) => /^# (source|licence|site):/.test(line));
  const rows = lines.filter((line) => /^[abc],/.test(line));
  const watts = rows.map((line) => Math.round(Number(line.split(",")[2]) * 5000));
  const made = `made by test/tools/make-days.ts from ${file}`;
  return `${[
    "# title: Three very variable hours, 10 s",
    ...notes,
    `# processing: pv_pu_single of the segments a, b, c in a row times 5000 W; ${made}`,
    "# units: s, W",
    "t,pv_w",
    ...watts.map((pvW, index) => `${index * 10},${pvW}`),
  ].join("\n")}\n`;
}

function weatherDay(source: string, plan: WeatherPlan): string {
  const table = readTable(join(source, plan.file));
  const startMs = Date.parse(`${plan.day}T00:00:00${plan.offset ?? "-07:00"}`) + summerShiftMs(plan.day);
  const lines = [
    ...headLines(plan.title, plan.day, table, plan.file, [
      `${plan.stepMinutes} min rows by local time of day of the site; gaps filled by linear interpolation`,
      ...plan.notes,
    ]),
    "# units: degC, W/m2, W",
    "local_time,outdoor_c,ghi_wm2,pv_w",
  ];
  for (let minute = 0; minute < 1440; minute += plan.stepMinutes) {
    const ms = startMs + minute * MINUTE_MS;
    const outdoorC =
      plan.temperature === null ? valueAt(table, "temp_out_c", ms) : plan.temperature(minute / 60);
    const ghiWm2 = Math.max(0, valueAt(table, "ghi_wm2", ms));
    const pvW = Math.max(0, valueAt(table, "pv_sim_w", ms));
    lines.push(`${clockText(minute)},${round(outdoorC, 2)},${round(ghiWm2, 1)},${Math.round(pvW)}`);
  }
  return `${lines.join("\n")}\n`;
}

function loadDay(source: string, plan: { day: string; title: string; kind: string }): string {
  const file = "load_sceaux_2006-12_1min.csv.gz";
  const table = readTable(join(source, file));
  const startMs = Date.parse(`${plan.day}T00:00:00+01:00`);
  const lines = [
    ...headLines(plan.title, plan.day, table, file, [
      "1 min rows by local time of day in France; gaps filled by linear interpolation",
    ]),
    `# kind: ${plan.kind}`,
    "# units: W, V",
    "local_time,load_w,volt",
  ];
  for (let minute = 0; minute < 1440; minute += 1) {
    const ms = startMs + minute * MINUTE_MS;
    const loadW = Math.round(valueAt(table, "load_w", ms));
    lines.push(`${clockText(minute)},${loadW},${round(valueAt(table, "volt", ms), 1)}`);
  }
  return `${lines.join("\n")}\n`;
}

function headLines(title: string, day: string, table: Table, file: string, steps: string[]): string[] {
  const { source, licence, site, processing } = table.head;
  const made = [processing, ...steps, `made by test/tools/make-days.ts from ${file}`];
  return [
    `# title: ${title}`,
    `# day: ${day}`,
    `# source: ${source}`,
    `# licence: ${licence}`,
    `# site: ${site}`,
    `# processing: ${made.filter((part) => part !== undefined).join("; ")}`,
  ];
}

function readTable(path: string): Table {
  const head: Table["head"] = {};
  const rows: Table["rows"] = [];
  let columns: string[] | null = null;
  for (const line of gunzipSync(readFileSync(path)).toString("utf8").split("\n")) {
    const note = /^# (\w+): (.*)$/.exec(line);
    if (note !== null) head[note[1] ?? ""] = note[2] ?? "";
    else if (line.trim() !== "" && columns === null) columns = line.trim().split(",");
    else if (line.trim() !== "" && columns !== null) rows.push(readRow(columns, line.trim().split(",")));
  }
  return { head, rows };
}

function readRow(columns: string[], cells: string[]): Table["rows"][number] {
  const values = columns.slice(1).map((name, index): [string, number | null] => {
    const cell = cells[index + 1] ?? "";
    return [name, cell === "" ? null : Number(cell)];
  });
  return { ms: Date.parse(String(cells[0]).replace("Z", ":00Z")), cells: Object.fromEntries(values) };
}

/** Linear between the nearest rows that have a value; past the end of a one-day file, the day before. */
function valueAt(table: Table, column: string, ms: number): number {
  const last = table.rows.at(-1)?.ms ?? 0;
  const at = ms > last + 10 * MINUTE_MS ? ms - DAY_MS : ms;
  let before: { ms: number; value: number } | null = null;
  for (const row of table.rows) {
    const value = row.cells[column] ?? null;
    if (value === null) continue;
    if (row.ms >= at) {
      if (before === null || row.ms === at) return value;
      return before.value + ((value - before.value) * (at - before.ms)) / (row.ms - before.ms);
    }
    before = { ms: row.ms, value };
  }
  if (before === null) throw new Error(`no value of ${column}`);
  return before.value;
}

/** Colorado keeps summer time in May: the local day begins an hour earlier in UTC. */
function summerShiftMs(day: string): number {
  const month = Number(day.slice(5, 7));
  return month >= 4 && month <= 10 ? -3_600_000 : 0;
}

function clockText(minute: number): string {
  return `${String(Math.floor(minute / 60)).padStart(2, "0")}:${String(minute % 60).padStart(2, "0")}`;
}

function round(value: number, digits: number): number {
  return Number(value.toFixed(digits));
}
