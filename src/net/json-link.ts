import { HearthError, unreachableError, unsupportedError } from "../model/errors.ts";
import type { JsonLink } from "../model/miner.ts";
import { createHostQueue, type HostQueue } from "./host-queue.ts";
import { createHttp, type Http, type HttpAnswer } from "./http.ts";
import { parseJson } from "./json.ts";
import {
  looksLikeHtml,
  looksLikeLogin,
  minerAuthRequired,
  minerBadAnswer,
  minerTimeout,
  minerUnreachable,
  redact,
} from "./miner-errors.ts";

export interface JsonLinkOptions {
  /** Limits of requirements DRV-5: ms in real time, bytes. */
  connectMs?: number;
  totalMs?: number;
  maxBytes?: number;
  /** Shared when several links lead to one device. */
  queue?: HostQueue;
}

const DEFAULTS = { connectMs: 1_000, totalMs: 5_000, maxBytes: 1_048_576 };

/**
 * HTTP with JSON to one device: no `Origin`, a connection per request, one request at a time.
 * Errors are `MINER_UNREACHABLE`, `MINER_TIMEOUT`, `MINER_BAD_ANSWER`, `MINER_AUTH_REQUIRED`, `MINER_NO_ROUTE`
 * (a read answered 404) and `MINER_REFUSED` (the device says no to a write: 400, 404, 405, 409, 422).
 */
export function createJsonLink(host: string, port: number, options: JsonLinkOptions = {}): JsonLink {
  const limits = { ...DEFAULTS, ...options };
  const http = createHttp(limits);
  const queue = options.queue ?? createHostQueue();
  const base = `http://${host.includes(":") ? `[${host}]` : host}${port === 80 ? "" : `:${port}`}`;
  const where = `${host}:${port}`;
  const ask = (method: string, path: string, body: unknown, signal: AbortSignal) =>
    queue(
      () => exchange(http, where, { method, url: base + path, body, totalMs: limits.totalMs }, signal),
      signal,
    );
  return {
    kind: "http",
    host,
    port,
    async get(path, signal) {
      const answer = await ask("GET", path, undefined, signal);
      checkStatus(answer, where);
      return toJson(answer.text, where);
    },
    async send(method, path, body, signal) {
      const answer = await ask(method, path, body, signal);
      if (answer.status >= 400 && answer.status < 500) checkRefusal(answer, where, path);
      checkStatus(answer, where);
      return toWriteBody(answer.text, where);
    },
  };
}

async function exchange(
  http: Http,
  where: string,
  wanted: { method: string; url: string; body: unknown; totalMs: number },
  signal: AbortSignal,
): Promise<HttpAnswer> {
  const headers: Record<string, string> = { accept: "application/json", connection: "close" };
  if (wanted.body !== undefined) headers["content-type"] = "application/json";
  try {
    return await http.request({
      method: wanted.method,
      url: wanted.url,
      headers,
      signal,
      ...(wanted.body === undefined ? {} : { body: JSON.stringify(wanted.body) }),
    });
  } catch (error) {
    throw error instanceof HearthError ? toMinerError(error, where, wanted.totalMs) : error;
  }
}

function toMinerError(error: HearthError, where: string, totalMs: number): HearthError {
  if (error.code === "HTTP_TIMEOUT") return minerTimeout(where, totalMs);
  if (error.code === "HTTP_TOO_LARGE") return minerBadAnswer(where, "sent an answer that is too large", "");
  if (error.code === "HTTP_BROKEN")
    return minerBadAnswer(where, "answered with something that is not HTTP", "");
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
function checkRefusal(answer: HttpAnswer, where: string, path: string): void {
  if (![400, 404, 405, 409, 422].includes(answer.status)) return;
  const words = looksLikeHtml(answer.text) ? "" : ` It said: ${redact(answer.text.slice(0, 120)).trim()}`;
  throw unsupportedError(
    "MINER_REFUSED",
    `The miner at ${where} refused ${path} (${answer.status}).${words}`,
    {
      left: "Nothing was changed by this request",
      hint: "Check its firmware version and its own page",
    },
  );
}

function toJson(text: string, where: string): unknown {
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
  if (looksLikeHtml(text)) return toJson(text, where);
  try {
    return parseJson(text);
  } catch {
    return null;
  }
}
