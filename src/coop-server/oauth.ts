import { createHash, randomBytes, randomInt } from "node:crypto";
import { Problem } from "./http-kit.ts";
import type { Office } from "./office.ts";
import { text, whole } from "./rows.ts";

/** Device grant, tokens and their rotation (RFC 8628, RFC 6749). Secrets are stored as SHA-256 only. */
export interface IssuedTokens {
  access_token: string;
  token_type: "Bearer";
  expires_in: number;
  refresh_token?: string;
  scope: string;
}

/** An error body of RFC 6749 §5.2. */
export interface OAuthError {
  error: string;
  error_description?: string;
}

export interface Bearer {
  grantId: string;
  /** Null between approval and enrolment. */
  member: string | null;
  scope: string;
}

const CODE_LIFE_S = 900;
const INTERVAL_S = 5;
const ACCESS_LIFE_S = 3_600;
const REFRESH_LIFE_S = 90 * 86_400;
const SLOW_DOWN_S = 5;
/** A client's timer may fire a little early. */
const POLL_TOLERANCE_MS = 250;
/** No vowels and nothing that looks like another sign (RFC 8628 §6.1). */
const USER_CODE_LETTERS = "BCDFGHJKLMNPQRSTVWXZ";

/** A new code pair for a tool that wants to pair. */
export function startDeviceGrant(office: Office, scope: string) {
  const deviceCode = randomBytes(32).toString("base64url");
  const letters = Array.from(
    { length: 8 },
    () => USER_CODE_LETTERS[randomInt(USER_CODE_LETTERS.length)],
  ).join("");
  const userCode = `${letters.slice(0, 4)}-${letters.slice(4)}`;
  const nowMs = office.clock.nowMs();
  office.store.run("DELETE FROM device_codes WHERE expires_ms < ?", nowMs - 86_400_000);
  office.store.run(
    "INSERT INTO device_codes VALUES (?, ?, ?, ?, ?, NULL, ?)",
    hash(deviceCode),
    userCode,
    office.settings.autoApprove ? "approved" : "pending",
    nowMs + CODE_LIFE_S * 1000,
    INTERVAL_S,
    scope,
  );
  return {
    device_code: deviceCode,
    user_code: userCode,
    verification_uri: `${office.url}/`,
    verification_uri_complete: `${office.url}/?user_code=${userCode}`,
    expires_in: CODE_LIFE_S,
    interval: INTERVAL_S,
  };
}

/** One poll of the tool. The code is spent by the answer that carries tokens. */
export function pollDeviceGrant(office: Office, deviceCode: string): IssuedTokens | OAuthError {
  const { store, clock } = office;
  const row = store.get("SELECT * FROM device_codes WHERE code_hash = ?", hash(deviceCode));
  if (!row) return { error: "invalid_grant" };
  const nowMs = clock.nowMs();
  const state = text(row, "state");
  if (state === "denied") return { error: "access_denied" };
  if (whole(row, "expires_ms") <= nowMs) return { error: "expired_token" };
  if (state === "spent") return { error: "invalid_grant" };
  const intervalS = whole(row, "interval_s");
  const polledMs = row["polled_ms"];
  const isEarly = typeof polledMs === "number" && nowMs - polledMs < intervalS * 1000 - POLL_TOLERANCE_MS;
  store.run(
    "UPDATE device_codes SET polled_ms = ?, interval_s = ? WHERE code_hash = ?",
    nowMs,
    isEarly ? intervalS + SLOW_DOWN_S : intervalS,
    hash(deviceCode),
  );
  if (isEarly) return { error: "slow_down" };
  if (state !== "approved") return { error: "authorization_pending" };
  return store.transaction(() => {
    store.run("UPDATE device_codes SET state = 'spent' WHERE code_hash = ?", hash(deviceCode));
    const grantId = randomBytes(16).toString("base64url");
    store.run("INSERT INTO grants (id) VALUES (?)", grantId);
    return issue(office, grantId, text(row, "scope"), true);
  });
}

/**
 * New tokens for a refresh token. One that was used before is a copy in wrong hands: the whole grant ends
 * (RFC 9700 §4.14).
 */
