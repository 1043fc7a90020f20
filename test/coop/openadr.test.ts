import fc from "fast-check";
import { expect, test } from "vitest";
import { toCoopEvents } from "#src/coop/openadr-limits.ts";
import { formatDuration, NOW, parseDuration, parseStart } from "#src/coop/openadr-time.ts";
import { toTimeline } from "#src/coop/openadr-timeline.ts";

const T = Date.parse("2026-11-21T18:00:00Z");
const HOUR = 3_600_000;
const rules = { nowMs: T - HOUR, horizonMs: T + 168 * HOUR, seed: "hearth-1" };
const capacity = { maxTotalW: 1_000, baseLoadW: 300, simpleCapsPercent: [100, 60, 25, 0] };
const period = { start: "2026-11-21T18:00:00Z", duration: "PT1H" };

function event(type: string, values: unknown[], changes: Record<string, unknown> = {}) {
  return {
    id: "e1",
    programID: "p",
    createdDateTime: "2026-11-21T17:00:00Z",
    intervalPeriod: period,
    intervals: [{ id: 0, payloads: [{ type, values }] }],
    ...changes,
  };
}

const limits = (...events: unknown[]) =>
  toCoopEvents(events, rules, capacity).map(({ id, type, priority, limitW, raiseW, startMs, endMs }) => ({
    id,
    type,
    priority,
    limitW,
    raiseW,
    from: (startMs - T) / HOUR,
    to: endMs === null ? null : (endMs - T) / HOUR,
  }));

test.each([
  ["PT1H", HOUR],
  ["P0Y0M0DT1H0M0S", HOUR],
  ["P1DT12H", 36 * HOUR],
  ["P2W", 336 * HOUR],
  ["PT0.5S", 500],
  ["-PT5M", -300_000],
  ["P9999Y0M0DT0H0M0S", Number.POSITIVE_INFINITY],
  ["P", null],
  ["PT", null],
  ["1H", null],
  [5, null],
])("the duration %s is %s ms", (text, ms) => {
  expect(parseDuration(text)).toBe(ms);
});

test.each([
  ["2026-11-21T18:00:00Z", T],
  ["2026-11-21T19:00:00+01:00", T],
  ["2026-11-21 18:00:00", T],
  ["0001-01-01", NOW],
  ["0001-01-01T00:00:00+00:00", NOW],
  ["0000-00-00", NOW],
  ["tomorrow", null],
  [null, null],
])("the start %s is %s", (text, at) => {
  expect(parseStart(text)).toBe(at);
});

test("durations written here are read back", () => {
  fc.assert(
    fc.property(
      fc.nat(10_000_000),
      (seconds) => parseDuration(formatDuration(seconds * 1000)) === seconds * 1000,
    ),
  );
});

test.each<[string, unknown[], Record<string, unknown>]>([
  ["SIMPLE", [1], { limitW: 600, priority: "peak" }],
  ["SIMPLE", [2], { limitW: 250, priority: "peak" }],
  ["SIMPLE", [3], { limitW: 0, priority: "emergency" }],
  ["SIMPLE", ["7"], { limitW: 0, priority: "emergency" }],
  ["IMPORT_CAPACITY_LIMIT", [0.8], { limitW: 500, priority: "peak" }],
  ["IMPORT_CAPACITY_LIMIT", [0.1], { limitW: 0 }],
  ["ALERT_GRID_EMERGENCY", ["Grid emergency"], { limitW: 0, type: "off", priority: "emergency" }],
  ["ALERT_BLACK_START", [""], { limitW: 0, type: "off", priority: "emergency" }],
  ["ALERT_FLEX_ALERT", [""], { limitW: 250, type: "shift" }],
  ["CONTROL_LEVEL_OFFSET", [4], { limitW: 600, priority: "economic" }],
])("%s %j is one limit for its hour", (type, values, expected) => {
  const found = limits(event(type, values));

  expect(found).toEqual([expect.objectContaining({ id: "e1", from: 0, to: 1, ...expected })]);
});

test.each<[string, unknown[]]>([
  ["SIMPLE", [0]],
  ["SIMPLE", [-1]],
  ["SIMPLE", ["NaN"]],
  ["IMPORT_CAPACITY_LIMIT", [-1]],
  ["IMPORT_CAPACITY_LIMIT", []],
  ["PRICE", [0.1]],
  ["ALERT_WIND", ["strong"]],
  ["OEM_THING", [1]],
])("%s %j limits nothing", (type, values) => {
  expect(limits(event(type, values))).toEqual([]);
});

test("a dispatch set point is a cap and a wish for the same watts", () => {
  expect(limits(event("DISPATCH_SETPOINT", [0.4]))).toEqual([
    expect.objectContaining({ id: "e1", type: "limit", limitW: 400, raiseW: null }),
    expect.objectContaining({ id: "e1~raise", type: "raise", raiseW: 400, limitW: 1_000 }),
  ]);
});

