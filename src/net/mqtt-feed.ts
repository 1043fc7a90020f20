import { randomBytes } from "node:crypto";
import type { MqttClient } from "mqtt";
import { accessError, HearthError, unreachableError } from "../model/errors.ts";
import type { MqttAccess, MqttFeed, MqttMessage, SourceClock } from "../model/source-link.ts";
import { keepUp } from "./keep-up.ts";
import { openSocket } from "./source-socket.ts";

const CONNECT_MS = 5_000;
const KEEPALIVE_S = 30;
/** Largest message, bytes; a broker that sends more is let go. */
const MOST_BYTES = 262_144;

export interface MqttFeedOptions {
  access: MqttAccess;
  clock: SourceClock;
  secret: (ref: string | null) => string;
  onMessage?: (topic: string, text: string) => void;
}

export interface OpenMqttFeed extends MqttFeed {
  close(): Promise<void>;
}

/**
 * One connection to one broker for all sources on it; begun by the first topic asked for, kept up until closed. Nothing
 * is ever published.
 */
export function createMqttFeed(options: MqttFeedOptions): OpenMqttFeed {
  const { access } = options;
  const box = createMailbox(options);
  const stop = new AbortController();
  let client: MqttClient | null = null;
  let running: Promise<void> | null = null;

  const session = async (isUp: () => void) => {
    client = await login(options, stop.signal);
    isUp();
    box.problem = null;
    client.on("message", (topic, payload, packet) => box.put(topic, payload, packet.retain));
    if (box.topics.size > 0) client.subscribe([...box.topics]);
    await ended(client, stop.signal);
  };
  const onEnd = (error: unknown) => {
    client = null;
    box.problem = error instanceof HearthError ? error : closed(access.url);
    box.wake();
  };
  const listen = (topic: string) => {
    running ??= keepUp({ session, onEnd, signal: stop.signal });
    if (box.topics.has(topic)) return;
    box.topics.add(topic);
    client?.subscribe(topic);
  };
  return {
    latest(topic) {
      listen(topic);
      return box.messages.get(topic) ?? null;
    },
    async settle(topic, ms, signal) {
      listen(topic);
      await oneOf(box.waiting, () => box.messages.has(topic) || box.problem !== null, ms, signal);
      signal.throwIfAborted();
      if (box.problem !== null) throw box.problem;
    },
    async close() {
      stop.abort();
      client?.end(true);
      await running;
    },
  };
}

/** What was heard, and who waits for more. */
function createMailbox({ clock, onMessage }: MqttFeedOptions) {
  const box = {
    messages: new Map<string, MqttMessage>(),
    topics: new Set<string>(),
    waiting: new Set<() => void>(),
    /** Why the broker cannot be used; null: it can, or was not tried yet. */
    problem: null as HearthError | null,
    wake() {
      for (const check of box.waiting) check();
    },
    put(topic: string, payload: Buffer, isRetained: boolean) {
      const text = payload.toString("utf8");
      box.messages.set(topic, { text, receivedMono: clock.monoMs(), isRetained });
      onMessage?.(topic, text);
      box.wake();
    },
  };
  return box;
}

/** A client that is logged in. Throws `SOURCE_UNREACHABLE` (3), `SOURCE_ACCESS` (5) and the errors of `openSocket`. */
async function login({ access, secret }: MqttFeedOptions, signal: AbortSignal): Promise<MqttClient> {
  const { hostname, port, protocol } = new URL(access.url);
  const isSecure = protocol === "mqtts:";
  const socket = await openSocket(
    {
      host: hostname.replaceAll(/[[\]]/g, ""),
      port: Number(port) || (isSecure ? 8883 : 1883),
      tls: isSecure ? access : null,
      allowPublic: access.allowPublic,
      connectMs: CONNECT_MS,
    },
    signal,
  );
  const { MqttClient } = await import("mqtt");
  const credentials =
    access.user === null
      ? {}
      : { username: access.user, password: access.secretRef === null ? "" : secret(access.secretRef) };
  const client = new MqttClient(() => socket, {
    clientId: `hearth-${randomBytes(6).toString("hex")}`,
    protocolVersion: 4,
    reconnectPeriod: 0,
    connectTimeout: CONNECT_MS,
    keepalive: KEEPALIVE_S,
    ...credentials,
  });
  limitMessages(client, socket);
  return connected(client, access, signal);
}

function connected(client: MqttClient, access: MqttAccess, signal: AbortSignal): Promise<MqttClient> {
  return new Promise((resolve, reject) => {
    const onAbort = () => finish(signal.reason);
    const finish = (error: unknown) => {
      signal.removeEventListener("abort", onAbort);
      if (error === null) return resolve(client);
      client.end(true);
      reject(error);
    };
    signal.addEventListener("abort", onAbort, { once: true });
    client.once("connect", () => finish(null));
    client.once("close", () => finish(closed(access.url)));
    client.on("error", (error) => finish(isRefusal(error) ? refused(access.url) : closed(access.url)));
  });
}

/** The library takes messages of any size. */
function limitMessages(client: MqttClient, socket: Awaited<ReturnType<typeof openSocket>>): void {
  let open = 0;
  client.on("packetreceive", () => {
    open = 0;
  });
  socket.on("data", (chunk) => {
    open += chunk.length;
    if (open > MOST_BYTES) socket.destroy();
  });
}

function ended(client: MqttClient, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    client.once("close", () => resolve());
    signal.addEventListener("abort", () => resolve(), { once: true });
  });
}

/** CONNACK 4 and 5 of MQTT 3.1.1: bad user or password, not authorized. */
function isRefusal(error: unknown): boolean {
  const code = (error as { code?: unknown } | null)?.code;
  return code === 4 || code === 5;
}

function refused(url: string): HearthError {
  return accessError("SOURCE_ACCESS", `The broker at ${url} refused the user or the secret.`, {
    left: "It is asked again in five minutes",
    hint: "mqtt.user and secret_ref of the source",
  });
}

function closed(url: string): HearthError {
  return unreachableError("SOURCE_UNREACHABLE", `The broker at ${url} did not take the connection.`, {
    hint: "Check the address, and that the broker is running",
  });
}

/** Waits until `isDone`, woken through `waiting`, at most `ms` of real time. */
function oneOf(
  waiting: Set<() => void>,
  isDone: () => boolean,
  ms: number,
  signal: AbortSignal,
): Promise<void> {
  if (isDone()) return Promise.resolve();
  return new Promise((resolve) => {
    const check = () => {
      if (isDone() || signal.aborted) finish();
    };
    const finish = () => {
      clearTimeout(timer);
      waiting.delete(check);
      signal.removeEventListener("abort", check);
      resolve();
    };
    const timer = setTimeout(finish, ms);
    waiting.add(check);
    signal.addEventListener("abort", check, { once: true });
    check();
  });
}
