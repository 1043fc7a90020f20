import { toNumber } from "../model/parse.ts";

/** A section of a text reply begins with an upper-case name; a `|` inside a message is followed by other things. */
const SECTION_START = /\|(?=[A-Z][A-Z0-9]*[=,])/;
/** Values may hold commas: a field begins with a letter and has `=` before the next comma. */
const FIELD_START = /,(?=[A-Za-z][A-Za-z0-9 _%.-]*=)/;
/** Names of rows whose JSON section is called differently. */
const JSON_NAMES: Record<string, string> = { POOL: "POOLS", ASC: "DEVS", PGA: "DEVS" };

/** The text form of an answer, brought into the shape that the JSON form has (miners.md §3.1). Values stay text. */
export function parseTextReply(text: string): { values: Record<string, unknown>; isPartial: boolean } {
  const values: Record<string, Record<string, unknown>[]> = Object.create(null);
  const trimmed = text.replaceAll("\0", "").trim();
  const isPartial = !trimmed.endsWith("|");
  for (const part of trimmed.replace(/\|$/, "").split(SECTION_START)) {
    const { name, row } = toRow(part);
    const key = JSON_NAMES[name] ?? name;
    const rows = values[key] ?? [];
    rows.push(row);
    values[key] = rows;
  }
  for (const status of values["STATUS"] ?? []) {
    for (const key of ["When", "Code"]) status[key] = toNumber(status[key]);
  }
  return { values, isPartial };
}

function toRow(part: string): { name: string; row: Record<string, unknown> } {
  const fields = part.split(FIELD_START);
  const head = fields[0] ?? "";
  const headEquals = head.indexOf("=");
  const comma = head.indexOf(",");
  const name = head.slice(0, headEquals >= 0 ? headEquals : comma >= 0 ? comma : head.length);
  const row: Record<string, unknown> = Object.create(null);
  for (const field of fields) {
    const equals = field.indexOf("=");
    if (equals > 0) row[field.slice(0, equals)] = field.slice(equals + 1);
  }
  return { name, row };
}
