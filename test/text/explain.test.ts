import { describe, expect, it } from "vitest";
import { REASON_CODES } from "#src/model/reason.ts";
import { explainLines, nextStep } from "#src/text/explain.ts";
import { reasonLabel } from "#src/text/reason.ts";
import { sampleView } from "../tui/sample-view.ts";

const { explain } = sampleView;
if (explain === null) throw new Error("the sample has an explanation");

describe("the three lines of explain", () => {
  it("names watts, reason, both bounds and what comes next", () => {
    expect(explainLines(explain)).toEqual([
      "493 W  co-op peak event: at most 500 W until 19:00",
      "not more: 15 A breaker allows 1440 W     not less: the room asks for heat, 0.6 °C below its set point (493 W)",
      "next: the event ends and heat comes back in 1 h 49 min",
    ]);
  });

  it("says so when nothing bounds it and nothing is planned", () => {
    expect(explainLines({ ...explain, notHigher: null, notLower: null, next: null }).slice(1)).toEqual([
      "not more: the heaters have no more to give     not less: nothing stands in the way",
      "next: nothing is planned",
    ]);
  });

  it("gives the local time of what is far, and no second time where the words have one", () => {
    const nowMs = Date.parse("2026-01-17T00:10:20Z");
    expect(nextStep(explain, nowMs, "America/Denver")).toBe("the event ends and heat comes back at 19:00");
    const timed = {
      ...explain,
      next: { code: "COOP_LIMIT" as const, inS: 30, text: "ramp down starts 16:58:20" },
    };
    expect(nextStep(timed, nowMs, "America/Denver")).toBe("ramp down starts 16:58:20");
  });

  it("falls back on words for the code when a record brings no text, and drops escapes from the text", () => {
    const bare = { ...explain, reason: { ...explain.reason, text: "" } };
    expect(explainLines(bare)[0]).toBe("493 W  co-op event limits the heaters");
    const hostile = { ...explain, reason: { ...explain.reason, text: "\u001b[2Jwarm\u0007" } };
    expect(explainLines(hostile)[0]).toBe("493 W  warm");
  });

  it("has words for every reason code", () => {
    for (const code of REASON_CODES) expect(reasonLabel(code)).toMatch(/^[a-z0-9]/);
    expect(reasonLabel("NEW_CODE")).toBe("NEW_CODE");
    expect(reasonLabel("constructor")).toBe("constructor");
  });

  it("does not give the wish itself as what stops more or less", () => {
    const reason = {
      code: "HEAT_WORTH_IMPORT",
      layer: "economics",
      text: "heat is worth the power",
    } as const;
    const wish = { code: "HEAT_WORTH_IMPORT", atW: 430, text: "heat is worth the power" } as const;
    const notHigher = { ...wish, text: `${wish.text} (next: 15 A breaker allows 1396 W)` };

    expect(explainLines({ ...explain, reason, notHigher, notLower: wish })[1]).toBe(
      "not more: nothing asks for more (next: 15 A breaker allows 1396 W)     not less: that is what is wanted now",
    );
  });
});
