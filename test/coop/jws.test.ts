import { createHmac, sign } from "node:crypto";
import fc from "fast-check";
import { FlattenedSign } from "jose";
import { expect, test } from "vitest";
import { JWS_TYPES, signCompact, signFlat, verifyCompact, verifyFlat } from "#src/coop/jws.ts";
import { createSha256, createSigningKey, loadSigningKey } from "#src/coop/keys.ts";

const published = loadSigningKey({
  kty: "OKP",
  crv: "Ed25519",
  x: "A6EHv_POEL4dcN0Y50vAmWfk1jCbpQ1fHdyGZBJVMbg",
  d: Buffer.from(Array.from({ length: 32 }, (_, i) => i)).toString("base64url"),
});
const TERMS =
  '{"coop":"prairie-rec","effective_from":"2026-01-01","legs":[{"pool":"stratum+tcp://pool.example:3333","role":"coop","share_ppm":700000,"user":"prairierec","worker":"7k3q9d2z01"},{"pool":"stratum+tcp://pool.example:3333","role":"member","share_ppm":300000,"user":"bc1qar0srrr7xfkvy5l643lydnw9re59gtzzwf5mdq","worker":"7k3q9d2z01"}],"member":"7k3q9d2z","prev":null,"type":"split-terms/v1","version":3}';
const rules = { typ: JWS_TYPES.terms, keys: [published.publicJwk], thumbprint: published.thumbprint };
const refused = expect.objectContaining({ code: "SIGNATURE_INVALID", exit: 5 });

test("the published example signs to the published bytes and verifies", async () => {
  const jws = await signFlat(Buffer.from(TERMS), published, JWS_TYPES.terms);

  expect(createSha256()(TERMS)).toBe("481382af70aeba5c70cf187af3eb2de7c08d092472bdcca24bfdd26f11b1d7e0");
  expect(jws.protected).toBe(
    "eyJhbGciOiJFZERTQSIsImtpZCI6IjFJRzJ0TUg3SjJ3Ykpabk9mOExKelFpdEtmN0xNdm9BRWxzdURNVk01NFkiLCJ0eXAiOiJzcGxpdC10ZXJtcytqd3MifQ",
  );
  expect(jws.signature).toBe(
    "Jvww2kkw-2toTKNuk25m6LqmGMCC934yAHgPndjQrjtCO6iaRONdvK5keLkvWkjSsurIU9bNYhqsmafOfG9rAA",
  );
  expect(Buffer.from(await verifyFlat(jws, rules)).toString()).toBe(TERMS);
});

test("the newer name of the algorithm is accepted too", async () => {
  const signer = new FlattenedSign(Buffer.from(TERMS));
  signer.setProtectedHeader({ alg: "Ed25519", kid: published.thumbprint, typ: JWS_TYPES.terms });

  await expect(verifyFlat(await signer.sign(published.privateKey), rules)).resolves.toBeDefined();
});

const header = (fields: Record<string, unknown>) => Buffer.from(JSON.stringify(fields)).toString("base64url");
const good = { alg: "EdDSA", kid: published.thumbprint, typ: "split-terms+jws" };

test.each<[string, Record<string, unknown>]>([
  ["no algorithm", { ...good, alg: "none" }],
  ["an HMAC", { ...good, alg: "HS256" }],
  ["another curve", { ...good, alg: "ES256" }],
  ["no key id", { alg: "EdDSA", typ: "split-terms+jws" }],
  ["no type", { alg: "EdDSA", kid: published.thumbprint }],
  ["the type of an event", { ...good, typ: "coop-event+jws" }],
  ["a key in the header", { ...good, jwk: published.publicJwk }],
  ["an address of a key", { ...good, jku: "https://evil.example/keys" }],
  ["a certificate", { ...good, x5c: [] }],
  ["an address of a certificate", { ...good, x5u: "https://evil.example" }],
  ["a critical extension", { ...good, crit: ["exp"] }],
])("a header with %s is refused, even rightly signed", async (_name, fields) => {
  const payload = Buffer.from(TERMS).toString("base64url");
  const protectedHeader = header(fields);
  const input = Buffer.from(`${protectedHeader}.${payload}`);
  const signature = sign(null, input, published.privateKey).toString("base64url");

  await expect(verifyFlat({ payload, protected: protectedHeader, signature }, rules)).rejects.toEqual(
    refused,
  );
});

test("a signature by HMAC with the public key as its secret is refused", async () => {
  const payload = Buffer.from(TERMS).toString("base64url");
  const protectedHeader = header({ ...good, alg: "HS256" });
  const mac = createHmac("sha256", published.publicJwk.x)
    .update(`${protectedHeader}.${payload}`)
    .digest("base64url");

  await expect(verifyFlat({ payload, protected: protectedHeader, signature: mac }, rules)).rejects.toEqual(
    refused,
  );
});

test("another key is refused, whether it names itself or the pinned one", async () => {
  const other = createSigningKey();
  const own = await signFlat(Buffer.from(TERMS), other, JWS_TYPES.terms);
  const posing = await signFlat(
    Buffer.from(TERMS),
    { ...other, thumbprint: published.thumbprint },
    JWS_TYPES.terms,
  );

  await expect(verifyFlat(own, rules)).rejects.toEqual(refused);
  await expect(verifyFlat(own, { ...rules, keys: [published.publicJwk, other.publicJwk] })).rejects.toEqual(
    refused,
  );
  await expect(verifyFlat(posing, rules)).rejects.toEqual(refused);
});

test("an unprotected header and things that are no JWS are refused", async () => {
  const jws = await signFlat(Buffer.from(TERMS), published, JWS_TYPES.terms);

  for (const value of [
    { ...jws, header: {} },
    null,
    "x",
    [],
    { ...jws, payload: 1 },
    { ...jws, signature: "" },
  ]) {
    await expect(verifyFlat(value, rules)).rejects.toEqual(refused);
  }
  for (const value of [null, "a.b", "a.b.c.d", "..", 7]) {
    await expect(verifyCompact(value, rules)).rejects.toEqual(refused);
  }
});

test("no altered signed text is ever accepted", async () => {
  const jws = await signCompact(Buffer.from(TERMS), published, JWS_TYPES.terms);
  const letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_.=+/";

  await fc.assert(
    fc.asyncProperty(fc.nat(jws.length - 1), fc.nat(letters.length - 1), async (at, letter) => {
      const altered = jws.slice(0, at) + letters[letter] + jws.slice(at + 1);
      fc.pre(altered !== jws);
      await expect(verifyCompact(altered, rules)).rejects.toEqual(refused);
    }),
    { numRuns: 400 },
  );
});
