import { afterEach, beforeEach, expect, test } from "vitest";
import { createCoopApi } from "#src/coop/coop-api.ts";
import { verifySettlement } from "#src/coop/settlement-check.ts";
import type { SeenEvents } from "#src/coop/signed-event.ts";
import { createSignedFeed } from "#src/coop/signed-feed.ts";
import { countersign, verifyTerms } from "#src/coop/terms-check.ts";
import type { StoredTokens } from "#src/coop/tokens.ts";
import { toIntervalBatches, toWorkBatch } from "#src/coop/upload.ts";
import type { CoopServer, CoopSettings } from "#src/coop-server/server.ts";
import { checkRecord } from "#src/settlement/record.ts";
import { Bench, PAYEE } from "../coop/bench.ts";

let bench: Bench;
beforeEach(() => {
  bench = new Bench();
});
afterEach(() => bench.close());

const HOUR = 3_600_000;
const DAY = "2026-01-15";
const DAY_START = Date.parse("2026-01-15T06:00:00Z");
const coded = (code: string, exit: number) => expect.objectContaining({ code, exit });

async function home(server: CoopServer) {
  const paired = await bench.pair(server);
  let stored: StoredTokens = paired.tokens;
  const tokens = { read: () => stored, write: (next: StoredTokens) => (stored = next) };
  const api = createCoopApi({ http: bench.http, clock: bench.clock, baseUrl: server.url, tokens });
  const { pairing, member, deviceKey } = paired;
  const rules = { key: pairing.key, thumbprint: pairing.keyThumbprint, coop: "prairie-rec", member };
  return { api, rules, member, deviceKey };
}

type Home = Awaited<ReturnType<typeof home>>;

async function agree({ api, rules, deviceKey }: Home, sharePpm = 700_000) {
  const jws = await api.postTerms({ sharePpm, payee: PAYEE, devices: ["mini3"] });
  const terms = await verifyTerms(jws, { ...rules, former: null });
  await api.consent(terms.terms.version, await countersign(terms, deviceKey));
  return terms;
}

const hourly = (wh: number) =>
  Array.from({ length: 24 }, (_, i) => ({ startMs: DAY_START + i * HOUR, seconds: 3600, wh }));

function poolDay(status: string, workers: Record<string, string>, totalMsat = 1_193_594) {
  const rows = Object.entries(workers).map(([name, accepted_difficulty]) => [
    name,
    { accepted_difficulty, rejected_difficulty: "0", accepted: 1, rejected: 0 },
  ]);
  return {
    json: {
      user: "prairierec",
      day: DAY,
      status,
      total_reward_msat: totalMsat,
      workers: Object.fromEntries(rows),
    },
  };
}

async function coopWithPool(answer: () => { json?: unknown; status?: number; text?: string }) {
  const pool = await bench.scripted(answer);
  return bench.coop({ autoApprove: true, poolApiUrl: pool.url } satisfies Partial<CoopSettings>);
}

async function settledDay(one: Home, server: CoopServer, day = DAY) {
  await server.settle(day);
  const [signed] = await one.api.settlements(day, day);
  return { signed, record: await verifySettlement(signed?.jws, one.rules) };
}

test("terms are signed, countersigned, chained, and the same wish gives the same terms", async () => {
  const server = await bench.coop({ autoApprove: true });
  const one = await home(server);
  expect(await one.api.currentTerms()).toBeNull();

  const first = await agree(one);
  const again = await one.api.postTerms({ sharePpm: 700_000, payee: PAYEE, devices: ["mini3"] });
  const next = await one.api.postTerms({ sharePpm: 300_000, payee: PAYEE, devices: ["mini3"] });

  expect(first.terms).toMatchObject({ version: 1, prev: null, member: one.member, effective_from: DAY });
  expect(first.terms.legs.map(({ role, share_ppm, user }) => [role, share_ppm, user])).toEqual([
    ["coop", 700_000, "prairierec"],
    ["member", 300_000, PAYEE],
  ]);
  expect(again).toEqual(first.jws);
  const second = await verifyTerms(next, { ...one.rules, former: first });
  expect(second.terms).toMatchObject({ version: 2, prev: first.sha256 });
  await expect(verifyTerms(first.jws, { ...one.rules, former: second })).rejects.toEqual(
    coded("TERMS_ROLLBACK", 5),
  );
});

