import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { cellWidth, clipText, fitText, screenText, wrapText } from "#src/text/width.ts";
import { anyText } from "../tui/any-view.ts";

describe("text on a screen", () => {
  it("counts wide characters twice and combining marks not at all", () => {
    expect(cellWidth("heat")).toBe(4);
    expect(cellWidth("暖房")).toBe(4);
    expect(cellWidth("🔥")).toBe(2);
    expect(cellWidth("e\u0301")).toBe(1);
    expect(cellWidth("–░█●°")).toBe(5);
  });

  it("cuts at the end of a word where one is near", () => {
    expect(clipText("pool day is not calculated", 20)).toBe("pool day is not…");
    expect(clipText("unbreakable-name-of-a-miner", 10)).toBe("unbreakab…");
    expect(fitText("ab", 4)).toBe("ab  ");
  });

  it("wraps between words and breaks only a word that is too long", () => {
    expect(wrapText("the room asks for heat", 10)).toEqual(["the room", "asks for", "heat"]);
    expect(wrapText("abcdefghijkl", 5)).toEqual(["abcde", "fghij", "kl"]);
    expect(wrapText("one two three four", 9, 1)).toEqual(["one two…"]);
    expect(wrapText("", 9)).toEqual([]);
    expect(wrapText("it is 0.6 °C below, 4 min 10 s left", 12)).toEqual([
      "it is 0.6 °C",
      "below, 4 min",
      "10 s left",
    ]);
    expect(wrapText("allows 1440 W", 11)).toEqual(["allows", "1440 W"]);
  });

  it("drops escapes, direction marks, tags, half surrogates and towers of accents", () => {
    const hostile =
      "\u001b[2J\u0007a\u001b[31mb\u202ec\u{e0041}d\ud800e\u0301\u0301\u0301\u0301f\u009b2J\r\ng";
    expect(screenText(hostile)).toBe("abcd\u00e9\u0301fg");
  });

  it("keeps any text within its cells and free of control bytes", () => {
    fc.assert(
      fc.property(anyText, fc.integer({ min: 1, max: 60 }), (text, width) => {
        const clean = screenText(text);
        expect(clean).not.toMatch(/[\p{Cc}\p{Cs}\u2028-\u202e\u2066-\u2069]/u);
        expect(cellWidth(fitText(clean, width))).toBe(width);
        for (const row of wrapText(clean, Math.max(2, width), 4)) {
          expect(cellWidth(row)).toBeLessThanOrEqual(Math.max(2, width));
        }
      }),
      { numRuns: 300 },
    );
  });
});
