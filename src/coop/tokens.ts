import * as oauth from "oauth4webapi";
import type { Clock } from "../model/clock.ts";
import { accessError, HearthError, unreachableError } from "../model/errors.ts";
import { field, number, safeText, text } from "../model/parse.ts";
import type { Http } from "../net/http.ts";
import { isLoopbackHost, shapeError } from "./wire-guard.ts";

/** The member's tokens as stored (secret `coop-tokens`). Never logged. */
export interface StoredTokens {
  accessToken: string;
  /** Rotates with every use; null when the co-op gave none. */
  refreshToken: string | null;
  /** Wall clock, ms. */
  expiresMs: number;
}

/** Where the rotating tokens live; `write` must be durable before it returns. */
export interface TokenStore {
  read(): StoredTokens | null;
  write(tokens: StoredTokens): void;
}

/** The only client this product is at a co-op: public, no secret. */
export const CLIENT: oauth.Client = { client_id: "hearth", token_endpoint_auth_method: "none" };
/** What the member's token may do (settlement.md §15). */
export const MEMBER_SCOPE = "profile devices telemetry.write settlement.read dispute.write terms.consent";
const DEFAULT_LIFETIME_S = 900;

/** Options for oauth4webapi: our limits on every exchange, plain HTTP on loopback only. */
export function oauthOptions(http: Http, endpoint: string) {
  return {
    [oauth.customFetch]: (
      url: string,
      init: { method: string; headers: Record<string, string>; body?: unknown },
    ) => http.fetch(url, init as RequestInit),
    [oauth.allowInsecureRequests]: isLoopbackHost(new URL(endpoint).hostname),
  };
}

/** A token answer as stored tokens. Throws `COOP_BAD_ANSWER` when it holds no access token. */
export function toStoredTokens(answer: unknown, clock: Clock, former: StoredTokens | null): StoredTokens {
  // Not `text`: tokens may be long and are never shown.
  const accessToken = secretText(answer, "access_token");
  if (accessToken === null) throw shapeError("The co-op", "access token");
  const lifetimeS = number(answer, "expires_in", { min: 1, max: 86_400 * 30 }) ?? DEFAULT_LIFETIME_S;
  const refreshToken = secretText(answer, "refresh_token") ?? former?.refreshToken ?? null;
  return { accessToken, refreshToken, expiresMs: clock.nowMs() + lifetimeS * 1000 };
}

/** Reads stored tokens back; null when the text is no such thing. */
export function parseStoredTokens(stored: string): StoredTokens | null {
  try {
    const value: unknown = JSON.parse(stored);
    const accessToken = secretText(value, "accessToken");
    const expiresMs = number(value, "expiresMs");
    if (accessToken === null || expiresMs === null) return null;
    return { accessToken, refreshToken: secretText(value, "refreshToken"), expiresMs };
  } catch {
    return null;
  }
}

/**
 * New tokens for a refresh token. Throws `COOP_TOKEN_REVOKED` (exit 5) when the co-op no longer takes it,
 * `COOP_UNAVAILABLE` (exit 3) on 429 and 5xx.
 */
export async function refreshTokens(
  http: Http,
  clock: Clock,
  tokenEndpoint: string,
  former: StoredTokens,
): Promise<StoredTokens> {
  if (former.refreshToken === null) throw revoked("there is no refresh token");
  const server = { issuer: new URL(tokenEndpoint).origin, token_endpoint: tokenEndpoint };
  const options = oauthOptions(http, tokenEndpoint);
  const response = await oauth.refreshTokenGrantRequest(
    server,
    CLIENT,
    oauth.None(),
    former.refreshToken,
    options,
  );
  if (response.status === 429 || response.status >= 500) throw unavailable(response.status);
  try {
    return toStoredTokens(await oauth.processRefreshTokenResponse(server, CLIENT, response), clock, former);
  } catch (error) {
    throw toTokenError(error);
  }
}

/** An error of the OAuth library as one of ours; ours pass through. */
export function toTokenError(error: unknown): HearthError {
  if (error instanceof HearthError) return error;
  const code = oauthErrorCode(error);
  if (code === "invalid_grant" || code === "invalid_client") return revoked(safeText(code));
  if (code !== null) {
    const description = text(error, "error_description");
    return accessError("COOP_ACCESS_DENIED", `The co-op refused: ${safeText(description ?? code)}.`, {
      hint: "Pair again: hearth pair --coop URL",
    });
  }
  return shapeError("The co-op", "token answer");
}

/** `error` of an OAuth error body (RFC 6749 §5.2); null when the failure is of another kind. */
export function oauthErrorCode(error: unknown): string | null {
  if (error instanceof oauth.ResponseBodyError) return error.error;
  const code = field(error, "error");
  return typeof code === "string" ? code : null;
}

/** A secret as received, 1 to 8,192 printable characters; null otherwise. */
export function secretText(source: unknown, key: string): string | null {
  const value = field(source, key);
  return typeof value === "string" && /^[\x21-\x7e]{1,8192}$/.test(value) ? value : null;
}

function unavailable(status: number): HearthError {
  return unreachableError("COOP_UNAVAILABLE", `The co-op gives no tokens now (status ${status}).`, {
    mayRetry: true,
  });
}

function revoked(reason: string): HearthError {
  return accessError("COOP_TOKEN_REVOKED", `The co-op no longer accepts this pairing (${reason}).`, {
    left: "Heating and the split go on as they are",
    hint: "Pair again: hearth pair --coop URL",
  });
}
