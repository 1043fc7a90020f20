import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { afterAll, describe, expect, test } from "vitest";
import { eventsOfTrace, minuteSurplusW } from "#src/app/simulate-run.ts";
import { parseTrace, readTrace } from "#src/app/simulate-trace.ts";

const folder = mkdtempSync(join(tmpdir(), "trace-"));
afterAll(() => rmSync(folder, { recursive: true }));

const write = (name: string, content: string | Buffer) => {
  const path = join(folder, name);
  writeFileSync(path, content);
  return path;
};

describe("a trace", () => {
  test("is read plain and gzipped, with comments, a byte order mark and Windows line ends", () => {
    const text = "\uFEFF# title: a day\r\nt,pv_w,load_w\r\n# more\r\n0,100,200\r\n\r\n60,,300\r\n";
    const plain = readTrace(write("plain.csv", text));

    expect(plain).toEqual(readTrace(write("packed.csv.gz", gzipSync(text))));
    expect(plain.startMs).toBeNull();
    expect([...plain.timesS]).toEqual([0, 60]);
    expect([...(plain.columns.pv_w ?? [])]).toEqual([100, Number.NaN]);
    expect(plain.columns.outdoor_c).toBeNull();
    expect(plain.durationS).toBe(120);
  });

  test("counts moments from its first row, whatever their zone", () => {
    const trace = parseTrace("outdoor_c,t\n1,2026-01-15T00:00:00-07:00\n2,2026-01-15T07:05:00Z\n", "x");

    expect(trace.startMs).toBe(Date.UTC(2026, 0, 15, 7));
    expect([...trace.timesS]).toEqual([0, 300]);
  });

  test("counts seconds from its first row too", () => {
    expect([...parseTrace("t,pv_w\n1000,1\n1060,2\n", "x").timesS]).toEqual([0, 60]);
  });

  test.each([
    ["nothing", "", "no header"],
    ["only comments", "# a\n# b\n", "no header"],
    ["no t", "pv_w,load_w\n1,2\n", "no column t"],
    ["t alone", "t\n0\n60\n", "no column beside t"],
    ["an unknown column", "t,pv_kw\n0,1\n60,2\n", '"pv_kw" is no column'],
    ["a column twice", "t,pv_w,pv_w\n0,1,1\n60,2,2\n", "twice"],
    ["a row that is too short", "t,pv_w,load_w\n0,1\n", "line 2: it has 2 cells, the header has 3"],
    ["a row that is too long", "t,pv_w\n0,1,2\n", "it has 3 cells"],
    ["words", "t,pv_w\n0,many\n60,1\n", 'pv_w "many" is not a number'],
    ["NaN in words", "t,pv_w\n0,NaN\n60,1\n", "not a number"],
    ["a number beyond all numbers", "t,pv_w\n0,1e999\n60,1\n", "not a number"],
    ["hexadecimal", "t,pv_w\n0,0x10\n60,1\n", "not a number"],
    ["negative sun", "t,pv_w\n0,-5\n60,1\n", "outside 0 to"],
    ["Kelvin", "t,outdoor_c\n0,280\n60,281\n", "outside -80 to 70"],
    ["a decimal comma in quotes", 't,pv_w\n0,"1\n60,1\n', "not a number"],
    ["t that stands", "t,pv_w\n0,1\n0,1\n", "line 3: t does not rise"],
    ["t that falls", "t,pv_w\n60,1\n0,1\n", "does not rise"],
    ["t without a zone", "t,pv_w\n2026-01-15T00:00:00,1\n", "neither seconds nor"],
    ["a day that is none", "t,pv_w\n2026-13-45T00:00:00Z,1\n", "neither seconds nor"],
    ["an empty t", "t,pv_w\n,1\n", "neither seconds nor"],
    ["moments and seconds", "t,pv_w\n2026-01-15T00:00:00Z,1\n60,1\n", "changes between"],
    ["one row", "t,pv_w\n0,1\n", "at least two rows"],
    ["ten years", "t,pv_w\n0,1\n315360000,1\n", "longer than a year"],
  ])("with %s is a usage error that says where", (_, text, part) => {
    expect(() => parseTrace(text, "day.csv")).toThrow(
      expect.objectContaining({ code: "TRACE_BROKEN", exit: 2, message: expect.stringContaining(part) }),
    );
  });

  test("shows no control byte of a broken file", () => {
    expect(() => parseTrace("t,pv_w\n0,\u001b[31mred\u0007\n", "day\u001b[2J.csv")).toThrow(
      expect.objectContaining({ message: expect.not.stringMatching(/[\u0000-\u001f]/) }),
    );
  });

  test.each([
    ["a file that is not there", () => join(folder, "missing.csv"), "no such file"],
    ["a folder", () => folder, "a folder"],
    ["broken gzip", () => write("cut.gz", gzipSync("t,pv_w\n0,1\n".repeat(99)).subarray(0, 40)), "gzip"],
    ["bytes that are no text", () => write("noise.csv", Buffer.from([0x74, 0xff, 0xfe, 0x80])), "not UTF-8"],
  ])("as %s is a usage error", (_, path, part) => {
    expect(() => readTrace(path())).toThrow(
      expect.objectContaining({ code: "TRACE_UNREADABLE", exit: 2, message: expect.stringContaining(part) }),
    );
  });
});

test("limits of a trace become one event for each stretch", () => {
  const trace = parseTrace("t,event_limit_w\n0,\n60,500\n120,500\n180,300\n240,\n300,0\n", "x");

  expect(eventsOfTrace(trace)).toEqual([
    { startS: 60, endS: 180, limitW: 500 },
    { startS: 180, endS: 240, limitW: 300 },
    { startS: 300, endS: 360, limitW: 0 },
  ]);
});

test("the surplus of a minute is the mean of what is above zero in it; gaps are none", () => {
  const trace = parseTrace("t,pv_w,load_w\n0,1000,400\n60,1000,1200\n120,,100\n180,500,100\n", "x");

  expect([...minuteSurplusW(trace)].map(Math.round)).toEqual([600, 0, 0, 400]);
});
