import type { Row } from "./store.ts";

/** A text column that the schema makes NOT NULL. */
export function text(row: Row, key: string): string {
  const value = row[key];
  if (typeof value !== "string") throw new TypeError(`column ${key} holds no text`);
  return value;
}

/** An integer column that the schema makes NOT NULL. */
export function whole(row: Row, key: string): number {
  const value = row[key];
  if (typeof value !== "number") throw new TypeError(`column ${key} holds no number`);
  return value;
}
