import {
  createHash,
  createPrivateKey,
  createPublicKey,
  generateKeyPairSync,
  type KeyObject,
} from "node:crypto";
import { accessError } from "../model/errors.ts";
import { field } from "../model/parse.ts";
import { thumbprintWordList } from "./thumbprint-word-list.ts";

/** Public Ed25519 key as a JWK (RFC 8037). `x` is base64url of 32 bytes. */
export interface PublicJwk {
  kty: "OKP";
  crv: "Ed25519";
  x: string;
}

/** Private Ed25519 key as a JWK. `d` is secret: never log it, store it 0600. */
export interface PrivateJwk extends PublicJwk {
  d: string;
}

/** A key that can sign: of a device (consent) or of a co-op (terms, events, records). */
export interface SigningKey {
  privateKey: KeyObject;
  publicJwk: PublicJwk;
  /** RFC 7638 thumbprint of the public key, base64url; the `kid` of every signature. */
  thumbprint: string;
  /** For storage only. */
  privateJwk: PrivateJwk;
}

/** SHA-256 in lower-case hex, as `settlement` and `ledger` want it handed in. */
export function createSha256(): (data: string | Uint8Array) => string {
  return (data) => createHash("sha256").update(data).digest("hex");
}

/** A new random Ed25519 key. */
export function createSigningKey(): SigningKey {
  const { privateKey } = generateKeyPairSync("ed25519");
  return toSigningKey(privateKey);
}

/** The key from what `privateJwk` gave. Throws `KEY_INVALID` (exit 5); the message never holds the key. */
export function loadSigningKey(stored: unknown): SigningKey {
  const publicJwk = toPublicJwk(stored);
  const d = field(stored, "d");
  if (publicJwk && typeof d === "string") {
    try {
      const key = toSigningKey(createPrivateKey({ key: { ...publicJwk, d }, format: "jwk" }));
      if (key.publicJwk.x === publicJwk.x) return key;
    } catch {
      // Falls through: the cause could quote the key.
    }
  }
  throw accessError("KEY_INVALID", "The stored signing key is not an Ed25519 key.", {
    hint: "Restore it from a backup, or pair again",
  });
}

/** The public part of an Ed25519 JWK from outside; null when it is anything else. Extra fields are dropped. */
export function toPublicJwk(value: unknown): PublicJwk | null {
  const x = field(value, "x");
  if (field(value, "kty") !== "OKP" || field(value, "crv") !== "Ed25519") return null;
  if (typeof x !== "string" || !/^[A-Za-z0-9_-]{43}$/.test(x)) return null;
  if (Buffer.from(x, "base64url").toString("base64url") !== x) return null;
  return { kty: "OKP", crv: "Ed25519", x };
}

/** Key object for verification. Throws when the 32 bytes are no point of the curve. */
export function toPublicKey(jwk: PublicJwk): KeyObject {
  return createPublicKey({ key: { ...jwk }, format: "jwk" });
}

/** RFC 7638 thumbprint, SHA-256, base64url without padding. */
export function thumbprintOf(jwk: PublicJwk): string {
  // The required members in lexical order are the whole hash input (RFC 7638 §3.2).
  const input = `{"crv":"${jwk.crv}","kty":"${jwk.kty}","x":"${jwk.x}"}`;
  return createHash("sha256").update(input).digest("base64url");
}

/**
 * A thumbprint for people to compare aloud: six words and twelve digits, 48 + about 39.9 bits of the hash
 * (requirements PAIR-1). The same thumbprint always gives the same text.
 */
export function thumbprintWords(thumbprint: string): string {
  const bytes = createHash("sha256").update(`hearth-fingerprint:${thumbprint}`).digest();
  const words = [...bytes.subarray(0, 6)].map((byte) => thumbprintWordList[byte] ?? "");
  const number = (bytes.readBigUInt64BE(6) % 1_000_000_000_000n).toString().padStart(12, "0");
  return `${words.join(" ")} ${number.slice(0, 4)} ${number.slice(4, 8)} ${number.slice(8)}`;
}

function toSigningKey(privateKey: KeyObject): SigningKey {
  const jwk = privateKey.export({ format: "jwk" });
  const publicJwk = toPublicJwk(jwk);
  if (!publicJwk || typeof jwk.d !== "string") throw new TypeError("not an Ed25519 key");
  return {
    privateKey,
    publicJwk,
    thumbprint: thumbprintOf(publicJwk),
    privateJwk: { ...publicJwk, d: jwk.d },
  };
}
