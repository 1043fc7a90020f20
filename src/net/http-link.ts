import DigestClient from "digest-fetch";
import { HearthError, unreachableError } from "../model/errors.ts";
import {
  looksLikeBackendDown,
  looksLikeHtml,
  looksLikeLogin,
  minerAuthRequired,
  minerBackendDown,
  minerBadAnswer,
  minerCutAnswer,
  minerPasswordWrong,
  minerRefused,
  minerTimeout,
  minerUnreachable,
} from "../model/miner-errors.ts";
import type { HttpAccess, HttpExchange, HttpLink, HttpReply } from "../model/miner-link.ts";
import type { LinkGround } from "./device-link.ts";
import { createHttp, type Http, type HttpAnswer } from "./http.ts";
import { parseJson } from "./json.ts";

interface Wanted extends HttpAccess {
  method: string;
  path: string;
  body?: unknown;
}

type Digest = NonNullable<HttpAccess["digest"]>;

/** A password that was refused is kept away from the device for so long, ms. */
const REFUSED_MS = 900_000;
/** Answers that are the device's own no to a write, not a failure. */
const REFUSALS = new Set([400, 404, 405, 409, 412, 422]);

/**
 * HTTP with JSON to one device: no `Origin`, a connection per request, one request at a time.
 * Errors are `MINER_UNREACHABLE`, `MINER_TIMEOUT`, `MINER_CUT_ANSWER`, `MINER_BAD_ANSWER`, `MINER_AUTH_REQUIRED`,
 * `MINER_PASSWORD_WRONG`, `MINER_NO_ROUTE` (a read answered 404) and `MINER_REFUSED` (the device says no to a write).
 */
export function createHttpLink(ground: LinkGround): HttpLink {
  const { where, limits, queue } = ground;
  const http = createHttp(limits);
  const digests = new Map<string, DigestSession>();
  const ask = (wanted: Wanted, signal: AbortSignal) =>
    queue(async () => {
      const send = (headers: Record<string, string>) =>
        sendOnce(http, ground, { ...wanted, headers }, signal);
      const answer = wanted.digest
        ? await sessionOf(digests, wanted.digest).run(wanted, where, send)
        : await send(wanted.headers ?? {});
      ground.onExchange({
        protocol: "http",
        request: `${wanted.method} ${wanted.path}`,
        status: answer.status,
        text: answer.text,
      });
      return answer;
    }, signal);
  return {
    async get(path, signal, access = {}) {
      const answer = await ask({ method: "GET", path, ...access }, signal);
      checkStatus(answer, where);
      return parseHttpBody(answer.text, where);
    },
    async send(method, path, body, signal, access = {}) {
      await ground.guard(signal);
      const answer = await ask({ method, path, body, ...access }, signal);
      if (REFUSALS.has(answer.status)) throw refusal(answer, where, path);
      checkStatus(answer, where);
      return toWriteBody(answer.text, where);
    },
    exchange: async (request: HttpExchange, signal) => toReply(await ask(request, signal)),
  };
}

async function sendOnce(
  http: Http,
  ground: LinkGround,
  wanted: Wanted,
  signal: AbortSignal,
): Promise<HttpAnswer> {
  const { host, port, where, limits } = ground;
  const address = await ground.address(signal);
  const url = `http://${address.includes(":") ? `[${address}]` : address}:${port}${wanted.path}`;
  const headers: Record<string, string> = {
    accept: "application/json",
    connection: "close",
    ...wanted.headers,
  };
  // The device may compare the name it is called by with its own.
  if (address !== host) headers["host"] = where.replace(/:80$/, "");
  if (wanted.body !== undefined) headers["content-type"] = "application/json";
  try {
    const body = wanted.body === undefined ? {} : { body: JSON.stringify(wanted.body) };
    return await http.request({ method: wanted.method, url, headers, signal, ...body });
  } catch (error) {
    throw error instanceof HearthError ? toMinerError(error, where, limits.totalMs) : error;
  }
}

/** The challenges of one user; a refused password is not sent again for a while (miners.md §1 rule 9). */
class DigestSession extends DigestClient {
  readonly #isFactory: boolean;
  #send: ((headers: Record<string, string>) => Promise<HttpAnswer>) | null = null;
  #refusedMono = Number.NEGATIVE_INFINITY;

  constructor({ user, password, isFactory }: Digest) {
    super(user, password);
    this.#isFactory = isFactory;
  }

