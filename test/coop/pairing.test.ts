import { afterEach, beforeEach, expect, test } from "vitest";
import { type CoopDocument, readCoopDocument } from "#src/coop/discovery.ts";
import { pinnedKey, signKeyRotation } from "#src/coop/key-pin.ts";
import { createSigningKey } from "#src/coop/keys.ts";
import { startPairing, waitForApproval } from "#src/coop/pairing.ts";
import { Bench } from "./bench.ts";

let bench: Bench;
beforeEach(() => {
  bench = new Bench();
});
afterEach(() => bench.close());

const coopKey = createSigningKey();
const coded = (code: string, exit: number) => expect.objectContaining({ code, exit });

/** A co-op whose token endpoint answers from a list; the last answer repeats. */
async function scriptedCoop(answers: { status?: number; json?: unknown; text?: string }[], key = coopKey) {
  let polls = 0;
  return bench.scripted(({ path, url }) => {
    if (path.startsWith("/.well-known")) return { json: documentAt(url, key.thumbprint) };
    if (path === "/oauth/jwks") return { json: { keys: [key.publicJwk] } };
    if (path === "/oauth/device_authorization") return { json: deviceCode(url) };
    const answer = answers[Math.min(polls, answers.length - 1)];
    polls++;
    return answer ?? { status: 500 };
  });
}

function documentAt(url: string, thumbprint: string) {
  return {
    issuer: url,
    id: "prairie-rec",
    name: "Prairie REC",
    tz: "America/Chicago",
    api: url,
    device_authorization_endpoint: `${url}/oauth/device_authorization`,
    token_endpoint: `${url}/oauth/token`,
    jwks_uri: `${url}/oauth/jwks`,
    key_thumbprints: [thumbprint],
  };
}

function deviceCode(url: string) {
  return {
    device_code: "d",
    user_code: "WDJB-MJHT",
    verification_uri: `${url}/`,
    expires_in: 120,
    interval: 5,
  };
}

const TOKEN = { access_token: "a", token_type: "Bearer", expires_in: 3600, refresh_token: "r" };
const error = (name: string) => ({ status: 400, json: { error: name } });

async function pairWith(answers: Parameters<typeof scriptedCoop>[0]) {
  const { clock, http } = bench;
  const { url } = await scriptedCoop(answers);
  const pairing = await startPairing({ http, clock, url, pinned: null });
  return { pairing, approval: waitForApproval(pairing, { http, clock }) };
}

test("a real co-op approves and enrols a home", async () => {
  const server = await bench.coop();

  const { pairing, enrolment, member } = await bench.pair(server);

  expect(pairing.userCode).toMatch(/^[A-Z]{4}-[A-Z]{4}$/);
  expect(pairing.keyThumbprint).toBe(server.keyThumbprint);
  expect(member).toMatch(/^[0-9a-z]{8}$/);
  expect(enrolment.coop).toMatchObject({
    kind: "coop",
    id: "prairie-rec",
    key_thumbprint: server.keyThumbprint,
    openadr: { secret_ref: "file:ven-client", programs: ["coop-heat"], targets: ["all", member], poll_s: 60 },
  });
  const publicText = JSON.stringify(enrolment.coop);
  for (const [name, secret] of Object.entries(enrolment.secrets)) {
    expect(secret, name).not.toBe("");
    if (name !== "coop-key") expect(publicText).not.toContain(secret);
  }
});

test("the same device key enrolled again is the same member", async () => {
  const server = await bench.coop({ autoApprove: true });
  const first = await bench.pair(server);

  const second = await bench.pair(server, first.deviceKey);

  expect(second.member).toBe(first.member);
  expect((await bench.pair(server)).member).not.toBe(first.member);
});

test("polling waits the interval, and longer for good after slow_down", async () => {
  const { approval } = await pairWith([error("authorization_pending"), error("slow_down"), { json: TOKEN }]);

  await expect(approval).resolves.toMatchObject({ accessToken: "a", refreshToken: "r" });
  expect(bench.clock.slept).toEqual([5_000, 5_000, 10_000]);
});

test("a failing server doubles the interval like a lost connection", async () => {
  const { approval } = await pairWith([
    { status: 503 },
    { status: 502, text: "<html>bad gateway</html>" },
    error("authorization_pending"),
    { json: TOKEN },
  ]);

  await approval;
  expect(bench.clock.slept).toEqual([5_000, 10_000, 20_000, 20_000]);
});

test("a code that nobody confirms ends at its own time", async () => {
  const { approval } = await pairWith([error("authorization_pending")]);

  await expect(approval).rejects.toEqual(coded("PAIRING_TIMEOUT", 3));
  expect(bench.clock.slept.reduce((sum, ms) => sum + ms, 0)).toBeLessThan(120_000);
});