export function rotate(office: Office, refreshToken: string): IssuedTokens | OAuthError {
  const { store, clock } = office;
  const sql = "SELECT * FROM tokens JOIN grants ON grants.id = grant_id WHERE hash = ? AND kind = 'refresh'";
  const row = store.get(sql, hash(refreshToken));
  if (!row || whole(row, "is_revoked") === 1) return { error: "invalid_grant" };
  if (whole(row, "is_used") === 1) {
    store.run("UPDATE grants SET is_revoked = 1 WHERE id = ?", text(row, "grant_id"));
    return { error: "invalid_grant", error_description: "This refresh token was used before; pair again." };
  }
  if (whole(row, "expires_ms") <= clock.nowMs()) return { error: "invalid_grant" };
  return store.transaction(() => {
    store.run("UPDATE tokens SET is_used = 1 WHERE hash = ?", hash(refreshToken));
    return issue(office, text(row, "grant_id"), text(row, "scope"), true);
  });
}

/** A token for a client that knows its secret (the VEN); `grantId` is its client id. */
export function issueClientToken(
  office: Office,
  clientId: string,
  member: string,
  scope: string,
): IssuedTokens {
  office.store.run("INSERT INTO grants (id, member) VALUES (?, ?) ON CONFLICT DO NOTHING", clientId, member);
  return issue(office, clientId, scope, false);
}

/** Who sent this request. Throws 401 without a valid token, 403 without the scope. */
export function bearerOf(office: Office, headers: Record<string, string>, scope: string): Bearer {
  const token = /^Bearer ([\x21-\x7e]+)$/i.exec(headers["authorization"] ?? "")?.[1];
  const challenge = { "www-authenticate": "Bearer" };
  if (token === undefined) throw new Problem(401, "token_missing", "A bearer token is needed.", challenge);
  const sql = "SELECT * FROM tokens JOIN grants ON grants.id = grant_id WHERE hash = ? AND kind = 'access'";
  const row = office.store.get(sql, hash(token));
  const isValid = row && whole(row, "is_revoked") === 0 && whole(row, "expires_ms") > office.clock.nowMs();
  if (!isValid)
    throw new Problem(401, "token_invalid", "This token is unknown, expired or revoked.", challenge);
  if (!text(row, "scope").split(" ").includes(scope)) {
    throw new Problem(403, "scope_missing", `This token lacks the scope ${scope}.`);
  }
  const member = row["member"];
  return {
    grantId: text(row, "grant_id"),
    member: typeof member === "string" ? member : null,
    scope: text(row, "scope"),
  };
}

/** User codes that wait for a decision. */
export function pendingCodes(office: Office): string[] {
  const sql = "SELECT user_code FROM device_codes WHERE state = 'pending' AND expires_ms > ? ORDER BY rowid";
  return office.store.all(sql, office.clock.nowMs()).map((row) => text(row, "user_code"));
}

/** The pending code that a person typed, in its own spelling; null when there is none. Case and dashes do not count. */
export function findUserCode(office: Office, typed: string): string | null {
  const plain = typed.toUpperCase().replaceAll(/[^A-Z]/g, "");
  return pendingCodes(office).find((code) => code.replaceAll("-", "") === plain) ?? null;
}

/** Approves or denies a pending code. */
export function decideCode(office: Office, userCode: string, decision: "approved" | "denied"): void {
  office.store.run(
    "UPDATE device_codes SET state = ? WHERE user_code = ? AND state = 'pending'",
    decision,
    userCode,
  );
}

/** SHA-256 in base64url; what is kept of a secret. */
export function hash(secret: string): string {
  return createHash("sha256").update(secret).digest("base64url");
}

function issue(office: Office, grantId: string, scope: string, withRefresh: boolean): IssuedTokens {
  const nowMs = office.clock.nowMs();
  office.store.run("DELETE FROM tokens WHERE expires_ms < ?", nowMs - 86_400_000);
  const save = (kind: string, lifeS: number) => {
    const token = randomBytes(32).toString("base64url");
    const sql = "INSERT INTO tokens (hash, kind, grant_id, scope, expires_ms) VALUES (?, ?, ?, ?, ?)";
    office.store.run(sql, hash(token), kind, grantId, scope, nowMs + lifeS * 1000);
    return token;
  };
  return {
    access_token: save("access", ACCESS_LIFE_S),
    token_type: "Bearer",
    expires_in: ACCESS_LIFE_S,
    ...(withRefresh ? { refresh_token: save("refresh", REFRESH_LIFE_S) } : {}),
    scope,
  };
}
