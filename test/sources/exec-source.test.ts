import { mkdtempSync, rmSync } from "node:fs";
import { connect } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, describe, expect, it, vi } from "vitest";
import type { SourceConfig } from "#src/model/source-config.ts";
import type { OpenSourceLinks } from "#src/net/source-links.ts";
import { createSource } from "#src/sources/registry.ts";
import { openLinks, sourceConfig } from "./support.ts";

const signal = new AbortController().signal;
let links: OpenSourceLinks;

function read(argv: string[], changes: Partial<SourceConfig> = {}) {
  links = openLinks();
  return createSource(sourceConfig({ kind: "exec", exec: { argv }, ...changes }), links).read(signal);
}

const node = (script: string) => [process.execPath, "-e", script];

afterEach(() => links.close());

describe("a program", () => {
  it("tells the number that it prints", async () => {
    await expect(read(["/bin/echo", " -41.5 "])).resolves.toEqual({ value: -41.5, reason: null });
  });

  it("tells a number out of the JSON that it prints", async () => {
    const json = '{"grid":{"kw":1.25}}';

    await expect(read(["/bin/echo", json], { select: "grid.kw", unit: "kW" })).resolves.toEqual({
      value: 1250,
      reason: null,
    });
  });

  it("is never given to a shell", async () => {
    await expect(read(["/bin/echo", "$(echo 7)"])).resolves.toEqual({
      value: null,
      reason: "VALUE_NOT_A_NUMBER",
    });
  });

  it.each([
    ["prints nothing", ["/bin/echo", ""], {}],
    ["prints words", ["/bin/echo", "no idea"], {}],
    ["prints NaN", ["/bin/echo", "NaN"], {}],
    ["prints null", ["/bin/echo", "null"], { select: "x" }],
  ])("that %s knows nothing, and never 0", async (_, argv, changes) => {
    await expect(read(argv, changes)).resolves.toEqual({
      value: null,
      reason: expect.stringMatching(/^VALUE_/),
    });
  });

  it("that fails is a miss with its last words, without what a terminal would obey", async () => {
    const script = "console.error('first'); console.error('\\u001b[31mno bus\\u001b[0m'); process.exit(3)";

    await expect(read(node(script))).rejects.toMatchObject({
      code: "EXEC_FAILED",
      exit: 3,
      message: "The program of main ended with 3: no bus",
    });
  });

  it.each([
    ["is not there", ["/no/such/program"], "EXEC_FAILED", 3],
    ["is named without its path", ["echo", "7"], "EXEC_INVALID", 2],
    [
      "prints without end",
      node("setInterval(() => process.stdout.write('7'.repeat(20000)), 1)"),
      "EXEC_TOO_LARGE",
      3,
    ],
  ])("that %s is refused", async (_, argv, code, exit) => {
    await expect(read(argv)).rejects.toMatchObject({ code, exit });
  });

  it("that does not end is ended with all that it started", async () => {
    const folder = mkdtempSync(join(tmpdir(), "hearth-exec-"));
    const path = join(folder, "socket");
    // Left behind by a program that is ended, it would go on taking connections.
    const child = `require("node:net").createServer().listen("${path}")`;
    const script = `require("node:child_process").spawn(process.execPath, ["-e", ${JSON.stringify(child)}], { stdio: "ignore" });
      setInterval(() => undefined, 1000);`;

    const failed = expect(read(node(script), { timeout_s: 3 })).rejects.toMatchObject({
      code: "EXEC_TIMEOUT",
      exit: 3,
    });
    await vi.waitFor(() => reach(path), { timeout: 2500 });
    await failed;

    await vi.waitFor(() => expect(reach(path)).rejects.toThrow("ECONNREFUSED"));
    rmSync(folder, { recursive: true });
  });
});

function reach(path: string): Promise<void> {
  return new Promise((resolve, reject) => {
    const socket = connect(path, () => {
      socket.destroy();
      resolve();
    });
    socket.once("error", reject);
  });
}