test.each([
  ["an expired code", error("expired_token"), "PAIRING_TIMEOUT", 3],
  ["a denial", error("access_denied"), "PAIRING_DENIED", 5],
  ["status 401", { status: 401, json: { error: "invalid_client" } }, "PAIRING_DENIED", 5],
  ["status 403", { status: 403, text: "no" }, "PAIRING_DENIED", 5],
  ["a spent code", error("invalid_grant"), "COOP_TOKEN_REVOKED", 5],
  ["truncated JSON", { text: '{"access_token":"a"' }, "COOP_BAD_ANSWER", 3],
  ["a web page", { text: "<html>log in</html>" }, "COOP_BAD_ANSWER", 3],
  ["a token without a type", { json: { access_token: "a" } }, "COOP_BAD_ANSWER", 3],
])("%s stops the pairing with a clear error", async (_name, answer, code, exit) => {
  const { approval } = await pairWith([answer]);

  await expect(approval).rejects.toEqual(coded(code, exit));
});

test("another key than the pinned one is refused before a code is asked", async () => {
  const { clock, http } = bench;
  const { url, requests } = await scriptedCoop([]);

  const pinned = createSigningKey().thumbprint;

  await expect(startPairing({ http, clock, url, pinned })).rejects.toEqual(coded("COOP_KEY_CHANGED", 5));
  expect(requests.some((line) => line.includes("device_authorization"))).toBe(false);
});

test("an impostor that names the pinned thumbprint but has another key is refused", async () => {
  const { clock, http } = bench;
  const impostor = createSigningKey();
  const { url } = await bench.scripted(({ path, url: own }) =>
    path.startsWith("/.well-known")
      ? { json: documentAt(own, coopKey.thumbprint) }
      : { json: { keys: [{ ...impostor.publicJwk, kid: coopKey.thumbprint }] } },
  );

  await expect(startPairing({ http, clock, url, pinned: coopKey.thumbprint })).rejects.toEqual(
    coded("COOP_BAD_ANSWER", 3),
  );
});

test("a new key counts when the old one signed it, also over several steps, and never otherwise", async () => {
  const first = createSigningKey();
  const second = createSigningKey();
  const third = createSigningKey();
  const stranger = createSigningKey();
  const chain = [
    await signKeyRotation("prairie-rec", second, third.publicJwk),
    await signKeyRotation("prairie-rec", first, second.publicJwk),
  ];
  const document = (keyRotations: typeof chain) =>
    ({ id: "prairie-rec", name: "Prairie REC", keyRotations }) as CoopDocument;
  const pin = (rotations: typeof chain) =>
    pinnedKey(document(rotations), [third.publicJwk], first.thumbprint);

  await expect(pin(chain)).resolves.toMatchObject({ thumbprint: third.thumbprint, isRotated: true });
  await expect(pin([])).rejects.toEqual(coded("COOP_KEY_CHANGED", 5));
  await expect(pin(chain.slice(0, 1))).rejects.toEqual(coded("COOP_KEY_CHANGED", 5));
  const foreign = await signKeyRotation("prairie-rec", stranger, third.publicJwk);
  await expect(pin([foreign])).rejects.toEqual(coded("COOP_KEY_CHANGED", 5));
  const elsewhere = await signKeyRotation("other-coop", first, third.publicJwk);
  await expect(pin([elsewhere])).rejects.toEqual(coded("COOP_KEY_CHANGED", 5));
});

test.each([
  ["plain http elsewhere", "http://coop.example", "COOP_URL_UNSAFE", 5],
  ["a password inside", "https://u:p@coop.example", "COOP_URL_UNSAFE", 5],
  ["no address", "prairie", "COOP_URL_UNSAFE", 5],
])("an address with %s is refused before anything is sent", async (_name, url, code, exit) => {
  await expect(readCoopDocument(bench.http, url)).rejects.toEqual(coded(code, exit));
});

test("a document that speaks for another address is refused", async () => {
  const { url } = await bench.scripted(() => ({
    json: documentAt("https://other.example", coopKey.thumbprint),
  }));

  await expect(readCoopDocument(bench.http, url)).rejects.toEqual(coded("COOP_ISSUER_MISMATCH", 5));
});

test.each([
  ["a web page", { text: "<html></html>" }, "HTTP_NOT_JSON"],
  ["truncated JSON", { text: '{"issuer":' }, "HTTP_NOT_JSON"],
  ["nothing useful", { json: {} }, "COOP_BAD_ANSWER"],
  ["a missing page", { status: 404, json: {} }, "COOP_REFUSED"],
  ["a failing server", { status: 500, text: "oops" }, "COOP_UNAVAILABLE"],
])("%s instead of a discovery document is exit 3", async (_name, answer, code) => {
  const { url } = await bench.scripted(() => answer);

  await expect(readCoopDocument(bench.http, url)).rejects.toEqual(coded(code, 3));
});
