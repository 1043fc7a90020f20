import { type Answer, type Ask, formBody, type Route } from "./http-kit.ts";
import { memberOfClient } from "./members.ts";
import {
  type IssuedTokens,
  issueClientToken,
  type OAuthError,
  pollDeviceGrant,
  rotate,
  startDeviceGrant,
} from "./oauth.ts";
import type { Office } from "./office.ts";

/** What a VEN's token may do (openadr3.md §2.3). */
export const VEN_SCOPE = "read_targets read_ven_objects write_reports write_vens";

const CLIENT_ID = "hearth";
const MEMBER_SCOPES = [
  "profile",
  "devices",
  "telemetry.write",
  "settlement.read",
  "dispute.write",
  "terms.consent",
];
const DEVICE_GRANT = "urn:ietf:params:oauth:grant-type:device_code";

/** Discovery, keys, device grant and tokens. */
export function oauthRoutes(office: Office): Route[] {
  return [
    {
      method: "GET",
      pattern: "/.well-known/coop-heat",
      handle: () => ({ status: 200, body: discovery(office) }),
    },
    { method: "GET", pattern: "/oauth/jwks", handle: () => ({ status: 200, body: keySet(office) }) },
    {
      method: "POST",
      pattern: "/oauth/device_authorization",
      handle: (ask) => deviceAuthorization(office, ask),
    },
    { method: "POST", pattern: "/oauth/token", handle: (ask) => tokenAnswer(token(office, ask)) },
  ];
}

/** `client_credentials` from form fields or HTTP Basic; also the VTN's `/auth/token`. */
export function clientCredentials(office: Office, ask: Ask): IssuedTokens | OAuthError {
  const form = formBody(ask);
  if (form.get("grant_type") !== "client_credentials") return { error: "unsupported_grant_type" };
  const basic = basicOf(ask.headers["authorization"]);
  const clientId = form.get("client_id") ?? basic?.id ?? "";
  const secret = form.get("client_secret") ?? basic?.secret ?? "";
  const member = memberOfClient(office, clientId, secret);
  if (member === null) return { error: "invalid_client" };
  return issueClientToken(office, clientId, member, VEN_SCOPE);
}

/** A token or an OAuth error with its status. */
export function tokenAnswer(outcome: IssuedTokens | OAuthError): Answer {
  if (!("error" in outcome)) return { status: 200, body: outcome };
  return { status: outcome.error === "invalid_client" ? 401 : 400, body: outcome };
}

function discovery({ url, settings, key }: Office) {
  return {
    issuer: url,
    id: settings.id,
    name: settings.name,
    tz: settings.tz,
    api: url,
    device_authorization_endpoint: `${url}/oauth/device_authorization`,
    token_endpoint: `${url}/oauth/token`,
    jwks_uri: `${url}/oauth/jwks`,
    key_thumbprints: [key.thumbprint],
    key_rotations: [],
    min_tool_version: "0.1.0",
    vtn: { url: `${url}/openadr3/3.1.0`, version: "3.1", token_url: null },
  };
}

function keySet({ key }: Office) {
  return { keys: [{ ...key.publicJwk, kid: key.thumbprint, use: "sig", alg: "EdDSA" }] };
}

function deviceAuthorization(office: Office, ask: Ask): Answer {
  const form = formBody(ask);
  if (form.get("client_id") !== CLIENT_ID) return tokenAnswer({ error: "invalid_client" });
  const wanted = (form.get("scope") ?? "").split(" ").filter((scope) => MEMBER_SCOPES.includes(scope));
  const scope = (wanted.length > 0 ? wanted : MEMBER_SCOPES).join(" ");
  return { status: 200, body: startDeviceGrant(office, scope) };
}

function token(office: Office, ask: Ask): IssuedTokens | OAuthError {
  const form = formBody(ask);
  switch (form.get("grant_type")) {
    case DEVICE_GRANT:
      return pollDeviceGrant(office, form.get("device_code") ?? "");
    case "refresh_token":
      return rotate(office, form.get("refresh_token") ?? "");
    case "client_credentials":
      return clientCredentials(office, ask);
    default:
      return { error: "unsupported_grant_type" };
  }
}

function basicOf(header: string | undefined): { id: string; secret: string } | null {
  const encoded = /^Basic ([A-Za-z0-9+/=]+)$/i.exec(header ?? "")?.[1];
  if (encoded === undefined) return null;
  const [id = "", secret = ""] = Buffer.from(encoded, "base64").toString("utf8").split(":");
  try {
    return { id: decodeURIComponent(id), secret: decodeURIComponent(secret) };
  } catch {
    return null;
  }
}
