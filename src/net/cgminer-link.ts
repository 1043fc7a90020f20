import { connect, type Socket } from "node:net";
import { HearthError } from "../model/errors.ts";
import { minerBadAnswer, minerTimeout, minerUnreachable } from "../model/miner-errors.ts";
import type { CgminerLink, CgminerReply, CgminerRequest } from "../model/miner-link.ts";
import { withoutTail } from "../model/parse.ts";
import { parseCgminerReply, parseStrictReply } from "./cgminer-reply.ts";
import { DeadlineError, withDeadline } from "./deadline.ts";
import type { LinkGround } from "./device-link.ts";
import { socketReason } from "./socket-reason.ts";

/**
 * The CGMiner dialect on TCP: one connection per request, one request at a time (miners.md §3.1).
 * Errors are `MINER_UNREACHABLE`, `MINER_TIMEOUT`, `MINER_BAD_ANSWER`, `MINER_BACKEND_DOWN`, `MINER_AUTH_REQUIRED`.
 */
export function createCgminerLink(ground: LinkGround): CgminerLink {
  const exchange = (request: CgminerRequest, signal: AbortSignal) =>
    ground.queue(() => exchangeOnce(ground, request, signal), signal);
  return {
    ask: exchange,
    async tell(request, signal) {
      await ground.guard(signal);
      return exchange(request, signal);
    },
    parse: (text) => parseCgminerReply(text, ground.where),
  };
}

async function exchangeOnce(
  ground: LinkGround,
  request: CgminerRequest,
  signal: AbortSignal,
): Promise<CgminerReply> {
  const { where, limits } = ground;
  const wire = typeof request === "string" ? request : JSON.stringify(request);
  try {
    return await withDeadline(limits.totalMs, signal, async (stop) =>
      talk(ground, await ground.address(stop), wire, stop),
    );
  } catch (error) {
    if (error instanceof HearthError || signal.aborted) throw error;
    if (error instanceof DeadlineError) throw minerTimeout(where, error.totalMs);
    throw minerUnreachable(where, socketReason(error));
  }
}

function talk(ground: LinkGround, address: string, request: string, stop: AbortSignal) {
  return new Promise<CgminerReply>((resolve, reject) => {
    stop.throwIfAborted();
    const socket = connect({ host: address, port: ground.port, noDelay: true });
    const answer = new Answer(socket, ground, request, resolve, reject);
    const connecting = setTimeout(() => {
      socket.destroy(Object.assign(new Error("no connection"), { code: "ETIMEDOUT" }));
    }, ground.limits.connectMs);
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
  readonly #ground: LinkGround;
  readonly #request: string;
  readonly #resolve: (reply: CgminerReply) => void;
  readonly #reject: (error: unknown) => void;
  readonly #chunks: Buffer[] = [];
  #size = 0;
  #isSettled = false;
  #quiet: ReturnType<typeof setTimeout> | undefined;

  constructor(
    socket: Socket,
    ground: LinkGround,
    request: string,
    resolve: (reply: CgminerReply) => void,
    reject: (error: unknown) => void,
  ) {
    this.#socket = socket;
    this.#ground = ground;
    this.#request = request;
    this.#resolve = resolve;
    this.#reject = reject;
  }

  take(chunk: Buffer): void {
    this.#chunks.push(chunk);
    this.#size += chunk.length;
    const { maxBytes, quietMs } = this.#ground.limits;
    if (this.#size > maxBytes) {
      const start = this.#chunks[0]?.toString("latin1") ?? "";
      this.fail(minerBadAnswer(this.#ground.where, `sent more than ${maxBytes} bytes`, start));
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
        this.#resolve(parseCgminerReply(Buffer.concat(this.#chunks).toString("utf8"), this.#ground.where));
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
    const text = () => Buffer.concat(this.#chunks).toString("utf8");
    if (this.#size > 0 && this.#size <= this.#ground.limits.maxBytes) {
      this.#ground.onExchange({ protocol: "cgminer", request: this.#request, status: null, text: text() });
    }
    outcome();
    this.#socket.destroy();
  }
}

function toText(chunks: readonly Buffer[]): string {
  const whole = chunks.length === 1 && chunks[0] ? chunks[0] : Buffer.concat(chunks);
  return withoutTail(whole.toString("utf8"));
}

/** Answers end in NUL, sometimes with a line feed behind it (miners.md §3.3 row 1). */
function isEndMarked(chunk: Buffer): boolean {
  return chunk.at(-1) === 0 || (chunk.at(-1) === 0x0a && chunk.at(-2) === 0);
}

/** Last bytes after which silence may mean the end: NUL, line feed, `}`, `]`, `|`, `;`, `)`, `>`. */
function mayBeComplete(chunk: Buffer): boolean {
  return "\0\n}]|;)>".includes(String.fromCharCode(chunk.at(-1) ?? 0x20));
}
