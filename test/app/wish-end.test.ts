import { mkdtempSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { endOf } from "#src/app/wish-end.ts";
import { emptyConfig } from "#src/config/config-store.ts";
import { writeConfig } from "#src/config/config-write.ts";
import { hearthPaths } from "#src/config/paths.ts";

const nowMs = Date.UTC(2026, 0, 15, 12, 0);
// A home without a configuration: times of day are those of this computer.
const env = { HEARTH_HOME: mkdtempSync(join(tmpdir(), "hearth-wish-")), TZ: process.env["TZ"] };

describe("the end of a wish", () => {
  it("is the usual one when nothing is said", () => {
    expect(endOf(env, {}, nowMs)).toBeNull();
  });

  it.each([
    ["90m", "2026-01-15T13:30:00Z"],
    ["1h30m", "2026-01-15T13:30:00Z"],
    ["45s", "2026-01-15T12:00:45Z"],
    ["24h", "2026-01-16T12:00:00Z"],
  ])("after %s is %s", (span, end) => {
    expect(endOf(env, { for: span }, nowMs)).toBe(end);
  });

  it("at a moment is that moment, in any zone", () => {
    expect(endOf(env, { until: "2026-01-15T06:30:00-07:00" }, nowMs)).toBe("2026-01-15T13:30:00Z");
  });

  it.each([
    ["2026-01-16T02:30", "2026-01-15T13:30:00Z"],
    ["02:30", "2026-01-15T13:30:00Z"],
  ])("at %s without a zone is meant in the home's", (until, end) => {
    const home = { HEARTH_HOME: mkdtempSync(join(tmpdir(), "hearth-wish-")) };
    writeConfig(hearthPaths(home), emptyConfig("Pacific/Auckland"));

    expect(endOf(home, { until }, nowMs)).toBe(end);
  });

  it("at a time of day is the next such moment, today or tomorrow", () => {
    for (let hour = 0; hour < 24; hour++) {
      const end = Date.parse(endOf(env, { until: `${String(hour).padStart(2, "0")}:30` }, nowMs) ?? "");

      expect(end).toBeGreaterThan(nowMs);
      expect(end).toBeLessThanOrEqual(nowMs + 24 * 3_600_000);
      expect(new Date(end).getHours()).toBe(hour);
      expect(new Date(end).getMinutes()).toBe(30);
    }
  });

  it.each([
    { for: "25h" },
    { for: "0s" },
    { for: "-5m" },
    { for: "soon" },
    { for: "5" },
    { for: "1h1h1h1h" },
    { until: "25:00" },
    { until: "yesterday" },
    { until: "2026-01-15T11:59:59Z" },
    { until: "2026-01-16T12:00:01Z" },
    { until: "2026-13-45T00:00:00Z" },
    { until: "2026-13-45T00:00" },
    { until: "2026-02-31T13:00" },
    { until: "" },
  ])("that is no moment of the next day is refused: %o", (flags) => {
    expect(() => endOf(env, flags, nowMs)).toThrow(
      expect.objectContaining({ code: "UNTIL_INVALID", exit: 2, hint: expect.stringContaining("--for") }),
    );
  });
});
