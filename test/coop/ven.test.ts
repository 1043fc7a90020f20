import { afterEach, beforeEach, expect, test } from "vitest";
import { createSigningKey } from "#src/coop/keys.ts";
import type { EventMemory, SeenEvents } from "#src/coop/signed-event.ts";
import { createVen, type VenOptions } from "#src/coop/ven.ts";
import type { CoopServer } from "#src/coop-server/server.ts";
import { Bench } from "./bench.ts";

let bench: Bench;
beforeEach(() => {
  bench = new Bench();
});
afterEach(() => bench.close());

const HOUR = 3_600_000;
const coded = (code: string, exit: number) => expect.objectContaining({ code, exit });

function createMemory(): EventMemory {
  let saved: SeenEvents = {};
  return { read: () => saved, write: (next) => (saved = structuredClone(next)) };
}

async function pairedVen(server: CoopServer, changes: Partial<VenOptions> = {}) {
  const { enrolment, pairing, member } = await bench.pair(server);
  if (!enrolment.coop.openadr) throw new Error("no VTN");
  const ven = createVen({
    http: bench.http,
    clock: bench.clock,
    openadr: enrolment.coop.openadr,
    secret: enrolment.secrets["ven-client"] ?? null,
    signed: {
      coop: "prairie-rec",
      member,
      key: pairing.key,
      thumbprint: pairing.keyThumbprint,
      memory: createMemory(),
    },
    capacity: () => ({ maxTotalW: 1_000, baseLoadW: 300 }),
    ...changes,
  });
  return { ven, member, openadr: enrolment.coop.openadr };
}

function order(changes: Record<string, unknown> = {}) {
  const startMs = bench.clock.nowMs() + 4 * HOUR;
  return {
    type: "limit" as const,
    limitW: 400,
    startMs,
    endMs: startMs + HOUR,
    priority: "peak" as const,
    noticeS: 14_400,
    to: "all",
    ...changes,
  };
}

function plainVen(url: string, changes: Partial<VenOptions["openadr"]> = {}, secret: string | null = null) {
  return createVen({
    http: bench.http,
    clock: bench.clock,
    openadr: {
      vtn_url: url,
      version: "3.1",
      token_url: null,
      client_id: secret === null ? null : "ven-1",
      secret_ref: null,
      ven_name: "home",
      ven_id: null,
      programs: ["coop-heat"],
      targets: ["group-a"],
      poll_s: 60,
      stale_s: 21_600,
      simple_caps_percent: [100, 60, 25, 0],
      ca_pem: null,
      ...changes,
    },
    secret,
    signed: null,
    capacity: () => ({ maxTotalW: 1_000, baseLoadW: 300 }),
  });
}

test("a paired home receives, changes and loses an event of the co-op", async () => {
  const server = await bench.coop({ autoApprove: true });
  const { ven } = await pairedVen(server);
  expect(await ven.poll()).toMatchObject({ events: [], refused: [] });

  const { id } = await server.createEvent(order());
  const first = await ven.poll();
  expect(first.events).toEqual([expect.objectContaining({ id, limitW: 400, isCancelled: false })]);
  expect(first.contactAtMs).toBe(bench.clock.nowMs());

  await server.cancelEvent(id);
  expect((await ven.poll()).events).toEqual([expect.objectContaining({ id, version: 2, isCancelled: true })]);
});

test("an event for another member is not seen, one for this member is", async () => {
  const server = await bench.coop({ autoApprove: true });
  const { member: other } = await bench.pair(server);
  const { ven, member } = await pairedVen(server);
  await server.createEvent(order({ to: other }));
  const { id } = await server.createEvent(order({ to: member, limitW: 100 }));

  expect((await ven.poll()).events.map((event) => event.id)).toEqual([id]);
});

test("more than one page of events arrives whole", async () => {
  const server = await bench.coop({ autoApprove: true });
  const { ven } = await pairedVen(server);
  for (let i = 0; i < 120; i++) await server.createEvent(order({ limitW: i }));

  expect((await ven.poll()).events).toHaveLength(120);
});

