import { Agent as HttpAgent } from "node:http";
import { Agent as HttpsAgent } from "node:https";
import type { Socket } from "node:net";
import nodeFetch, { type Response as NodeResponse } from "node-fetch";
import { HearthError, unreachableError } from "../model/errors.ts";
import { limitConnecting } from "./connect-limit.ts";
import { DeadlineError, withDeadline } from "./deadline.ts";
import { parseJson } from "./json.ts";

export interface HttpOptions {
  /** Keep connections open between requests; off for devices, which have few sockets. */
  keepAlive?: boolean;
  /** Limit of making the connection in real time, ms; none but `totalMs` when left out. */
  connectMs?: number;
  /** Limit of one whole exchange in real time, ms. */
  totalMs?: number;
  /** Largest body taken, bytes. */
  maxBytes?: number;
  /** Makes the connections in place of the system: judged addresses, pinned certificates. */
  connect?: (target: { host: string; port: number; isSecure: boolean }) => Promise<Socket>;
}

export interface HttpRequest {
  method?: string;
  url: string;
  headers?: Record<string, string>;
  body?: string;
  signal?: AbortSignal;
  /** Overrides the limit of the client, ms. */
  totalMs?: number;
}

export interface HttpAnswer {
  status: number;
  /** Names in lower case. */
  headers: Record<string, string>;
  text: string;
}

export interface Http {
  /**
   * Any status is an answer; redirects are not followed. Throws `HTTP_UNREACHABLE` (`mayRetry` where no connection
   * was made, so that nothing can have arrived), `HTTP_TIMEOUT`, `HTTP_TOO_LARGE`, `HTTP_BROKEN`.
   */
  request(request: HttpRequest): Promise<HttpAnswer>;
  /**
   * Sends `json` when given and parses the answer. An empty body is null. A body that is no JSON throws
   * `HTTP_NOT_JSON` with status 2xx and is null otherwise.
   */
  json(
    request: HttpRequest & { json?: unknown },
  ): Promise<{ status: number; headers: Record<string, string>; body: unknown }>;
  /** For libraries that want `fetch`: the same limits. */
  fetch: typeof globalThis.fetch;
  /** Ends idle connections. */
  close(): void;
}

const DEFAULT_TOTAL_MS = 5_000;
const DEFAULT_MAX_BYTES = 1_048_576;
const BODYLESS = new Set([204, 205, 304]);

/** A client with the limits of requirements DRV-5: time, size, depth, no redirects, no compression. */
export function createHttp(options: HttpOptions = {}): Http {
  const keepAlive = options.keepAlive ?? false;
  const http = new HttpAgent({ keepAlive });
  const https = new HttpsAgent({ keepAlive });
  if (options.connectMs !== undefined) {
    limitConnecting(http, options.connectMs);
    limitConnecting(https, options.connectMs);
  }
  if (options.connect !== undefined) {
    connectBy(http, false, options.connect);
    connectBy(https, true, options.connect);
  }
  const limits = {
    totalMs: options.totalMs ?? DEFAULT_TOTAL_MS,
    maxBytes: options.maxBytes ?? DEFAULT_MAX_BYTES,
    keepAlive,
    agent: (url: URL) => (url.protocol === "https:" ? https : http),
  };
  const request = (wanted: HttpRequest) => exchange(wanted, limits);
  return {
    request,
    json: (wanted) => exchangeJson(wanted, request),
    fetch: (input, init) => asFetch(input, init, request),
    close() {
      http.destroy();
      https.destroy();
    },
  };
}

/** The agent waits for a connection made elsewhere. */
function connectBy(agent: HttpAgent, isSecure: boolean, connect: NonNullable<HttpOptions["connect"]>): void {
  agent.createConnection = (options, done) => {
    const host = String(options.host ?? "").replaceAll(/[[\]]/g, "");
    connect({ host, port: Number(options.port), isSecure }).then(
      (socket) => done?.(null, socket),
      (error: Error) => done?.(error, null as never),
    );
    return undefined as never;
  };
}

interface Limits {
  totalMs: number;
  maxBytes: number;
  keepAlive: boolean;
  agent: (url: URL) => HttpAgent;
}

async function exchange(request: HttpRequest, limits: Limits): Promise<HttpAnswer> {
  const totalMs = request.totalMs ?? limits.totalMs;
  const attempt = () => withDeadline(totalMs, request.signal, (signal) => send(request, limits, signal));
  try {
    return await attempt().catch((error: unknown) => {
      // A server may close an idle connection just as it is used again; only a read may be repeated.
      const isStale = limits.keepAlive && systemCode(error) === "ECONNRESET";
      if (isStale && (request.method ?? "GET") === "GET") return attempt();
      throw error;
    });
  } catch (error) {
    if (request.signal?.aborted) throw request.signal.reason;
    throw toHttpError(error, request.url, limits.maxBytes);
  }
}

