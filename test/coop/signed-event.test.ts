import { beforeEach, expect, test } from "vitest";
import { JWS_TYPES, signCompact } from "#src/coop/jws.ts";
import { createSigningKey } from "#src/coop/keys.ts";
import { reviewEvents, type SeenEvents } from "#src/coop/signed-event.ts";
import { toInstant } from "#src/model/clock.ts";
import { canonicalText } from "#src/settlement/canonical.ts";

const key = createSigningKey();
const NOW = Date.parse("2026-01-16T18:00:00Z");
const HOUR = 3_600_000;
const rules = {
  key: key.publicJwk,
  thumbprint: key.thumbprint,
  coop: "prairie-rec",
  member: "7k3q9d2z",
  groups: ["all"],
};

let seen: SeenEvents;
beforeEach(() => {
  seen = {};
});

function event(changes: Record<string, unknown> = {}) {
  return {
    id: "peak-1",
    issued: toInstant(NOW),
    start: toInstant(NOW + 4 * HOUR),
    end: toInstant(NOW + 5 * HOUR),
    type: "limit",
    limit_w: 400,
    notice_s: 14_400,
    priority: "peak",
    ...changes,
  };
}

function sign(
  changes: { event?: Record<string, unknown>; [key: string]: unknown } = {},
  signer = key,
): Promise<string> {
  const claim = {
    type: "coop-event/v1",
    coop: "prairie-rec",
    to: "all",
    version: 1,
    expires: toInstant(NOW + 24 * HOUR),
    nonce: "0123456789abcdef",
    event: event(),
    ...changes,
  };
  return signCompact(Buffer.from(canonicalText(claim)), signer, JWS_TYPES.event);
}

async function review(list: string[], nowMs = NOW) {
  const result = await reviewEvents(list, rules, seen, nowMs);
  // Through JSON, as a restart would do it.
  seen = JSON.parse(JSON.stringify(result.seen));
  return result;
}

test("an event for a group of this home is taken with its exact watts and times", async () => {
  const { events, refused } = await review([await sign()]);

  expect(refused).toEqual([]);
  expect(events).toEqual([
    expect.objectContaining({
      id: "peak-1",
      version: 1,
      type: "limit",
      priority: "peak",
      limitW: 400,
      startMs: NOW + 4 * HOUR,
      endMs: NOW + 5 * HOUR,
      isCancelled: false,
    }),
  ]);
});

test("a higher version replaces; the lower one replayed later changes nothing", async () => {
  const first = await sign();
  const second = await sign({ version: 2, event: event({ limit_w: 900 }) });

  await review([first]);
  await review([second]);
  const { events, refused } = await review([first]);

  expect(events.map(({ version, limitW }) => [version, limitW])).toEqual([[2, 900]]);
  expect(refused).toEqual([
    expect.objectContaining({ id: "peak-1", reason: expect.stringContaining("not above 2") }),
  ]);
});

test("the same version with another content is ignored", async () => {
  await review([await sign()]);

  const { events } = await review([await sign({ event: event({ limit_w: 0 }) })]);

  expect(events[0]?.limitW).toBe(400);
});

test("a thousand replays of a cancelled event have no effect", async () => {
  const order = await sign();
  const cancel = await sign({ version: 2, event: { id: "peak-1", cancelled: true } });
  await review([order]);
  const { events } = await review([cancel]);
  expect(events).toEqual([
    expect.objectContaining({ id: "peak-1", isCancelled: true, startMs: NOW + 4 * HOUR }),
  ]);

  const { events: after } = await review(Array.from({ length: 1_000 }, () => order));

  expect(after.every(({ isCancelled }) => isCancelled)).toBe(true);
});

test("a cancel that comes before its event is not shown, and the event cannot follow it", async () => {
  const cancel = await sign({ version: 2, event: { id: "peak-1", cancelled: true } });

  expect((await review([cancel])).events).toEqual([]);
  expect((await review([await sign()])).events).toEqual([]);
  expect((await review([await sign({ version: 3 })])).events).toHaveLength(1);
});

