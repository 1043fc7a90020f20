import type { Socket } from "node:net";
import { gzipSync } from "node:zlib";
import type { Clock } from "../model/clock.ts";
import type { Random } from "./random.ts";

/** How a reply may go wrong on the wire (reliability.md F12-F14). */
export const WIRE_FAULTS = {
  delay: "answers late; value: ms of real time (2000)",
  drop: "does what it is asked and breaks the connection without a word",
  truncate: "breaks off in the middle of the reply",
  drip: "sends a byte at a time; value: ms between two (50)",
  html: "answers with a page of somebody else",
  login: "answers with a login page",
  garbage: "answers with bytes of no protocol",
  empty: "answers with nothing",
  "wrong-type": "answers with JSON of another shape",
  deep: "answers with JSON nested 10,000 levels deep",
  huge: "answers without end",
  bomb: "answers with a body that grows a thousandfold when unpacked (web only)",
  headers: "sends headers without end (web only)",
  silent: "takes the question and never answers",
} as const;

/** How the device itself may go wrong (reliability.md F15-F17, T01). */
export const DEVICE_FAULTS = {
  lie: "says yes to a change and does nothing",
  late: "carries a change out late; value: s (20)",
  reboot: "restarts by itself; value: s between two restarts (once)",
  "swap-identity": "is another device of the same kind at the same address",
  "rename-fields": "has new firmware that spells half of its fields otherwise",
  "reset-counters": "sets its share counters to 0; value: s between two times (once)",
  hot: "overheats, and its firmware stops the chips",
  fan: "has a fan that stands still",
  idle: "says that it mines and does not hash",
  zombie: "says that it is paused and goes on hashing",
} as const;

export type WireFault = keyof typeof WIRE_FAULTS;
export type DeviceFault = keyof typeof DEVICE_FAULTS;
export type FaultKind = WireFault | DeviceFault;

/** One fault of an emulated device. */
export interface FaultPlan {
  kind: FaultKind;
  /** See the words of its kind; the number there in brackets when absent. */
  value?: number;
  /** Part of the replies that a wire fault hits, 0 to 1; 1 when absent. */
  probability?: number;
  /** Times of the clock between which it acts; always when absent. */
  fromMs?: number;
  toMs?: number;
}

/** A whole reply on its way to a socket. */
export interface WireReply {
  bytes: Buffer;
  /** Where the body begins: 0 without a head. */
  bodyAt: number;
  isWeb: boolean;
}

/** Which faults act now, and what they do to a reply; the only place that knows. */
export class FaultDesk {
  plans: readonly FaultPlan[];
  readonly #clock: Clock;
  readonly #random: Random;
  readonly #deafPart: number;
  #deafUntilMs = Number.NEGATIVE_INFINITY;

  /** `deafPart`: part of the polls after which the device answers nothing for 30 s (control.md §14). */
  constructor(options: { clock: Clock; random: Random; plans: readonly FaultPlan[]; deafPart: number }) {
    this.#clock = options.clock;
    this.#random = options.random;
    this.plans = options.plans;
    this.#deafPart = options.deafPart;
  }

  /** The plan of that kind when it acts now; null otherwise. */
  active(kind: FaultKind): FaultPlan | null {
    const nowMs = this.#clock.nowMs();
    const isNow = ({ fromMs = Number.NEGATIVE_INFINITY, toMs = Number.POSITIVE_INFINITY }: FaultPlan) =>
      nowMs >= fromMs && nowMs < toMs;
    return this.plans.find((plan) => plan.kind === kind && isNow(plan)) ?? null;
  }

