import type { WebReply, WebRequest } from "./device-port.ts";

/** Sockets that an ESP32 board has for its clients. */
export const ESP_SOCKETS = 12;
/** Longest body that it takes, bytes. */
const LONGEST_BODY = 10_240;

/** What every board of the AxeOS line answers before it looks at the path; null: go on. */
export function refusedAtDoor(request: WebRequest): WebReply | null {
  if (request.body.length > LONGEST_BODY) return plainReply(500, "content too long");
  return isForeign(request) ? plainReply(401, "Unauthorized") : null;
}

/** Runs `apply` on the parsed body; a body that is no JSON is refused. */
export function withJson(body: string, apply: (value: unknown) => WebReply): WebReply {
  let value: unknown;
  try {
    value = JSON.parse(body);
  } catch {
    return plainReply(400, "Invalid JSON");
  }
  return apply(value);
}

/** Not-a-number leaves as `null`, as in the firmware. */
export function jsonReply(status: number, body: unknown): WebReply {
  return { status, body: JSON.stringify(body) };
}

export function plainReply(status: number, body: string): WebReply {
  return { status, type: "text/plain", body };
}

/** Start page of the device. */
export function pageReply(title: string): WebReply {
  return {
    status: 200,
    type: "text/html",
    body: `<!doctype html><title>${title}</title><app-root></app-root>`,
  };
}

export function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

export function rounded(value: number, digits: number): number {
  const factor = 10 ** digits;
  return Math.round(value * factor) / factor;
}

/** As older firmware writes a difficulty: `483k`, `4.29G`. */
export function withSuffix(value: number): string {
  for (const [suffix, unit] of [
    ["T", 1e12],
    ["G", 1e9],
    ["M", 1e6],
    ["k", 1e3],
  ] as const) {
    if (value >= unit) return `${Number((value / unit).toPrecision(3))}${suffix}`;
  }
  return String(Math.round(value));
}

/** A page of another site must not reach the device; private addresses and the device itself may. */
function isForeign({ headers }: WebRequest): boolean {
  const { origin, host } = headers;
  if (origin === undefined) return false;
  const from = /^https?:\/\/([^/]+)$/.exec(origin)?.[1];
  if (from === undefined) return true;
  return from !== host && !/^(?:10\.|192\.168\.|172\.(?:1[6-9]|2\d|3[01])\.|127\.)/.test(from);
}
