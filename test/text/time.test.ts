import { describe, expect, it } from "vitest";
import { hourRuler } from "#src/text/series.ts";
import {
  formatDate,
  formatDay,
  formatDayTime,
  formatDuration,
  formatTime,
  formatTimeSeconds,
  zoneName,
} from "#src/text/time.ts";

const denver = "America/Denver";

describe("local times", () => {
  it("follows the zone through the change to summer time", () => {
    expect(formatTime("2026-03-08T08:59:00Z", denver)).toBe("01:59");
    expect(formatTime("2026-03-08T09:00:00Z", denver)).toBe("03:00");
    expect(zoneName("2026-03-08T09:00:00Z", denver)).toBe("MDT");
  });

  it("tells the two hours of autumn apart by the name of the zone", () => {
    const [first, second] = ["2026-11-01T07:30:00Z", "2026-11-01T08:30:00Z"];
    expect([formatTime(first, denver), zoneName(first, denver)]).toEqual(["01:30", "MDT"]);
    expect([formatTime(second, denver), zoneName(second, denver)]).toEqual(["01:30", "MST"]);
  });

  it("writes midnight as 00:00 of the new day", () => {
    expect(formatTimeSeconds("2026-01-16T07:00:00Z", denver)).toBe("00:00:00");
    expect(formatDate("2026-01-16T07:00:00Z", denver)).toBe("2026-01-16");
    expect(formatDayTime("2026-01-16T06:59:59Z", denver)).toBe("Thu 15 Jan 23:59");
  });

  it("shows a zone that it does not know in UTC, and time that is none as unknown", () => {
    expect(`${formatTime(0, "Mars/Base")} ${zoneName(0, "Mars/Base")}`).toBe("00:00 UTC");
    expect(formatDay("yesterday", denver)).toBe("–");
    expect(formatTime(null, denver)).toBe("–");
    expect(formatTime(9e15, denver)).toBe("–");
  });

  it.each([
    [0, "0 s"],
    [-5, "0 s"],
    [59.4, "59 s"],
    [59.6, "1 min"],
    [250, "4 min 10 s"],
    [7_200, "2 h"],
    [6_580, "1 h 49 min"],
    [273_600, "3 d 4 h"],
    [null, "–"],
  ])("%s seconds are %s", (seconds, expected) => expect(formatDuration(seconds)).toBe(expected));
});

describe("ruler of hours", () => {
  it("marks full local hours and leaves out labels that would touch", () => {
    const toMs = Date.parse("2026-01-16T20:30:00Z");
    const { marks, labels } = hourRuler({ fromMs: toMs - 6 * 3_600_000, toMs }, 24, denver);
    expect(marks).toBe("──┴───┴───┴───┴───┴───┴─");
    expect(labels).toBe("  08:00   10:00   12:00 ");
  });

  it("jumps with the clock in spring", () => {
    const fromMs = Date.parse("2026-03-08T07:00:00Z");
    const { labels } = hourRuler({ fromMs, toMs: fromMs + 4 * 3_600_000 }, 40, denver);
    expect(labels.trim().split(/ +/)).toEqual(["00:00", "01:00", "03:00", "04:00"]);
  });

  it("keeps to the hours of a zone that is off by 45 minutes", () => {
    const fromMs = Date.parse("2026-01-16T00:00:00Z");
    const { marks, labels } = hourRuler({ fromMs, toMs: fromMs + 2 * 3_600_000 }, 16, "Asia/Kathmandu");
    expect(marks.indexOf("┴")).toBe(2);
    expect(labels.trim()).toBe("06:00   07:00".slice(0, labels.trim().length));
  });
});