test("missing from a complete list is cancelled, and the same version never comes back", async () => {
  const order = await sign();
  await review([order]);

  expect((await review([])).events).toEqual([]);
  expect((await review([order])).events).toEqual([]);
  expect((await review([await sign({ version: 2 })])).events).toHaveLength(1);
});

test("an event survives in memory to its end, then is over", async () => {
  const order = await sign();
  await review([order]);

  expect((await review([order], NOW + 4.5 * HOUR)).events).toHaveLength(1);
  expect((await review([order], NOW + 5 * HOUR)).events).toEqual([]);
});

test("a new event with under a minute left is not joined", async () => {
  const { events } = await review([await sign()], NOW + 5 * HOUR - 30_000);

  expect(events).toEqual([]);
});

test.each<[string, Parameters<typeof sign>[0]]>([
  ["for another member", { to: "0000000z" }],
  ["of another co-op", { coop: "other-rec" }],
  ["of another type", { type: "coop-event/v2" }],
  ["expired", { expires: toInstant(NOW) }],
  ["without expiry", { expires: null }],
  ["without nonce", { nonce: "" }],
  ["with a broken version", { version: 1.5 }],
  ["with negative watts", { event: event({ limit_w: -1 }) }],
  ["without a limit", { event: event({ limit_w: null }) }],
  ["of ten years", { event: event({ end: "2036-01-01T00:00:00Z" }) }],
  ["that ends before it starts", { event: event({ end: toInstant(NOW) }) }],
  ["far in the future", { event: event({ start: "2027-01-01T00:00:00Z", end: "2027-01-01T01:00:00Z" }) }],
  ["of an unknown kind", { event: event({ type: "blackout" }) }],
  ["of an unknown class", { event: event({ priority: "super" }) }],
  ["with an unreadable time", { event: event({ start: "soon" }) }],
])("an event %s is refused", async (_name, changes) => {
  const { events, refused, seen: after } = await review([await sign(changes)]);

  expect(events).toEqual([]);
  expect(refused).toHaveLength(1);
  expect(after).toEqual({});
});

test("an event signed by another key, altered or not canonical is refused, and the good one beside it counts", async () => {
  const order = await sign();
  const foreign = await sign({}, createSigningKey());
  const loose = await signCompact(Buffer.from('{"type": "coop-event/v1"}'), key, JWS_TYPES.event);
  const [header, payload, signature] = order.split(".");
  const altered = `${header}.${Buffer.from(String(Buffer.from(payload ?? "", "base64url")).replace("400", "900")).toString("base64url")}.${signature}`;

  const { events, refused } = await review([foreign, loose, altered, "<html>", order]);

  expect(events).toHaveLength(1);
  expect(refused).toHaveLength(4);
});

test("an off event is 0 W, a missing class is peak, and a floor of the event lifts its limit", async () => {
  const off = await sign({ event: event({ id: "off-1", type: "off", limit_w: 500, priority: undefined }) });
  const floored = await sign({ event: event({ id: "floor-1", limit_w: 100, floor_w: 300 }) });
  const raise = await sign({
    event: event({ id: "raise-1", type: "raise", raise_w: 700, limit_w: undefined }),
  });

  const { events } = await review([off, floored, raise]);

  expect(events.map(({ id, limitW, raiseW, priority }) => [id, limitW, raiseW, priority])).toEqual([
    ["off-1", 0, null, "peak"],
    ["floor-1", 300, null, "peak"],
    ["raise-1", 100_000, 700, "peak"],
  ]);
});

test("what was seen is forgotten thirty days after it expired", async () => {
  await review([await sign()]);

  expect(Object.keys((await review([], NOW + 30 * 24 * HOUR)).seen)).toEqual(["peak-1"]);
  expect(Object.keys((await review([], NOW + 32 * 24 * HOUR)).seen)).toEqual([]);
});
