import type { AgeClass } from "../model/decision.ts";
import { clamp, finite, median, pushBounded } from "./numbers.ts";
import type { Reading } from "./types.ts";

/** How one kind of signal is judged (table of control.md §2). Seconds, and the unit of the signal for the range. */
export interface SourceRules {
  min: number;
  max: number;
  freshS: number;
  staleS: number;
  lostS: number;
  /** Fresh lasts this many learnt periods at least; 0: only `freshS`. */
  freshPeriods: number;
  /** Largest believable change per minute; null: any. */
  jumpPerMinute: number | null;
  /** A zero is believed after this many equal reads; 1: at once. */
  zeroReads: number;
  /** Good samples needed after the source was stale. */
  recoverSamples: number;
}

/** What is remembered of one source. */
export interface SourceMemory {
  seq: number | null;
  /** Last good value; null when there never was one. */
  value: number | null;
  goodMono: number | null;
  intervalsMs: number[];
  /** Learnt period, s; null before two samples. */
  periodS: number | null;
  dropMonos: number[];
  isFaulty: boolean;
  suspect: number | null;
  zeros: number;
  /** Good samples still missing after an outage. */
  awaited: number;
  /** When it became unusable; null while usable. */
  unusableSinceMono: number | null;
}

/** One judged signal. `value` is null whenever it must not be used. */
export interface Signal {
  value: number | null;
  /** Last good value whatever its age; null when there never was one. */
  last: number | null;
  age: AgeClass;
  /** Since receipt of the last good sample, s; null when there never was one. */
  ageS: number | null;
  isNew: boolean;
  /** Receipt of the sample, monotonic ms; null when there never was one. */
  sampleMono: number | null;
  /** For how long it has been unusable, s; 0 while usable. */
  unusableS: number;
}

const DROPS_TO_FAULTY = 5;
const DROP_WINDOW_MS = 60_000;

/** Memory of a source that has not reported yet: lost, not "unknown and therefore fine". */
export function initialSource(): SourceMemory {
  return {
    seq: null,
    value: null,
    goodMono: null,
    intervalsMs: [],
    periodS: null,
    dropMonos: [],
    isFaulty: false,
    suspect: null,
    zeros: 0,
    awaited: 0,
    unusableSinceMono: null,
  };
}

/**
 * Takes the latest reading into the memory (which it changes) and judges the signal.
 * Dropped samples let the age grow; nothing is ever replaced by 0. `startedMono` is when the loop began.
 */
export function judge(
  memory: SourceMemory,
  reading: Reading | null | undefined,
  rules: SourceRules,
  monoMs: number,
  startedMono: number,
): Signal {
  const isNewSeq = reading != null && reading.seq !== memory.seq;
  let isNew = false;
  if (isNewSeq) {
    memory.seq = finite(reading.seq);
    isNew = takeSample(memory, reading, rules, monoMs);
  }
  const age = classify(memory, rules, monoMs, finite(reading?.maxAgeS));
  const isUsable = age === "fresh" || age === "aging";
  if (isUsable) memory.unusableSinceMono = null;
  else if (memory.unusableSinceMono === null) {
    memory.unusableSinceMono = memory.goodMono === null ? startedMono : monoMs;
    if (memory.goodMono !== null) memory.awaited = rules.recoverSamples;
  }
  return {
    value: isUsable ? memory.value : null,
    last: memory.value,
    age,
    ageS: memory.goodMono === null ? null : (monoMs - memory.goodMono) / 1000,
    isNew,
    sampleMono: memory.goodMono,
    unusableS: memory.unusableSinceMono === null ? 0 : (monoMs - memory.unusableSinceMono) / 1000,
  };
}

/** True when the sample was good. */
function takeSample(memory: SourceMemory, reading: Reading, rules: SourceRules, monoMs: number): boolean {
  const value = finite(reading.value);
  if (value === null) return false;
  if (value < rules.min || value > rules.max) {
    countDrop(memory, monoMs);
    return false;
  }
  if (isDoubtful(memory, value, rules, monoMs)) return false;
  // A receipt from the future would make a source young for ever.
  const receivedMono = Math.min(finite(reading.receivedMono) ?? monoMs, monoMs);
  if (memory.goodMono !== null && receivedMono > memory.goodMono) {
    pushBounded(memory.intervalsMs, receivedMono - memory.goodMono, 20);
    memory.periodS = (median(memory.intervalsMs) ?? 0) / 1000;
  }
  memory.value = value + 0;
  memory.goodMono = Math.max(memory.goodMono ?? receivedMono, receivedMono);
  if (memory.awaited > 0) memory.awaited -= 1;
  if (memory.isFaulty && memory.awaited === 0) {
    memory.isFaulty = false;
    memory.dropMonos = [];
  }
  return true;
}

function countDrop(memory: SourceMemory, monoMs: number): void {
  memory.dropMonos = memory.dropMonos.filter((mono) => monoMs - mono < DROP_WINDOW_MS);
  pushBounded(memory.dropMonos, monoMs, DROPS_TO_FAULTY);
  if (memory.dropMonos.length >= DROPS_TO_FAULTY) {
    memory.isFaulty = true;
    memory.awaited = 3;
  }
}

/** A jump is believed when the next reading agrees; a zero, where doubtful, after equal reads. */
function isDoubtful(memory: SourceMemory, value: number, rules: SourceRules, monoMs: number): boolean {
  memory.zeros = value === 0 ? memory.zeros + 1 : 0;
  if (value === 0 && memory.value !== 0 && memory.zeros < rules.zeroReads) return true;
  if (rules.jumpPerMinute === null || memory.value === null || memory.goodMono === null) return false;
  const minutes = Math.max(1, (monoMs - memory.goodMono) / 60_000);
  if (Math.abs(value - memory.value) <= rules.jumpPerMinute * minutes) {
    memory.suspect = null;
    return false;
  }
  if (memory.suspect !== null && Math.abs(value - memory.suspect) <= rules.jumpPerMinute) {
    memory.suspect = null;
    return false;
  }
  memory.suspect = value;
  return true;
}

function classify(memory: SourceMemory, rules: SourceRules, monoMs: number, capS: number | null): AgeClass {
  if (memory.isFaulty) return "faulty";
  if (memory.goodMono === null) return "lost";
  const ageS = (monoMs - memory.goodMono) / 1000;
  const periodS = memory.periodS ?? 0;
  const staleS = Math.min(Math.max(rules.staleS, 4 * periodS), capS ?? Number.POSITIVE_INFINITY);
  const lostS = Math.max(staleS, rules.lostS, clamp(8 * periodS, 0, 2 * staleS));
  if (ageS > lostS) return "lost";
  if (ageS > staleS || memory.awaited > 0) return "stale";
  return ageS <= Math.max(rules.freshS, rules.freshPeriods * periodS) ? "fresh" : "aging";
}
