import { accessError } from "../model/errors.ts";
import { field, list, safeText, text } from "../model/parse.ts";
import type { FlatJws } from "../model/terms.ts";
import type { Http } from "../net/http.ts";
import { asFlatJws } from "./jws.ts";
import { type PublicJwk, thumbprintOf, toPublicJwk } from "./keys.ts";
import { answerError, joinUrl, safeUrl, shapeError } from "./wire-guard.ts";

/** `/.well-known/coop-heat` (interfaces.md §5), checked. */
export interface CoopDocument {
  issuer: string;
  id: string;
  name: string;
  tz: string;
  /** Base of `/v1`, without it. */
  api: string;
  deviceAuthorizationEndpoint: string;
  tokenEndpoint: string;
  jwksUri: string;
  /** RFC 7638 thumbprints of the keys in use. */
  keyThumbprints: string[];
  minToolVersion: string | null;
  /** Null: this co-op sends its events by `GET /v1/events` only. */
  vtn: { url: string; version: string; tokenUrl: string | null } | null;
  /** New keys, each signed by the one before it; empty when the key never changed. */
  keyRotations: FlatJws[];
}

const ID_PATTERN = /^[a-z0-9][a-z0-9-]{0,62}$/;

/**
 * Reads and checks the discovery document of a co-op. Every address in it must be as safe as the one it came
 * from. Throws `COOP_URL_UNSAFE`, `COOP_ISSUER_MISMATCH` (5), `COOP_BAD_ANSWER` and the errors of `net` (3).
 */
export async function readCoopDocument(http: Http, url: string): Promise<CoopDocument> {
  const base = safeUrl(url, "The address of the co-op");
  const { status, body } = await http.json({ url: joinUrl(base.href, ".well-known/coop-heat") });
  if (status !== 200) throw answerError("Finding the co-op", status, body);
  const document = toDocument(body);
  const issuer = safeUrl(document.issuer, "The issuer");
  if (issuer.origin !== base.origin) {
    throw accessError("COOP_ISSUER_MISMATCH", `${base.host} says that it is ${safeText(issuer.host)}.`, {
      left: "Nothing was sent",
      hint: `Pair with ${safeText(issuer.origin)} if the co-op confirms it`,
    });
  }
  checkEndpoints(document, base);
  return document;
}

/** The co-op's keys that its document names by thumbprint. Throws `COOP_BAD_ANSWER` when there is none. */
export async function readCoopKeys(http: Http, document: CoopDocument): Promise<PublicJwk[]> {
  const { status, body } = await http.json({ url: document.jwksUri });
  if (status !== 200) throw answerError("Reading the key of the co-op", status, body);
  const keys = list(body, "keys").map(toPublicJwk);
  const named = keys.filter((key) => key !== null && document.keyThumbprints.includes(thumbprintOf(key)));
  if (named.length === 0) throw shapeError(document.name, "Ed25519 key");
  return named as PublicJwk[];
}

function toDocument(body: unknown): CoopDocument {
  const need = (key: string): string => {
    const value = text(body, key);
    if (value === null) throw shapeError("The co-op", `"${key}" in its discovery document`);
    return value;
  };
  const id = need("id");
  if (!ID_PATTERN.test(id)) throw shapeError("The co-op", '"id" in its discovery document');
  const vtnUrl = text(field(body, "vtn"), "url");
  return {
    issuer: need("issuer"),
    id,
    name: need("name").slice(0, 80),
    tz: need("tz"),
    api: need("api"),
    deviceAuthorizationEndpoint: need("device_authorization_endpoint"),
    tokenEndpoint: need("token_endpoint"),
    jwksUri: need("jwks_uri"),
    keyThumbprints: list(body, "key_thumbprints").filter((value) => typeof value === "string"),
    minToolVersion: text(body, "min_tool_version"),
    vtn: vtnUrl === null ? null : toVtn(body, vtnUrl),
    keyRotations: list(body, "key_rotations")
      .map(asFlatJws)
      .filter((jws) => jws !== null)
      .slice(0, 16),
  };
}

function toVtn(body: unknown, url: string): NonNullable<CoopDocument["vtn"]> {
  const vtn = field(body, "vtn");
  return { url, version: text(vtn, "version") ?? "3.1", tokenUrl: text(vtn, "token_url") };
}

function checkEndpoints(document: CoopDocument, base: URL): void {
  const addresses: [string, string][] = [
    [document.api, "The API of the co-op"],
    [document.deviceAuthorizationEndpoint, "The pairing address"],
    [document.tokenEndpoint, "The token address"],
    [document.jwksUri, "The key address"],
    ...(document.vtn ? ([[document.vtn.url, "The VTN"]] as [string, string][]) : []),
    ...(document.vtn?.tokenUrl
      ? ([[document.vtn.tokenUrl, "The VTN's token address"]] as [string, string][])
      : []),
  ];
  // A public co-op must not send this tool to services of this machine.
  const httpsOnly = base.protocol === "https:";
  for (const [address, what] of addresses) safeUrl(address, what, { httpsOnly });
}
