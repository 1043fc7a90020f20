import { randomBytes } from "node:crypto";
import type { MqttClient } from "mqtt";
import { accessError, HearthError, unreachableError } from "../model/errors.ts";
import type { MqttAccess, MqttFeed, MqttMessage, SourceClock } from "../model/source-link.ts";
import { createBackoff } from "./backoff.ts";
import { openSocket } from "./source-socket.ts";

const CONNECT_MS = 5_000;
const FIRST_RETRY_MS = 500;
const MOST_RETRY_MS = 60_000;
/** A refused login is tried again after so long, ms. */
const REFUSED_RETRY_MS = 300_000;
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
  const latest = new Map<string, MqttMessage>();
  const topics = new Set<string>();
  const waiting = new Set<() => void>();
  const stop = new AbortController();
  let client: MqttClient | null = null;
  let problem: HearthError | null = null;
  let running: Promise<void> | null = null;
  const wake = () => {
    for (const resolve of waiting) resolve();
  };

  const heard = (topic: string, payload: Buffer, isRetained: boolean) => {
    const text = payload.toString("utf8");
    latest.set(topic, { text, receivedMono: options.clock.monoMs(), isRetained });
    options.onMessage?.(topic, text);
    wake();
  };
  const keepUp = async () => {
    const backoff = createBackoff(FIRST_RETRY_MS, MOST_RETRY_MS);
    while (!stop.signal.aborted) {
      try {
        client = await login(options, stop.signal);
        backoff.reset();
        problem = null;
        client.on("message", (topic, payload, packet) => heard(topic, payload, packet.retain));
        if (topics.size > 0) client.subscribe([...topics]);
        await ended(client, stop.signal);
        problem = unreachableError(
          "SOURCE_UNREACHABLE",
          `The broker at ${options.access.url} closed the connection.`,
        );
      } catch (error) {
        if (stop.signal.aborted) return;
        problem = error instanceof HearthError ? error : closed(options.access.url);
      }
      client = null;
      wake();
      await sleep(problem.exit === 5 ? REFUSED_RETRY_MS : backoff.next(), stop.signal);
    }
  };
  const listen = (topic: string) => {
    running ??= keepUp();
    if (topics.has(topic)) return;
    topics.add(topic);
    client?.subscribe(topic);
  };
  return {
    latest(topic) {
      listen(topic);
      return latest.get(topic) ?? null;
    },
    async settle(topic, ms, signal) {
      listen(topic);
      if (!latest.has(topic) && problem === null)
        await oneOf(waiting, () => latest.has(topic) || problem !== null, ms, signal);
      signal.throwIfAborted();
      if (problem !== null) throw problem;
    },
    async close() {
      stop.abort();
      client?.end(true);
      await running;
    },
  };
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

function sleep(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const timer = setTimeout(resolve, ms);
    signal.addEventListener(
      "abort",
      () => {
        clearTimeout(timer);
        resolve();
      },
      { once: true },
    );
    if (signal.aborted) resolve();
  });
}
