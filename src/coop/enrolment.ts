import type { CoopConfig } from "../model/config.ts";
import { field, list, number, text, toNumber } from "../model/parse.ts";
import type { FlatJws, TermsLeg } from "../model/terms.ts";
import type { Http } from "../net/http.ts";
import { asFlatJws } from "./jws.ts";
import type { PublicJwk, SigningKey } from "./keys.ts";
import type { Pairing } from "./pairing.ts";
import { type StoredTokens, secretText } from "./tokens.ts";
import { answerError, joinUrl, shapeError } from "./wire-guard.ts";

/** Names under which the secrets of a pairing are stored (`secrets/NAME`, 0600). */
export const SECRET_NAMES = {
  venClient: "ven-client",
  tokens: "coop-tokens",
  deviceKey: "device-key",
  coopKey: "coop-key",
} as const;

export interface EnrolOptions {
  http: Http;
  pairing: Pairing;
  tokens: StoredTokens;
  /** This home's own key; its signature is the member's consent. */
  deviceKey: SigningKey;
  toolVersion: string;
  /** SHA-256 of the consent text that the member saw, lower-case hex. */
  consentSha256: string;
  /** Wish for first terms, both together or not at all; null leaves them for later. */
  wish: { sharePpm: number; payee: string } | null;
}

/** The result of pairing: what goes into the config, and what must be stored as secrets. */
export interface Enrolment {
  coop: CoopConfig;
  coopKey: PublicJwk;
  /** Proposal of pool, user and worker by role; the signed terms rule. */
  legs: Partial<TermsLeg>[];
  /** First terms when `wish` was given; unchecked. */
  terms: FlatJws | null;
  /** Text per secret name; never log. The entry `coop-key` is public, but its file must not be changed by others. */
  secrets: Record<string, string>;
}

/**
 * `POST /v1/enrolments`: the approved pairing becomes a member with VEN credentials. Throws the errors of
 * `answerError`, `COOP_BAD_ANSWER` (3).
 */
export async function enrol(options: EnrolOptions): Promise<Enrolment> {
  const { http, pairing, tokens, deviceKey } = options;
  const { status, body } = await http.json({
    method: "POST",
    url: joinUrl(pairing.document.api, "v1/enrolments"),
    headers: {
      authorization: `Bearer ${tokens.accessToken}`,
      // One enrolment per device key and code: a repeat after a lost answer gets the first answer.
      "idempotency-key": `enrol-${deviceKey.thumbprint.slice(0, 20)}-${pairing.userCode}`,
    },
    json: {
      device_key: deviceKey.publicJwk,
      tool_version: options.toolVersion,
      consent_sha256: options.consentSha256,
      ...(options.wish ? { share_ppm: options.wish.sharePpm, payee: options.wish.payee } : {}),
    },
  });
  if (status !== 200 && status !== 201) throw answerError("Enrolment", status, body);
  return {
    coop: toCoopBlock(body, pairing),
    coopKey: pairing.key,
    legs: list(body, "legs").map(toLeg),
    terms: asFlatJws(field(body, "terms")),
    secrets: {
      ...venSecret(body),
      [SECRET_NAMES.tokens]: JSON.stringify(tokens),
      [SECRET_NAMES.deviceKey]: JSON.stringify(deviceKey.privateJwk),
      [SECRET_NAMES.coopKey]: JSON.stringify(pairing.key),
    },
  };
}

function venSecret(body: unknown): Record<string, string> {
  const secret = secretText(field(body, "ven"), "client_secret");
  return secret === null ? {} : { [SECRET_NAMES.venClient]: secret };
}

function toCoopBlock(body: unknown, pairing: Pairing): CoopConfig {
  const member = text(body, "member");
  if (!member || !/^[0-9a-hjkmnp-tv-z]{8}$/.test(member)) {
    throw shapeError(pairing.document.name, "member code");
  }
  const { document } = pairing;
  return {
    kind: "coop",
    id: document.id,
    name: document.name,
    url: document.issuer,
    key_thumbprint: pairing.keyThumbprint,
    member,
    tz: document.tz,
    ownership: text(body, "ownership") === "coop" ? "coop" : "member",
    roles: ["member"],
    // Bounded here too: no answer of a co-op may push floors to where pipes freeze.
    max_floor_c: toNumber(field(body, "max_floor_c"), { min: 5, max: 25 }) ?? 18,
    openadr: document.vtn ? toOpenAdrBlock(field(body, "ven"), document.vtn) : null,
  };
}

function toOpenAdrBlock(
  ven: unknown,
  vtn: { url: string; version: string; tokenUrl: string | null },
): NonNullable<CoopConfig["openadr"]> {
  const hasSecret = secretText(ven, "client_secret") !== null;
  return {
    vtn_url: vtn.url,
    version: vtn.version,
    token_url: vtn.tokenUrl,
    client_id: text(ven, "client_id"),
    secret_ref: hasSecret ? `file:${SECRET_NAMES.venClient}` : null,
    ven_name: text(ven, "ven_name"),
    ven_id: null,
    programs: strings(ven, "programs"),
    targets: strings(ven, "targets"),
    poll_s: number(ven, "poll_s", { min: 10, max: 900 }) ?? 60,
    stale_s: 21_600,
    simple_caps_percent: [100, 60, 25, 0],
    ca_pem: null,
  };
}

function toLeg(value: unknown): Partial<TermsLeg> {
  const leg: Partial<TermsLeg> = {};
  const role = text(value, "role");
  if (role === "coop" || role === "member") leg.role = role;
  for (const key of ["pool", "user", "worker"] as const) {
    const found = text(value, key);
    if (found !== null) leg[key] = found;
  }
  const sharePpm = number(value, "share_ppm");
  if (sharePpm !== null) leg.share_ppm = sharePpm;
  return leg;
}

function strings(source: unknown, key: string): string[] {
  return list(source, key).filter(
    (value): value is string => typeof value === "string" && value.length <= 128,
  );
}
