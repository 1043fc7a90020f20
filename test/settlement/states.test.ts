import { describe, expect, it } from "vitest";
import type { SettlementState } from "#src/model/settlement-record.ts";
import { canMove, moveProblem, type RevisionState } from "#src/settlement/states.ts";

const STATES: SettlementState[] = ["accruing", "estimated", "confirmed", "applied", "disputed", "corrected"];

describe("the states of a day", () => {
  it("move only as the document allows, every pair looked at", () => {
    const allowed = STATES.flatMap((from) =>
      STATES.filter((to) => canMove(from, to)).map((to) => `${from} ${to}`),
    );
    expect(allowed.sort()).toEqual([
      "accruing estimated",
      "applied disputed",
      "confirmed applied",
      "confirmed disputed",
      "disputed confirmed",
      "disputed corrected",
      "estimated confirmed",
      "estimated disputed",
    ]);
  });

  const history = (...rows: string[]): RevisionState[] =>
    rows.map((row) => {
      const [state, revision] = row.split(" ");
      return { state: state as SettlementState, revision: Number(revision) };
    });

  it.each<[string[], string, boolean]>([
    [[], "accruing 1", true],
    [[], "estimated 1", true],
    [[], "confirmed 1", true],
    [[], "applied 1", false],
    [[], "estimated 2", false],
    [["accruing 1"], "accruing 1", true],
    [["accruing 1"], "confirmed 1", false],
    [["estimated 1"], "estimated 1", true],
    [["confirmed 1"], "confirmed 1", false],
    [["confirmed 1"], "confirmed 2", true],
    [["confirmed 1"], "estimated 2", false],
    [["confirmed 1"], "confirmed 3", false],
    [["confirmed 2"], "confirmed 1", false],
    [["confirmed 1", "applied 1"], "confirmed 1", false],
    [["confirmed 1", "applied 1"], "disputed 1", true],
    [["confirmed 1", "applied 1", "disputed 1"], "confirmed 1", false],
    [["confirmed 1", "applied 1", "disputed 1"], "corrected 1", true],
    [["confirmed 1", "disputed 1"], "confirmed 1", true],
    [["confirmed 1", "disputed 1", "corrected 1"], "confirmed 2", true],
    [["confirmed 1", "disputed 1", "corrected 1"], "disputed 1", false],
    [["accruing 1"], "confirmed 2", false],
  ])("after %j comes %s: %s", (rows, next, isAllowed) => {
    const [row] = history(next);
    if (row === undefined) throw new Error("a row to judge");
    expect(moveProblem(history(...rows), row) === null).toBe(isAllowed);
  });
});