test("terms of another member, altered or under another key are refused", async () => {
  const server = await bench.coop({ autoApprove: true });
  const one = await home(server);
  const other = await home(server);
  const stranger = await home(await bench.coop({ autoApprove: true }));
  const { jws } = await agree(one);

  await expect(verifyTerms(jws, { ...other.rules, former: null })).rejects.toEqual(
    coded("TERMS_NOT_OURS", 5),
  );
  await expect(verifyTerms(jws, { ...stranger.rules, former: null })).rejects.toEqual(
    coded("SIGNATURE_INVALID", 5),
  );
  const altered = Buffer.from(String(Buffer.from(jws.payload, "base64url")).replace("300000", "300001"));
  const forged = { ...jws, payload: altered.toString("base64url") };
  await expect(verifyTerms(forged, { ...one.rules, former: null })).rejects.toEqual(
    coded("SIGNATURE_INVALID", 5),
  );
});

test("consent counts only from the member's own device key, over the same bytes", async () => {
  const server = await bench.coop({ autoApprove: true });
  const one = await home(server);
  const other = await home(server);
  const jws = await one.api.postTerms({ sharePpm: 300_000, payee: PAYEE, devices: [] });
  const terms = await verifyTerms(jws, { ...one.rules, former: null });

  const foreign = await countersign(terms, other.deviceKey);
  await expect(one.api.consent(1, foreign)).rejects.toEqual(coded("COOP_REFUSED", 3));
  const elsewhere = await countersign({ ...terms, payload: Buffer.from("{}") }, one.deviceKey);
  await expect(one.api.consent(1, elsewhere)).rejects.toEqual(coded("COOP_REFUSED", 3));
  await expect(one.api.consent(1, await countersign(terms, one.deviceKey))).resolves.toBeUndefined();
});

test.each([
  ["above the co-op's most", { sharePpm: 950_000, payee: PAYEE }],
  ["negative", { sharePpm: -1, payee: PAYEE }],
  ["with a fraction", { sharePpm: 0.3, payee: PAYEE }],
  ["without a payee", { sharePpm: 300_000, payee: "" }],
])("a share %s is not agreed", async (_name, wish) => {
  const one = await home(await bench.coop({ autoApprove: true }));

  await expect(one.api.postTerms({ ...wish, devices: [] })).rejects.toEqual(coded("COOP_REFUSED", 3));
});

test("a day is settled from the meter and the pool to the figures of the published example", async () => {
  let one: Home | null = null;
  const server = await coopWithPool(() =>
    poolDay("calculated", { [`${one?.member}01`]: "540213248", zzzzzzz701: "0" }),
  );
  one = await home(server);
  await agree(one);
  server.importMeter(one.member, hourly(767));
  const work = {
    miner: "mini3",
    hourMs: Date.parse("2026-01-15T10:00:00Z"),
    rejected: 0n,
    stale: 0n,
    shares: 1,
    activeS: 3600,
  };
  await one.api.postWork(
    toWorkBatch([
      { ...work, role: "coop", accepted: 540_213_248n },
      { ...work, role: "member", accepted: 230_883_328n },
    ]),
  );
  bench.clock.advance(48 * HOUR);

  const { signed, record } = await settledDay(one, server);

  expect(signed).toMatchObject({ day: DAY, revision: 1, state: "confirmed" });
  expect(record.mining).toEqual([
    {
      role: "coop",
      diff_accepted: "540213248",
      diff_rejected: "0",
      net_msat: 1_193_594,
      source: "pool",
      status: "confirmed",
    },
    {
      role: "member",
      diff_accepted: "230883328",
      diff_rejected: "0",
      net_msat: 510_134,
      source: "device",
      status: "estimated",
    },
  ]);
  expect(record.credit).toEqual({
    value_uusd: 911_918,
    carry_in_uusd: 0,
    posted_cents: 91,
    carry_out_uusd: 1_918,
  });
  expect(record.energy.map(({ bucket, wh, source, quality }) => [bucket, wh, source, quality])).toEqual([
    ["on_peak", 3 * 767, "ami", "valid"],
    ["off_peak", 21 * 767, "ami", "valid"],
  ]);
  expect(record.terms?.version).toBe(1);
  const checks = checkRecord({ ...record, prev: "0".repeat(64) }, null, null);
  expect(checks.filter(({ ok }) => !ok)).toEqual([]);
});

