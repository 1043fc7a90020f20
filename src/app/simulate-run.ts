import { setImmediate } from "node:timers/promises";
import type { Faults } from "../sim/plant/faults.ts";
import { type PlantHome, TICK_S } from "../sim/plant/plant-home.ts";
import { type Trace, TraceCursor } from "../sim/plant/trace.ts";
import type { Pilot } from "./simulate-baselines.ts";
import type { RunEvent, Tally } from "./simulate-tally.ts";

export interface RunOptions {
  home: PlantHome;
  pilot: Pilot;
  tally: Tally;
  durationS: number;
  faults: Faults | null;
  /** Called at the end of every tick; null keeps no rows. */
  onTick: ((nowS: number) => void) | null;
}

/** So much is run before others get their turn, s: about a tenth of a second of work. */
const TURN_S = 6 * 3600;

/** Lets a pilot run a home to the end of its trace, tick by tick. */
export function runHome(options: RunOptions): void {
  runSpan(options, 0, options.durationS);
}

/** The same with pauses in which the process can hear a signal. */
export async function runHomeInTurns(options: RunOptions): Promise<void> {
  for (let fromS = 0; fromS < options.durationS; fromS += TURN_S) {
    runSpan(options, fromS, Math.min(fromS + TURN_S, options.durationS));
    await setImmediate();
  }
}

function runSpan({ home, pilot, tally, faults, onTick }: RunOptions, fromS: number, toS: number): void {
  for (let nowS = fromS; nowS < toS; nowS += TICK_S) {
    if (faults !== null) faults.strike(nowS, home);
    home.observe(nowS);
    pilot.tick(nowS, home);
    home.advance(nowS);
    tally.add(nowS, home, pilot);
    if (onTick !== null) onTick(nowS);
  }
}

/** Mean surplus of each minute of a trace, W, >= 0, as the bound wants it; what is not known is no surplus. */
export function minuteSurplusW(trace: Trace): Float64Array {
  const cursor = new TraceCursor(trace);
  const { pv_w: pv, load_w: load } = trace.columns;
  const minutes = new Float64Array(Math.ceil(trace.durationS / 60));
  for (let nowS = 0; nowS < trace.durationS; nowS += TICK_S) {
    cursor.seek(nowS);
    const pvW = pv === null ? 0 : cursor.linear(pv, nowS);
    const spareW = pvW - (load === null ? 0 : cursor.held(load));
    const minute = Math.floor(nowS / 60);
    if (spareW > 0) minutes[minute] = (minutes[minute] ?? 0) + (spareW * TICK_S) / 60;
  }
  return minutes;
}

/** Stretches of the column `event_limit_w` with one limit each, as events. */
export function eventsOfTrace(trace: Trace): RunEvent[] {
  const limits = trace.columns.event_limit_w;
  if (limits === null) return [];
  const events: RunEvent[] = [];
  limits.forEach((limitW, row) => {
    if (Number.isNaN(limitW)) return;
    const startS = trace.timesS[row] ?? 0;
    const endS = trace.timesS[row + 1] ?? trace.durationS;
    const last = events.at(-1);
    if (last !== undefined && last.endS === startS && last.limitW === limitW) last.endS = endS;
    else events.push({ startS, endS, limitW });
  });
  return events;
}

/** Lowest limit in force at a moment, W; NaN without one. */
export function limitAt(events: readonly RunEvent[], nowS: number): number {
  let lowestW = Number.NaN;
  for (const { startS, endS, limitW } of events) {
    if (nowS >= startS && nowS < endS && !(limitW >= lowestW)) lowestW = limitW;
  }
  return lowestW;
}
