import type { SourceRole } from "./config.ts";

/** Fetches JSON from an address; typed errors, deadlines and caps are its own. */
export type GetJson = (url: string, signal: AbortSignal) => Promise<unknown>;

/** What a source said: a number in the unit of its role, or null with a reason code when it does not know. */
export interface Sample {
  /** W, degC, percent, USD/kWh, W/m2 or V by role; signs of sources.md §0 (import +, discharge +). Never 0 for unknown. */
  value: number | null;
  reason: string | null;
}

export interface Source {
  readonly name: string;
  readonly role: SourceRole;
  readonly zone: string | null;
  /** Wanted time between reads, s. */
  readonly everyS: number;
  /** Cap on the learnt stale limit, s; null: none. */
  readonly maxAgeS: number | null;
  /** One sample. Throws the typed error of the transport when nothing came: that is a miss and no sample. */
  read(signal: AbortSignal): Promise<Sample>;
}