test("the next day opens where the former one closed, and a repeated call gives the same record", async () => {
  const server = await bench.coop({ autoApprove: true });
  const one = await home(server);
  await agree(one);
  server.importMeter(one.member, hourly(100));
  bench.clock.advance(72 * HOUR);

  const first = await settledDay(one, server);
  const again = await settledDay(one, server);
  const next = await settledDay(one, server, "2026-01-16");

  expect(again.signed).toEqual(first.signed);
  expect(next.record.balance.open_uusd).toBe(first.record.balance.close_uusd);
  expect(next.record.credit.carry_in_uusd).toBe(first.record.credit.carry_out_uusd);
  await expect(server.settle("2026-01-14")).rejects.toEqual(coded("SETTLE_ORDER", 4));
});

test("without a whole day of the meter the uploaded readings count, with their source and coverage", async () => {
  const server = await bench.coop({ autoApprove: true });
  const one = await home(server);
  server.importMeter(one.member, hourly(100).slice(1));
  const rows = Array.from({ length: 48 }, (_, i) => ({
    miner: "mini3",
    startMs: DAY_START + i * 900_000,
    seconds: 900,
    wh: 50,
    quality: (i === 30 ? "estimated" : "valid") as "estimated" | "valid",
    wattMax: 210,
  }));
  const [batch, ...more] = toIntervalBatches(rows, "miner");
  if (!batch) throw new Error("no batch");

  const outcome = await one.api.postIntervals(batch);
  const repeated = await one.api.postIntervals(batch);
  bench.clock.advance(48 * HOUR);
  const { record } = await settledDay(one, server);

  expect(more).toEqual([]);
  expect(outcome.every(({ status }) => status === "stored")).toBe(true);
  expect(repeated).toEqual(outcome);
  expect(record.energy).toEqual([
    expect.objectContaining({ bucket: "on_peak", source: "miner", quality: "estimated" as const, wh: 600 }),
    expect.objectContaining({ bucket: "off_peak", source: "miner", quality: "valid" as const, wh: 1_800 }),
  ]);
  expect(record.energy[1]?.coverage_ppm).toBe(Math.floor((9 / 21) * 1_000_000));
});

test("batches break at a gap, at another device and at 2,000 rows; bad rows are refused one by one", async () => {
  const row = {
    miner: "a",
    startMs: DAY_START,
    seconds: 900,
    wh: 1,
    quality: "valid" as const,
    wattMax: null,
  };
  const long = Array.from({ length: 2_001 }, (_, i) => ({ ...row, startMs: DAY_START + i * 900_000 }));
  const mixed = [row, { ...row, startMs: DAY_START + 1_800_000 }, { ...row, miner: "b" }];
  expect(toIntervalBatches(long, "miner").map(({ wh }) => wh.length)).toEqual([2_000, 1]);
  expect(toIntervalBatches(mixed, "miner")).toHaveLength(3);

  const one = await home(await bench.coop({ autoApprove: true }));
  const bad = { device: "a", source: "miner", interval_seconds: 900, start: "2026-01-15T06:00:00Z" };
  const outcome = await one.api.postIntervals({
    ...bad,
    wh: [1, 1.5, null, -1],
    quality: ["valid"],
    watt_max: [],
  });
  expect(outcome.map(({ status }) => status)).toEqual(["stored", "refused", "refused", "refused"]);
  const unknown = { ...bad, source: "ami", wh: [1], quality: ["valid"], watt_max: [] };
  await expect(one.api.postIntervals(unknown)).rejects.toEqual(coded("COOP_REFUSED", 3));
});

test("a later upload of an hour of work replaces the former", async () => {
  const server = await bench.coop({ autoApprove: true });
  const one = await home(server);
  const hourMs = Date.parse("2026-01-15T10:00:00Z");
  const row = {
    miner: "m",
    hourMs,
    role: "member" as const,
    rejected: 0n,
    stale: 0n,
    shares: 1,
    activeS: 60,
  };
  await one.api.postWork(toWorkBatch([{ ...row, accepted: 1_000n }]));
  await one.api.postWork(toWorkBatch([{ ...row, accepted: 3_000n }]));
  bench.clock.advance(48 * HOUR);

  const { record } = await settledDay(one, server);

  expect(record.mining.find(({ role }) => role === "member")?.diff_accepted).toBe("3000");
});