test("the intervals of an event follow each other, with gaps of their own", () => {
  const intervals = [
    { id: 7, payloads: [{ type: "SIMPLE", values: [1] }] },
    { id: 3, payloads: [{ type: "SIMPLE", values: [3] }], intervalPeriod: { duration: "PT30M" } },
    { id: 9, payloads: [{ type: "SIMPLE", values: [2] }], intervalPeriod: { start: "2026-11-21T21:00:00Z" } },
  ];

  expect(
    limits(event("", [], { intervals })).map(({ id, from, to, limitW }) => [id, from, to, limitW]),
  ).toEqual([
    ["e1", 0, 1, 600],
    ["e1#2", 1, 1.5, 0],
    ["e1#3", 3, 4, 250],
  ]);
});

test("several values divide an interval, and a longer event repeats it", () => {
  const split = event("IMPORT_CAPACITY_LIMIT", [0.4, 0.5], { duration: "PT2H" });

  expect(limits(split).map(({ from, to, limitW }) => [from, to, limitW])).toEqual([
    [0, 0.5, 100],
    [0.5, 1, 200],
    [1, 1.5, 100],
    [1.5, 2, 200],
  ]);
});

test("a shorter event cuts, and an endless one stops at the horizon", () => {
  expect(limits(event("SIMPLE", [1], { duration: "PT30M" }))).toEqual([expect.objectContaining({ to: 0.5 })]);
  const endless = limits(event("SIMPLE", [1], { duration: "P9999Y" }));
  expect(endless.at(-1)?.to).toBe(168);
});

test("'now' with a duration is anchored where the server made or changed it; a zero length there is a cancel", () => {
  const now = { start: "0001-01-01T00:00:00Z", duration: "PT3H" };
  expect(limits(event("SIMPLE", [1], { intervalPeriod: now }))).toEqual([
    expect.objectContaining({ from: -1, to: 2 }),
  ]);
  const cancelled = { start: "0001-01-01", duration: "P0Y0M0DT0H0M0S" };
  expect(toTimeline(event("SIMPLE", [1], { intervalPeriod: cancelled }), rules)).toBeNull();
});

test("without an end a limit stays open", () => {
  expect(limits(event("SIMPLE", [2], { intervalPeriod: { start: period.start } }))).toEqual([
    expect.objectContaining({ from: 0, to: null }),
  ]);
});

test("the better priority of a program wins where two of one kind overlap, and only there", () => {
  const weak = event("SIMPLE", [3], {
    id: "weak",
    priority: 5,
    intervalPeriod: { ...period, duration: "PT3H" },
  });
  const strong = event("SIMPLE", [0], {
    id: "strong",
    priority: 0,
    intervalPeriod: { start: "2026-11-21T19:00:00Z", duration: "PT1H" },
  });
  const other = event("SIMPLE", [2], { id: "other", programID: "q", priority: 9 });

  expect(limits(weak, strong, other).map(({ id, from, to, limitW }) => [id, from, to, limitW])).toEqual([
    ["weak", 0, 1, 0],
    ["other", 0, 1, 250],
    ["weak#2", 2, 3, 0],
  ]);
});

test("equal priorities stay side by side for the lowest to win", () => {
  const one = event("SIMPLE", [1], { id: "one", priority: 1 });
  const two = event("SIMPLE", [2], { id: "two", priority: 1 });

  expect(limits(one, two).map(({ limitW }) => limitW)).toEqual([600, 250]);
});

test("a random start is within its bound, the same every time, other for another home, and not for alerts", () => {
  const jittered = (type: string, seed: string) => {
    const intervalPeriod = { ...period, randomizeStart: "PT10M" };
    return toTimeline(event(type, [1], { intervalPeriod }), { ...rules, seed })?.[0]?.startMs ?? 0;
  };

  const drawn = Array.from({ length: 200 }, (_, i) => (jittered("SIMPLE", `home-${i}`) - T) / 60_000);

  expect(Math.max(...drawn.map(Math.abs))).toBeLessThanOrEqual(10);
  expect(Math.max(...drawn) - Math.min(...drawn)).toBeGreaterThan(15);
  expect(jittered("SIMPLE", "a")).toBe(jittered("SIMPLE", "a"));
  expect(jittered("ALERT_GRID_EMERGENCY", "home-1")).toBe(T);
});

test("whatever the times, no limit has a negative length", () => {
  const minutes = fc.integer({ min: -300, max: 300 });
  fc.assert(
    fc.property(
      fc.array(fc.record({ start: fc.option(minutes), length: fc.option(minutes), level: fc.nat(4) }), {
        maxLength: 6,
      }),
      fc.option(minutes),
      (parts, total) => {
        const iso = (m: number) => `${m < 0 ? "-" : ""}PT${Math.abs(m)}M`;
        const intervals = parts.map(({ start, length, level }, id) => ({
          id,
          intervalPeriod: {
            ...(start === null ? {} : { start: new Date(T + start * 60_000).toISOString() }),
            ...(length === null ? {} : { duration: iso(length) }),
          },
          payloads: [{ type: "SIMPLE", values: [level] }],
        }));
        const found = toCoopEvents(
          [event("", [], { intervals, ...(total === null ? {} : { duration: iso(total) }) })],
          rules,
          capacity,
        );
        return found.every(({ startMs, endMs }) => endMs === null || endMs > startMs);
      },
    ),
  );
});
