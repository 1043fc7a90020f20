import { toInstant } from "../model/clock.ts";
import { text as textField } from "../model/parse.ts";
import { eventsFor } from "./event-office.ts";
import { type Answer, type Ask, jsonBody, Problem, type Route } from "./http-kit.ts";
import { createIdempotency } from "./idempotency.ts";
import { enrolMember, findMember, type Member, venCredentials, venTargets } from "./members.ts";
import { bearerOf } from "./oauth.ts";
import { type Office, PROGRAM } from "./office.ts";
import { storeIntervals, storeWork } from "./readings.ts";
import { text, whole } from "./rows.ts";
import type { Row } from "./store.ts";
import { consent, legsFor, nextTerms, readTerms, toTermsWish } from "./terms-office.ts";

const PAGE = 100;

/** `/v1`: what a paired home does (settlement.md §15). */
export function memberRoutes(office: Office): Route[] {
  const once = createIdempotency(office);
  const member = (ask: Ask, scope: string): Member => {
    const { member: code } = bearerOf(office, ask.headers, scope);
    const found = code === null ? null : findMember(office, code);
    if (!found) throw new Problem(403, "not_enrolled", "This token belongs to no member yet.");
    return found;
  };
  const get = (pattern: string, scope: string, work: (who: Member, ask: Ask) => unknown): Route => ({
    method: "GET",
    pattern,
    handle: (ask) => ({ status: 200, body: work(member(ask, scope), ask) }),
  });
  const post = (
    pattern: string,
    scope: string,
    work: (who: Member, ask: Ask) => Answer | Promise<Answer>,
  ): Route => ({
    method: "POST",
    pattern,
    handle: (ask) => {
      const who = member(ask, scope);
      return once(who.code, ask, () => work(who, ask));
    },
  });
  return [
    {
      method: "POST",
      pattern: "/v1/enrolments",
      handle: (ask) => {
        const { grantId } = bearerOf(office, ask.headers, "profile");
        return once(grantId, ask, () => enrol(office, grantId, ask));
      },
    },
    get("/v1/me", "profile", ({ code }) => me(office, code)),
    get("/v1/devices", "devices", ({ code }) => ({ devices: devicesOf(office, code), next: null })),
    post("/v1/devices", "devices", ({ code }, ask) => saveDevice(office, code, jsonBody(ask))),
    get("/v1/terms/current", "profile", ({ code }) => readTerms(office, code, null)),
    get("/v1/terms/:version", "profile", ({ code }, { params }) =>
      readTerms(office, code, Number(params["version"])),
    ),
    post("/v1/terms", "terms.consent", async ({ code }, ask) => {
      const wish = toTermsWish(office, jsonBody(ask));
      return { status: 201, body: await nextTerms(office, code, wish) };
    }),
    post("/v1/terms/:version/consent", "terms.consent", async (who, ask) => {
      const version = Number(ask.params["version"]);
      await consent(office, who, version, jsonBody(ask));
      return { status: 200, body: { version, state: "active" } };
    }),
    get("/v1/events", "profile", ({ code }, ask) => listEvents(office, code, ask)),
    post("/v1/intervals", "telemetry.write", ({ code }, ask) => ({
      status: 200,
      body: { results: storeIntervals(office, code, jsonBody(ask)) },
    })),
    post("/v1/work", "telemetry.write", ({ code }, ask) => ({
      status: 200,
      body: { results: storeWork(office, code, jsonBody(ask)) },
    })),
    get("/v1/settlements", "settlement.read", ({ code }, ask) => listSettlements(office, code, ask)),
    get("/v1/settlements/:day", "settlement.read", ({ code }, { params }) =>
      oneSettlement(office, code, params["day"] ?? ""),
    ),
    get("/v1/tariff", "profile", () => ({ ...office.settings.tariff, daily_charges: [] })),
    get("/v1/price", "profile", (_who, ask) => priceAt(office, ask)),
  ];
}

