import { unreachableError } from "../model/errors.ts";
import type { HttpReply } from "../model/miner-link.ts";
import { toMac } from "../model/parse.ts";
import type { Sample, Source } from "../model/source.ts";
import type { SourceConfig } from "../model/source-config.ts";
import type { SourceHttpRequest, SourceLinks } from "../model/source-link.ts";
import { addressOf } from "./addresses.ts";
import { createNormalizer, optionalSelect, sourceHead, unknown } from "./normal-form.ts";

const DEFAULT_TIMEOUT_S = 5;
/** Who answers is asked anew after so long, ms: an address may have gone to another device meanwhile. */
const IDENTITY_MS = 600_000;

type Ask = (url: string, signal: AbortSignal) => Promise<HttpReply>;

/**
 * A source read by HTTP (sources.md §4.1): one request, or several in a round, and a JMESPath choice of the number.
 * Throws `SOURCE_URL_INVALID` (2) and the errors of `createNormalizer`.
 */
export function createHttpSource(config: SourceConfig, links: SourceLinks): Source {
  const main = addressOf(config, config.url, ["http", "https"]);
  const also = Object.entries(config.http?.also ?? {}).map(
    ([name, url]) => [name, addressOf(config, url, ["http", "https"])] as const,
  );
  const normalizer = createNormalizer(config);
  // Further addresses are read plainly: method and body belong to the one question.
  const ask: Ask = (url, signal) => {
    const request = requestOf(config, url);
    return links.http(url === main ? request : { ...request, method: "GET", body: null }, signal);
  };
  const identity = identityCheck(config, links, ask);
  const round = async (signal: AbortSignal): Promise<Sample> => {
    if (!(await identity.isRight(signal))) return unknown("DEVICE_CHANGED");
    const body = await bodyOf(ask, main, config, signal);
    if (also.length === 0) return normalizer.answer(body);
    const bodies: Record<string, unknown> = { main: body };
    for (const [name, url] of also) bodies[name] = await bodyOf(ask, url, config, signal);
    return normalizer.answer(bodies);
  };
  return {
    ...sourceHead(config),
    async read(signal) {
      try {
        return await round(signal);
      } catch (error) {
        identity.forget();
        throw error;
      }
    },
  };
}

function requestOf(config: SourceConfig, url: string): SourceHttpRequest {
  const http = config.http;
  return {
    method: http?.method ?? "GET",
    url,
    headers: http?.headers ?? {},
    body: http?.body ?? null,
    auth: http?.auth ?? "none",
    login: http?.login ? { ...http.login, url: addressOf(config, http.login.url, ["http", "https"]) } : null,
    user: http?.user ?? null,
    secretRef: config.secret_ref,
    tls: http?.tls ?? "verify",
    fingerprint: http?.fingerprint ?? null,
    allowPublic: config.allow_public,
    totalMs: (config.timeout_s ?? DEFAULT_TIMEOUT_S) * 1000,
  };
}

/** The parsed answer; its text where a regex wants it, or where it is no JSON. */
async function bodyOf(ask: Ask, url: string, config: SourceConfig, signal: AbortSignal): Promise<unknown> {
  const reply = await ask(url, signal);
  if (reply.status !== 200) {
    throw unreachableError(
      "SOURCE_REFUSED",
      `The device of ${config.name} answered with status ${reply.status}`,
      { hint: "check the source's address, and that its local interface is switched on" },
    );
  }
  if (config.regex !== null && config.select === null) return reply.text;
  if (reply.body !== null || config.regex !== null) return reply.body ?? reply.text;
  if (reply.text.trim() === "null") return null;
  throw unreachableError(
    "SOURCE_BROKEN",
    `The device of ${config.name} answered with something that is not JSON`,
    {
      hint: "check the source's address; a login page or a router may be answering instead",
    },
  );
}

/** True when no serial number is expected, or the expected one answers; asked anew from time to time and after a failure. */
function identityCheck(config: SourceConfig, links: SourceLinks, ask: Ask) {
  const { identity } = config;
  if (identity?.expected == null || identity.url === null)
    return { isRight: async () => true, forget: () => undefined };
  const url = addressOf(config, identity.url, ["http", "https"]);
  const select = optionalSelect(identity.select, config.name);
  const expected = sameWord(identity.expected);
  let checkedMono = Number.NEGATIVE_INFINITY;
  const isRight = async (signal: AbortSignal): Promise<boolean> => {
    if (links.clock.monoMs() - checkedMono < IDENTITY_MS) return true;
    const reply = await ask(url, signal);
    const told = select ? select(reply.body ?? reply.text).value : (reply.body ?? reply.text);
    if (sameWord(told) !== expected) return false;
    checkedMono = links.clock.monoMs();
    return true;
  };
  return {
    isRight,
    forget() {
      checkedMono = Number.NEGATIVE_INFINITY;
    },
  };
}

/** Serial numbers and MACs however they are written. */
function sameWord(value: unknown): string {
  return toMac(value) ?? String(value).trim().toLowerCase();
}
