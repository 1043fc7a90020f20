import { expect, test } from "vitest";
import { connectionLimit, isPortOpen } from "#src/net/port-probe.ts";
import { startTcp } from "./tcp-server.ts";

const never = new AbortController().signal;
const limits = (soft: string) => () =>
  `Limit                     Soft Limit           Hard Limit           Units\nMax open files            ${soft}                 524288               files\n`;

test.each([
  ["1024", 800],
  ["1048576", 800],
  ["256", 192],
  ["64", 16],
  ["unlimited", 800],
])("with %s files open at most a scan tries %i connections at a time", (soft, connections) => {
  expect(connectionLimit(limits(soft))).toBe(connections);
});

test("a limit that cannot be read stops no scan", () => {
  const unreadable = () => {
    throw new Error("no such file");
  };

  expect(connectionLimit(unreadable)).toBeGreaterThanOrEqual(192);
});

test("a port is open or not, and an abort ends the question", async () => {
  const server = await startTcp(() => undefined);
  expect(await isPortOpen("127.0.0.1", server.port, 1000, never)).toBe(true);
  expect(await isPortOpen("127.0.0.1", server.port, 1000, AbortSignal.abort())).toBe(false);
  await server[Symbol.asyncDispose]();

  expect(await isPortOpen("127.0.0.1", server.port, 1000, never)).toBe(false);
});
