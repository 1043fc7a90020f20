import { type Clock, toInstant } from "../model/clock.ts";
import type { StreamRecord, StreamType } from "../model/stream.ts";

export type StreamListener = (record: StreamRecord) => void;

/** The loop's stream: numbered records to every listener; a listener that throws is dropped. */
export function createStream(clock: Clock) {
  const listeners = new Set<StreamListener>();
  let seq = 0;
  let hello: StreamRecord | null = null;
  return {
    /** Open answers of `GET /v1/stream`, ended with the loop. */
    readers: new Set<{ end(): void }>(),
    /** The first record, for those who come later. */
    get hello(): StreamRecord | null {
      return hello;
    },
    emit(type: StreamType, data: Record<string, unknown>): StreamRecord {
      seq += 1;
      const record: StreamRecord = { type, at: toInstant(clock.nowMs()), seq, data };
      if (type === "hello") hello = record;
      for (const listener of listeners) {
        try {
          listener(record);
        } catch {
          listeners.delete(listener);
        }
      }
      return record;
    },
    /** Answers the way to stop listening. */
    subscribe(listener: StreamListener): () => void {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
  };
}

export type Stream = ReturnType<typeof createStream>;