  /** Sends the reply, or what a fault makes of it, and ends the connection as it should be or as it is broken. */
  async deliver(socket: Socket, reply: WireReply): Promise<void> {
    if (this.#isDeaf()) {
      socket.destroy();
      return;
    }
    for (const kind of Object.keys(WIRE_FAULTS) as WireFault[]) {
      const plan = this.active(kind);
      if (plan === null || !this.#random.chance(plan.probability ?? 1)) continue;
      return spoil(socket, reply, kind, plan.value);
    }
    sendWhole(socket, reply.bytes);
  }

  #isDeaf(): boolean {
    const nowMs = this.#clock.nowMs();
    if (nowMs < this.#deafUntilMs) return true;
    if (this.#deafPart <= 0 || !this.#random.chance(this.#deafPart)) return false;
    this.#deafUntilMs = nowMs + DEAF_MS;
    return true;
  }
}

const DEAF_MS = 30_000;
const PORTAL_PAGE =
  "<!DOCTYPE html><html><head><title>Portal</title></head><body><h1>Welcome to the guest network</h1></body></html>";
const LOGIN_PAGE =
  '<!DOCTYPE html><html><head><title>Login</title></head><body><form><input type="password"></form></body></html>';

/** In two segments, as devices send what is longer than one buffer; then it closes. */
function sendWhole(socket: Socket, bytes: Buffer): void {
  const middle = Math.ceil(bytes.length / 2);
  socket.write(bytes.subarray(0, middle));
  // Two turns: the first part must have been read before the second is sent.
  setImmediate(() => setImmediate(() => socket.end(bytes.subarray(middle))));
}

function spoil(socket: Socket, reply: WireReply, kind: WireFault, value: number | undefined): void {
  const { bytes, bodyAt, isWeb } = reply;
  const body = (text: string, type = "text/html") => {
    const head = Buffer.alloc(isWeb ? 0 : bodyAt);
    if (head.length >= 4) head.writeUInt32LE(Buffer.byteLength(text));
    socket.end(isWeb ? webBytes(200, type, text) : Buffer.concat([head, Buffer.from(text)]));
  };
  switch (kind) {
    // Deadlines of sockets run in real time, so delays do too.
    case "delay":
      setTimeout(() => sendWhole(socket, bytes), value ?? 2000).unref();
      return;
    case "drip":
      pump(socket, value ?? 50, (at) => bytes.subarray(at, at + 1));
      return;
    case "drop":
      socket.destroy();
      return;
    case "truncate":
      socket.write(bytes.subarray(0, bodyAt + Math.floor((bytes.length - bodyAt) / 2)), () =>
        socket.destroy(),
      );
      return;
    case "html":
      body(PORTAL_PAGE);
      return;
    case "login":
      body(LOGIN_PAGE);
      return;
    case "garbage":
      socket.end(Buffer.from("\u0007\u001b]0;you\u0007220 mail ready\r\n\u0000\ufffd{{{", "utf8"));
      return;
    case "empty":
      socket.end(isWeb ? webBytes(200, "application/json", "") : "");
      return;
    case "wrong-type":
      body('["a",1,null,{"STATUS":7}]', "application/json");
      return;
    case "deep":
      body("[".repeat(10_000) + "]".repeat(10_000), "application/json");
      return;
    case "bomb":
      socket.end(bomb());
      return;
    case "huge":
      socket.write(
        isWeb ? "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\nconnection: close\r\n\r\n" : "",
      );
      flood(socket, Buffer.alloc(65_536, "9"));
      return;
    case "headers":
      socket.write("HTTP/1.1 200 OK\r\n");
      flood(socket, Buffer.from(`x-more: ${"a".repeat(1000)}\r\n`));
      return;
    case "silent":
      return;
  }
}

/** One piece every so many ms until there is none left. */
function pump(socket: Socket, everyMs: number, piece: (at: number) => Buffer): void {
  let at = 0;
  const timer = setInterval(() => {
    const next = piece(at++);
    if (next.length > 0) socket.write(next);
    else socket.end();
  }, everyMs);
  timer.unref();
  socket.on("close", () => clearInterval(timer));
}

/** Writes for ever, as fast as the peer reads. */
function flood(socket: Socket, piece: Buffer): void {
  const write = () => {
    while (!socket.destroyed && socket.write(piece));
  };
  socket.on("drain", write);
  write();
}

function bomb(): Buffer {
  const body = gzipSync(Buffer.alloc(20_000_000, " "));
  const head = `HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-encoding: gzip\r\ncontent-length: ${body.length}\r\nconnection: close\r\n\r\n`;
  return Buffer.concat([Buffer.from(head), body]);
}

/** A whole answer of a web server that closes behind it. */
export function webBytes(
  status: number,
  type: string,
  body: string,
  headers: Record<string, string> = {},
): Buffer {
  const lines = Object.entries({
    ...headers,
    ...(type === "" ? {} : { "content-type": type }),
    "content-length": String(Buffer.byteLength(body)),
    connection: "close",
  }).map(([name, value]) => `${name}: ${value}\r\n`);
  return Buffer.from(
    `HTTP/1.1 ${status} ${STATUS_WORDS[status] ?? "Status"}\r\n${lines.join("")}\r\n${body}`,
  );
}

const STATUS_WORDS: Record<number, string> = {
  200: "OK",
  201: "Created",
  204: "No Content",
  307: "Temporary Redirect",
  400: "Bad Request",
  401: "Unauthorized",
  403: "Forbidden",
  404: "Not Found",
  405: "Method Not Allowed",
  409: "Conflict",
  422: "Unprocessable Content",
  429: "Too Many Requests",
  500: "Internal Server Error",
};

/** Half of the names of a reply spelt anew, as by a new firmware; the envelope and the braces stay. */
export function renameFields(text: string): string {
  const isRenamed = (name: string) => !ENVELOPE.has(name) && (name.length + name.charCodeAt(0)) % 2 === 0;
  return text
    .replaceAll(/"([A-Za-z][^"\\]{1,60})"(\s*:)/g, (whole, name: string, colon: string) =>
      isRenamed(name) ? `"${name}_v9"${colon}` : whole,
    )
    .replaceAll(/\b([A-Za-z][A-Za-z0-9]{1,30})\[/g, (whole, name: string) =>
      isRenamed(name) ? `${name}V9[` : whole,
    );
}

const ENVELOPE = new Set([
  "STATUS",
  "When",
  "Code",
  "Msg",
  "Description",
  "id",
  "code",
  "msg",
  "when",
  "desc",
]);
