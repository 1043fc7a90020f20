import { createHash } from "node:crypto";
import DigestClient from "digest-fetch";
import { accessError, HearthError } from "../model/errors.ts";
import type { HttpReply } from "../model/miner-link.ts";
import type { SourceClock, SourceHttpRequest } from "../model/source-link.ts";
import { createHostQueue, type HostQueue } from "./host-queue.ts";
import { createHttp, type Http, type HttpAnswer } from "./http.ts";
import { parseJson } from "./json.ts";
import { createLoginSession, type LoginSession } from "./source-login.ts";
import { openSocket } from "./source-socket.ts";

/** Sources that ask one device the same within this time get one answer, ms. */
const SHARED_MS = 500;
/** A secret that was refused is kept away from the device for so long, ms: some lock up, or lock out. */
const REFUSED_MS = 300_000;
const CONNECT_MS = 4_000;
const MOST_BYTES = 1_048_576;

export interface SourceHttpOptions {
  clock: SourceClock;
  /** The text of a secret; throws where there is none. */
  secret: (ref: string | null) => string;
  onExchange?: (exchange: { request: string; status: number; text: string }) => void;
}

export interface SourceHttp {
  request(wanted: SourceHttpRequest, signal: AbortSignal): Promise<HttpReply>;
  close(): void;
}

/**
 * HTTP to the devices of sources: one request at a time per device, one answer for several sources that ask the same,
 * logins, certificates. Throws the codes of `createHttp` (`HTTP_UNREACHABLE` for one that broke, `HTTP_TIMEOUT`, `HTTP_TOO_LARGE`,
 * `HTTP_BROKEN`), those of `openSocket`, and `SOURCE_ACCESS` (5) for a refused secret.
 */
export function createSourceHttp(options: SourceHttpOptions): SourceHttp {
  const running = new Map<string, { mono: number; answer: Promise<HttpReply> }>();
  const doors = new Map<string, Door>();
  const doorOf = (wanted: SourceHttpRequest): Door => {
    const { tls, fingerprint, allowPublic, auth, user, secretRef } = wanted;
    const key = JSON.stringify([originOf(wanted.url), tls, fingerprint, allowPublic, auth, user, secretRef]);
    const door = doors.get(key) ?? createDoor(wanted);
    doors.set(key, door);
    return door;
  };
  return {
    request(wanted, signal) {
      const key = JSON.stringify({ ...wanted, totalMs: 0 });
      const mono = options.clock.monoMs();
      const shared = running.get(key);
      if (shared && mono - shared.mono < SHARED_MS) return shared.answer;
      const door = doorOf(wanted);
      const answer = door.queue(() => ask(door, wanted, options, signal), signal);
      running.set(key, { mono, answer });
      return answer;
    },
    close() {
      for (const { http } of doors.values()) http.close();
    },
  };
}

/** One device behind one login. */
interface Door {
  http: Http;
  queue: HostQueue;
  digest: Digest | null;
  session: LoginSession;
  refusedMono: number;
  /** Why the last connection was not made: the client below keeps its code alone. */
  problem: HearthError | null;
}

function createDoor({ tls, fingerprint, allowPublic }: SourceHttpRequest): Door {
  const http = createHttp({
    keepAlive: true,
    maxBytes: MOST_BYTES,
    async connect({ host, port, isSecure }) {
      try {
        const access = isSecure ? { tls, fingerprint } : null;
        return await openSocket({ host, port, tls: access, allowPublic, connectMs: CONNECT_MS });
      } catch (error) {
        if (error instanceof HearthError) door.problem = error;
        throw error;
      }
    },
  });
  const door: Door = {
    http,
    queue: createHostQueue(),
    digest: null,
    session: createLoginSession(),
    refusedMono: Number.NEGATIVE_INFINITY,
    problem: null,
  };
  return door;
}

async function ask(
  door: Door,
  wanted: SourceHttpRequest,
  options: SourceHttpOptions,
  signal: AbortSignal,
): Promise<HttpReply> {
  if (performance.now() - door.refusedMono < REFUSED_MS) throw refusedSecret(wanted);
  door.problem = null;
  const filled = withSecret(wanted, options.secret);
  let answer: HttpAnswer;
  try {
    answer = await answerTo(door, wanted, filled, options, signal);
  } catch (error) {
    throw door.problem ?? error;
  }
  options.onExchange?.({
    request: `${wanted.method} ${pathOf(wanted.url)}`,
    status: answer.status,
    text: answer.text,
  });
  const isRefused = answer.status === 401 || (wanted.auth === "login" && LOCKED.has(answer.status));
  if (isRefused && wanted.isLoginAnswer !== true) {
    if (wanted.secretRef !== null) door.refusedMono = performance.now();
    throw refusedSecret(wanted);
  }
  return { ...answer, body: jsonOf(answer.text) };
}

/** Forbidden, and too many tries (sources.md §1.9). */
const LOCKED = new Set([403, 429]);

