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
    const answer = new Answer(socket, `${host}:${port}`, limits, resolve, reject);
    const connecting = setTimeout(() => {
      socket.destroy(Object.assign(new Error("no connection"), { code: "ETIMEDOUT" }));
    }, limits.connectMs);
    const onStop = () => answer.fail(stop.reason);
    let isConnected = false;
    stop.addEventListener("abort", onStop, { once: true });
    socket.on("connect", () => {
      clearTimeout(connecting);
      isConnected = true;
      socket.write(request);
    });
    socket.on("data", (chunk) => answer.take(chunk));
    socket.on("end", () => answer.end());
    // A reset after the request is a close: what has come decides, or the read-back of the caller.
    socket.on("error", (error) => (isConnected ? answer.end() : answer.fail(error)));
    socket.on("close", () => {
      clearTimeout(connecting);
      stop.removeEventListener("abort", onStop);
      answer.end();
    });
  });
}

/** Gathers an answer and ends the exchange at the first moment at which it is complete. */
class Answer {
  readonly #socket: Socket;
  readonly #where: string;
  readonly #limits: Limits;
  readonly #resolve: (reply: CgminerReply) => void;
  readonly #reject: (error: unknown) => void;
  readonly #chunks: Buffer[] = [];
  #size = 0;
  #isSettled = false;
  #quiet: ReturnType<typeof setTimeout> | undefined;

  constructor(
    socket: Socket,
    where: string,
    limits: Limits,
    resolve: (reply: CgminerReply) => void,
    reject: (error: unknown) => void,
  ) {
    this.#socket = socket;
    this.#where = where;
    this.#limits = limits;
    this.#resolve = resolve;
    this.#reject = reject;
  }

  take(chunk: Buffer): void {
    this.#chunks.push(chunk);
    this.#size += chunk.length;
    const { maxBytes, quietMs } = this.#limits;
    if (this.#size > maxBytes) {
      const start = this.#chunks[0]?.toString("latin1") ?? "";
      this.fail(minerBadAnswer(this.#where, `sent more than ${maxBytes} bytes`, start));
    }
    clearTimeout(this.#quiet);
    if (this.#isSettled || !mayBeComplete(chunk)) return;
    const reply = isEndMarked(chunk) ? parseStrictReply(toText(this.#chunks)) : null;
    if (reply !== null) this.#settle(() => this.#resolve(reply));
    else this.#quiet = setTimeout(() => this.end(), quietMs);
  }

  /** No more will come: what there is counts. */
  end(): void {
    this.#settle(() => {
      try {
        this.#resolve(parseCgminerReply(Buffer.concat(this.#chunks).toString("utf8"), this.#where));
      } catch (error) {
        this.#reject(error);
      }
    });
  }

  fail(error: unknown): void {
    this.#settle(() => this.#reject(error));
  }

  #settle(outcome: () => void): void {
    clearTimeout(this.#quiet);
    if (this.#isSettled) return;
    this.#isSettled = true;
    outcome();
    this.#socket.destroy();
  }
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
