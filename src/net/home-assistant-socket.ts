import type { RawData, WebSocket } from "ws";
import { accessError, type HearthError, unreachableError } from "../model/errors.ts";
import { field } from "../model/parse.ts";
import type { HomeAssistantAccess } from "../model/source-link.ts";
import { parseJson } from "./json.ts";
import { openSocket } from "./source-socket.ts";

const CONNECT_MS = 5_000;
/** Link health (sources.md §3.1); a ping without its pong by the next one ends the connection. */
const PING_MS = 30_000;
const MOST_BYTES = 1_048_576;

export interface EntityEvents {
  /** What `subscribe_entities` told: parts `a` (added), `c` (changed), `r` (removed). */
  onEntities(event: unknown): void;
}

export interface EntitySocket {
  /** Asks for these entities beside the earlier ones. */
  subscribe(entities: readonly string[]): void;
  /** Resolves when the connection has ended, however. */
  readonly ended: Promise<void>;
  close(): void;
}

/**
 * Logs in to Home Assistant's WebSocket. Throws `SOURCE_ACCESS` (5) for a refused token, `SOURCE_BROKEN` (3) for anything
 * that is not the greeting, and the errors of `openSocket`.
 */
export async function openEntitySocket(
  access: HomeAssistantAccess,
  token: string,
  events: EntityEvents,
  signal: AbortSignal,
): Promise<EntitySocket> {
  const { protocol, hostname, port, host } = new URL(access.url);
  const isSecure = protocol === "https:";
  const socket = await openSocket(
    {
      host: hostname.replaceAll(/[[\]]/g, ""),
      port: Number(port) || (isSecure ? 443 : 80),
      tls: isSecure ? access : null,
      allowPublic: access.allowPublic,
      connectMs: CONNECT_MS,
    },
    signal,
  );
  const { WebSocket: Client } = await import("ws");
  const web = new Client(`${isSecure ? "wss" : "ws"}://${host}/api/websocket`, {
    createConnection: () => socket,
    handshakeTimeout: CONNECT_MS,
    maxPayload: MOST_BYTES,
    followRedirects: false,
    perMessageDeflate: false,
  });
  const ended = new Promise<void>((resolve) => web.once("close", () => resolve()));
  await loggedIn(web, token, access.url, signal);
  return live(web, ended, events);
}

function loggedIn(web: WebSocket, token: string, url: string, signal: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    const finish = (error: unknown) => {
      clearTimeout(timer);
      signal.removeEventListener("abort", onAbort);
      if (error === null) return resolve();
      web.terminate();
      reject(error);
    };
    const onAbort = () => finish(signal.reason);
    const timer = setTimeout(() => finish(broken(url)), CONNECT_MS);
    signal.addEventListener("abort", onAbort, { once: true });
    web.on("error", () => finish(broken(url)));
    web.once("close", () => finish(broken(url)));
    web.on("message", (data) => {
      const type = field(parsed(data), "type");
      if (type === "auth_required") web.send(JSON.stringify({ type: "auth", access_token: token }));
      else if (type === "auth_ok") finish(null);
      else if (type === "auth_invalid") finish(refused(url));
    });
  });
}

function live(web: WebSocket, ended: Promise<void>, events: EntityEvents): EntitySocket {
  let id = 0;
  let isAnswered = true;
  const subscriptions = new Set<number>();
  const send = (message: Record<string, unknown>): number => {
    id += 1;
    if (web.readyState === web.OPEN) web.send(JSON.stringify({ id, ...message }));
    return id;
  };
  const timer = setInterval(() => {
    if (!isAnswered) return web.terminate();
    isAnswered = false;
    send({ type: "ping" });
  }, PING_MS);
  timer.unref();
  web.once("close", () => clearInterval(timer));
  web.on("message", (data) => {
    isAnswered = true;
    const message = parsed(data);
    const isOurs = subscriptions.has(Number(field(message, "id")));
    if (isOurs && field(message, "type") === "event") events.onEntities(field(message, "event"));
  });
  return {
    subscribe(entities) {
      subscriptions.add(send({ type: "subscribe_entities", entity_ids: entities }));
    },
    ended,
    close: () => web.terminate(),
  };
}

function parsed(data: RawData): unknown {
  try {
    return parseJson(String(data));
  } catch {
    return null;
  }
}

function broken(url: string): HearthError {
  return unreachableError("SOURCE_BROKEN", `${url} did not greet as Home Assistant does.`, {
    hint: "Check the address: http://HOST:8123",
  });
}

function refused(url: string): HearthError {
  return accessError("SOURCE_ACCESS", `Home Assistant at ${url} refused the token.`, {
    left: "It is asked again in five minutes",
    hint: "a long-lived access token of your profile there, in the file of secret_ref",
  });
}
