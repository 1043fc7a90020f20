import type { SourceRole } from "./source-config.ts";

/** What a source said: a number in the unit of its role, or null with a reason code when it does not know. */
export interface Sample {
  /**
   * W, degC, percent, USD/kWh, W/m2 or V by role; signs of sources.md §0 (import +, producing +, discharge +). Never 0
   * for unknown, never negative zero.
   */
  value: number | null;
  /** Why the value is null; also `INVERTER_ASLEEP` beside a 0 W that the device means so. */
  reason: string | null;
  /** When it reached us, monotonic ms; absent: as the read ended. A source that is told things keeps the old moment. */
  observedMono?: number;
  /** It was kept by a broker, nobody knows since when: shown, never acted on (sources.md §4). */
  isAgeUnknown?: true;
  /** Before a solar inverter's small draw at night was taken for 0 W. */
  rawValue?: number;
}

/** One signal, however it comes: polled, or told by the device and kept until it is asked for. */
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
  /** Ends what it listens to. Absent: it holds nothing. */
  close?(): Promise<void>;
}
