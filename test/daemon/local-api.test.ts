import { mkdtempSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { askLoop, followLoop } from "#src/app/local-client.ts";
import { type HearthPaths, hearthPaths } from "#src/config/paths.ts";
import { startLocalApi } from "#src/daemon/local-api.ts";
import { createStream } from "#src/daemon/stream.ts";
import { createSystemClock } from "#src/net/system-clock.ts";

let folder: string;
let paths: HearthPaths;
let api: { close(): Promise<void> } | null = null;
const stream = createStream(createSystemClock());

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "hearth-api-"));
  paths = hearthPaths({ HEARTH_HOME: folder });
});
afterEach(async () => {
  await api?.close();
  api = null;
  rmSync(folder, { recursive: true, force: true });
});

const start = () =>
  startLocalApi({
    socketPath: paths.socket,
    stream,
    routes: { "/v1/status": { name: "status", read: () => ({ powerW: 800, big: 12n, nothing: null }) } },
    writes: [
      {
        pattern: /^\/v1\/events\/([^/]+)\/opt-out$/,
        handler: {
          name: "event.opt-out",
          write: ([id]) =>
            id === "peak-1"
              ? { data: { id } }
              : { status: 404, code: "EVENT_UNKNOWN", message: "no such event", hint: "hearth event list" },
        },
      },
    ],
  });

test("a document has schema, snake_case data and is for the owner alone", async () => {
  api = await start();

  expect(await askLoop(paths, "/v1/status")).toEqual({
    schema: "hearth.status/1",
    ok: true,
    data: { power_w: 800, big: 12, nothing: null },
    warnings: [],
  });
  expect(statSync(paths.socket).mode & 0o077).toBe(0);
});

test("without a loop the answer is null, also when a dead loop left its socket file", async () => {
  expect(await askLoop(paths, "/v1/status")).toBeNull();

  writeFileSync(paths.socket, "");
  expect(await askLoop(paths, "/v1/status")).toBeNull();
  api = await start();
  expect(await askLoop(paths, "/v1/status")).toMatchObject({ ok: true });
});

test("a write answers its data, and a refusal its code", async () => {
  api = await start();

  expect(await askLoop(paths, "/v1/events/peak-1/opt-out", {})).toMatchObject({
    ok: true,
    data: { id: "peak-1" },
  });
  await expect(askLoop(paths, "/v1/events/other/opt-out", {})).rejects.toMatchObject({
    code: "EVENT_UNKNOWN",
  });
  await expect(askLoop(paths, "/v1/nothing")).rejects.toMatchObject({ code: "NOT_FOUND" });
});

test("the stream sends each record as one line, in order", async () => {
  api = await start();
  const stop = new AbortController();
  const lines: { type: string; data: unknown }[] = [];
  const following = (async () => {
    for await (const line of followLoop(paths, stop.signal)) lines.push(JSON.parse(line));
  })();
  while (lines.length < 3) {
    stream.emit("heartbeat", { tickS: 5 });
    await new Promise((resolve) => setImmediate(resolve));
  }
  stop.abort();
  await following.catch(() => {});

  expect(lines[0]).toMatchObject({ schema: "hearth.stream/1", type: "heartbeat", data: { tick_s: 5 } });
});
