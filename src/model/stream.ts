/** Types of the NDJSON stream (interfaces.md §3). */
export type StreamType =
  | "hello"
  | "decision"
  | "command"
  | "miner"
  | "source"
  | "event"
  | "split"
  | "settlement"
  | "alarm"
  | "heartbeat"
  | "bye";

/** One object per line. `data` is camelCase here and snake_case on the wire. */
export interface StreamRecord {
  type: StreamType;
  at: string;
  seq: number;
  data: Record<string, unknown>;
}
