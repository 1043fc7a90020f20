/** Classes of control.md §7; the number `priority` of OpenADR is another thing (openadr3.md §7). */
export type EventPriority = "drill" | "economic" | "peak" | "emergency";
export type EventType = "limit" | "off" | "shift" | "raise";

/** One curtailment (or raise) event as control sees it (control.md §7). Times are epoch milliseconds. */
export interface CoopEvent {
  id: string;
  /** Strictly rising per id: a higher one replaces. */
  version: number;
  issuedMs: number;
  startMs: number;
  /** Null: no end of its own; lapses at the stale limit of its program. */
  endMs: number | null;
  type: EventType;
  priority: EventPriority;
  /** What the heaters may draw, W; never below `floorW`. */
  limitW: number;
  /** Wanted watts of a raise event; null otherwise. */
  raiseW: number | null;
  /** What the event itself grants in any case, W; not the heat floor. */
  floorW: number;
  noticeS: number;
  /** Where it came from, for people. */
  source: string;
  isCancelled: boolean;
}
