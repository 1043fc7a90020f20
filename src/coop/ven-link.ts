import type { Clock } from "../model/clock.ts";
import { accessError, type HearthError, unreachableError } from "../model/errors.ts";
import { field, number } from "../model/parse.ts";
import type { Http } from "../net/http.ts";
import { secretText } from "./tokens.ts";
import { answerError, joinUrl, safeUrl } from "./wire-guard.ts";

export interface VenLinkOptions {
  http: Http;
  clock: Clock;
  vtnUrl: string;
  /** From the configuration; null: asked at the VTN (openadr3.md §2.1). */
  tokenUrl: string | null;
  /** Null with the secret: a public server, no token. */
  clientId: string | null;
  clientSecret: string | null;
}

/** Authorised requests to a VTN. */
export interface VenLink {
  /** One request; 401 and 403 renew the token once. Any status below 500 but 429 is an answer. */
  request(method: string, path: string, json?: unknown): Promise<{ status: number; body: unknown }>;
  /** Every object of a list, all pages, each id once. Throws instead of answering a part. */
  listAll(path: string): Promise<unknown[]>;
}

const PAGE = 50;
const MOST_PAGES = 200;
const DEFAULT_LIFETIME_S = 900;
const REFRESH_AT = 0.8;

export function createVenLink(options: VenLinkOptions): VenLink {
  const base = safeUrl(options.vtnUrl, "The VTN").href;
  const tokens = createVenTokens(options, base);

  const send = async (method: string, path: string, json: unknown, token: string | null) =>
    options.http.json({
      method,
      url: joinUrl(base, path),
      headers: token === null ? {} : { authorization: `Bearer ${token}` },
      ...(json === undefined ? {} : { json }),
    });

  const request: VenLink["request"] = async (method, path, json) => {
    let answer = await send(method, path, json, await tokens.current());
    // An expired token is a 403 at some servers (openadr3.md §2.2).
    if ((answer.status === 401 || answer.status === 403) && tokens.isUsed) {
      answer = await send(method, path, json, await tokens.renew());
    }
    if (answer.status >= 500 || answer.status === 429)
      throw answerError("Asking the VTN", answer.status, answer.body);
    return answer;
  };
  return { request, listAll: (path) => listAll(request, path) };
}

/**
 * Reads all pages. A list that filled more than one page is read again until two readings agree: an object
 * deleted between two pages would otherwise hide another one, and a missing event is a cancelled one.
 */
async function listAll(request: VenLink["request"], path: string): Promise<unknown[]> {
  let former = await readPages(request, path);
  if (former.pages < 2) return [...former.byId.values()];
  for (let attempt = 0; attempt < 4; attempt++) {
    const next = await readPages(request, path);
    const agrees =
      next.byId.size === former.byId.size && [...next.byId.keys()].every((id) => former.byId.has(id));
    if (agrees) return [...next.byId.values()];
    former = next;
  }
  throw unreachableError("VTN_LIST_UNSTABLE", "The list at the VTN changed with every reading.", {
    mayRetry: true,
    left: "The known events stay in force",
  });
}

async function readPages(
  request: VenLink["request"],
  path: string,
): Promise<{ byId: Map<string, unknown>; pages: number }> {
  const byId = new Map<string, unknown>();
  for (let page = 0; page < MOST_PAGES; page++) {
    const separator = path.includes("?") ? "&" : "?";
    const { status, body } = await request("GET", `${path}${separator}skip=${page * PAGE}&limit=${PAGE}`);
    if (status !== 200) throw answerError("Reading the list of the VTN", status, body);
    if (!Array.isArray(body)) throw badList();
    for (const item of body) {
      const id = field(item, "id");
      if (typeof id === "string" && id !== "") byId.set(id, item);
    }
    if (body.length < PAGE) return { byId, pages: page + 1 };
  }
  throw badList();
}

function createVenTokens(options: VenLinkOptions, base: string) {
  const { clock, clientId, clientSecret } = options;
  const isUsed = clientId !== null && clientSecret !== null;
  let token: { value: string; renewMs: number } | null = null;
  let pending: Promise<string> | null = null;

  const fetchToken = async () => {
    const endpoint = await tokenEndpoint(options, base);
    const answer = await askToken(options, endpoint);
    const lifetimeS = number(answer, "expires_in", { min: 1, max: 30 * 86_400 }) ?? DEFAULT_LIFETIME_S;
    const value = secretText(answer, "access_token");
    if (value === null) throw tokenRefused("it sent no token");
    token = { value, renewMs: clock.nowMs() + lifetimeS * 1000 * REFRESH_AT };
    return value;
  };
  const renew = (): Promise<string> => {
    pending ??= fetchToken().finally(() => {
      pending = null;
    });
    return pending;
  };
  return {
    isUsed,
    renew,
    current: async () => {
      if (!isUsed) return null;
      return token !== null && clock.nowMs() < token.renewMs ? token.value : await renew();
    },
  };
}

async function tokenEndpoint({ http, tokenUrl }: VenLinkOptions, base: string): Promise<string> {
  if (tokenUrl !== null) return safeUrl(tokenUrl, "The VTN's token address").href;
  const { status, body } = await http.json({ url: joinUrl(base, "auth/server") });
  if (status >= 500 || status === 429) throw answerError("Finding the VTN's token address", status, body);
  const named = field(body, "tokenURL");
  const httpsOnly = base.startsWith("https:");
  if (status === 200 && typeof named === "string")
    return safeUrl(named, "The VTN's token address", { httpsOnly }).href;
  return joinUrl(base, "auth/token");
}

async function askToken(
  { http, clientId, clientSecret }: VenLinkOptions,
  endpoint: string,
): Promise<unknown> {
  const id = clientId ?? "";
  const secret = clientSecret ?? "";
  const headers = { "content-type": "application/x-www-form-urlencoded" };
  const grant = { grant_type: "client_credentials" };
  const post = (fields: Record<string, string>, more: Record<string, string>) =>
    http.json({
      method: "POST",
      url: endpoint,
      headers: { ...headers, ...more },
      body: new URLSearchParams(fields).toString(),
    });
  let answer = await post({ ...grant, client_id: id, client_secret: secret }, {});
  if (field(answer.body, "error") === "invalid_client") {
    const basic = Buffer.from(`${encodeURIComponent(id)}:${encodeURIComponent(secret)}`).toString("base64");
    answer = await post(grant, { authorization: `Basic ${basic}` });
  }
  if (answer.status === 200) return answer.body;
  const oauthError = field(answer.body, "error");
  if (answer.status < 500 && answer.status !== 429) {
    throw tokenRefused(typeof oauthError === "string" ? oauthError.slice(0, 40) : `status ${answer.status}`);
  }
  throw answerError("Signing in at the VTN", answer.status, answer.body);
}

function tokenRefused(reason: string): HearthError {
  return accessError("VTN_ACCESS_DENIED", `The VTN refused the client id and secret (${reason}).`, {
    left: "The known events stay in force",
    hint: "Check them with the utility, then pair again",
  });
}

function badList(): HearthError {
  return unreachableError("VTN_BAD_ANSWER", "The VTN answered with something that is no list.", {
    left: "The known events stay in force",
    hint: "Check the VTN address",
  });
}