function answerTo(
  door: Door,
  wanted: SourceHttpRequest,
  filled: SourceHttpRequest,
  { secret }: SourceHttpOptions,
  signal: AbortSignal,
): Promise<HttpAnswer> {
  const send = (headers: Record<string, string>) => door.http.request(plainRequest(filled, headers, signal));
  if (wanted.auth === "digest") return digestOf(door, wanted, secret).run(filled, send);
  if (wanted.auth !== "login" || !wanted.login) {
    return send({ ...filled.headers, ...authorization(wanted, secret) });
  }
  const { login, secretRef, totalMs } = wanted;
  const body = login.body.replaceAll("{secret}", () => JSON.stringify(secret(secretRef)).slice(1, -1));
  return door.session.run({
    field: login.token,
    ask: (token) => send({ ...filled.headers, authorization: `Bearer ${token}` }),
    enter: () =>
      door.http.request({
        ...{ method: "POST", url: login.url, body, totalMs, signal },
        headers: { "content-type": "application/json" },
      }),
  });
}

function plainRequest(filled: SourceHttpRequest, headers: Record<string, string>, signal: AbortSignal) {
  const { method, url, body, totalMs } = filled;
  return { method, url, headers, signal, totalMs, ...(body === null ? {} : { body }) };
}

/** The request with `{secret}` filled in where it stands. */
function withSecret(wanted: SourceHttpRequest, secret: SourceHttpOptions["secret"]): SourceHttpRequest {
  const { url, headers, body, secretRef } = wanted;
  const isNamed = [url, body ?? "", ...Object.values(headers)].some((part) => part.includes("{secret}"));
  if (!isNamed) return { ...wanted, headers: { accept: "application/json, */*", ...headers } };
  const text = secret(secretRef);
  const fill = (part: string) => part.replaceAll("{secret}", () => text);
  return {
    ...wanted,
    url: url.replaceAll("{secret}", () => encodeURIComponent(text)),
    body: body === null ? null : fill(body),
    headers: Object.fromEntries(Object.entries(headers).map(([name, value]) => [name, fill(value)])),
  };
}

function authorization(
  wanted: SourceHttpRequest,
  secret: SourceHttpOptions["secret"],
): Record<string, string> {
  if (wanted.auth === "bearer") return { authorization: `Bearer ${secret(wanted.secretRef)}` };
  if (wanted.auth !== "basic") return {};
  const pair = `${wanted.user ?? ""}:${secret(wanted.secretRef)}`;
  return { authorization: `Basic ${Buffer.from(pair).toString("base64")}` };
}

function digestOf(door: Door, wanted: SourceHttpRequest, secret: SourceHttpOptions["secret"]): Digest {
  door.digest ??= new Digest(wanted.user ?? "", secret(wanted.secretRef));
  return door.digest;
}

/** Answers to digest challenges in the hash that the device names (RFC 7616): MD5, or SHA-256 as Shellys want it. */
class Digest extends DigestClient {
  #send: ((headers: Record<string, string>) => Promise<HttpAnswer>) | null = null;

  async run(
    wanted: SourceHttpRequest,
    send: (headers: Record<string, string>) => Promise<HttpAnswer>,
  ): Promise<HttpAnswer> {
    this.#send = send;
    const { answer } = (await this.fetch(wanted.url, {
      method: wanted.method,
      headers: { ...wanted.headers },
    })) as unknown as { answer: HttpAnswer };
    return answer;
  }

  // The library takes the hash once and for all; which one it is stands in the challenge.
  override parseAuth(challenges: string): void {
    const challenge = strongest(challenges ?? "");
    super.parseAuth(challenge);
    const named = /algorithm="?([\w-]+)/i.exec(challenge)?.[1] ?? "MD5";
    const hash = /^sha-256/i.test(named) ? "sha256" : "md5";
    this.digest.algorithm = named;
    this.hashFunc = (text: string) => createHash(hash).update(text).digest("hex");
  }

  override async getClient(): Promise<never> {
    const client = async (_url: string, request: { headers?: Record<string, string> }) => {
      const answer = await this.#send?.(request.headers ?? {});
      return {
        status: answer?.status,
        headers: { get: (name: string) => answer?.headers[name] ?? null },
        answer,
      };
    };
    return client as never;
  }
}

/** Of several challenges in one header the one with SHA-256, else the first digest. */
function strongest(challenges: string): string {
  const all = challenges.split(/,\s*(?=(?:Digest|Basic|Bearer)\s)/i).filter((one) => /^\s*digest/i.test(one));
  return all.find((one) => /sha-256/i.test(one)) ?? all[0] ?? "";
}

function refusedSecret(wanted: SourceHttpRequest): HearthError {
  const isSecretGiven = wanted.secretRef !== null;
  return accessError(
    "SOURCE_ACCESS",
    `${originOf(wanted.url)} ${isSecretGiven ? "refused the user or the secret" : "wants a login"}.`,
    {
      left: isSecretGiven ? "It is asked again in five minutes" : "Nothing was read",
      hint: "http.auth, http.user and secret_ref of the source; hearth source add --secret-file FILE",
    },
  );
}

function jsonOf(text: string): unknown {
  try {
    return parseJson(text);
  } catch {
    return null;
  }
}

function originOf(url: string): string {
  const parsed = URL.parse(url.replaceAll("{secret}", "secret"));
  return parsed ? parsed.origin : "the device";
}

function pathOf(url: string): string {
  const parsed = URL.parse(url.replaceAll("{secret}", "SECRET"));
  return parsed ? `${parsed.pathname}${parsed.search}` : "/";
}
