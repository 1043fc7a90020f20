import { createServer as createHttpServer, type IncomingMessage } from "node:http";
import { createServer, type Socket } from "node:net";
import { type FaultDesk, renameFields, type WireReply, webBytes } from "./fault.ts";
import { type Listening, listenOn } from "./listener.ts";

export interface WebRequest {
  method: string;
  /** Without the query. */
  path: string;
  /** Names in lower case. */
  headers: Record<string, string | undefined>;
  body: string;
}

export interface WebReply {
  status: number;
  /** `application/json` when absent; empty for none. */
  type?: string;
  headers?: Record<string, string>;
  body: string;
}

/**
 * What a device says, by protocol; a missing one is not spoken. `null` closes the connection without a word.
 * One port speaks all of them, as an explicit `HOST:PORT` is the only port that is tried (interfaces.md §6).
 */
export interface DeviceFace {
  web?(request: WebRequest): WebReply | null;
  /** The whole reply to the bytes so far, with whatever ends it; undefined: the request is not complete yet. */
  socket?(bytes: string): string | null | undefined;
  /** JSON in, JSON out; the frame around it is made here. */
  frames?(json: string): string | null;
}

export interface DevicePortOptions {
  host: string;
  /** 0: any free one. */
  port: number;
  face: DeviceFace;
  faults: FaultDesk;
  /** False: every connection is reset, as by a device that starts. */
  isUp: () => boolean;
  /** Sockets that the device has for its clients. */
  maxSockets?: number;
}

/** Real time that a half-sent request may wait for its rest, ms. */
const REQUEST_MS = 2000;
const LONGEST_REQUEST = 65_536;
const FRAME_HEAD = 4;

/** Opens a device on a real socket. Throws `PORT_TAKEN` (exit 3). */
export async function openDevicePort(options: DevicePortOptions): Promise<Listening> {
  const web = createHttpServer((request, response) => {
    // The reply is written to the bare socket, so that faults can break it at any byte.
    const { socket } = response;
    if (socket) void answerWeb(options, request, socket);
  });
  web.on("clientError", (_error, socket) => {
    if (!options.faults.active("silent")) socket.end("HTTP/1.1 400 Bad Request\r\nconnection: close\r\n\r\n");
  });
  const server = createServer((socket) => {
    if (!options.isUp()) {
      socket.resetAndDestroy();
      return;
    }
    socket.once("data", (chunk) => {
      if (options.face.web && (/^[A-Z]{3,7} \//.test(chunk.toString("latin1")) || !options.face.socket)) {
        if (options.face.frames && looksLikeFrame(chunk)) return takeFrame(options, socket, chunk);
        web.emit("connection", socket);
        socket.unshift(chunk);
      } else if (options.face.frames && looksLikeFrame(chunk)) takeFrame(options, socket, chunk);
      else if (options.face.socket) takeRequest(options, socket, chunk);
      else socket.destroy();
    });
  });
  if (options.maxSockets !== undefined) server.maxConnections = options.maxSockets;
  return listenOn(server, options.host, options.port);
}

async function answerWeb(
  options: DevicePortOptions,
  request: IncomingMessage,
  socket: Socket,
): Promise<void> {
  const body = await bodyOf(request);
  // The client went away; nobody reads the answer.
  if (body === null) return;
  const path = (request.url ?? "/").split("?")[0] ?? "/";
  const headers = request.headers as Record<string, string | undefined>;
  const reply =
    body.length > LONGEST_REQUEST
      ? { status: 500, type: "text/plain", body: "content too long" }
      : options.face.web?.({ method: request.method ?? "GET", path, headers, body });
  if (!reply) {
    socket.destroy();
    return;
  }
  const text = renamed(options, reply.body);
  const bytes = webBytes(reply.status, reply.type ?? "application/json", text, reply.headers);
  await options.faults.deliver(socket, {
    bytes,
    bodyAt: bytes.length - Buffer.byteLength(text),
    isWeb: true,
  });
}

/** The body as text, cut a little above the longest that is taken; null when the client went away within it. */
function bodyOf(request: IncomingMessage): Promise<string | null> | string {
  const { "content-length": length, "transfer-encoding": coding } = request.headers;
  if ((length === undefined || length === "0") && coding === undefined) {
    request.resume();
    return "";
  }
  return new Promise((resolve) => {
    let body = "";
    request.on("data", (chunk) => {
      if (body.length <= LONGEST_REQUEST) body += String(chunk);
      else resolve(body);
    });
    request.on("end", () => resolve(body));
    request.on("close", () => resolve(null));
    request.on("error", () => resolve(null));
  });
}

/** One request per connection: the first that is complete; a half one counts as complete after a while. */
function takeRequest(options: DevicePortOptions, socket: Socket, first: Buffer): void {
  let bytes = first.toString("utf8");
  let isDone = false;
  const timer = setTimeout(() => settle(options.face.socket?.(`${bytes}\0`) ?? null), REQUEST_MS);
  const settle = (reply: string | null | undefined) => {
    if (reply === undefined || isDone) return;
    isDone = true;
    clearTimeout(timer);
    if (reply === null) socket.end();
    else deliverText(options, socket, reply);
  };
  socket.on("data", (chunk) => {
    bytes += chunk.toString("utf8");
    if (bytes.length > LONGEST_REQUEST) socket.destroy();
    else if (!isDone) settle(options.face.socket?.(bytes));
  });
  socket.on("close", () => clearTimeout(timer));
  settle(options.face.socket?.(bytes));
}

function deliverText(options: DevicePortOptions, socket: Socket, reply: string): void {
  const bytes = Buffer.from(renamed(options, reply), "utf8");
  void options.faults.deliver(socket, { bytes, bodyAt: 0, isWeb: false });
}

function takeFrame(options: DevicePortOptions, socket: Socket, first: Buffer): void {
  let bytes: Buffer = first;
  let isDone = false;
  const take = () => {
    const length = bytes.length >= FRAME_HEAD ? bytes.readUInt32LE() : Number.POSITIVE_INFINITY;
    if (isDone || bytes.length < FRAME_HEAD + length) return;
    isDone = true;
    const answer = options.face.frames?.(bytes.toString("utf8", FRAME_HEAD, FRAME_HEAD + length)) ?? null;
    if (answer === null) {
      socket.end();
      return;
    }
    const body = Buffer.from(renamed(options, answer), "utf8");
    const head = Buffer.alloc(FRAME_HEAD);
    head.writeUInt32LE(body.length);
    const reply: WireReply = { bytes: Buffer.concat([head, body]), bodyAt: FRAME_HEAD, isWeb: false };
    void options.faults.deliver(socket, reply);
  };
  socket.on("data", (chunk) => {
    bytes = Buffer.concat([bytes, chunk]);
    if (bytes.length > LONGEST_REQUEST) socket.destroy();
    else take();
  });
  take();
}

function looksLikeFrame(bytes: Buffer): boolean {
  return bytes.length >= FRAME_HEAD && bytes.readUInt32LE() <= LONGEST_REQUEST;
}

function renamed({ faults }: DevicePortOptions, text: string): string {
  return faults.active("rename-fields") ? renameFields(text) : text;
}
