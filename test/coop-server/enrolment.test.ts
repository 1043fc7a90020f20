import { mkdtempSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { createCoopApi } from "#src/coop/coop-api.ts";
import { thumbprintWords } from "#src/coop/keys.ts";
import { startPairing, waitForApproval } from "#src/coop/pairing.ts";
import { refreshTokens, type StoredTokens } from "#src/coop/tokens.ts";
import { startCoopServer } from "#src/coop-server/server.ts";
import { Bench, settingsFor } from "../coop/bench.ts";

let bench: Bench;
beforeEach(() => {
  bench = new Bench();
});
afterEach(() => bench.close());

const HOUR = 3_600_000;
const coded = (code: string, exit: number) => expect.objectContaining({ code, exit });

const form = (fields: Record<string, string>) => ({
  method: "POST",
  headers: { "content-type": "application/x-www-form-urlencoded" },
  body: new URLSearchParams(fields).toString(),
});

test("the page shows what is granted and the fingerprint, and approves by a plain form", async () => {
  const { clock, http } = bench;
  const server = await bench.coop();
  const pairing = await startPairing({ http, clock, url: server.url, pinned: null });

  const empty = await http.request({ url: pairing.verificationUri });
  const asked = await http.request({
    url: `${server.url}/?user_code=${pairing.userCode.toLowerCase().replace("-", "")}`,
  });
  const approved = await http.request({
    url: `${server.url}/`,
    ...form({ user_code: pairing.userCode, decision: "approve" }),
  });

  expect(empty.text).toContain('name="user_code"');
  expect(asked.text).toContain(thumbprintWords(server.keyThumbprint));
  expect(asked.text).toContain(server.keyThumbprint);
  expect(asked.text).toContain("at most 90 %");
  expect(asked.text).not.toContain("<script");
  expect(asked.headers["content-security-policy"]).toContain("default-src 'none'");
  expect(approved.text).toContain("approved");
  await expect(waitForApproval(pairing, { http, clock })).resolves.toMatchObject({
    accessToken: expect.any(String),
  });
});

test("a denial on the page ends the pairing with exit 5", async () => {
  const { clock, http } = bench;
  const server = await bench.coop();
  const pairing = await startPairing({ http, clock, url: server.url, pinned: null });

  await http.request({ url: `${server.url}/`, ...form({ user_code: pairing.userCode, decision: "deny" }) });

  await expect(waitForApproval(pairing, { http, clock })).rejects.toEqual(coded("PAIRING_DENIED", 5));
});

test("guessing codes ends after twenty, and text from outside is escaped", async () => {
  const { http } = bench;
  const server = await bench.coop();
  const odd = await http.request({ url: `${server.url}/?user_code=%3Cscript%3E` });
  for (let i = 0; i < 19; i++) await http.request({ url: `${server.url}/?user_code=AAAA-AAA${i}` });

  const last = await http.request({ url: `${server.url}/?user_code=BBBB-BBBB` });

  expect(odd.status).toBe(404);
  expect(odd.text).not.toContain("<script");
  expect(last.status).toBe(429);
});

test("a form sent from another page, or with a rebound host name, is refused", async () => {
  const server = await bench.coop();
  const evil = form({ user_code: "x", decision: "approve" });
  const headers = { ...evil.headers, origin: "https://evil.example" };

  expect((await bench.http.request({ url: `${server.url}/`, ...evil, headers })).status).toBe(403);
  const rebound = await bench.http.request({ url: `${server.url}/`, headers: { host: "evil.example" } });
  expect(rebound.status).toBe(421);
});

test("an unconfirmed code expires on both sides", async () => {
  const { clock, http } = bench;
  const server = await bench.coop();
  const pairing = await startPairing({ http, clock, url: server.url, pinned: null });

  clock.advance(900_000);

  expect(server.pendingUserCodes()).toEqual([]);
  expect(() => server.approve(pairing.userCode)).toThrow(coded("USER_CODE_UNKNOWN", 2));
  const poll = form({
    grant_type: "urn:ietf:params:oauth:grant-type:device_code",
    device_code: pairing.deviceCode,
    client_id: "hearth",
  });
  expect(await http.json({ url: `${server.url}/oauth/token`, ...poll })).toMatchObject({
    status: 400,
    body: { error: "expired_token" },
  });
});

test("polling too fast is told to slow down, and a code works once", async () => {
  const { clock, http } = bench;
  const server = await bench.coop({ autoApprove: true });
  const pairing = await startPairing({ http, clock, url: server.url, pinned: null });
  const poll = async () => {
    const fields = {
      grant_type: "urn:ietf:params:oauth:grant-type:device_code",
      device_code: pairing.deviceCode,
      client_id: "hearth",
    };
    return (await http.json({ url: `${server.url}/oauth/token`, ...form(fields) })).body;
  };
  clock.advance(5_000);
  expect(await poll()).toMatchObject({ token_type: "Bearer" });

  clock.advance(5_000);
  expect(await poll()).toEqual({ error: "invalid_grant" });

  const slow = await startPairing({ http, clock, url: (await bench.coop()).url, pinned: null });
  const ask = form({
    grant_type: "urn:ietf:params:oauth:grant-type:device_code",
    device_code: slow.deviceCode,
    client_id: "hearth",
  });
  const first = await http.json({ url: slow.document.tokenEndpoint, ...ask });
  const second = await http.json({ url: slow.document.tokenEndpoint, ...ask });
  expect([first.body, second.body]).toEqual([{ error: "authorization_pending" }, { error: "slow_down" }]);
});

test("a refresh token used twice ends the whole pairing", async () => {
  const { clock, http } = bench;
  const server = await bench.coop({ autoApprove: true });
  const { tokens, pairing } = await bench.pair(server);
  const endpoint = pairing.document.tokenEndpoint;
  const second = await refreshTokens(http, clock, endpoint, tokens);
  expect(second.refreshToken).not.toBe(tokens.refreshToken);

  await expect(refreshTokens(http, clock, endpoint, tokens)).rejects.toEqual(coded("COOP_TOKEN_REVOKED", 5));

  await expect(refreshTokens(http, clock, endpoint, second)).rejects.toEqual(coded("COOP_TOKEN_REVOKED", 5));
});

test("the client renews by itself, once for calls at the same time, and stores before it goes on", async () => {
  const { clock, http } = bench;
  const server = await bench.coop({ autoApprove: true });
  const { tokens } = await bench.pair(server);
  let stored: StoredTokens = tokens;
  let writes = 0;
  const api = createCoopApi({
    http,
    clock,
    baseUrl: server.url,
    tokens: {
      read: () => stored,
      write: (next) => {
        stored = next;
        writes++;
      },
    },
  });
  clock.advance(2 * HOUR);

  const [tariff, price] = await Promise.all([api.tariff("2026-01-15"), api.price(clock.nowMs() - HOUR)]);

  expect(writes).toBe(1);
  expect(tariff.buckets).toHaveLength(2);
  expect(price).toMatchObject({ centsPerBtc: 7_640_100, source: "coop-reference" });
  expect(await api.price(clock.nowMs() + HOUR)).toBeNull();
});

test("the key stays the same over restarts and the database is private", async () => {
  const folder = mkdtempSync(join(tmpdir(), "hearth-coop-"));
  try {
    const dbPath = join(folder, "coop.db");
    const options = { clock: bench.clock, dbPath, listen: { host: "127.0.0.1", port: 0 }, http: bench.http };
    const first = await startCoopServer({ ...options, settings: settingsFor() });
    await first.close();
    const second = await startCoopServer({ ...options, settings: settingsFor() });
    await second.close();

    expect(second.keyThumbprint).toBe(first.keyThumbprint);
    expect(statSync(dbPath).mode & 0o777).toBe(0o600);
  } finally {
    rmSync(folder, { recursive: true });
  }
});

test("an open address without TLS in front and a taken port are refused", async () => {
  const { clock, http } = bench;
  const options = { clock, http, dbPath: ":memory:", settings: settingsFor() };
  const taken = Number(new URL((await bench.coop()).url).port);

  await expect(startCoopServer({ ...options, listen: { host: "0.0.0.0", port: 0 } })).rejects.toEqual(
    coded("LISTEN_NOT_LOOPBACK", 5),
  );
  await expect(startCoopServer({ ...options, listen: { host: "127.0.0.1", port: taken } })).rejects.toEqual(
    coded("PORT_IN_USE", 3),
  );
});
