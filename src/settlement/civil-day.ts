const DAY_MS = 86_400_000;

/** True for a day that the calendar has, as `2026-02-28`; `2026-02-30` is none. */
export function isCivilDay(text: unknown): text is string {
  if (typeof text !== "string" || !/^\d{4}-\d{2}-\d{2}$/.test(text)) return false;
  const ms = Date.parse(`${text}T00:00:00Z`);
  return !Number.isNaN(ms) && dayOfNumber(ms / DAY_MS) === text;
}

/** Days since 1970-01-01 of a civil day; zones play no part. */
export function numberOfDay(day: string): number {
  return Date.parse(`${day}T00:00:00Z`) / DAY_MS;
}

/** The civil day so many days after 1970-01-01; the inverse of `numberOfDay`. */
export function dayOfNumber(number: number): string {
  return new Date(number * DAY_MS).toISOString().slice(0, 10);
}
