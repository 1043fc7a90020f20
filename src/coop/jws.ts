import { FlattenedSign, flattenedVerify } from "jose";
import { accessError } from "../model/errors.ts";
import { field } from "../model/parse.ts";
import type { FlatJws } from "../model/terms.ts";
import { type PublicJwk, type SigningKey, thumbprintOf, toPublicKey } from "./keys.ts";

/** `typ` of every kind of signature on this wire; one kind never passes for another (settlement.md §8). */
export const JWS_TYPES = {
  terms: "split-terms+jws",
  event: "coop-event+jws",
  settlement: "settlement+jws",
  rotation: "key-rotation+jws",
} as const;

export type JwsType = (typeof JWS_TYPES)[keyof typeof JWS_TYPES];

export interface VerifyRules {
  typ: JwsType;
  /** Keys that may have signed; the one named by `kid` is used. */
  keys: readonly PublicJwk[];
  /** Only the key with this thumbprint counts: the pin. Null or absent: any of `keys`. */
  thumbprint?: string | null;
}

const MAX_JWS_CHARS = 262_144;
const REFUSED_HEADERS = ["jwk", "jku", "x5c", "x5u", "x5t", "x5t#S256", "crit", "b64", "zip"];

/** Signs with Ed25519: protected header `alg`, `kid`, `typ` and nothing else. */
export async function signFlat(payload: Uint8Array, key: SigningKey, typ: JwsType): Promise<FlatJws> {
  const signer = new FlattenedSign(payload);
  signer.setProtectedHeader({ alg: "EdDSA", kid: key.thumbprint, typ });
  const jws = await signer.sign(key.privateKey);
  return { payload: jws.payload, protected: jws.protected ?? "", signature: jws.signature };
}

/** The same signature in the compact form with two dots. */
export async function signCompact(payload: Uint8Array, key: SigningKey, typ: JwsType): Promise<string> {
  const jws = await signFlat(payload, key, typ);
  return `${jws.protected}.${jws.payload}.${jws.signature}`;
}

/**
 * The payload bytes of a flattened JWS after all checks of settlement.md §8: `alg` EdDSA or Ed25519, `typ` and
 * `kid` required, no key or extension in the header, one canonical spelling of each part, known key, signature.
 * Throws `SIGNATURE_INVALID` (exit 5).
 */
export async function verifyFlat(jws: unknown, rules: VerifyRules): Promise<Uint8Array> {
  const flat = toFlat(jws);
  const key = keyFor(readHeader(flat.protected), rules);
  try {
    const { payload } = await flattenedVerify({ ...flat }, toPublicKey(key), {
      algorithms: ["EdDSA", "Ed25519"],
    });
    return payload;
  } catch {
    throw signatureError("the signature does not match");
  }
}

/** `verifyFlat` for the compact form. */
export async function verifyCompact(jws: unknown, rules: VerifyRules): Promise<Uint8Array> {
  const parts = typeof jws === "string" ? jws.split(".") : [];
  const [header, payload, signature] = parts;
  if (parts.length !== 3) throw signatureError("it is no compact JWS");
  return verifyFlat({ protected: header, payload, signature }, rules);
}

/** A flattened JWS in shape, unchecked; null when it is none. */
export function asFlatJws(value: unknown): FlatJws | null {
  const payload = field(value, "payload");
  const header = field(value, "protected");
  const signature = field(value, "signature");
  if (typeof payload !== "string" || typeof header !== "string" || typeof signature !== "string") return null;
  return { payload, protected: header, signature };
}

function toFlat(value: unknown): FlatJws {
  const flat = asFlatJws(value);
  if (!flat) throw signatureError("it is no flattened JWS");
  if (field(value, "header") !== undefined) throw signatureError("it has an unprotected header");
  for (const part of [flat.payload, flat.protected, flat.signature]) {
    // Base64url has spare bits: another spelling of the same bytes would be an altered text that still verifies.
    const isCanonical =
      part.length <= MAX_JWS_CHARS && Buffer.from(part, "base64url").toString("base64url") === part;
    if (!isCanonical) throw signatureError("a part is not canonical base64url");
  }
  return flat;
}

function readHeader(encoded: string): unknown {
  let header: unknown;
  try {
    header = JSON.parse(Buffer.from(encoded, "base64url").toString("utf8"));
  } catch {
    throw signatureError("its header is not JSON");
  }
  const refused = REFUSED_HEADERS.find((name) => field(header, name) !== undefined);
  if (refused) throw signatureError(`its header carries "${refused}"`);
  return header;
}

function keyFor(header: unknown, rules: VerifyRules): PublicJwk {
  const alg = field(header, "alg");
  if (alg !== "EdDSA" && alg !== "Ed25519") throw signatureError("its algorithm is not Ed25519");
  if (field(header, "typ") !== rules.typ) throw signatureError(`its type is not ${rules.typ}`);
  const kid = field(header, "kid");
  if (typeof kid !== "string") throw signatureError("it names no key");
  if (rules.thumbprint && kid !== rules.thumbprint) throw signatureError("it is signed with another key");
  const key = rules.keys.find((candidate) => thumbprintOf(candidate) === kid);
  if (!key) throw signatureError("its key is not known");
  return key;
}

function signatureError(reason: string) {
  return accessError("SIGNATURE_INVALID", `A signed document was refused: ${reason}.`, {
    left: "What was in force before stays in force",
    hint: "Ask the co-op whether its key or its server changed",
  });
}
