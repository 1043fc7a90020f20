import canonicalize from "canonicalize";

/**
 * Canonical JSON by RFC 8785, the form that is hashed and signed (settlement.md §8, §12). Object members that
 * are `undefined` are left out, as in plain JSON.
 *
 * @throws TypeError for what JSON cannot say: bigint, NaN, Infinity, lone surrogates, circles, bare `undefined`.
 */
export function canonicalText(value: unknown): string {
  let text: string | undefined;
  try {
    text = canonicalize(value);
  } catch (cause) {
    throw new TypeError("This value has no canonical JSON form", { cause });
  }
  if (text === undefined) throw new TypeError("This value has no canonical JSON form");
  return text;
}