test("registering twice makes one ven with its resources", async () => {
  const server = await bench.coop({ autoApprove: true });
  const { ven } = await pairedVen(server);

  const first = await ven.register([{ name: "mini3", maxW: 800 }]);
  const second = await ven.register([
    { name: "mini3", maxW: 800 },
    { name: "axe", maxW: 20 },
  ]);

  expect(first.venId).not.toBeNull();
  expect(second).toEqual(first);
});

test("a token that ran out is renewed in time, for days of simulated time", async () => {
  const server = await bench.coop({ autoApprove: true });
  const { ven } = await pairedVen(server);

  for (let i = 0; i < 60; i++) {
    bench.clock.advance(HOUR);
    await expect(ven.poll()).resolves.toMatchObject({ events: [] });
  }
});

test("events signed by another key do not count for a paired home", async () => {
  const server = await bench.coop({ autoApprove: true });
  const stranger = createSigningKey();
  const { ven } = await pairedVen(server, {
    signed: {
      coop: "prairie-rec",
      member: "7k3q9d2z",
      key: stranger.publicJwk,
      thumbprint: stranger.thumbprint,
      memory: createMemory(),
    },
  });
  await server.createEvent(order());

  const { events, refused } = await ven.poll();

  expect(events).toEqual([]);
  expect(refused).toHaveLength(1);
});

/** A VTN from a table of paths; what is missing is an empty list. */
function vtn(answers: Record<string, (path: string) => { status?: number; json?: unknown; text?: string }>) {
  return bench.scripted(({ method, path }) => {
    const [name] = path.slice(1).split("?");
    return answers[`${method} ${name}`]?.(path) ?? { json: [] };
  });
}

const PROGRAMS = { json: [{ id: "0", programName: "coop-heat" }] };
const event = (id: string, changes: Record<string, unknown> = {}) => ({
  id,
  programID: "0",
  targets: ["group-a"],
  intervalPeriod: { start: "2026-01-15T20:00:00Z", duration: "PT1H" },
  intervals: [{ id: 0, payloads: [{ type: "SIMPLE", values: [1] }] }],
  ...changes,
});

test("what a server did not filter is filtered here: program and targets", async () => {
  const { url } = await vtn({
    "GET programs": () => PROGRAMS,
    "GET events": () => ({
      json: [
        event("mine"),
        event("all", { targets: null }),
        event("b", { targets: ["group-b"] }),
        event("c", { programID: "1" }),
      ],
    }),
  });

  const { events } = await plainVen(url).poll();

  expect(events.map(({ id }) => id)).toEqual(["mine", "all"]);
});

test("without programs nothing is joined; a star joins all", async () => {
  const { url } = await vtn({ "GET events": () => ({ json: [event("mine")] }) });

  expect((await plainVen(url, { programs: [] }).poll()).events).toEqual([]);
  expect((await plainVen(url, { programs: ["*"] }).poll()).events).toHaveLength(1);
});

test("unsigned events do not count for a home paired with --coop", async () => {
  const key = createSigningKey();
  const { url } = await vtn({
    "GET programs": () => PROGRAMS,
    "GET events": () => ({ json: [event("plain")] }),
  });
  const server = await bench.coop({ autoApprove: true });
  const { openadr } = await pairedVen(server);
  const ven = createVen({
    http: bench.http,
    clock: bench.clock,
    openadr: { ...openadr, vtn_url: url, client_id: null, targets: ["group-a"] },
    secret: null,
    signed: {
      coop: "prairie-rec",
      member: "7k3q9d2z",
      key: key.publicJwk,
      thumbprint: key.thumbprint,
      memory: createMemory(),
    },
    capacity: () => ({ maxTotalW: 1_000, baseLoadW: 300 }),
  });

  const { events, refused } = await ven.poll();

  expect(events).toEqual([]);
  expect(refused).toEqual([{ id: "plain", reason: expect.stringContaining("no signature") }]);
});