async function send(request: HttpRequest, limits: Limits, signal: AbortSignal): Promise<HttpAnswer> {
  const response = await nodeFetch(request.url, {
    method: request.method ?? "GET",
    headers: request.headers ?? {},
    body: request.body ?? null,
    redirect: "manual",
    compress: false,
    size: limits.maxBytes,
    agent: limits.agent,
    signal,
  });
  return { status: response.status, headers: headersOf(response), text: await response.text() };
}

async function exchangeJson(
  wanted: HttpRequest & { json?: unknown },
  request: (wanted: HttpRequest) => Promise<HttpAnswer>,
): Promise<{ status: number; headers: Record<string, string>; body: unknown }> {
  const { json, ...rest } = wanted;
  const headers: Record<string, string> = { accept: "application/json", ...rest.headers };
  if (json !== undefined) {
    headers["content-type"] ??= "application/json";
    rest.body = JSON.stringify(json);
  }
  const answer = await request({ ...rest, headers });
  return { status: answer.status, headers: answer.headers, body: bodyOf(answer, wanted.url) };
}

function bodyOf(answer: HttpAnswer, url: string): unknown {
  if (answer.text.trim() === "") return null;
  try {
    return parseJson(answer.text);
  } catch (cause) {
    if (answer.status < 200 || answer.status > 299) return null;
    throw unreachableError(
      "HTTP_NOT_JSON",
      `${withoutSecrets(url)} answered with status ${answer.status} and something that is not JSON.`,
      { cause, hint: "Check the address; a login page or a router may be answering instead" },
    );
  }
}

async function asFetch(
  input: string | URL | Request,
  init: RequestInit | undefined,
  request: (wanted: HttpRequest) => Promise<HttpAnswer>,
): Promise<Response> {
  const whole = new Request(input, init);
  const body = whole.body === null ? undefined : await whole.text();
  const answer = await request({
    url: whole.url,
    method: whole.method,
    headers: Object.fromEntries(whole.headers),
    signal: whole.signal,
    ...(body === undefined ? {} : { body }),
  });
  const { status, headers } = answer;
  return new Response(BODYLESS.has(status) ? null : answer.text, { status, headers });
}

function headersOf(response: NodeResponse): Record<string, string> {
  const headers: Record<string, string> = {};
  for (const [name, value] of response.headers) headers[name.toLowerCase()] = value;
  return headers;
}

function toHttpError(error: unknown, url: string, maxBytes: number): HearthError {
  const shown = withoutSecrets(url);
  if (error instanceof HearthError) return error;
  if (error instanceof DeadlineError) {
    return unreachableError("HTTP_TIMEOUT", `${shown} did not answer within ${error.totalMs / 1000} s.`, {
      hint: "Check that the device or server is switched on and on this network",
    });
  }
  if (error instanceof Error && "type" in error && error.type === "max-size") {
    return unreachableError("HTTP_TOO_LARGE", `${shown} answered with more than ${maxBytes} bytes.`, {
      hint: "Check the address; this is not the answer of a known device",
    });
  }
  if (systemCode(error)?.startsWith("HPE_")) {
    return unreachableError("HTTP_BROKEN", `${shown} answered with something that is not HTTP.`, {
      hint: "Check the address and the port",
    });
  }
  // The cause is left out: its text holds the whole address with any secrets in it.
  return unreachableError("HTTP_UNREACHABLE", `No answer from ${shown} (${reasonOf(error)}).`, {
    hint: "Check the address and that the device or server is running",
    mayRetry: UNCONNECTED.has(systemCode(error) ?? ""),
  });
}

/** Failures before a connection stands. */
const UNCONNECTED = new Set([
  "ECONNREFUSED",
  "ENOTFOUND",
  "EAI_AGAIN",
  "ETIMEDOUT",
  "EHOSTUNREACH",
  "ENETUNREACH",
  "EHOSTDOWN",
  "EADDRNOTAVAIL",
  "EMFILE",
]);

function reasonOf(error: unknown): string {
  switch (systemCode(error)) {
    case "ECONNREFUSED":
      return "connection refused";
    case "ENOTFOUND":
    case "EAI_AGAIN":
      return "the name is not known";
    case "ECONNRESET":
      return "connection reset";
    case "ETIMEDOUT":
      return "no connection in time";
    case "EHOSTUNREACH":
    case "ENETUNREACH":
      return "no route to it";
    default:
      return systemCode(error) ?? "broken answer";
  }
}

function systemCode(error: unknown): string | null {
  if (!(error instanceof Error) || !("code" in error)) return null;
  return typeof error.code === "string" ? error.code : null;
}

/** Address without user, password and query, which may hold tokens. */
function withoutSecrets(url: string): string {
  try {
    const { origin, pathname } = new URL(url);
    return `${origin}${pathname}`;
  } catch {
    return "the address";
  }
}
