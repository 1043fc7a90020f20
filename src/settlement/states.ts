import type { SettlementState } from "../model/settlement-record.ts";

/** Who may make a move, and what it needs (settlement.md §13). */
export interface StateMove {
  from: SettlementState;
  to: SettlementState;
  by: "tool" | "coop" | "member";
  needs: string;
}

/** Days in which a member may dispute. */
export const DISPUTE_DAYS = 60;

const DISPUTE = `a reason code within ${DISPUTE_DAYS} days`;

/** Every allowed move within one revision. */
export const stateMoves: readonly StateMove[] = [
  { from: "accruing", to: "estimated", by: "tool", needs: "both windows over for 30 minutes" },
  { from: "estimated", to: "confirmed", by: "coop", needs: "a signed record and the pool's calculated day" },
  { from: "confirmed", to: "applied", by: "coop", needs: "a posting reference" },
  { from: "estimated", to: "disputed", by: "member", needs: DISPUTE },
  { from: "confirmed", to: "disputed", by: "member", needs: DISPUTE },
  { from: "applied", to: "disputed", by: "member", needs: DISPUTE },
  { from: "disputed", to: "confirmed", by: "coop", needs: "the dispute withdrawn or answered" },
  { from: "disputed", to: "corrected", by: "coop", needs: "a new revision" },
];

/** True when the state of one revision may change so. */
export function canMove(from: SettlementState, to: SettlementState): boolean {
  return stateMoves.some((move) => move.from === from && move.to === to);
}

/** One row of a day's history, as far as its state goes. */
export interface RevisionState {
  revision: number;
  state: SettlementState;
}

/**
 * Why the next row of a day must not be written; null when it may. The same revision may repeat its state with
 * better figures while it is no more than an estimate. A new revision counts one up and starts confirmed; it
 * replaces the one before, which is `corrected` from then on, so that only one revision of a day is live.
 *
 * @param history The day's rows so far, oldest first. The first row of a day may have any state that a day
 *   which this ledger never saw can have: accruing, estimated or confirmed.
 */
export function moveProblem(history: readonly RevisionState[], next: RevisionState): string | null {
  const former = history.at(-1);
  if (former === undefined) return firstRowProblem(next);
  if (next.revision === former.revision) {
    const isBetterEstimate = next.state === former.state && ["accruing", "estimated"].includes(next.state);
    if (isBetterEstimate || canMove(former.state, next.state)) {
      return leavesApplied(history, next) ? "an applied day is left only by a new revision" : null;
    }
    return `${former.state} does not turn ${next.state}`;
  }
  if (next.revision !== former.revision + 1) {
    return `revision ${next.revision} does not follow revision ${former.revision}`;
  }
  if (next.state !== "confirmed") return "a new revision starts confirmed";
  return former.state === "accruing" ? "a running day has no second revision" : null;
}

function firstRowProblem(next: RevisionState): string | null {
  if (next.revision !== 1) return `the first row of a day is revision 1, not ${next.revision}`;
  const isOpen = ["accruing", "estimated", "confirmed"].includes(next.state);
  return isOpen ? null : `a day does not begin as ${next.state}`;
}

/** Disputing does not undo a posting: from there the same revision can only be corrected. */
function leavesApplied(history: readonly RevisionState[], next: RevisionState): boolean {
  const wasApplied = history.some((row) => row.revision === next.revision && row.state === "applied");
  return wasApplied && next.state === "confirmed";
}
