import type { StreamRecord } from "../model/stream.ts";
import type { HomeTruth, SimHome } from "../sim/home.ts";

const INTERVAL_MS = 900_000;

/** What really happened, second by second, whatever the sensors and the loop believed. */
export interface SafetyRecord {
  /** Minutes with the room below its floor. */
  floorBreachMin: number;
  /** Watt-seconds above the circuit's continuous limit. */
  overLimitWs: number;
  lowestRoomC: number;
  highestW: number;
}

/** Measures from outside: the floor, the circuit, and the heaters' energy as the co-op's own meter sees it. */
export function recordTruth(home: SimHome, rules: { floorC: number; limitW: number; fromMs: number }) {
  const safety: SafetyRecord = {
    floorBreachMin: 0,
    overLimitWs: 0,
    lowestRoomC: Number.POSITIVE_INFINITY,
    highestW: 0,
  };
  const meter = new Map<number, number>();
  home.onSecond((truth: HomeTruth) => {
    const intervalMs = Math.floor((truth.nowMs - 1000) / INTERVAL_MS) * INTERVAL_MS;
    meter.set(intervalMs, (meter.get(intervalMs) ?? 0) + truth.heaterW);
    if (truth.nowMs < rules.fromMs) return;
    if (truth.roomC < rules.floorC) safety.floorBreachMin += 1 / 60;
    safety.overLimitWs += Math.max(0, truth.heaterW - rules.limitW);
    safety.lowestRoomC = Math.min(safety.lowestRoomC, truth.roomC);
    safety.highestW = Math.max(safety.highestW, truth.heaterW);
  });
  return {
    safety: (): SafetyRecord => ({ ...safety }),
    /** Quarter hours of a window, whole Wh with the rest carried on, as a utility meter's register does. */
    meterRows(fromMs: number, toMs: number): { startMs: number; seconds: number; wh: number }[] {
      let register = 0;
      let read = 0;
      const rows: { startMs: number; seconds: number; wh: number }[] = [];
      for (let startMs = fromMs; startMs < toMs; startMs += INTERVAL_MS) {
        register += (meter.get(startMs) ?? 0) / 3600;
        const wh = Math.floor(register) - read;
        read += wh;
        rows.push({ startMs, seconds: INTERVAL_MS / 1000, wh });
      }
      return rows;
    },
  };
}

/** Counts decisions by reason and keeps what the stream said of events. */
export function recordStream() {
  const reasons: Record<string, number> = {};
  const alarms = new Set<string>();
  let decisions = 0;
  return {
    hear(record: StreamRecord): void {
      if (record.type === "alarm" && record.data["active"] === true) alarms.add(String(record.data["code"]));
      if (record.type !== "decision") return;
      decisions += 1;
      const codes = [record.data["reason"], record.data["notHigher"], record.data["notLower"]]
        .map((part) => (part as { code?: string } | null)?.code)
        .filter((code) => code !== undefined);
      for (const code of new Set(codes)) reasons[code] = (reasons[code] ?? 0) + 1;
    },
    reasons: () => reasons,
    decisions: () => decisions,
    alarms: () => [...alarms],
  };
}
