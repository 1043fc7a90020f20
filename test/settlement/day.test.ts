import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { addDays, dayOf, energyWindow, instantOf, localTime, miningWindow } from "#src/settlement/day.ts";

const ZONES = ["America/Chicago", "America/Denver", "Europe/Berlin", "Australia/Lord_Howe"];
const at = (text: string) => Date.parse(text);

describe("a settlement day", () => {
  it.each([
    ["2026-01-15", 86_400, "2026-01-15T06:00:00Z", "2026-01-16T06:00:00Z"],
    ["2026-03-08", 82_800, "2026-03-08T06:00:00Z", "2026-03-09T05:00:00Z"],
    ["2026-11-01", 90_000, "2026-11-01T05:00:00Z", "2026-11-02T06:00:00Z"],
  ])("%s in Chicago has %d s", (day, seconds, start, end) => {
    expect(energyWindow(day, "America/Chicago")).toEqual({ startMs: at(start), endMs: at(end), seconds });
  });

  it("has a mining window of the UTC day with the same date, also when the zone springs forward", () => {
    expect(miningWindow("2026-03-08")).toEqual({
      startMs: at("2026-03-08T00:00:00Z"),
      endMs: at("2026-03-09T00:00:00Z"),
    });
  });

  it.each(ZONES)("tiles two years in %s without gap or overlap, and each instant knows its day", (tz) => {
    let day = "2025-12-31";
    let startMs = energyWindow(day, tz).startMs;
    for (let count = 0; count < 731; count += 1) {
      const window = energyWindow(day, tz);
      expect(window.startMs).toBe(startMs);
      expect(dayOf(window.startMs, tz)).toBe(day);
      expect(dayOf(window.endMs - 1, tz)).toBe(day);
      expect(localTime(window.startMs, tz)).toMatchObject({ day, minuteOfDay: 0 });
      startMs = window.endMs;
      day = addDays(day, 1);
    }
  });

  it("agrees with the calendar of the platform at any instant", () => {
    const spoken = (tz: string) =>
      new Intl.DateTimeFormat("en-CA", {
        timeZone: tz,
        dateStyle: "short",
        timeStyle: "short",
        hourCycle: "h23",
      });
    const formats = new Map(
      [...ZONES, "Africa/Casablanca", "Asia/Kathmandu", "UTC"].map((tz) => [tz, spoken(tz)]),
    );
    const instants = fc.integer({ min: at("2024-01-01T00:00:00Z"), max: at("2030-01-01T00:00:00Z") });
    fc.assert(
      fc.property(fc.constantFrom(...formats.keys()), instants, (tz, ms) => {
        const local = localTime(ms, tz);
        const hour = String(Math.floor(local.minuteOfDay / 60)).padStart(2, "0");
        const minute = String(local.minuteOfDay % 60).padStart(2, "0");
        expect(`${local.day}, ${hour}:${minute}`).toBe(formats.get(tz)?.format(ms));
        expect(local.isoWeekday).toBe(new Date(`${local.day}T00:00:00Z`).getUTCDay() || 7);
      }),
      { numRuns: 300 },
    );
  });

  it("moves a skipped time on, takes the first of two, and knows 24:00", () => {
    const tz = "America/Denver";
    expect(instantOf("2026-03-08", "02:30", tz)).toBe(at("2026-03-08T03:30:00-06:00"));
    expect(instantOf("2026-11-01", "01:30", tz)).toBe(at("2026-11-01T01:30:00-06:00"));
    expect(instantOf("2026-01-15", "24:00", tz)).toBe(at("2026-01-16T00:00:00-07:00"));
  });

  it("counts days over months and years", () => {
    expect(addDays("2026-12-31", 1)).toBe("2027-01-01");
    expect(addDays("2024-03-01", -1)).toBe("2024-02-29");
  });

  it("refuses what is no day, no time and no zone with exit 2", () => {
    expect(() => energyWindow("2026-02-30", "UTC")).toThrow(
      expect.objectContaining({ code: "DAY_INVALID", exit: 2 }),
    );
    expect(() => energyWindow("2026-02-03", "Mars/Base")).toThrow(
      expect.objectContaining({ code: "TZ_UNKNOWN" }),
    );
    expect(() => instantOf("2026-02-03", "25:00", "UTC")).toThrow(
      expect.objectContaining({ code: "TIME_INVALID" }),
    );
    expect(() => localTime(0, "")).toThrow(expect.objectContaining({ code: "TZ_UNKNOWN" }));
  });
});
