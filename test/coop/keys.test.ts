import { expect, test } from "vitest";
import {
  createSigningKey,
  loadSigningKey,
  thumbprintOf,
  thumbprintWords,
  toPublicJwk,
} from "#src/coop/keys.ts";
import { thumbprintWordList } from "#src/coop/thumbprint-word-list.ts";

const EXAMPLE_X = "A6EHv_POEL4dcN0Y50vAmWfk1jCbpQ1fHdyGZBJVMbg";

test("the thumbprint of the published key is the published one", () => {
  expect(thumbprintOf({ kty: "OKP", crv: "Ed25519", x: EXAMPLE_X })).toBe(
    "1IG2tMH7J2wbJZnOf8LJzQitKf7LMvoAElsuDMVM54Y",
  );
});

test("a fingerprint for people is six listed words and twelve digits, always the same", () => {
  const words = thumbprintWords("1IG2tMH7J2wbJZnOf8LJzQitKf7LMvoAElsuDMVM54Y");

  expect(words).toMatch(/^([a-z]+ ){6}\d{4} \d{4} \d{4}$/);
  expect(thumbprintWords("1IG2tMH7J2wbJZnOf8LJzQitKf7LMvoAElsuDMVM54Y")).toBe(words);
  expect(thumbprintWords("1IG2tMH7J2wbJZnOf8LJzQitKf7LMvoAElsuDMVM54Z")).not.toBe(words);
});

test("the word list has 256 different words", () => {
  expect(new Set(thumbprintWordList).size).toBe(256);
});

test("a stored key loads again, and a broken one is refused without showing it", () => {
  const key = createSigningKey();

  expect(loadSigningKey(JSON.parse(JSON.stringify(key.privateJwk))).thumbprint).toBe(key.thumbprint);
  const broken = { ...key.privateJwk, x: createSigningKey().publicJwk.x };
  expect(() => loadSigningKey(broken)).toThrow(expect.objectContaining({ code: "KEY_INVALID", exit: 5 }));
});

test.each([
  null,
  { kty: "RSA", crv: "Ed25519", x: EXAMPLE_X },
  { kty: "OKP", crv: "X25519", x: EXAMPLE_X },
  { kty: "OKP", crv: "Ed25519", x: EXAMPLE_X.slice(1) },
  { kty: "OKP", crv: "Ed25519", x: `${EXAMPLE_X.slice(0, -1)}h` },
])("%j is no public key", (value) => {
  expect(toPublicJwk(value)).toBeNull();
});