async function enrol(office: Office, grantId: string, ask: Ask): Promise<Answer> {
  const body = jsonBody(ask);
  const wantsTerms = body["share_ppm"] !== undefined || body["payee"] !== undefined;
  const wish = wantsTerms ? toTermsWish(office, body) : null;
  const { code } = enrolMember(office, grantId, {
    deviceKey: body["device_key"],
    toolVersion: body["tool_version"],
    consentSha256: body["consent_sha256"],
  });
  const proposal = wish ?? { sharePpm: 0, payee: "" };
  return {
    status: 201,
    body: {
      member: code,
      legs: legsFor(office, code, proposal).filter(({ role }) => wish !== null || role === "coop"),
      max_floor_c: office.settings.maxFloorC,
      ven: venCredentials(office, code),
      ...(wish ? { terms: await nextTerms(office, code, wish) } : {}),
    },
  };
}

function me(office: Office, code: string) {
  const { settings } = office;
  return {
    coop: settings.id,
    member: code,
    account_mask: null,
    scope: "heater",
    tariff: settings.tariff.id,
    program: PROGRAM.name,
  };
}

function devicesOf(office: Office, code: string): unknown[] {
  const rows = office.store.all("SELECT body FROM devices WHERE member = ? ORDER BY id", code);
  return rows.map((row) => JSON.parse(text(row, "body")) as unknown);
}

function saveDevice(office: Office, code: string, body: Record<string, unknown>): Answer {
  const id = textField(body, "id");
  if (id === null) throw new Problem(422, "device_id", "A device needs an id.");
  const device: Record<string, string> = { id };
  for (const key of ["model", "firmware", "serial_sha256", "worker", "mechanism"]) {
    const value = textField(body, key);
    if (value !== null) device[key] = value;
  }
  const sql = "INSERT INTO devices VALUES (?, ?, ?) ON CONFLICT DO UPDATE SET body = excluded.body";
  office.store.run(sql, code, id, JSON.stringify(device));
  return { status: 201, body: device };
}

function listEvents(office: Office, code: string, { query }: Ask) {
  const since = query.get("since");
  const sinceMs = since === null ? 0 : Date.parse(since);
  if (Number.isNaN(sinceMs)) throw new Problem(400, "since", "since must be an RFC 3339 time.");
  const events = eventsFor(office, venTargets(code), sinceMs);
  return { events: events.map(({ id, version, jws }) => ({ id, version, jws })), next: null };
}

function listSettlements(office: Office, code: string, { query }: Ask) {
  const after = query.get("cursor") ?? "";
  const from = query.get("from") ?? "0000-01-01";
  const to = query.get("to") ?? "9999-12-31";
  const sql = `SELECT * FROM settlements AS one WHERE member = ? AND day >= ? AND day <= ? AND day > ?
    AND revision = (SELECT MAX(revision) FROM settlements WHERE member = one.member AND day = one.day)
    ORDER BY day LIMIT ?`;
  const state = query.get("state");
  const rows = office.store.all(sql, code, from, to, after, PAGE);
  const settlements = rows.filter((row) => state === null || row["state"] === state).map(toSigned);
  const last = rows.at(-1);
  return { settlements, next: rows.length === PAGE && last ? text(last, "day") : null };
}

function oneSettlement(office: Office, code: string, day: string) {
  const sql = "SELECT * FROM settlements WHERE member = ? AND day = ? ORDER BY revision";
  const history = office.store.all(sql, code, day).map(toSigned);
  const latest = history.at(-1);
  if (!latest) throw new Problem(404, "not_settled", "This day is not settled.");
  return { ...latest, history };
}

function toSigned(row: Row) {
  return {
    day: text(row, "day"),
    revision: whole(row, "revision"),
    state: text(row, "state"),
    jws: JSON.parse(text(row, "jws")) as unknown,
  };
}

function priceAt(office: Office, { query }: Ask) {
  const at = query.get("at");
  const atMs = at === null ? office.clock.nowMs() : Date.parse(at);
  if (Number.isNaN(atMs)) throw new Problem(400, "at", "at must be an RFC 3339 time.");
  if (atMs > office.clock.nowMs())
    throw new Problem(404, "no_price_yet", "There is no price for that time yet.");
  const { centsPerBtc, source } = office.settings.price;
  const { difficulty, rewardSats, poolFeePpm } = office.settings.network;
  return {
    cents_per_btc: centsPerBtc,
    at: toInstant(atMs),
    source,
    method: "fixed",
    sources: [source],
    // What estimates of the day need beside the price (settlement.md §10); strings, for they may pass 2^53.
    network: { difficulty: `${difficulty}`, reward_sats: `${rewardSats}`, pool_fee_ppm: poolFeePpm },
  };
}
