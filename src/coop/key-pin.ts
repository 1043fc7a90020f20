import { accessError } from "../model/errors.ts";
import { field } from "../model/parse.ts";
import type { FlatJws } from "../model/terms.ts";
import { canonicalText } from "../settlement/canonical.ts";
import type { CoopDocument } from "./discovery.ts";
import { JWS_TYPES, signFlat, verifyFlat } from "./jws.ts";
import { type PublicJwk, type SigningKey, thumbprintOf, toPublicJwk } from "./keys.ts";

/** Signs `next` as the successor of `former` (entry of `key_rotations[]`). */
export async function signKeyRotation(coop: string, former: SigningKey, next: PublicJwk): Promise<FlatJws> {
  const payload = canonicalText({ type: "key-rotation/v1", coop, former: former.publicJwk, next });
  return signFlat(Buffer.from(payload), former, JWS_TYPES.rotation);
}

/**
 * The key to trust from now on. Without a pin: the first named key, for the member to confirm. With one: the
 * pinned key itself, or one reached from it by rotations that the former key signed. Throws `COOP_KEY_CHANGED`
 * (exit 5) otherwise; that is an error and never a question (requirements PAIR-1).
 */
export async function pinnedKey(
  document: CoopDocument,
  keys: readonly PublicJwk[],
  pinned: string | null,
): Promise<{ key: PublicJwk; thumbprint: string; isRotated: boolean }> {
  let wanted = pinned ?? thumbprintOf(keys[0] ?? throwKeyChanged(document.name, pinned));
  // Each rotation is used at most once, so a ring of rotations ends.
  for (let step = 0; step <= document.keyRotations.length; step++) {
    const key = keys.find((candidate) => thumbprintOf(candidate) === wanted);
    if (key) return { key, thumbprint: wanted, isRotated: pinned !== null && wanted !== pinned };
    const next = await successorOf(wanted, document);
    if (next === null) break;
    wanted = next;
  }
  return throwKeyChanged(document.name, pinned);
}

async function successorOf(thumbprint: string, document: CoopDocument): Promise<string | null> {
  for (const jws of document.keyRotations) {
    const next = await readRotation(jws, thumbprint, document.id);
    if (next) return thumbprintOf(next);
  }
  return null;
}

async function readRotation(jws: FlatJws, thumbprint: string, coop: string): Promise<PublicJwk | null> {
  try {
    const claim: unknown = JSON.parse(Buffer.from(jws.payload, "base64url").toString("utf8"));
    const former = toPublicJwk(field(claim, "former"));
    // The old key comes with the statement; what makes it the old key is its pinned thumbprint.
    if (!former || thumbprintOf(former) !== thumbprint) return null;
    const isForUs = field(claim, "type") === "key-rotation/v1" && field(claim, "coop") === coop;
    await verifyFlat(jws, { typ: JWS_TYPES.rotation, keys: [former], thumbprint });
    return isForUs ? toPublicJwk(field(claim, "next")) : null;
  } catch {
    return null;
  }
}

function throwKeyChanged(name: string, pinned: string | null): never {
  throw accessError(
    "COOP_KEY_CHANGED",
    `${name} shows another key than the one confirmed at pairing (${pinned ?? "none"}), and the old key did not sign it.`,
    {
      left: "The pairing and the split stay as they were",
      hint: "Call the co-op; a new key must be signed by the old one",
    },
  );
}
