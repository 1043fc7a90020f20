import { createHash, randomBytes } from "node:crypto";
import type { Clock } from "../model/clock.ts";
import { accessError, type HearthError } from "../model/errors.ts";
import { field, list, number, text } from "../model/parse.ts";
import type { FlatJws } from "../model/terms.ts";
import type { Http } from "../net/http.ts";
import { canonicalText } from "../settlement/canonical.ts";
import { type CoopTariff, readTariff } from "../settlement/tariff.ts";
import { asFlatJws } from "./jws.ts";
import { refreshTokens, type StoredTokens, type TokenStore } from "./tokens.ts";
import type { IntervalBatch, RowResult, WorkBatch } from "./upload.ts";
import { answerError, joinUrl, shapeError } from "./wire-guard.ts";

export interface CoopApiOptions {
  http: Http;
  clock: Clock;
  /** `url` of the coop block; `/v1` hangs below it. */
  baseUrl: string;
  /** Default: `/oauth/token` below `baseUrl`. */
  tokenEndpoint?: string;
  tokens: TokenStore;
}

/** A settlement record as the co-op signed it; `verifySettlement` opens it. */
export interface SignedDay {
  day: string;
  revision: number;
  state: string;
  jws: FlatJws;
}

export interface ReferencePrice {
  centsPerBtc: number;
  at: string;
  source: string;
  method: string;
  /** Network facts for estimates, integers as decimal strings; null when the co-op does not tell them. */
  network: { difficulty: string; rewardSats: string; poolFeePpm: number } | null;
}

/** The member's side of settlement.md §15. All calls throw `COOP_*` and `HTTP_*` errors; nothing is retried here. */
export interface CoopApi {
  /** Asks for new terms; the answer is the signed next version, unchecked (`verifyTerms`). */
  postTerms(wish: { sharePpm: number; payee: string; devices: string[] }): Promise<FlatJws>;
  /** Latest terms, unchecked; null when there are none. */
  currentTerms(): Promise<FlatJws | null>;
  /** Sends the member's signature over the same payload. */
  consent(version: number, jws: FlatJws): Promise<void>;
  /** Idempotent: the same batch again changes nothing. */
  postIntervals(batch: IntervalBatch): Promise<RowResult[]>;
  postWork(batch: WorkBatch): Promise<RowResult[]>;
  postDevice(device: {
    id: string;
    model: string;
    firmware: string;
    worker: string;
    /** How the split is made on it; left out while it is not known. */
    mechanism?: string;
  }): Promise<void>;
  /** Records from `fromDay` to `toDay`, both included; all pages. */
  settlements(fromDay: string, toDay: string): Promise<SignedDay[]>;
  /** The co-op's reference price at a moment (wall ms); null when it has none yet. */
  price(atMs: number): Promise<ReferencePrice | null>;
  /** Buckets and rates in force on a civil day. */
  tariff(onDay: string): Promise<CoopTariff>;
  /** Compact JWS of the co-op's own events changed since then (wall ms); all pages. */
  events(sinceMs: number): Promise<string[]>;
}

export function createCoopApi(options: CoopApiOptions): CoopApi {
  const call = createCaller(options);
  return {
    async postTerms({ sharePpm, payee, devices }) {
      const json = { share_ppm: sharePpm, payee, devices };
      const jws = asFlatJws(
        await call({ what: "Agreeing on a split", method: "POST", path: "v1/terms", json }),
      );
      if (!jws) throw shapeError("The co-op", "signed split terms");
      return jws;
    },
    async currentTerms() {
      const body = await call({ what: "Reading the split terms", path: "v1/terms/current", nullOn: 404 });
      if (body === null) return null;
      const jws = asFlatJws(body);
      if (!jws) throw shapeError("The co-op", "signed split terms");
      return jws;
    },
    async consent(version, jws) {
      const path = `v1/terms/${version}/consent`;
      await call({ what: "Sending the consent", method: "POST", path, json: jws, keyFromBody: true });
    },
    postIntervals: (batch) => upload(call, "v1/intervals", "Sending readings", batch),
    postWork: (batch) => upload(call, "v1/work", "Sending work counters", batch),
    async postDevice(device) {
      const what = "Registering a miner";
      await call({ what, method: "POST", path: "v1/devices", json: device, keyFromBody: true });
    },
    settlements: (fromDay, toDay) => readSettlements(call, fromDay, toDay),
    price: (atMs) => readPrice(call, atMs),
    async tariff(onDay) {
      const tariff = readTariff(await call({ what: "Reading the tariff", path: `v1/tariff?on=${onDay}` }));
      if (!tariff) throw shapeError("The co-op", "tariff");
      return tariff;
    },
    events: (sinceMs) => readEvents(call, sinceMs),
  };
}

interface Call {
  what: string;
  path: string;
  method?: "POST";
  json?: unknown;
  /** Key is the hash of the body: repeating it later is the same request (settlement.md §13). */
  keyFromBody?: boolean;
  /** This status means "there is none". */
  nullOn?: number;
}

type Caller = (call: Call) => Promise<unknown>;

