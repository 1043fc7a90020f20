import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { createEventBook, type EventTick, shownEvent, toEventView } from "#src/daemon/event-book.ts";
import { openStateStore, type StateStore } from "#src/ledger/state-store.ts";
import type { CoopEvent } from "#src/model/coop-event.ts";

const START_MS = Date.UTC(2026, 0, 17);
const event = (over: Partial<CoopEvent> = {}): CoopEvent => ({
  id: "peak-1",
  version: 1,
  issuedMs: START_MS - 3_600_000,
  startMs: START_MS,
  endMs: START_MS + 7_200_000,
  type: "limit",
  priority: "peak",
  limitW: 500,
  raiseW: null,
  floorW: 0,
  noticeS: 3600,
  source: "signed",
  isCancelled: false,
  ...over,
});
const tick = (over: Partial<EventTick> = {}): EventTick => ({
  wallMs: START_MS + 10_000,
  seconds: 5,
  measuredW: 430,
  measuredAtMs: START_MS + 5000,
  floorOverEventW: 0,
  ...over,
});

let folder: string;
let store: StateStore;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "hearth-book-"));
  store = openStateStore(join(folder, "state.db"));
});
afterEach(() => {
  store.close();
  rmSync(folder, { recursive: true, force: true });
});

const changes = (notices: { change: string }[]) => notices.map((notice) => notice.change);

test("an event is told once, again when it changes, and never when it is the same or older", () => {
  const book = createEventBook(store);

  expect(changes(book.update([event()], START_MS - 1))).toEqual(["received"]);
  expect(changes(book.update([event()], START_MS - 1))).toEqual([]);
  expect(changes(book.update([event({ version: 2, limitW: 400 })], START_MS - 1))).toEqual(["changed"]);
  expect(changes(book.update([event({ version: 1, limitW: 9000 })], START_MS - 1))).toEqual([]);
  expect(book.all()[0]?.event.limitW).toBe(400);
});

test("missing from a complete list before its end is cancelled, after its end nothing", () => {
  const book = createEventBook(store);
  book.update([event()], START_MS - 1);

  expect(changes(book.update([], START_MS + 60_000))).toEqual(["cancelled"]);
  expect(book.forControl()).toEqual([]);

  book.update([event({ id: "two" })], START_MS);
  expect(changes(book.update([], START_MS + 7_200_001))).toEqual([]);
});

test("it is met when every measured tick from its start on is under the limit with its tolerance", () => {
  const book = createEventBook(store);
  book.update([event()], START_MS - 1);

  expect(changes(book.observe(tick({ measuredW: 530 })))).toEqual(["started"]);
  const end = book.observe(tick({ wallMs: START_MS + 7_200_000, measuredAtMs: START_MS + 7_199_000 }));

  expect(changes(end)).toEqual(["met", "ended"]);
  expect(book.all()[0]?.isMet).toBe(true);
});

test("a reading from before the start proves nothing, one above the limit says so once", () => {
  const book = createEventBook(store);
  book.update([event()], START_MS - 1);

  book.observe(tick({ measuredW: 820, measuredAtMs: START_MS - 1000 }));
  expect(book.all()[0]?.isMet).toBeNull();
  expect(changes(book.observe(tick({ measuredW: 531 })))).toEqual(["not_met"]);
  expect(changes(book.observe(tick({ measuredW: 531 })))).toEqual([]);
  expect(book.all()[0]?.isMet).toBe(false);
});

test("watts for the heat floor are allowed for and counted", () => {
  const book = createEventBook(store);
  book.update([event()], START_MS - 1);

  book.observe(tick({ measuredW: 1000, floorOverEventW: 500, seconds: 3600 }));

  expect(book.all()[0]).toMatchObject({ isMet: true, floorOverEventWh: 500 });
});

test("events and their course survive a restart", () => {
  const book = createEventBook(store);
  book.update([event()], START_MS - 1);
  book.observe(tick());
  book.optOut("peak-1", true);

  const again = createEventBook(store);

  expect(again.all()).toEqual(book.all());
  expect(again.forControl()[0]).toMatchObject({ id: "peak-1", isOptedOut: true });
});

test("the running event is shown before the next one", () => {
  const book = createEventBook(store);
  book.update(
    [event({ id: "later", startMs: START_MS + 90_000_000, endMs: START_MS + 97_200_000 }), event()],
    START_MS - 1,
  );

  const shown = shownEvent(book.all(), START_MS + 1000);

  expect(shown?.event.id).toBe("peak-1");
  expect(shown && toEventView(shown, START_MS + 1000).state).toBe("active");
});
