import type { Reading, Snapshot } from "../control/types.ts";
import type { Clock } from "../model/clock.ts";
import type { SourceRole } from "../model/config.ts";
import { HearthError } from "../model/errors.ts";
import { safeText } from "../model/parse.ts";
import type { Sample, Source } from "../sources/registry.ts";
import { inTime } from "./in-time.ts";

/** A source that has not answered by then has not answered, ms of real time. */
const READ_MS = 10_000;

/** One poll of one source as the stream tells it. */
export interface SourceReport {
  name: string;
  role: SourceRole;
  value: number | null;
  reason: string | null;
}

/** Holds the latest sample of every source; judging age and quality is control's work. */
export interface InputBoard {
  /** Reads one source once; a failure is kept as a report, never as a value. */
  poll(source: Source, signal: AbortSignal): Promise<SourceReport>;
  latest(role: SourceRole, zone?: string | null): Reading | null;
  rooms(): Snapshot["roomC"];
  /** Drops every sample: nothing of it tells of now. */
  forget(): void;
}

/** Roles of which the house has several (phases, arrays) are summed by one `calc` source, not here. */
export function createInputBoard(clock: Clock, zones: readonly string[]): InputBoard {
  const readings = new Map<string, Reading>();
  let seq = 0;
  const keyOf = (role: SourceRole, zone: string | null) => (role === "room" ? `room:${zone}` : role);

  return {
    async poll(source, signal) {
      const report: SourceReport = { name: source.name, role: source.role, value: null, reason: null };
      let sample: Sample = { value: null, reason: null };
      try {
        sample = await inTime(READ_MS, signal, (limited) => source.read(limited));
        report.value = sample.value;
        report.reason = sample.isAgeUnknown ? "AGE_UNKNOWN" : sample.reason;
      } catch (error) {
        report.reason = error instanceof HearthError ? error.code : safeText(String(error), 80);
      }
      const key = keyOf(source.role, source.zone);
      const before = readings.get(key);
      const receivedMono = sample.observedMono ?? clock.monoMs();
      // What was told once is news once, however often it is looked at; of unknown age it is shown and no more.
      const isNews =
        before === undefined || receivedMono > before.receivedMono || sample.observedMono === undefined;
      if (sample.value !== null && !sample.isAgeUnknown && isNews) {
        seq += 1;
        readings.set(key, { value: sample.value, receivedMono, seq, maxAgeS: source.maxAgeS });
      }
      return report;
    },
    latest: (role, zone = null) => readings.get(keyOf(role, zone)) ?? null,
    forget: () => readings.clear(),
    rooms: () => Object.fromEntries(zones.map((zone) => [zone, readings.get(`room:${zone}`) ?? null])),
  };
}
