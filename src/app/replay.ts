import { type ControlState, decide } from "../control/decide.ts";
import type { ControlConfig, MinerCommand, Snapshot } from "../control/types.ts";
import { readDecisionLog, type StoredTick } from "../ledger/decision-log.ts";
import { toInstant } from "../model/clock.ts";
import type { Decision } from "../model/decision.ts";
import { differenceError, type HearthError, usageError } from "../model/errors.ts";

/** A time to look at; everything where absent. Milliseconds since the epoch, both ends included. */
export interface ReplaySpan {
  fromMs?: number;
  toMs?: number;
}

/** The first tick that is decided otherwise than it was. */
export interface ReplayDifference {
  seq: number;
  at: string;
  /** Version of the program that decided then. */
  program: string;
  /** Where the two first differ, as `decision.miners.0.targetW`. */
  where: string;
  /** What stood there then and what stands there now, as JSON; null where nothing does. */
  was: string | null;
  is: string | null;
}

/** What became of deciding a log again. */
export interface ReplayResult {
  /** Decisions made again, the differing one included. */
  decisions: number;
  /** Stretches: each begins with a stored state, after a start of the loop or a change of what is configured. */
  stretches: number;
  /** First and last decision, RFC 3339 UTC; null when there is none. */
  from: string | null;
  to: string | null;
  difference: ReplayDifference | null;
}

/**
 * Decides every tick of a decision log again with the same pure core and compares byte for byte, up to the first
 * difference. `path` is a `decisions.db`, or the `state.db` beside it.
 *
 * @throws HearthError `DECISIONS_MISSING` (6), `DECISIONS_ACCESS` (5), `DECISIONS_INVALID` (2) for another kind of file.
 */
export function replayDecisions(path: string, span: ReplaySpan = {}): ReplayResult {
  const result: ReplayResult = { decisions: 0, stretches: 0, from: null, to: null, difference: null };
  let config: ControlConfig | null = null;
  let state: ControlState | null = null;
  for (const tick of ticksOf(path, span)) {
    if (tick.start) {
      result.stretches += 1;
      config = tick.start.config as ControlConfig;
      state = tick.start.state as ControlState;
    }
    if (!config || !state) continue;
    const again = decide(tick.snapshot as Snapshot, state, config);
    state = again.state;
    result.decisions += 1;
    result.from ??= toInstant(tick.atMs);
    result.to = toInstant(tick.atMs);
    const difference = firstDifference(
      { commands: tick.commands, decision: tick.decision },
      { commands: again.commands, decision: again.decision },
      "",
    );
    if (difference) {
      const { seq, program } = tick;
      result.difference = { seq, at: toInstant(tick.atMs), program, ...difference };
      return result;
    }
  }
  return result;
}

/** The error of a replay that differs (exit 7); null when it does not. */
export function replayError({ difference, decisions }: ReplayResult): HearthError | null {
  if (!difference) return null;
  const { at, where, was, is, program } = difference;
  const text = `Decision ${decisions} of the log, ${at}, is another one now: ${where} was ${was ?? "absent"}, is ${is ?? "absent"}`;
  return differenceError("REPLAY_DIFFERS", text, {
    left: "The log was not changed",
    hint: `It was decided by hearth ${program}; the same version decides the same`,
  });
}

/** One decision as it was taken, with what it was taken from. */
export interface RecordedDecision {
  atMs: number;
  snapshot: Snapshot;
  commands: MinerCommand[];
  decision: Decision;
}

/** The decision in force at that time; null when the log does not reach back so far. Throws as `replayDecisions`. */
export function decisionAt(path: string, atMs: number): RecordedDecision | null {
  let found: StoredTick | null = null;
  for (const tick of ticksOf(path, { fromMs: atMs, toMs: atMs })) {
    if (tick.atMs > atMs) break;
    found = tick;
  }
  return found && (found as unknown as RecordedDecision);
}

function* ticksOf(path: string, span: ReplaySpan): Generator<StoredTick> {
  const file = path.replace(/state\.db$/, "decisions.db");
  try {
    yield* readDecisionLog(file, span);
  } catch (error) {
    if (!isForeign(error)) throw error;
    throw usageError("DECISIONS_INVALID", `${file} is no decision log of hearth, or it is damaged`, {
      hint: "Give the decisions.db of a loop (in HEARTH_HOME, else in $XDG_DATA_HOME/hearth), or a copy of it",
      cause: error,
    });
  }
}

/** SQLite, zlib and JSON each say in their own way that these are not the bytes of a log. */
function isForeign(error: unknown): boolean {
  const code = (error as { code?: unknown }).code;
  return error instanceof SyntaxError || code === "ERR_SQLITE_ERROR" || String(code).startsWith("Z_");
}

type Place = Pick<ReplayDifference, "where" | "was" | "is">;

/** Walks both in the order of their keys, so that equal bytes and no difference mean the same. */
function firstDifference(then: unknown, now: unknown, where: string): Place | null {
  const texts = { was: textOf(then), is: textOf(now) };
  if (texts.was === texts.is) return null;
  if (!isBranch(then) || !isBranch(now)) return { where, ...texts };
  for (const key of new Set([...Object.keys(then), ...Object.keys(now)])) {
    const deeper = firstDifference(then[key], now[key], where === "" ? key : `${where}.${key}`);
    if (deeper) return deeper;
  }
  return { where, ...texts };
}

function isBranch(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null;
}

function textOf(value: unknown): string | null {
  return JSON.stringify(value) ?? null;
}
