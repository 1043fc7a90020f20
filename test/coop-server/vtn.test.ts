import { afterEach, beforeEach, expect, test } from "vitest";
import type { CoopServer } from "#src/coop-server/server.ts";
import { Bench } from "../coop/bench.ts";

let bench: Bench;
let server: CoopServer;
beforeEach(async () => {
  bench = new Bench();
  server = await bench.coop({ autoApprove: true });
});
afterEach(() => bench.close());

const HOUR = 3_600_000;

async function venCaller() {
  const { enrolment, member } = await bench.pair(server);
  const base = enrolment.coop.openadr?.vtn_url ?? "";
  const token = await bench.http.json({
    method: "POST",
    url: `${base}/auth/token`,
    headers: { "content-type": "application/x-www-form-urlencoded" },
    body: new URLSearchParams({
      grant_type: "client_credentials",
      client_id: enrolment.coop.openadr?.client_id ?? "",
      client_secret: enrolment.secrets["ven-client"] ?? "",
    }).toString(),
  });
  const { access_token: accessToken } = token.body as { access_token: string };
  const call = async (method: string, path: string, json?: unknown, headers: Record<string, string> = {}) =>
    bench.http.json({
      method,
      url: `${base}${path}`,
      headers: { authorization: `Bearer ${accessToken}`, ...headers },
      ...(json === undefined ? {} : { json }),
    });
  return { call, member, base };
}

function order(to: string, limitW = 400) {
  const startMs = bench.clock.nowMs() + HOUR;
  return {
    type: "limit" as const,
    limitW,
    startMs,
    endMs: startMs + HOUR,
    priority: "peak" as const,
    noticeS: 3600,
    to,
  };
}

test("the token endpoint is told, takes forms only, and refuses a wrong secret", async () => {
  const { base, call } = await venCaller();

  expect((await bench.http.json({ url: `${base}/auth/server` })).body).toEqual({
    tokenURL: `${base}/auth/token`,
  });
  expect((await call("POST", "/auth/token", { grant_type: "client_credentials" })).status).toBe(415);
  const wrong = await bench.http.json({
    method: "POST",
    url: `${base}/auth/token`,
    headers: { "content-type": "application/x-www-form-urlencoded" },
    body: "grant_type=client_credentials&client_id=ven-00000000&client_secret=x",
  });
  expect(wrong).toMatchObject({ status: 401, body: { error: "invalid_client" } });
});

test("a page above 50 is an error with a problem body", async () => {
  const { call } = await venCaller();

  const answer = await call("GET", "/events?limit=51");

  expect(answer).toMatchObject({ status: 400, body: { type: "about:blank", status: 400, code: "limit" } });
  expect(answer.headers["content-type"]).toBe("application/problem+json");
  expect((await call("GET", "/events?skip=-1")).status).toBe(400);
});

test("a ven sees untargeted and own events, and never whom else they were for", async () => {
  const one = await venCaller();
  const two = await venCaller();
  await server.createEvent(order(one.member));
  await server.createEvent(order("all"));

  const seen = (await one.call("GET", "/events")).body as { id: string; targets: string[] }[];
  const other = (await two.call("GET", "/events")).body as { id: string }[];

  expect(seen.map(({ targets }) => targets)).toEqual([[one.member], ["all"]]);
  expect(other).toHaveLength(1);
  expect((await two.call("GET", `/events/${seen[0]?.id}`)).status).toBe(404);
  expect((await one.call("GET", "/events?targets=all")).body).toHaveLength(1);
  expect((await one.call("GET", "/events?programID=other")).body).toEqual([]);
  expect((await one.call("GET", "/events?active=true")).body).toEqual([]);
});

test("the plain payload serves other makers: watts as kilowatts, and a cancel as zero length", async () => {
  const { call } = await venCaller();
  const { id } = await server.createEvent(order("all", 450));
  const event = (await call("GET", `/events/${id}`)).body;
  expect(event).toMatchObject({
    objectType: "EVENT",
    priority: 1,
    intervalPeriod: { start: "2026-01-15T19:00:05Z", duration: "PT3600S" },
    intervals: [{ payloads: [{ type: "HEARTH_EVENT_JWS" }, { type: "DISPATCH_SETPOINT", values: [0.45] }] }],
  });

  await server.cancelEvent(id);

  const cancelled = { start: "0001-01-01T00:00:00Z", duration: "PT0S" };
  expect((await call("GET", `/events/${id}`)).body).toMatchObject({ intervalPeriod: cancelled });
});

test("writing programs and events is the operator's", async () => {
  const { call } = await venCaller();

  expect((await call("POST", "/events", {})).status).toBe(403);
  expect((await call("POST", "/programs", {})).status).toBe(403);
});

test("vens, resources and reports are stored, unique by name and private", async () => {
  const one = await venCaller();
  const two = await venCaller();
  const ven = { objectType: "VEN_VEN_REQUEST", venName: "home-1" };

  expect((await one.call("POST", "/vens", { venName: "home-1" })).status).toBe(400);
  const made = await one.call("POST", "/vens", { ...ven, targets: ["vip"] });
  expect(made).toMatchObject({ status: 201, body: { objectType: "VEN", targets: ["all", one.member] } });
  expect((await one.call("POST", "/vens", ven)).status).toBe(409);
  expect((await two.call("POST", "/vens", ven)).status).toBe(409);
  expect((await two.call("GET", "/vens")).body).toEqual([]);

  const resource = { objectType: "VEN_RESOURCE_REQUEST", resourceName: "mini3" };
  expect((await one.call("POST", "/resources", resource)).status).toBe(201);
  expect((await one.call("POST", "/resources", resource)).status).toBe(409);
  expect((await two.call("POST", "/resources", resource)).status).toBe(201);

  const report = { eventID: "e", clientName: "home-1", reportName: "usage", resources: [] };
  const sent = await one.call("POST", "/reports", report);
  expect(sent.status).toBe(201);
  const { id } = sent.body as { id: string };
  expect((await one.call("PUT", `/reports/${id}`, { ...report, resources: [{}] })).body).toMatchObject({
    id,
  });
  expect((await two.call("GET", `/reports/${id}`)).status).toBe(404);
  expect((await one.call("DELETE", `/reports/${id}`)).status).toBe(200);
});

test("without a token, with a member's token and at unknown addresses the answers are problems", async () => {
  const { base } = await venCaller();
  const { tokens } = await bench.pair(server);

  expect((await bench.http.json({ url: `${base}/events` })).status).toBe(401);
  const asMember = { authorization: `Bearer ${tokens.accessToken}` };
  expect((await bench.http.json({ url: `${base}/events`, headers: asMember })).status).toBe(403);
  expect((await bench.http.json({ url: `${base}/subscriptions`, headers: asMember })).status).toBe(404);
});