test("nothing is settled before the day is over, before the pool has calculated it, or from a broken pool answer", async () => {
  let answer: { json?: unknown; status?: number; text?: string } = poolDay("open", {});
  const server = await coopWithPool(() => answer);
  const one = await home(server);

  await expect(server.settle(DAY)).rejects.toEqual(coded("DAY_NOT_OVER", 6));
  bench.clock.advance(48 * HOUR);
  await expect(server.settle(DAY)).rejects.toEqual(coded("POOL_DAY_OPEN", 6));
  answer = { status: 500, text: "<html>" };
  await expect(server.settle(DAY)).rejects.toEqual(coded("POOL_BAD_ANSWER", 3));
  answer = { text: '{"day":' };
  await expect(server.settle(DAY)).rejects.toEqual(coded("HTTP_NOT_JSON", 3));
  expect(await one.api.settlements(DAY, DAY)).toEqual([]);
});

test("one pool account is divided among its members without losing a millisatoshi", async () => {
  const homes: Home[] = [];
  const server = await coopWithPool(() => {
    const [a, b, c] = homes.map(({ member }) => `prairierec.${member}01`);
    const workers = { [a ?? "a"]: "540213248", [b ?? "b"]: "100000000", [c ?? "c"]: "77777777" };
    return poolDay("calculated", workers, 250_000_123);
  });
  for (let i = 0; i < 3; i++) homes.push(await home(server));
  bench.clock.advance(48 * HOUR);

  await server.settle(DAY);

  const parts: number[] = [];
  for (const one of homes) parts.push((await settledDay(one, server)).record.mining[0]?.net_msat ?? 0);
  expect(parts.reduce((sum, part) => sum + part, 0)).toBe(250_000_123);
  expect(parts[0]).toBe(188_098_979);
});

test("a record of another member, altered or with a foreign link is refused", async () => {
  const server = await bench.coop({ autoApprove: true });
  const one = await home(server);
  const other = await home(server);
  bench.clock.advance(48 * HOUR);
  const { signed } = await settledDay(one, server);

  await expect(verifySettlement(signed?.jws, other.rules)).rejects.toEqual(coded("SETTLEMENT_INVALID", 5));
  const payload = Buffer.from("{}").toString("base64url");
  await expect(verifySettlement({ ...signed?.jws, payload }, one.rules)).rejects.toEqual(
    coded("SIGNATURE_INVALID", 5),
  );
});

test("the same key with another body is refused, and the same body gets the first answer", async () => {
  const server = await bench.coop({ autoApprove: true });
  const { tokens } = await bench.pair(server);
  const post = (share_ppm: number) =>
    bench.http.json({
      method: "POST",
      url: `${server.url}/v1/terms`,
      headers: { authorization: `Bearer ${tokens.accessToken}`, "idempotency-key": "01JGQZ0000000000" },
      json: { share_ppm, payee: PAYEE, devices: [] },
    });

  const first = await post(300_000);
  const again = await post(300_000);
  const other = await post(400_000);

  expect(first.status).toBe(201);
  expect(again.body).toEqual(first.body);
  expect(other).toMatchObject({ status: 422, body: { code: "idempotency_mismatch" } });
});

test("the signed events are also listed for a home that polls without OpenADR", async () => {
  const server = await bench.coop({ autoApprove: true });
  const one = await home(server);
  const startMs = bench.clock.nowMs() + HOUR;
  const base = { type: "off" as const, limitW: 0, startMs, endMs: startMs + HOUR, noticeS: 0 };
  await server.createEvent({ ...base, priority: "emergency", to: "all" });

  expect(await one.api.events(0)).toHaveLength(1);
  expect(await one.api.events(bench.clock.nowMs() + 1)).toEqual([]);
  let seen: SeenEvents = {};
  const memory = { read: () => seen, write: (next: SeenEvents) => (seen = next) };
  const feed = createSignedFeed({
    api: one.api,
    clock: bench.clock,
    rules: { ...one.rules, groups: ["all"] },
    memory,
  });
  expect((await feed.poll()).events).toEqual([expect.objectContaining({ type: "off", limitW: 0 })]);
  const bad = server.createEvent({ ...base, endMs: startMs, priority: "peak", to: "all" });
  await expect(bad).rejects.toEqual(coded("EVENT_INVALID", 2));
});
