import { accessError, type HearthError } from "../model/errors.ts";
import type { FlatJws, SplitTerms } from "../model/terms.ts";
import { checkSuccession, parseTerms } from "../settlement/terms.ts";
import { JWS_TYPES, signFlat, verifyFlat } from "./jws.ts";
import { createSha256, type PublicJwk, type SigningKey } from "./keys.ts";

/** Terms whose signature, form, addressee and place in the chain are right. */
export interface VerifiedTerms {
  terms: SplitTerms;
  /** Of the canonical bytes; `prev` of the next version. */
  sha256: string;
  /** The signed bytes, for the countersignature. */
  payload: Uint8Array;
  jws: FlatJws;
}

export interface TermsRules {
  /** The co-op's key as stored at pairing. */
  key: PublicJwk;
  /** The pin. */
  thumbprint: string;
  coop: string;
  member: string;
  /** Latest terms known here, whatever their state; null before the first. */
  former: { terms: SplitTerms; sha256: string } | null;
}

/**
 * All checks of settlement.md §8 on terms from the co-op. Throws `SIGNATURE_INVALID`, `TERMS_INVALID`,
 * `TERMS_NOT_OURS`, `TERMS_ROLLBACK`, `TERMS_CHAIN` (exit 5); the terms in force are not touched by any of them.
 * The same version again (same bytes) is not an error.
 */
export async function verifyTerms(jws: unknown, rules: TermsRules): Promise<VerifiedTerms> {
  const payload = await verifyFlat(jws, {
    typ: JWS_TYPES.terms,
    keys: [rules.key],
    thumbprint: rules.thumbprint,
  });
  const terms = parseTerms(payload);
  if (terms.coop !== rules.coop || terms.member !== rules.member) throw notOurs(terms, rules);
  const sha256 = createSha256()(payload);
  if (sha256 !== rules.former?.sha256) checkSuccession(terms, rules.former);
  const { payload: encoded, protected: header, signature } = jws as FlatJws;
  return { terms, sha256, payload, jws: { payload: encoded, protected: header, signature } };
}

/** The member's consent: the device key's signature over the same bytes. */
export function countersign(terms: VerifiedTerms, deviceKey: SigningKey): Promise<FlatJws> {
  return signFlat(terms.payload, deviceKey, JWS_TYPES.terms);
}

function notOurs(terms: SplitTerms, rules: TermsRules): HearthError {
  return accessError(
    "TERMS_NOT_OURS",
    `These split terms are for member ${terms.member} of ${terms.coop}, not for ${rules.member} of ${rules.coop}.`,
    { left: "The split in force stays", hint: "Tell the co-op; it sent the terms of somebody else" },
  );
}
