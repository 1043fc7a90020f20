import type { ListedSource, ProbedSource, SignTestResult, SourceReading } from "../model/source-view.ts";
import { tableLines } from "./columns.ts";
import { fixed, UNKNOWN } from "./format.ts";
import { screenText } from "./width.ts";

/** `hearth source list` for people. */
export function sourceListLines(sources: readonly ListedSource[]): string[] {
  if (sources.length === 0)
    return ["No source is set up. Try: hearth source probe HOST, then hearth source add"];
  return tableLines(
    [
      { title: "NAME" },
      { title: "ROLE" },
      { title: "KIND" },
      { title: "ZONE" },
      { title: "EVERY", align: "right" },
      { title: "FROM" },
    ],
    sources.map(({ name, role, kind, template, zone, everyS, from }) => [
      screenText(name, 32),
      role,
      screenText(template ?? kind, 32),
      screenText(zone ?? "", 32),
      `${everyS} s`,
      screenText(from, 80),
    ]),
  );
}

/** `hearth source test` for people: value, unit, sign, age, and why there is none. */
export function sourceReadingLines(readings: readonly SourceReading[]): string[] {
  return tableLines(
    [
      { title: "NAME" },
      { title: "ROLE" },
      { title: "VALUE", align: "right" },
      { title: "SIGN" },
      { title: "AGE", align: "right" },
      { title: "NOTE" },
    ],
    readings.map((reading) => [
      screenText(reading.name, 32),
      reading.role,
      valueText(reading),
      reading.sign ?? "",
      reading.ageS === null ? UNKNOWN : `${fixed(reading.ageS, 0)} s`,
      reading.reason === null ? "" : reasonWords(reading.reason),
    ]),
  );
}

/** One line of `hearth source test --watch` for people. */
export function sourceReadingLine(reading: SourceReading): string {
  const note = reading.reason === null ? (reading.sign ?? "") : reasonWords(reading.reason);
  return `${screenText(reading.name, 32)}  ${valueText(reading)}  ${note}`.trimEnd();
}

/** `hearth source probe` for people. */
export function probeLines(found: readonly ProbedSource[]): string[] {
  return found.flatMap(({ title, model, id, roles, secret, notes, next }) => [
    [title, model, id]
      .filter((word) => word !== null)
      .map((word) => screenText(word, 80))
      .join(", "),
    `  gives ${roles.join(", ")}${secret === "none" ? "" : `; a secret is ${secret}`}`,
    ...notes.map((note) => `  ${screenText(note, 300)}`),
    `  next: ${screenText(next, 300)}`,
  ]);
}

const VERDICTS: Record<SignTestResult["verdict"], string> = {
  "import-positive": "the sign is right: import is positive",
  "export-positive": "the sign is the wrong way round: set invert to true",
  unsigned: "the meter shows import and export alike, so it cannot tell surplus",
  "no-change": "the meter did not feel the heater: wrong meter, wrong phase, or a clamp elsewhere",
  unclear: "something else switched meanwhile; once more at a quiet moment",
};

/** `hearth source test --sign` for people. */
export function signLines(result: SignTestResult): string[] {
  const { source, miner, verdict, changeW, stepW, scaleHint } = result;
  const change = changeW === null ? UNKNOWN : `${fixed(changeW, 0)} W`;
  const lines = [
    `${screenText(source, 32)}: ${VERDICTS[verdict]}`,
    `${screenText(miner, 32)} drew ${fixed(stepW, 0)} W less, the meter changed by ${change}`,
  ];
  return scaleHint === null
    ? lines
    : [...lines, `The scale is off: multiply scale by ${scaleHint} (kW taken for W?)`];
}

/** Reason codes of a sample in words. */
const REASONS: Record<string, string> = {
  AGE_UNKNOWN: "kept by the broker, nobody knows since when; shown only",
  DEVICE_CHANGED: "another device answers at its address",
  DEVICE_GONE: "the device took its value back",
  DEVICE_OFFLINE: "the device says that it is offline",
  DEVICE_SAYS_INVALID: "the device calls it invalid",
  ENTITY_MISSING: "Home Assistant has no such entity",
  ENTITY_RESTORED: "an old value from before a restart",
  ENTITY_UNAVAILABLE: "unavailable in Home Assistant",
  INPUTS_APART: "its inputs are of different moments",
  INVERTER_ASLEEP: "the inverter sleeps",
  MAP_CHANGED: "the device rearranged its registers; read again",
  NO_MESSAGE: "no message yet",
  SIGN_WRONG: "its sign is the wrong way round; invert it",
  UNIT_MISSING: "it has no unit there",
  UNIT_NOT_OF_THE_ROLE: "its unit does not fit the role",
  VALUE_MISSING: "the answer has no such value",
  VALUE_NOT_A_NUMBER: "the value is no number",
  VALUE_NOT_PLAUSIBLE: "the value is not plausible",
  VALUE_NOT_SELECTABLE: "the answer has another shape",
};

function reasonWords(code: string): string {
  const [, input] = /^INPUT_MISSING:(.+)$/.exec(code) ?? [];
  return input === undefined
    ? (REASONS[code] ?? screenText(code, 60))
    : `${screenText(input, 32)} is missing`;
}

function valueText({ value, unit, role }: SourceReading): string {
  if (value === null) return UNKNOWN;
  const isFine = unit === "W" ? Math.abs(value) < 10 : role !== "ghi";
  return `${fixed(value, unit === "USD/kWh" ? 4 : isFine ? 1 : 0)} ${unit}`;
}
