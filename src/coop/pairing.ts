import * as oauth from "oauth4webapi";
import type { Clock } from "../model/clock.ts";
import { accessError, HearthError, unreachableError } from "../model/errors.ts";
import { safeText } from "../model/parse.ts";
import type { Http } from "../net/http.ts";
import { type CoopDocument, readCoopDocument, readCoopKeys } from "./discovery.ts";
import { pinnedKey } from "./key-pin.ts";
import { type PublicJwk, thumbprintWords } from "./keys.ts";
import {
  CLIENT,
  MEMBER_SCOPE,
  oauthErrorCode,
  oauthOptions,
  type StoredTokens,
  toStoredTokens,
  toTokenError,
} from "./tokens.ts";
import { safeUrl, shapeError } from "./wire-guard.ts";

/** A pairing that waits for the member's approval on the co-op's page. */
export interface Pairing {
  document: CoopDocument;
  key: PublicJwk;
  /** Of the co-op's key; shown here and on the enrolment page. */
  keyThumbprint: string;
  /** The same for people: six words and twelve digits. */
  keyWords: string;
  /** Two groups of four, to be typed on the page. */
  userCode: string;
  verificationUri: string;
  verificationUriComplete: string | null;
  /** Wall clock, ms. */
  expiresMs: number;
  intervalS: number;
  /** Secret until used once. */
  deviceCode: string;
}

export interface PairingOptions {
  http: Http;
  clock: Clock;
  url: string;
  /** Thumbprint from a former pairing with this URL; null for a first one. */
  pinned: string | null;
}

const DEFAULT_INTERVAL_S = 5;
const SLOW_DOWN_S = 5;
const LONGEST_INTERVAL_S = 300;

/**
 * Finds the co-op, checks its key against the pin, then asks for a code (RFC 8628). Nothing is asked when the
 * key is another one. Throws `COOP_KEY_CHANGED`, `COOP_URL_UNSAFE` (5) and connection errors (3).
 */
export async function startPairing({ http, clock, url, pinned }: PairingOptions): Promise<Pairing> {
  const document = await readCoopDocument(http, url);
  const keys = await readCoopKeys(http, document);
  const { key, thumbprint } = await pinnedKey(document, keys, pinned);
  const answer = await askForCode(http, document);
  const uri = safeUrl(answer.verification_uri, "The pairing page");
  return {
    document,
    key,
    keyThumbprint: thumbprint,
    keyWords: thumbprintWords(thumbprint),
    userCode: safeText(answer.user_code, 20),
    verificationUri: uri.href,
    verificationUriComplete: completeUri(answer.verification_uri_complete, uri),
    expiresMs: clock.nowMs() + answer.expires_in * 1000,
    intervalS: Math.max(1, answer.interval ?? DEFAULT_INTERVAL_S),
    deviceCode: answer.device_code,
  };
}

/**
 * Polls until the member approved; the tokens are the answer. Runs inside a clock task, waits with its sleep.
 * Network errors, 429 and 5xx double the interval, `slow_down` adds 5 s, both for good. Throws
 * `PAIRING_TIMEOUT` (exit 3) at the end of the code, `PAIRING_DENIED` (exit 5).
 */
export async function waitForApproval(
  pairing: Pairing,
  { http, clock, signal }: { http: Http; clock: Clock; signal?: AbortSignal },
): Promise<StoredTokens> {
  let intervalS = pairing.intervalS;
  while (clock.nowMs() + intervalS * 1000 < pairing.expiresMs) {
    await clock.sleep(intervalS * 1000, signal);
    const outcome = await pollOnce(pairing, http, clock);
    if (typeof outcome === "object") return outcome;
    if (outcome === "slow_down") intervalS += SLOW_DOWN_S;
    if (outcome === "unavailable") intervalS = Math.min(intervalS * 2, LONGEST_INTERVAL_S);
  }
  throw pairingTimeout();
}

async function askForCode(http: Http, document: CoopDocument): Promise<oauth.DeviceAuthorizationResponse> {
  const server = authorizationServer(document);
  const options = oauthOptions(http, document.deviceAuthorizationEndpoint);
  const scope = { scope: MEMBER_SCOPE };
  const response = await oauth.deviceAuthorizationRequest(server, CLIENT, oauth.None(), scope, options);
  if (response.status >= 500 || response.status === 429) {
    throw unreachableError("COOP_UNAVAILABLE", `${document.name} gives no pairing code now.`, {
      mayRetry: true,
      hint: "Pair again in some minutes",
    });
  }
  if (response.status === 401 || response.status === 403) throw pairingDenied();
  try {
    return await oauth.processDeviceAuthorizationResponse(server, CLIENT, response);
  } catch (error) {
    if (oauthErrorCode(error) !== null) throw toTokenError(error);
    throw shapeError(document.name, "pairing code");
  }
}

type PollOutcome = StoredTokens | "pending" | "slow_down" | "unavailable";

async function pollOnce(pairing: Pairing, http: Http, clock: Clock): Promise<PollOutcome> {
  const server = authorizationServer(pairing.document);
  const options = oauthOptions(http, pairing.document.tokenEndpoint);
  let response: Response;
  try {
    response = await oauth.deviceCodeGrantRequest(server, CLIENT, oauth.None(), pairing.deviceCode, options);
  } catch (error) {
    // Only what `net` reports about the connection is a network error; a refusal to send is not.
    if (error instanceof HearthError && error.code.startsWith("HTTP_")) return "unavailable";
    throw error;
  }
  if (response.status >= 500 || response.status === 429) return "unavailable";
  try {
    const answer = await oauth.processDeviceCodeResponse(server, CLIENT, response);
    return toStoredTokens(answer, clock, null);
  } catch (error) {
    return outcomeOf(error, response.status);
  }
}

function outcomeOf(error: unknown, status: number): PollOutcome {
  const code = oauthErrorCode(error);
  if (code === "authorization_pending") return "pending";
  if (code === "slow_down") return "slow_down";
  if (code === "expired_token") throw pairingTimeout();
  if (code === "access_denied" || status === 401 || status === 403) throw pairingDenied();
  throw toTokenError(error);
}

function authorizationServer(document: CoopDocument): oauth.AuthorizationServer {
  return {
    issuer: document.issuer,
    device_authorization_endpoint: document.deviceAuthorizationEndpoint,
    token_endpoint: document.tokenEndpoint,
  };
}

function completeUri(text: string | undefined, uri: URL): string | null {
  if (text === undefined) return null;
  const complete = safeUrl(text, "The pairing page");
  return complete.origin === uri.origin ? complete.href : null;
}

function pairingTimeout(): HearthError {
  return unreachableError(
    "PAIRING_TIMEOUT",
    "The pairing was not confirmed in time; its code is no longer valid.",
    {
      left: "Nothing was paired",
      hint: "Run hearth pair again for a new code",
    },
  );
}

function pairingDenied(): HearthError {
  return accessError("PAIRING_DENIED", "The pairing was denied on the co-op's page.", {
    left: "Nothing was paired",
    hint: "Ask the co-op; then run hearth pair again",
  });
}
