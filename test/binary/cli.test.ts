import { createServer, type Server } from "node:net";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { temporaryHome } from "./spawn-hearth.ts";

let hearth: ReturnType<typeof temporaryHome>;
beforeEach(() => {
  hearth = temporaryHome();
});
afterEach(() => hearth.close());

describe("the program", () => {
  test("says its version", async () => {
    const { exit, stdout } = await hearth.run(["--version"]);

    expect(exit).toBe(0);
    expect(stdout).toMatch(/^hearthwatt\/\d+\.\d+\.\d+ \S+ node-v24/);
  });

  test.each([
    "discover",
    "pair",
    "split set",
    "run",
    "status",
    "explain",
    "event list",
    "settlement show",
    "coop serve",
    "demo",
    "simulate",
  ])("shows the examples of %s before its flags", async (command) => {
    const { exit, stdout } = await hearth.run([...command.split(" "), "--help"]);

    expect(exit).toBe(0);
    expect(stdout.indexOf("EXAMPLES")).toBeGreaterThan(0);
    expect(stdout.indexOf("EXAMPLES")).toBeLessThan(stdout.indexOf("FLAGS"));
  });

  test("ends quietly when the pipe behind it closes", async () => {
    const child = hearth.start(["--help"]);
    child.stdout?.destroy();
    const exit = await new Promise((resolve) => child.on("close", resolve));

    expect(exit).toBe(0);
  });
});

describe("a wrong call", () => {
  test.each([
    [["status", "--wrong"], 2, "USAGE"],
    [["pair"], 2, "FLAG_NEEDED"],
    [["pair", "--miner", "127.0.0.1:1", "--coop", "http://127.0.0.1:1"], 2, "USAGE"],
    [["split", "set", "130"], 2, "SHARE_INVALID"],
    [["split", "set", "30"], 2, "NOT_SET_UP"],
    [["run", "--headless"], 2, "NOT_SET_UP"],
    [["demo", "--day", "1999-01-01"], 2, "DAY_UNKNOWN"],
    [["settlement", "show", "yesterday"], 6, "NOT_SETTLED"],
    [["settlement", "show", "soon"], 2, "DAY_INVALID"],
    [["settlement", "verify"], 6, "LEDGER_MISSING"],
    [["status"], 6, "NO_LOOP"],
    [["explain"], 6, "NO_LOOP"],
    [["watch"], 6, "NO_LOOP"],
    [["split", "verify"], 6, "SPLIT_UNMEASURED"],
    [["pair", "--miner", "127.0.0.1:1"], 3, "MINER_UNREACHABLE"],
    [["pair", "--coop", "http://127.0.0.1:1", "--yes"], 3, "HTTP_UNREACHABLE"],
    [["discover", "--subnet", "8.8.8.0/24"], 4, "SCAN_RANGE_REFUSED"],
  ])("hearth %j exits %i with %s, a next step and no stack", async (argv, exit, code) => {
    const asJson = await hearth.run([...argv, "--json"]);
    const forPeople = await hearth.run(argv);

    const document = JSON.parse(asJson.stdout.split("\n")[0] ?? "");
    expect([asJson.exit, document.ok, document.error.code]).toEqual([exit, false, code]);
    expect(document.error.hint).toBeTruthy();
    expect(forPeople.exit).toBe(exit);
    expect(forPeople.stderr).toContain("Try: ");
    expect(forPeople.stderr + asJson.stdout).not.toMatch(/\n\s+at |node_modules|\.js:\d/);
  });

  test("of an unknown command is a document with --json", async () => {
    const { exit, stdout } = await hearth.run(["heet", "--json"]);

    expect(exit).toBe(2);
    expect(JSON.parse(stdout)).toMatchObject({
      schema: "hearth.error/1",
      ok: false,
      error: { code: "USAGE" },
    });
  });
});

describe("a device that is no miner", () => {
  let server: Server | undefined;
  afterEach(() => server?.close());

  const answerWith = (reply: string) =>
    new Promise<number>((resolve) => {
      server = createServer((socket) => {
        socket.on("error", () => {});
        socket.once("data", () => socket.end(reply));
      });
      server.listen(0, "127.0.0.1", () => {
        const address = server?.address();
        resolve(typeof address === "object" && address ? address.port : 0);
      });
    });

  test.each([
    [
      "HTML instead of JSON",
      "HTTP/1.1 200 OK\r\ncontent-type: text/html\r\ncontent-length: 33\r\n\r\n<html><body>router</body></html>\n",
      1,
    ],
    ["a truncated reply", '{"STATUS":[{"STATUS":"S","When":1763701200,"Code":22,"Msg":"CGMin', 3],
    ["nothing at all", "", 3],
  ])("that answers with %s is refused and nothing is adopted", async (_, reply, expected) => {
    const port = await answerWith(reply);

    const { exit, stderr } = await hearth.run(["pair", "--miner", `127.0.0.1:${port}`]);

    expect(exit).toBe(expected);
    expect(stderr).toContain("Try: ");
    expect((await hearth.run(["run"])).exit).toBe(2);
  });
});
