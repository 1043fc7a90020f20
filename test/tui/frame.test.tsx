import { stripVTControlCharacters } from "node:util";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { DashboardView } from "#src/model/view.ts";
import { cellWidth } from "#src/text/width.ts";
import { frameLines } from "#src/tui/layout.ts";
import { lineWidth } from "#src/tui/line.ts";
import { renderFrame } from "#src/tui/render-frame.tsx";
import { anyView } from "./any-view.ts";
import { sampleView, unknownView } from "./sample-view.ts";

const plain = (view: DashboardView, columns: number, rows: number, isHelp = false) =>
  stripVTControlCharacters(renderFrame(view, { columns, rows, isHelp }));
const size = fc.record({
  columns: fc.integer({ min: 40, max: 200 }),
  rows: fc.integer({ min: 12, max: 60 }),
});

describe("the dashboard as a picture", () => {
  it.each([
    [44, 14],
    [60, 24],
    [80, 24],
    [120, 40],
    [160, 50],
  ])("looks like this at %d by %d", async (columns, rows) => {
    await expect(`${plain(sampleView, columns, rows)}\n`).toMatchFileSnapshot(
      `frames/${columns}x${rows}.txt`,
    );
  });

  it("shows an en dash and a reason for everything unknown, and no zero", async () => {
    const frame = plain(unknownView, 80, 24);
    await expect(`${frame}\n`).toMatchFileSnapshot("frames/unknown-80x24.txt");
    const [, ...body] = frame.split("\n");
    expect(body.join("\n").replaceAll(/\d\d:00|\d\d\.0/g, "")).not.toMatch(/\b0/);
  });

  it("says the same without colour", async () => {
    const frame = renderFrame(sampleView, { columns: 80, rows: 24, hasColor: false });
    expect(frame).not.toMatch(/\u001b\[(3\d|4\d|9\d|38;[\d;]+)m/);
    await expect(`${stripVTControlCharacters(frame)}\n`).toMatchFileSnapshot("frames/80x24.txt");
  });

  it("has a page of keys and signs", async () => {
    await expect(`${plain(sampleView, 80, 24, true)}\n`).toMatchFileSnapshot("frames/help-80x24.txt");
  });

  it("shows temperatures in degF, and times of the home's zone, when the home wants it so", () => {
    const frame = plain({ ...sampleView, temperatureUnit: "F", tz: "America/Chicago" }, 120, 40);
    expect(frame).toContain("68.8 °F  set 69.8  floor 59.0");
    expect(frame).toContain("Fri 16 Jan  18:10:20 CST");
  });

  it("warns when the loop stands still and when no news comes", () => {
    const view = { ...sampleView, status: { ...sampleView.status, loop: false } };
    const text = frameLines(view, { columns: 80, rows: 24 }, { silentS: 75 })
      .flat()
      .map((piece) => piece.text)
      .join("");
    expect(text).toContain("! the loop is not running: this is its last picture, no news for 1 min 15 s");
  });

  it("keeps the mark of a simulation, the room and the event at the smallest size", () => {
    const frame = plain(sampleView, 40, 12);
    for (const words of ["SIMULATED", "CO-OP PEAK EVENT", "20.4 °C", "1 h 49 min left"])
      expect(frame).toContain(words);
  });

  it("tells importing from exporting in words, and a cold room from a warm one", () => {
    const cold = { name: "living", roomC: 14.2, setC: 21, floorC: 15 };
    const view = { ...sampleView, status: { ...sampleView.status, gridW: -640, zone: [cold] } };
    expect(plain(view, 120, 40)).toContain("exporting 640 W");
    expect(plain(view, 120, 40)).toContain("below the floor");
  });

  it("offers the opt-out command only for an id that a shell reads as a plain word", () => {
    const { event } = sampleView.status;
    if (event === null) throw new Error("the sample has an event");
    const view = { ...sampleView, status: { ...sampleView.status, event: { ...event, id: "x; rm -rf ~" } } };
    expect(plain(view, 120, 40)).not.toContain("opt-out");
    expect(plain(sampleView, 120, 40)).toContain("hearth event opt-out peak-0116");
  });
});

describe("the frame for any view and any size", () => {
  it("fills exactly the screen", () => {
    fc.assert(
      fc.property(anyView, size, fc.boolean(), (view, { columns, rows }, isHelp) => {
        const lines = frameLines(view, { columns, rows }, { isHelp });
        expect(lines).toHaveLength(rows);
        for (const line of lines) expect(lineWidth(line)).toBe(columns);
      }),
      { numRuns: 200 },
    );
  });

  it("holds no control byte of foreign text", () => {
    fc.assert(
      fc.property(anyView, size, (view, box) => {
        for (const piece of frameLines(view, box).flat()) expect(piece.text).not.toMatch(/[\p{Cc}\p{Cs}]/u);
      }),
      { numRuns: 200 },
    );
  });

  it("stays within the screen as Ink writes it", () => {
    fc.assert(
      fc.property(anyView, size, (view, { columns, rows }) => {
        const lines = stripVTControlCharacters(renderFrame(view, { columns, rows })).split("\n");
        expect(lines.length).toBeLessThanOrEqual(rows);
        for (const line of lines) expect(cellWidth(line)).toBeLessThanOrEqual(columns);
      }),
      { numRuns: 25 },
    );
  });

  it("draws something at sizes that no terminal should have", () => {
    for (const [columns, rows] of [
      [1, 1],
      [5, 3],
      [400, 2],
      [20, 100],
    ] as const) {
      expect(frameLines(sampleView, { columns, rows })).toHaveLength(rows);
    }
  });
});
