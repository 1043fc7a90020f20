import { connect, type Socket } from "node:net";
import { HearthError } from "../model/errors.ts";
import type { CgminerLink, CgminerReply } from "../model/miner.ts";
import { parseCgminerReply, parseStrictReply } from "./cgminer-reply.ts";
import { DeadlineError, withDeadline } from "./deadline.ts";
import { createHostQueue, type HostQueue } from "./host-queue.ts";
import { minerBadAnswer, minerTimeout, minerUnreachable } from "./miner-errors.ts";

export interface CgminerLinkOptions {
  /** Limit of making the connection, ms, real time (requirements DRV-5). */
  connectMs?: number;
  /** Limit of one whole exchange, ms, real time. */
  totalMs?: number;
  /** Largest answer taken, bytes. */
  maxBytes?: number;
  /** Silence after which an answer without its end mark counts as complete, ms. */
  quietMs?: number;
  /** Shared when several links lead to one device. */
  queue?: HostQueue;
}

const DEFAULTS = { connectMs: 1_000, totalMs: 5_000, maxBytes: 1_048_576, quietMs: 300 };

/**
 * The CGMiner dialect on TCP: one connection per request, one request at a time (miners.md §3.1).
 * Errors are `MINER_UNREACHABLE`, `MINER_TIMEOUT`, `MINER_BAD_ANSWER`, `MINER_BACKEND_DOWN`, `MINER_AUTH_REQUIRED`.
 */
export function createCgminerLink(host: string, port: number, options: CgminerLinkOptions = {}): CgminerLink {
  const limits = { ...DEFAULTS, ...options };
  const queue = options.queue ?? createHostQueue();
  const exchange = (request: string, signal: AbortSignal) =>
    queue(() => exchangeOnce(host, port, request, limits, signal), signal);
  return {
    kind: "cgminer",
    host,
    port,
    command(command, parameter, signal) {
      return exchange(JSON.stringify(parameter === null ? { command } : { command, parameter }), signal);
    },
    text: (line, signal) => exchange(line, signal),
  };
}

type Limits = typeof DEFAULTS;

async function exchangeOnce(
  host: string,
  port: number,
  request: string,
  limits: Limits,
  signal: AbortSignal,
): Promise<CgminerReply> {
  const where = `${host}:${port}`;
  try {
    return await withDeadline(limits.totalMs, signal, (stop) => talk(host, port, request, limits, stop));
  } catch (error) {
    if (error instanceof HearthError || signal.aborted) throw error;
    if (error instanceof DeadlineError) throw minerTimeout(where, error.totalMs);
    throw minerUnreachable(where, reasonOf(error));
  }
}

function talk(host: string, port: number, request: string, limits: Limits, stop: AbortSignal) {
  return new Promise<CgminerReply>((resolve, reject) => {
    const socket = connect({ host, port, noDelay: true });
    const answer = collectAnswer(socket, `${host}:${port}`, limits, resolve, reject);
    const connecting = setTimeout(() => {
      socket.destroy(Object.assign(new Error("no connection"), { code: "ETIMEDOUT" }));
    }, limits.connectMs);
    const onStop = () => answer.fail(stop.reason, true);
    stop.addEventListener("abort", onStop, { once: true });
    socket.on("connect", () => {
      clearTimeout(connecting);
      answer.start();
      socket.write(request);
    });
    socket.on("error", (error) => answer.fail(error, stop.aborted));
    socket.on("close", () => {
      clearTimeout(connecting);
      stop.removeEventListener("abort", onStop);
      answer.end();
    });
  });
}

/** Gathers the answer and ends the exchange at the first moment at which it is complete. */
function collectAnswer(
  socket: Socket,
  where: string,
  limits: Limits,
  resolve: (reply: CgminerReply) => void,
  reject: (error: unknown) => void,
) {
  const chunks: Buffer[] = [];
  let size = 0;
  let isConnected = false;
  let isSettled = false;
  let quiet: ReturnType<typeof setTimeout> | undefined;

  const settle = (outcome: () => void) => {
    clearTimeout(quiet);
    if (isSettled) return;
    isSettled = true;
    outcome();
    socket.destroy();
  };
  const end = () => {
    settle(() => {
      try {
        resolve(parseCgminerReply(Buffer.concat(chunks).toString("utf8"), where));
      } catch (error) {
        reject(error);
      }
    });
  };
  socket.on("data", (chunk) => {
    chunks.push(chunk);
    size += chunk.length;
    if (size > limits.maxBytes) {
      const start = chunks[0]?.toString("latin1") ?? "";
      return settle(() => reject(minerBadAnswer(where, `sent more than ${limits.maxBytes} bytes`, start)));
    }
    clearTimeout(quiet);
    if (!mayBeComplete(chunk)) return;
    const reply = isEndMarked(chunk) ? parseStrictReply(toText(chunks)) : null;
    if (reply !== null) return settle(() => resolve(reply));
    quiet = setTimeout(end, limits.quietMs);
  });
  socket.on("end", end);
  return {
    start: () => {
      isConnected = true;
    },
    end,
    fail(error: unknown, isStopped: boolean) {
      // A reset after the request is a close: what has come decides, or the read-back of the caller.
      if (isConnected && !isStopped) return end();
      settle(() => reject(error));
    },
  };
}

function toText(chunks: readonly Buffer[]): string {
  const whole = chunks.length === 1 && chunks[0] ? chunks[0] : Buffer.concat(chunks);
  return whole.toString("utf8").replace(/[\0\s]+$/, "");
}

/** Answers end in NUL, sometimes with a line feed behind it (miners.md §3.3 row 1). */
function isEndMarked(chunk: Buffer): boolean {
  return chunk.at(-1) === 0 || (chunk.at(-1) === 0x0a && chunk.at(-2) === 0);
}

/** Last bytes after which silence may mean the end: NUL, line feed, `}`, `]`, `|`, `;`, `)`, `>`. */
function mayBeComplete(chunk: Buffer): boolean {
  return "\0\n}]|;)>".includes(String.fromCharCode(chunk.at(-1) ?? 0x20));
}

function reasonOf(error: unknown): string {
  const code = error instanceof Error && "code" in error ? error.code : null;
  if (code === "ECONNREFUSED") return "connection refused";
  if (code === "ETIMEDOUT") return "no connection in time";
  if (code === "ENOTFOUND" || code === "EAI_AGAIN") return "the name is not known";
  if (code === "EHOSTUNREACH" || code === "ENETUNREACH") return "no route to it";
  return "the connection broke";
}