  async run(
    wanted: Wanted,
    where: string,
    send: (headers: Record<string, string>) => Promise<HttpAnswer>,
  ): Promise<HttpAnswer> {
    if (performance.now() - this.#refusedMono < REFUSED_MS) throw minerPasswordWrong(where, this.#isFactory);
    this.#send = async (headers) => {
      const answer = await send(headers);
      // Before the library answers a question of another kind, in whatever way.
      if (answer.status === 401 && !isDigest(answer)) throw minerAuthRequired(where);
      return answer;
    };
    const { answer } = (await this.fetch(`http://device${wanted.path}`, {
      method: wanted.method,
      headers: { ...wanted.headers },
    })) as unknown as { answer: HttpAnswer };
    if (answer.status !== 401) return answer;
    this.#refusedMono = performance.now();
    throw minerPasswordWrong(where, this.#isFactory);
  }

  // The library wants something like `fetch`: the link's own exchange, with all its limits, stands in.
  override async getClient(): Promise<never> {
    const client = async (_url: string, options: { headers?: Record<string, string> }) => {
      const answer = await this.#send?.(options.headers ?? {});
      return {
        status: answer?.status,
        headers: { get: (name: string) => answer?.headers[name] ?? null },
        answer,
      };
    };
    return client as never;
  }
}

function isDigest({ headers }: HttpAnswer): boolean {
  return /^\s*digest/i.test(headers["www-authenticate"] ?? "");
}

function sessionOf(sessions: Map<string, DigestSession>, digest: Digest): DigestSession {
  const key = `${digest.user}\n${digest.password}`;
  const known = sessions.get(key);
  if (known) return known;
  const session = new DigestSession(digest);
  sessions.set(key, session);
  return session;
}

function toMinerError(error: HearthError, where: string, totalMs: number): HearthError {
  if (error.code === "HTTP_TIMEOUT") return minerTimeout(where, totalMs);
  if (error.code === "HTTP_TOO_LARGE") return minerBadAnswer(where, "sent an answer that is too large", "");
  if (error.code === "HTTP_BROKEN")
    return minerBadAnswer(where, "answered with something that is not HTTP", "");
  if (!error.mayRetry) return minerCutAnswer(where);
  return minerUnreachable(where, /\(([^)]*)\)\.$/.exec(error.message)?.[1] ?? "the connection broke");
}

function checkStatus(answer: HttpAnswer, where: string): void {
  if (answer.status >= 200 && answer.status < 300) return;
  if (answer.status === 401 || answer.status === 403) throw minerAuthRequired(where);
  if (answer.status === 404) {
    throw unreachableError(
      "MINER_NO_ROUTE",
      `The device at ${where} does not know what it was asked for (404).`,
      {
        hint: "Check that this is the miner, and its firmware version",
      },
    );
  }
  throw minerBadAnswer(where, `answered with HTTP status ${answer.status}`, answer.text);
}

/** A plain no to a write is the device's word, not a broken answer. */
function refusal(answer: HttpAnswer, where: string, path: string): HearthError {
  return minerRefused(where, `${path} (${answer.status})`, looksLikeHtml(answer.text) ? "" : answer.text);
}

function toReply(answer: HttpAnswer): HttpReply {
  const { status, headers, text } = answer;
  return { status, headers, text, body: orNull(text) };
}

function orNull(text: string): unknown {
  try {
    return parseJson(text);
  } catch {
    return null;
  }
}

/**
 * Parsed body of a read. Throws `MINER_AUTH_REQUIRED` for a login page, `MINER_BACKEND_DOWN` for a page without its
 * mining process, `MINER_BAD_ANSWER` for what is no JSON.
 */
export function parseHttpBody(text: string, where: string): unknown {
  if (looksLikeBackendDown(text)) throw minerBackendDown(where);
  if (looksLikeHtml(text)) {
    throw looksLikeLogin(text)
      ? minerAuthRequired(where)
      : minerBadAnswer(where, "answered with a web page where data belongs", text);
  }
  try {
    return parseJson(text);
  } catch {
    throw minerBadAnswer(where, "gave an answer that is not valid JSON", text);
  }
}

/** Writes answer with nothing, with JSON, or with a few words; only a web page is wrong here. */
function toWriteBody(text: string, where: string): unknown {
  if (text.trim() === "") return null;
  if (looksLikeHtml(text)) return parseHttpBody(text, where);
  return orNull(text);
}
