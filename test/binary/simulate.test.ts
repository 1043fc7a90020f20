import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { temporaryHome } from "./spawn-hearth.ts";

let hearth: ReturnType<typeof temporaryHome>;
beforeEach(() => {
  hearth = temporaryHome();
});
afterEach(() => hearth.close());

const write = (name: string, text: string) => {
  const path = join(hearth.home, name);
  writeFileSync(path, text);
  return path;
};
/** Half an hour of strong sun. */
const sunny = () => write("day.csv", "t,pv_w,load_w\n0,3000,200\n600,3000,200\n1200,3000,200\n");

describe("hearth simulate", () => {
  test("answers one document for scripts and writes the series", async () => {
    const series = join(hearth.home, "out.csv");
    const argv = ["simulate", "--trace", sunny(), "--house", "none", "--series", series, "--json"];
    const { exit, stdout } = await hearth.run(argv);
    const { schema, ok, data } = JSON.parse(stdout);

    expect([exit, schema, ok]).toEqual([0, "hearth.simulate/1", true]);
    expect(data).toMatchObject({ scenario: null, set_c: 20, floor_c: 15, decisions: 360 });
    expect(Object.keys(data.metrics).sort()).toEqual(
      [
        ...[
          "cost_usd",
          "degree_hours",
          "event_response_s",
          "import_caused_kwh",
          "net_ratio",
          "over_comfort_min",
        ],
        ...["over_limit_ws", "starts", "surplus_capture_ratio", "writes"],
      ].sort(),
    );
    expect(Object.keys(data.baselines)).toEqual(["hysteresis", "reference_loop", "tpi"]);
    expect(data.clairvoyant).toMatchObject({ starts: 1, cost_usd: null });
    expect(data.metrics).toMatchObject({ starts: 1, degree_hours: null, event_response_s: null });
    const rows = readFileSync(series, "utf8").trimEnd().split("\n");
    expect(rows).toHaveLength(361);
    expect(rows[0]).toBe(
      "t,pv_w,load_w,grid_w,outdoor_c,room_c,event_limit_w,target_w,power_w,state,starts,reason",
    );
  });

  test("shows people the day and the figures beside those of simple loops", async () => {
    const { exit, stdout, stderr } = await hearth.run(["simulate", "--trace", sunny()]);

    expect(exit).toBe(0);
    for (const word of ["sun", "budget", "watts", "room", "net ratio to the bound", "simple loop"]) {
      expect(stdout).toContain(word);
    }
    expect(stderr).toContain("made-up shoulder season");
  });

  test.each([
    [[], "TRACE_OR_SCENARIO"],
    [["--trace", "x.csv", "--scenario", "A"], "TRACE_OR_SCENARIO"],
    [["--trace", "missing.csv"], "TRACE_UNREADABLE"],
    [["--scenario", "Z"], "USAGE"],
  ])("%j is a usage error with a next step", async (argv, code) => {
    const { exit, stdout } = await hearth.run(["simulate", ...argv, "--json"]);
    const { ok, error } = JSON.parse(stdout);

    expect([exit, ok, error.code]).toEqual([2, false, code]);
    expect(error.hint).toBeTruthy();
  });

  test("hears Ctrl-C in the middle of a long run", async () => {
    const trace = write("year.csv", "t,pv_w,load_w\n0,3000,200\n15000000,3000,200\n");
    const series = join(hearth.home, "out.csv");
    const child = hearth.start([
      "simulate",
      "--trace",
      trace,
      "--house",
      "none",
      "--no-baselines",
      "--series",
      series,
    ]);
    const exit = new Promise((resolve) => child.on("close", resolve));
    // The run is under way when its first rows are written.
    while (!existsSync(series) || readFileSync(series).length === 0) {
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
    child.kill("SIGINT");

    expect(await exit).toBe(130);
  });

  test("a broken trace names its line and writes no series", async () => {
    const series = join(hearth.home, "out.csv");
    const trace = write("broken.csv", "t,pv_w\n0,1\n60,lots\n");
    const { exit, stderr } = await hearth.run(["simulate", "--trace", trace, "--series", series]);

    expect(exit).toBe(2);
    expect(stderr).toContain("line 3");
    expect(() => readFileSync(series)).toThrow();
  });
});

describe("hearth simulate --replay", () => {
  test("of a log that is not there ends with 6, and of another file with 2", async () => {
    const missing = await hearth.run(["simulate", "--replay", join(hearth.home, "decisions.db")]);
    const other = await hearth.run(["simulate", "--replay", write("notes.txt", "no log at all\n"), "--json"]);

    expect([missing.exit, other.exit]).toEqual([6, 2]);
    expect(missing.stderr).toContain("Try: ");
    expect(JSON.parse(other.stdout).error.code).toBe("DECISIONS_INVALID");
  });

  test("and a trace in one run are a usage error", async () => {
    const { exit } = await hearth.run(["simulate", "--replay", "decisions.db", "--trace", sunny()]);

    expect(exit).toBe(2);
  });
});
