import type { ClockMemory } from "./state.ts";
import type { Snapshot } from "./types.ts";

/** How far the wall clock can be believed (control.md §12, clock jump). Epoch milliseconds. */
export interface WallClock {
  nowMs: number;
  /** The time by the clock before an unexplained jump; null when there was none. Events obey both. */
  formerNowMs: number | null;
  /** False after 10 minutes without synchronisation: schedules and prices are then unknown. */
  isTrusted: boolean;
}

const JUMP_MS = 30_000;
const GRACE_MS = 600_000;

/** Watches the distance of the two clocks; changes the memory. */
export function updateClock(snapshot: Snapshot, memory: ClockMemory): WallClock {
  const { monoMs, wallMs, isClockSynced } = snapshot;
  const offsetMs = wallMs - monoMs;
  const jumped = memory.offsetMs !== null && Math.abs(offsetMs - memory.offsetMs) > JUMP_MS;
  if (isClockSynced) {
    memory.formerOffsetMs = null;
    memory.unsyncedSinceMono = null;
  } else {
    if (jumped && memory.formerOffsetMs === null) memory.formerOffsetMs = memory.offsetMs;
    memory.unsyncedSinceMono ??= monoMs;
  }
  memory.offsetMs = offsetMs;
  return {
    nowMs: wallMs,
    formerNowMs: memory.formerOffsetMs === null ? null : monoMs + memory.formerOffsetMs,
    isTrusted: memory.unsyncedSinceMono === null || monoMs - memory.unsyncedSinceMono <= GRACE_MS,
  };
}
