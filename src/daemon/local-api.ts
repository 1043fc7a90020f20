import { chmodSync, rmSync } from "node:fs";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import { connect } from "node:net";
import type { StreamRecord } from "../model/stream.ts";
import { toWire } from "../model/wire.ts";
import type { Stream } from "./stream.ts";

/** One readable document of the loop. `name` is the command whose `--json` it equals. */
export interface LocalRoute {
  name: string;
  read: () => unknown;
}

export interface LocalWrite {
  name: string;
  write: (params: string[], body: unknown) => WriteAnswer | Promise<WriteAnswer>;
}

/** Data of the command, or its refusal. */
export type WriteAnswer = { data: unknown } | { status: number; code: string; message: string; hint: string };

export interface LocalApiOptions {
  socketPath: string;
  routes: Record<string, LocalRoute>;
  writes: { pattern: RegExp; handler: LocalWrite }[];
  stream: Stream;
}

const CLOSE_MS = 500;
const MAX_BODY_BYTES = 64 * 1024;
/** A listener that does not read is dropped before it costs memory (reliability.md T16). */
const MAX_BUFFERED_BYTES = 1024 * 1024;

/** Serves product.md §8 on a 0600 unix socket; a stale socket file of a dead loop is replaced. */
export async function startLocalApi(options: LocalApiOptions): Promise<{ close(): Promise<void> }> {
  await removeStale(options.socketPath);
  const server = createServer((request, response) => {
    answer(request, response, options).catch(() => {
      if (!response.headersSent)
        sendError(response, 500, "error", {
          code: "UNEXPECTED",
          message: "The loop failed to answer",
          hint: "hearth status again",
        });
    });
  });
  await new Promise<void>((resolve, reject) => {
    server.once("error", reject);
    server.listen(options.socketPath, resolve);
  });
  chmodSync(options.socketPath, 0o600);
  return {
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        // Streams end as documents do; what is idle then is closed.
        for (const response of options.stream.readers) response.end();
        server.closeIdleConnections();
        setTimeout(() => server.closeAllConnections(), CLOSE_MS).unref();
      }),
  };
}

async function answer(
  request: IncomingMessage,
  response: ServerResponse,
  options: LocalApiOptions,
): Promise<void> {
  const path = (request.url ?? "/").split("?")[0] ?? "/";
  if (request.method === "GET" && path === "/v1/stream") return streamTo(response, options.stream);
  const route = options.routes[path];
  if (request.method === "GET" && route) {
    return send(response, 200, {
      schema: `hearth.${route.name}/1`,
      ok: true,
      data: toWire(route.read()),
      warnings: [],
    });
  }
  if (request.method === "POST") {
    for (const { pattern, handler } of options.writes) {
      const match = pattern.exec(path);
      if (!match) continue;
      const result = await handler.write(match.slice(1).map(decodeURIComponent), await readBody(request));
      if ("data" in result) {
        return send(response, 200, {
          schema: `hearth.${handler.name}/1`,
          ok: true,
          data: toWire(result.data),
          warnings: [],
        });
      }
      return sendError(response, result.status, handler.name, result);
    }
  }
  sendError(response, 404, "error", {
    code: "NOT_FOUND",
    message: `There is no ${path} here`,
    hint: "GET /v1/status, /v1/explain, /v1/miners, /v1/events, /v1/settlements",
  });
}

async function readBody(request: IncomingMessage): Promise<unknown> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of request) {
    size += (chunk as Buffer).length;
    if (size > MAX_BODY_BYTES) return null;
    chunks.push(chunk as Buffer);
  }
  try {
    return JSON.parse(Buffer.concat(chunks).toString("utf8") || "{}");
  } catch {
    return null;
  }
}

function streamTo(response: ServerResponse, stream: Stream): void {
  response.writeHead(200, { "content-type": "application/x-ndjson" });
  response.flushHeaders();
  const send = (record: StreamRecord) => {
    response.write(streamLine(record));
    if (response.writableLength > MAX_BUFFERED_BYTES) response.destroy();
  };
  if (stream.hello) send(stream.hello);
  const stop = stream.subscribe(send);
  stream.readers.add(response);
  response.on("close", () => {
    stop();
    stream.readers.delete(response);
  });
}

/** One line of the NDJSON stream (interfaces.md §3). */
export function streamLine(record: StreamRecord): string {
  const { type, at, seq, data } = record;
  return `${JSON.stringify({ schema: "hearth.stream/1", type, at, seq, data: toWire(data) })}\n`;
}

function send(response: ServerResponse, status: number, document: unknown): void {
  response.writeHead(status, { "content-type": "application/json" });
  response.end(JSON.stringify(document));
}

function sendError(
  response: ServerResponse,
  status: number,
  name: string,
  { code, message, hint }: { code: string; message: string; hint: string },
): void {
  send(response, status, {
    schema: `hearth.${name}/1`,
    ok: false,
    error: { code, message, hint },
    warnings: [],
  });
}

/** The lock is held when this runs, so a socket file that nobody answers on is a leftover. */
async function removeStale(path: string): Promise<void> {
  const isAlive = await new Promise<boolean>((resolve) => {
    const socket = connect(path);
    socket.once("connect", () => {
      socket.destroy();
      resolve(true);
    });
    socket.once("error", () => resolve(false));
  });
  if (!isAlive) rmSync(path, { force: true });
}