test.each([
  ["500", { status: 500, text: "oops" }, "COOP_UNAVAILABLE", 3],
  ["429", { status: 429, json: {} }, "COOP_UNAVAILABLE", 3],
  ["truncated JSON", { text: '[{"id":"a"' }, "HTTP_NOT_JSON", 3],
  ["a web page", { text: "<html>" }, "HTTP_NOT_JSON", 3],
  ["an object", { json: { events: [] } }, "VTN_BAD_ANSWER", 3],
])("a poll that gets %s throws and cancels nothing", async (_name, answer, code, exit) => {
  const { url } = await vtn({ "GET programs": () => PROGRAMS, "GET events": () => answer });

  await expect(plainVen(url).poll()).rejects.toEqual(coded(code, exit));
});

test("an event deleted between two pages does not hide another one", async () => {
  const all = Array.from({ length: 60 }, (_, i) => event(`e${i}`));
  let reads = 0;
  const { url } = await vtn({
    "GET programs": () => PROGRAMS,
    "GET events": (path) => {
      const skip = Number(new URLSearchParams(path.split("?")[1]).get("skip"));
      // Between the first two pages the first event goes: e50 slips onto the page already read.
      const list = reads++ === 0 ? all : all.slice(1);
      return { json: list.slice(skip, skip + 50) };
    },
  });

  const { events } = await plainVen(url).poll();

  expect(events).toHaveLength(59);
  expect(events.some(({ id }) => id === "e50")).toBe(true);
});

test.each([401, 403])("an expired token answered with %i is renewed once and no more", async (status) => {
  let tokens = 0;
  let isGood = false;
  const { url, requests } = await vtn({
    "GET auth/server": () => ({ status: 404, json: {} }),
    "POST auth/token": () => {
      isGood = ++tokens > 1;
      return {
        json: { access_token: `t${tokens}`, token_type: "Bearer", expires_in: 3600, scope: ["a", "b"] },
      };
    },
    "GET programs": () => (isGood ? PROGRAMS : { status, json: { title: "expired" } }),
  });

  await expect(plainVen(url, {}, "s3cret").poll()).resolves.toMatchObject({ events: [] });
  expect(requests.filter((line) => line.startsWith("POST"))).toHaveLength(2);
});

test("a lasting refusal is exit 5 after one renewal, and the secret is in no message", async () => {
  const { url, requests } = await vtn({
    "GET auth/server": () => ({ status: 404, json: {} }),
    "POST auth/token": () => ({ json: { access_token: "t", token_type: "Bearer" } }),
    "GET programs": () => ({ status: 403, json: { detail: "Missing scope" } }),
  });

  await expect(plainVen(url, {}, "s3cret").poll()).rejects.toEqual(coded("COOP_ACCESS_DENIED", 5));
  expect(requests.filter((line) => line.startsWith("GET /programs"))).toHaveLength(2);
});

test("a wrong secret is tried as a form, once as Basic, then reported", async () => {
  const { url, requests } = await vtn({
    "GET auth/server": () => ({ status: 404, json: {} }),
    "POST auth/token": () => ({ status: 401, json: { error: "invalid_client" } }),
  });

  const failure = await plainVen(url, {}, "s3cret")
    .poll()
    .catch((error: unknown) => error);

  expect(failure).toEqual(coded("VTN_ACCESS_DENIED", 5));
  expect(String(failure)).not.toContain("s3cret");
  expect(requests.filter((line) => line.startsWith("POST"))).toHaveLength(2);
});

test("a VTN of OpenADR 3.0 is refused before anything is sent", () => {
  expect(() => plainVen("http://127.0.0.1:1", { version: "3.0.1" })).toThrow(
    coded("VTN_VERSION_UNSUPPORTED", 1),
  );
});
