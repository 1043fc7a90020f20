import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { usageError } from "../model/errors.ts";

/** One weather day that ships. */
export interface RecordedDayInfo {
  /** Civil day of the recording, `yyyy-mm-dd`. */
  day: string;
  source: string;
  licence: string;
  title: string;
}

/** Weather, sun and household load of one day by local time of day; 1,440 minutes each. */
export interface RecordedDay extends RecordedDayInfo {
  /** Where and how it was measured and what was done to it, as the file says. */
  site: string;
  processing: string;
  /** Recorded day, source and licence of the household load. */
  load: RecordedDayInfo;
  /** degC at the beginning of each minute; linear in between. */
  outdoorC: readonly number[];
  /** Global horizontal irradiance, W/m2, >= 0; linear in between. */
  ghiWm2: readonly number[];
  /** AC power of the solar plant, W, >= 0; linear in between. */
  pvW: readonly number[];
  /** Whole house without miners, W, >= 0, held for its minute. */
  loadW: readonly number[];
  /** Mains voltage as recorded (a 230 V country), V. */
  voltageV: readonly number[];
}

const MINUTES = 1440;

/** Where weather days lie: `days` for every use, `scenarios` for `hearth simulate` alone. */
export type DayFolder = "days" | "scenarios";

/** All weather days of a folder of `templates`, by day. Throws `DAYS_MISSING` (exit 2) when it has none. */
export function listRecordedDays(templatesDir: string, folder: DayFolder = "days"): RecordedDayInfo[] {
  const days = dayFiles(templatesDir, folder)
    .filter((name) => name.startsWith("weather_"))
    .map((name) => infoOf(readFile(join(templatesDir, folder, name)), name));
  if (days.length === 0) {
    throw usageError("DAYS_MISSING", `There are no recorded days in ${join(templatesDir, folder)}`, {
      hint: "install hearthwatt again, its folder templates is incomplete",
    });
  }
  return days.sort((first, second) => first.day.localeCompare(second.day));
}

/**
 * One weather day joined with a load day: the weekend house on Saturdays and Sundays, else the weekday one.
 * Throws `DAY_UNKNOWN` (exit 2) with the days that ship.
 */
export function loadRecordedDay(templatesDir: string, day: string, folder: DayFolder = "days"): RecordedDay {
  const known = listRecordedDays(templatesDir, folder);
  const info = known.find((candidate) => candidate.day === day);
  if (info === undefined) {
    throw usageError("DAY_UNKNOWN", `No recorded day ${day} ships with Hearth`, {
      hint: `take one of ${known.map((candidate) => candidate.day).join(", ")}`,
    });
  }
  const weather = readFile(join(templatesDir, folder, `weather_${day}.csv`));
  const loadName = loadFileFor(templatesDir, day);
  const load = readFile(join(templatesDir, "days", loadName));
  return {
    ...info,
    site: weather.head["site"] ?? "",
    processing: weather.head["processing"] ?? "",
    load: infoOf(load, loadName),
    outdoorC: minuteSeries(weather, "outdoor_c", "linear"),
    ghiWm2: minuteSeries(weather, "ghi_wm2", "linear"),
    pvW: minuteSeries(weather, "pv_w", "linear"),
    loadW: minuteSeries(load, "load_w", "held"),
    voltageV: minuteSeries(load, "volt", "held"),
  };
}

interface DayFile {
  path: string;
  head: Record<string, string>;
  columns: string[];
  rows: { minute: number; cells: string[] }[];
}

function dayFiles(templatesDir: string, folder: DayFolder): string[] {
  try {
    return readdirSync(join(templatesDir, folder)).filter((name) => name.endsWith(".csv"));
  } catch {
    return [];
  }
}

function loadFileFor(templatesDir: string, day: string): string {
  const weekday = new Date(`${day}T12:00:00Z`).getUTCDay();
  const kind = weekday === 0 || weekday === 6 ? "weekend" : "weekday";
  const name = dayFiles(templatesDir, "days").find((candidate) => candidate.startsWith(`load_${kind}_`));
  if (name === undefined) throw broken(join(templatesDir, "days"), `it has no load file for a ${kind}`);
  return name;
}

function infoOf(file: DayFile, name: string): RecordedDayInfo {
  const { day, source, licence, title } = file.head;
  if (day === undefined || source === undefined || licence === undefined || title === undefined) {
    throw broken(name, "its first lines must name day, source, licence and title");
  }
  return { day, source, licence, title };
}

function readFile(path: string): DayFile {
  const file: DayFile = { path, head: {}, columns: [], rows: [] };
  for (const line of readFileSync(path, "utf8").split(/\r?\n/)) {
    const note = /^# (\w+): (.*)$/.exec(line);
    if (note?.[1] !== undefined) file.head[note[1]] = note[2] ?? "";
    else if (line === "" || line.startsWith("#")) continue;
    else if (file.columns.length === 0) file.columns = line.split(",");
    else file.rows.push(readRow(path, line));
  }
  return file;
}

function readRow(path: string, line: string): DayFile["rows"][number] {
  const cells = line.split(",");
  const time = /^([01]\d|2[0-3]):([0-5]\d)$/.exec(cells[0] ?? "");
  if (time === null) throw broken(path, `"${(cells[0] ?? "").slice(0, 20)}" is not a time of day`);
  return { minute: Number(time[1]) * 60 + Number(time[2]), cells };
}

function minuteSeries(file: DayFile, column: string, between: "linear" | "held"): number[] {
  const index = file.columns.indexOf(column);
  const points = file.rows.map((row) => ({ minute: row.minute, value: Number(row.cells[index]) }));
  if (index < 0 || points.length === 0 || !points.every((point) => Number.isFinite(point.value))) {
    throw broken(file.path, `column ${column} must be a number in every row`);
  }
  const series: number[] = [];
  let position = 0;
  for (let minute = 0; minute < MINUTES; minute += 1) {
    while ((points[position + 1]?.minute ?? MINUTES) <= minute) position += 1;
    const before = points[position] ?? { minute, value: 0 };
    const after = points[position + 1] ?? before;
    const part = after.minute > before.minute ? (minute - before.minute) / (after.minute - before.minute) : 0;
    const share = between === "linear" ? Math.max(0, part) : 0;
    series.push(before.value + (after.value - before.value) * share);
  }
  return series;
}

function broken(path: string, what: string) {
  return usageError("DAY_FILE_BROKEN", `The recorded day ${path} cannot be used: ${what}`, {
    hint: "install hearthwatt again, or make the file anew with test/tools/make-days.ts",
  });
}
