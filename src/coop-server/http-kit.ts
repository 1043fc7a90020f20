import type { IncomingMessage, ServerResponse } from "node:http";
import { HearthError } from "../model/errors.ts";
import { parseJson } from "../net/json.ts";

/** One request as the routes see it; the body is read and bounded. */
export interface Ask {
  method: string;
  path: string;
  /** Parts of the path that the pattern names, decoded. */
  params: Record<string, string>;
  query: URLSearchParams;
  /** Names in lower case. */
  headers: Record<string, string>;
  bodyText: string;
}

export interface Answer {
  status: number;
  /** An object becomes JSON, a string is sent as it is (HTML). */
  body: unknown;
  headers?: Record<string, string>;
}

export interface Route {
  method: string;
  /** `/v1/terms/:version`; a name takes one part. */
  pattern: string;
  handle: (ask: Ask) => Answer | Promise<Answer>;
}

/** A refusal with a problem body (RFC 9457). `code` is stable. */
export class Problem extends Error {
  readonly status: number;
  readonly code: string;
  readonly headers: Record<string, string>;

  constructor(status: number, code: string, detail: string, headers: Record<string, string> = {}) {
    super(detail);
    this.name = "Problem";
    this.status = status;
    this.code = code;
    this.headers = headers;
  }
}

const MAX_BODY_BYTES = 1_048_576;
const TITLES: Record<number, string> = {
  400: "Bad Request",
  401: "Unauthorized",
  403: "Forbidden",
  404: "Not Found",
  405: "Method Not Allowed",
  409: "Conflict",
  413: "Content Too Large",
  415: "Unsupported Media Type",
  421: "Misdirected Request",
  422: "Unprocessable Content",
  429: "Too Many Requests",
  500: "Internal Server Error",
  501: "Not Implemented",
};

/**
 * Answers one request from the routes. Every failure becomes a problem body; an unexpected one says nothing about
 * itself. `hosts`: names that may stand in `Host`, against web pages that rebind their name to this address.
 */
export async function serve(
  request: IncomingMessage,
  response: ServerResponse,
  routes: readonly Route[],
  hosts: readonly string[],
): Promise<void> {
  let answer: Answer;
  try {
    checkHost(request.headers.host, hosts);
    answer = await dispatch(request, routes);
  } catch (error) {
    answer = toProblemAnswer(error);
  }
  send(response, answer);
}

/** The JSON object of a request. Throws 415 or 400. */
export function jsonBody(ask: Ask): Record<string, unknown> {
  if (!/^application\/(json|[a-z.-]+\+json)\b/.test(ask.headers["content-type"] ?? "")) {
    throw new Problem(415, "content_type", "The body must be application/json.");
  }
  let body: unknown;
  try {
    body = parseJson(ask.bodyText);
  } catch {
    throw new Problem(400, "invalid_json", "The body is not JSON.");
  }
  if (typeof body !== "object" || body === null || Array.isArray(body)) {
    throw new Problem(400, "invalid_body", "The body must be a JSON object.");
  }
  return body as Record<string, unknown>;
}

/** The fields of a form. Throws 415. */
export function formBody(ask: Ask): URLSearchParams {
  if (!(ask.headers["content-type"] ?? "").startsWith("application/x-www-form-urlencoded")) {
    throw new Problem(415, "content_type", "The body must be application/x-www-form-urlencoded.");
  }
  return new URLSearchParams(ask.bodyText);
}

async function dispatch(request: IncomingMessage, routes: readonly Route[]): Promise<Answer> {
  const url = new URL(request.url ?? "/", "http://localhost");
  const method = request.method ?? "GET";
  const matches = routes.flatMap((route) => {
    const params = matchPath(route.pattern, url.pathname);
    return params === null ? [] : [{ route, params }];
  });
  if (matches.length === 0) throw new Problem(404, "not_found", "There is nothing at this address.");
  const match = matches.find(({ route }) => route.method === method);
  if (!match) throw new Problem(405, "method_not_allowed", `${method} is not possible here.`);
  return match.route.handle({
    method,
    path: url.pathname,
    params: match.params,
    query: url.searchParams,
    headers: plainHeaders(request),
    bodyText: await readBody(request),
  });
}

function matchPath(pattern: string, path: string): Record<string, string> | null {
  const wanted = pattern.split("/");
  const given = path.split("/");
  if (wanted.length !== given.length) return null;
  const params: Record<string, string> = {};
  for (const [i, part] of wanted.entries()) {
    const value = given[i] ?? "";
    if (!part.startsWith(":")) {
      if (part !== value) return null;
      continue;
    }
    try {
      params[part.slice(1)] = decodeURIComponent(value);
    } catch {
      return null;
    }
  }
  return params;
}

async function readBody(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of request) {
    const piece = chunk as Buffer;
    bytes += piece.length;
    if (bytes > MAX_BODY_BYTES) throw new Problem(413, "too_large", "The body is larger than 1 MiB.");
    chunks.push(piece);
  }
  return Buffer.concat(chunks).toString("utf8");
}

function plainHeaders(request: IncomingMessage): Record<string, string> {
  const headers: Record<string, string> = {};
  for (const [name, value] of Object.entries(request.headers)) {
    if (typeof value === "string") headers[name] = value;
  }
  return headers;
}

function checkHost(host: string | undefined, hosts: readonly string[]): void {
  const name = (host ?? "").replace(/:\d+$/, "").toLowerCase();
  if (!hosts.includes(name))
    throw new Problem(421, "wrong_host", "This server does not answer for that host.");
}

function toProblemAnswer(error: unknown): Answer {
  const problem = toProblem(error);
  const { status, code, headers } = problem;
  const body = {
    type: "about:blank",
    title: TITLES[status] ?? "Error",
    status,
    detail: problem.message,
    code,
  };
  return { status, body, headers: { "content-type": "application/problem+json", ...headers } };
}

function toProblem(error: unknown): Problem {
  if (error instanceof Problem) return error;
  if (error instanceof HearthError) return new Problem(422, error.code.toLowerCase(), error.message);
  return new Problem(500, "unexpected", "The co-op server failed.");
}

function send(response: ServerResponse, answer: Answer): void {
  const isText = typeof answer.body === "string";
  response.writeHead(answer.status, {
    "content-type": isText ? "text/html; charset=utf-8" : "application/json",
    "cache-control": "no-store",
    "x-content-type-options": "nosniff",
    ...answer.headers,
  });
  response.end(isText ? answer.body : JSON.stringify(answer.body));
}