function createCaller({ http, clock, baseUrl, tokens, tokenEndpoint }: CoopApiOptions): Caller {
  const endpoint = tokenEndpoint ?? joinUrl(baseUrl, "oauth/token");
  let refreshing: Promise<StoredTokens> | null = null;

  // Single-flight: two uses of one refresh token look like theft to the co-op.
  const refresh = (former: StoredTokens) => {
    refreshing ??= refreshTokens(http, clock, endpoint, former)
      .then((next) => {
        tokens.write(next);
        return next;
      })
      .finally(() => {
        refreshing = null;
      });
    return refreshing;
  };

  const current = async () => {
    const stored = tokens.read();
    if (!stored) throw notPaired();
    const isOld = clock.nowMs() > stored.expiresMs - 60_000;
    return isOld && stored.refreshToken !== null ? await refresh(stored) : stored;
  };

  return async (call) => {
    const idempotencyKey = keyOf(call, clock);
    const send = (token: StoredTokens) =>
      http.json({
        method: call.method ?? "GET",
        url: joinUrl(baseUrl, call.path),
        headers: {
          authorization: `Bearer ${token.accessToken}`,
          ...(call.method ? { "idempotency-key": idempotencyKey } : {}),
        },
        ...(call.json === undefined ? {} : { json: call.json }),
      });
    let token = await current();
    let answer = await send(token);
    if (answer.status === 401 && token.refreshToken !== null) {
      token = await refresh(token);
      answer = await send(token);
    }
    if (answer.status === call.nullOn) return null;
    if (answer.status < 200 || answer.status > 299) throw answerError(call.what, answer.status, answer.body);
    return answer.body;
  };
}

async function upload(call: Caller, path: string, what: string, batch: unknown): Promise<RowResult[]> {
  const body = await call({ what, method: "POST", path, json: batch, keyFromBody: true });
  return list(body, "results").map((row) => ({
    index: number(row, "index") ?? -1,
    status: text(row, "status") ?? "unknown",
    reason: text(row, "reason"),
  }));
}

async function readPages(call: Caller, what: string, path: string, key: string): Promise<unknown[]> {
  const rows: unknown[] = [];
  let cursor: string | null = null;
  // A server that always names a next page must not hold the caller for ever.
  for (let page = 0; page < 200; page++) {
    const from: string = cursor === null ? path : `${path}&cursor=${encodeURIComponent(cursor)}`;
    const body = await call({ what, path: from });
    rows.push(...list(body, key));
    const next = text(body, "next");
    if (next === null || next === cursor) return rows;
    cursor = next;
  }
  throw shapeError("The co-op", "end of its list");
}

async function readSettlements(call: Caller, fromDay: string, toDay: string): Promise<SignedDay[]> {
  const path = `v1/settlements?from=${fromDay}&to=${toDay}`;
  const rows = await readPages(call, "Reading the settlements", path, "settlements");
  return rows.map((row) => {
    const day = text(row, "day");
    const jws = asFlatJws(field(row, "jws"));
    if (day === null || jws === null) throw shapeError("The co-op", "signed settlement record");
    return { day, revision: number(row, "revision") ?? 1, state: text(row, "state") ?? "unknown", jws };
  });
}

async function readEvents(call: Caller, sinceMs: number): Promise<string[]> {
  const since = encodeURIComponent(new Date(sinceMs).toISOString());
  const rows = await readPages(call, "Reading the events", `v1/events?since=${since}`, "events");
  // Not `text`: a JWS is longer than names and is never shown.
  return rows.map((row) => field(row, "jws")).filter((jws) => typeof jws === "string");
}

async function readPrice(call: Caller, atMs: number): Promise<ReferencePrice | null> {
  const at = encodeURIComponent(`${new Date(atMs).toISOString().slice(0, 19)}Z`);
  const body = await call({ what: "Reading the price", path: `v1/price?at=${at}`, nullOn: 404 });
  if (body === null) return null;
  const centsPerBtc = number(body, "cents_per_btc", { min: 1, max: Number.MAX_SAFE_INTEGER });
  if (centsPerBtc === null || !Number.isInteger(centsPerBtc)) throw shapeError("The co-op", "price");
  return {
    centsPerBtc,
    at: text(body, "at") ?? "",
    source: text(body, "source") ?? "unknown",
    method: text(body, "method") ?? "unknown",
    network: toNetwork(field(body, "network")),
  };
}

function toNetwork(value: unknown): ReferencePrice["network"] {
  const difficulty = text(value, "difficulty");
  const rewardSats = text(value, "reward_sats");
  const poolFeePpm = number(value, "pool_fee_ppm", { min: 0, max: 1_000_000 });
  const isWhole = (digits: string | null) => digits !== null && /^[1-9]\d{0,30}$/.test(digits);
  if (!isWhole(difficulty) || !isWhole(rewardSats) || poolFeePpm === null) return null;
  return { difficulty: difficulty ?? "", rewardSats: rewardSats ?? "", poolFeePpm };
}

function keyOf(call: Call, clock: Clock): string {
  if (call.keyFromBody)
    return createHash("sha256")
      .update(`${call.path}\n${canonicalText(call.json)}`)
      .digest("hex");
  return `${clock.nowMs().toString(36)}-${randomBytes(10).toString("hex")}`;
}

function notPaired(): HearthError {
  return accessError("COOP_NOT_PAIRED", "There are no tokens for a co-op here.", {
    hint: "Pair first: hearth pair --coop URL",
  });
}
