import { existsSync, readdirSync, readFileSync, statSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { describe, expect, it, onTestFinished } from "vitest";
import { type Ledger, openLedger } from "#src/ledger/ledger.ts";
import { canonicalText } from "#src/settlement/canonical.ts";
import { sha256 } from "../settlement/examples.ts";
import { atMs, dayAfter, jws, testFolder } from "./books.ts";

function freshLedger(): { ledger: Ledger; path: string } {
  const path = join(testFolder(), "ledger.db");
  const ledger = openLedger(path);
  onTestFinished(() => {
    ledger.close();
  });
  return { ledger, path };
}

describe("events", () => {
  it("are numbered, stamped in whole seconds and chained by the hash of their canonical record", () => {
    const { ledger } = freshLedger();
    const first = ledger.append("enrolled", { coop: "prairie-rec", b: 1, a: [null, true] }, atMs + 999);
    const second = ledger.append("terms.activated", { version: 1 }, atMs + 1000);

    expect(first).toMatchObject({ seq: 1, at: "2026-01-16T06:30:00Z", prev: "0".repeat(64) });
    expect(first.id).toMatch(/^[0-9A-HJKMNP-TV-Z]{26}$/);
    expect(second).toMatchObject({ seq: 2, prev: first.hash });
    const { seq, id, at, kind, body, prev } = second;
    expect(second.hash).toBe(sha256(canonicalText({ seq, id, at, kind, body, prev })));
    expect(ledger.events()).toEqual([first, second]);
    expect(ledger.verify()).toEqual({ events: 2, settlements: 0, breaks: [] });
  });

  it("are found by kind, by group of kinds, by place and by number", () => {
    const { ledger } = freshLedger();
    for (const kind of ["terms.received", "terms.activated", "enrolled", "termsx"])
      ledger.append(kind, {}, atMs);
    const kinds = (filter: Parameters<Ledger["events"]>[0]) =>
      ledger.events(filter).map((event) => event.kind);

    expect(kinds({ kind: "terms." })).toEqual(["terms.received", "terms.activated"]);
    expect(kinds({ kind: "enrolled" })).toEqual(["enrolled"]);
    expect(kinds({ kind: "terms" })).toEqual([]);
    expect(kinds({ afterSeq: 2 })).toEqual(["enrolled", "termsx"]);
    expect(kinds({ last: 1 })).toEqual(["termsx"]);
  });

  it("that cannot be written leave nothing behind", () => {
    const { ledger } = freshLedger();
    expect(() => ledger.append("enrolled", { amount: 1n }, atMs)).toThrow(TypeError);
    expect(() => ledger.append("Not a kind", {}, atMs)).toThrow(
      expect.objectContaining({ code: "LEDGER_KIND" }),
    );
    expect(ledger.events()).toEqual([]);
  });
});

describe("settlement rows", () => {
  it("chain by the hash of the record and keep every state of a day", () => {
    const { ledger } = freshLedger();
    const estimated = ledger.appendSettlement(dayAfter(ledger, 0));
    const confirmed = ledger.appendSettlement(dayAfter(ledger, 0, { state: "confirmed" }), jws);
    const next = ledger.appendSettlement(dayAfter(ledger, 1));

    expect(estimated.record.prev).toBe("0".repeat(64));
    expect(confirmed.record.prev).toBe(estimated.hash);
    expect(next.record.prev).toBe(confirmed.hash);
    expect(next.hash).toBe(sha256(canonicalText(next.record)));
    expect(ledger.history("2026-01-15").map((row) => row.state)).toEqual(["estimated", "confirmed"]);
    expect(ledger.latest("2026-01-15")).toEqual(confirmed);
    expect(ledger.latest("2026-01-15")?.jws).toEqual(jws);
    expect(ledger.latest("2026-01-20")).toBeNull();
    expect(ledger.settlements()).toEqual([estimated, confirmed, next]);
    expect(ledger.verify()).toEqual({ events: 1, settlements: 3, breaks: [] });
  });

  it("name the row that a new revision replaces", () => {
    const { ledger } = freshLedger();
    ledger.appendSettlement(dayAfter(ledger, 0));
    const confirmed = ledger.appendSettlement(dayAfter(ledger, 0, { state: "confirmed" }));
    const corrected = ledger.appendSettlement(dayAfter(ledger, 0, { state: "confirmed", revision: 2 }));

    expect(corrected.record.supersedes).toBe(confirmed.hash);
    expect(ledger.latest("2026-01-15")?.revision).toBe(2);
    expect(ledger.verify().breaks).toEqual([]);
  });

  it("are refused with the figure that does not hold, and nothing is written", () => {
    const { ledger } = freshLedger();
    ledger.appendSettlement(dayAfter(ledger, 0));
    const refused = expect.objectContaining({ code: "LEDGER_RECORD_REFUSED", exit: 7 });
    const unlinked = dayAfter(ledger, 1, { former: null });
    const wrong = dayAfter(ledger, 1);
    wrong.balance.close_uusd += 1;

    expect(() => ledger.appendSettlement(unlinked)).toThrow(refused);
    expect(() => ledger.appendSettlement(wrong, jws)).toThrow(refused);
    expect(() => ledger.appendSettlement(wrong)).toThrow(/close should be \d+ and is \d+/);
    expect(() => ledger.appendSettlement(dayAfter(ledger, 0, { state: "applied" }))).toThrow(refused);
    expect(() => ledger.appendSettlement(dayAfter(ledger, 0, { revision: 3 }))).toThrow(refused);
    expect(ledger.verify()).toEqual({ events: 0, settlements: 1, breaks: [] });
  });

  it("link over days that were never settled, to the latest revision", () => {
    const { ledger } = freshLedger();
    ledger.appendSettlement(dayAfter(ledger, 0, { state: "confirmed" }));
    const corrected = ledger.appendSettlement(dayAfter(ledger, 0, { state: "confirmed", revision: 2 }));
    const place = { coop: "prairie-rec", member: "7k3q9d2z", day: "2026-01-20" };

    expect(ledger.former(place)).toEqual(corrected.record);
    expect(ledger.former({ ...place, day: "2026-01-15" })).toBeNull();
    expect(ledger.former({ ...place, coop: "other" })).toBeNull();
    expect(() => ledger.appendSettlement(dayAfter(ledger, 5, { former: null }))).toThrow(/open should be/);
    const { balance, credit } = corrected.record;
    const former = { closeUusd: balance.close_uusd, carryOutUusd: credit.carry_out_uusd };
    ledger.appendSettlement(dayAfter(ledger, 5, { former }));
    expect(ledger.verify().breaks).toEqual([]);
  });

  it("keep two members apart", () => {
    const { ledger } = freshLedger();
    const own = ledger.appendSettlement(dayAfter(ledger, 0));
    const other = dayAfter(ledger, 1, { member: "hq4m8tz1", former: null });
    ledger.appendSettlement(other);

    expect(ledger.latest("2026-01-15", "7k3q9d2z")).toEqual(own);
    expect(ledger.latest("2026-01-16", "7k3q9d2z")).toBeNull();
    expect(ledger.verify().breaks).toEqual([]);
  });
});

describe("the ledger file", () => {
  it("is private, and read-only opening never makes one", () => {
    const { ledger, path } = freshLedger();
    ledger.append("enrolled", {}, atMs);
    const folder = join(path, "..");
    for (const name of readdirSync(folder)) expect(statSync(join(folder, name)).mode & 0o777).toBe(0o600);

    const missing = join(folder, "none.db");
    expect(() => openLedger(missing, { readOnly: true })).toThrow(
      expect.objectContaining({ code: "LEDGER_MISSING", exit: 6 }),
    );
    expect(existsSync(missing)).toBe(false);
  });

  it("refuses a planted link", () => {
    const folder = testFolder();
    writeFileSync(join(folder, "target"), "");
    symlinkSync(join(folder, "target"), join(folder, "ledger.db"));
    expect(() => openLedger(join(folder, "ledger.db"))).toThrow(
      expect.objectContaining({ code: "LEDGER_ACCESS", exit: 5 }),
    );
  });

  it("is read by others while it is written, and goes on after reopening", () => {
    const { ledger, path } = freshLedger();
    const first = ledger.append("enrolled", {}, atMs);
    const reader = openLedger(path, { readOnly: true });
    expect(reader.events()).toEqual([first]);
    ledger.append("consent", {}, atMs);
    expect(reader.events()).toHaveLength(2);
    expect(() => reader.append("consent", {}, atMs)).toThrow();
    reader.close();

    const again = openLedger(path);
    expect(again.append("consent", {}, atMs)).toMatchObject({ seq: 3, prev: again.events()[1]?.hash });
    expect(again.verify().breaks).toEqual([]);
    again.close();
  });

  it("only grows, also for a program that opens it by itself", () => {
    const { ledger, path } = freshLedger();
    ledger.append("enrolled", {}, atMs);
    ledger.appendSettlement(dayAfter(ledger, 0));
    const intruder = new DatabaseSync(path);
    for (const sql of [
      "UPDATE events SET kind = 'consent'",
      "DELETE FROM events",
      "UPDATE settlements SET state = 'applied'",
      "DELETE FROM settlements",
      "INSERT OR REPLACE INTO events SELECT seq, id, at, 'x', body, prev, hash FROM events",
    ]) {
      intruder.exec("PRAGMA recursive_triggers = ON");
      expect(() => intruder.exec(sql)).toThrow(/only grows/);
    }
    intruder.close();
  });

  it("is exported line by line with columns as keys, so that a stranger can recompute it", () => {
    const { ledger } = freshLedger();
    ledger.append("enrolled", { coop: "prairie-rec" }, atMs);
    ledger.appendSettlement(dayAfter(ledger, 0), jws);
    const rows = [...ledger.exportLines()].map((line) => JSON.parse(line) as Record<string, unknown>);

    expect(rows.map((row) => Object.keys(row).join())).toEqual([
      "seq,id,at,kind,body,prev,hash",
      "seq,id,at,kind,body,prev,hash",
      "seq,member,day,revision,state,record,hash",
    ]);
    for (const { hash, ...row } of rows) {
      expect(sha256(canonicalText("record" in row ? row["record"] : row))).toBe(hash);
    }
  });
});

describe("verify", () => {
  function tampered(change: (database: DatabaseSync) => void): string[] {
    const path = join(testFolder(), "ledger.db");
    const ledger = openLedger(path);
    for (let count = 0; count < 3; count += 1) {
      ledger.append("enrolled", { count }, atMs);
      ledger.appendSettlement(dayAfter(ledger, count));
    }
    ledger.close();
    const database = new DatabaseSync(path);
    const triggers = database.prepare("SELECT name, sql FROM sqlite_schema WHERE type = 'trigger'").all();
    for (const { name } of triggers) database.exec(`DROP TRIGGER ${name}`);
    change(database);
    for (const { sql } of triggers) database.exec(String(sql));
    database.close();
    const reader = openLedger(path, { readOnly: true });
    const { breaks } = reader.verify();
    reader.close();
    return breaks.map(({ table, seq, text }) => `${table} ${seq}: ${text}`);
  }

  it("finds nothing in an honest ledger", () => {
    expect(tampered(() => undefined)).toEqual([]);
  });

  it.each<[string, string, RegExp]>([
    ["a changed body", "UPDATE events SET body = '{\"count\":9}' WHERE seq = 2", /events 2: Its hash/],
    ["a body with blanks", "UPDATE events SET body = '{\"count\": 1}' WHERE seq = 2", /events 2: Its body/],
    ["a changed time", "UPDATE events SET at = '2026-01-16T06:30:01Z' WHERE seq = 1", /events 1: Its hash/],
    ["a missing event", "DELETE FROM events WHERE seq = 2", /events 3: Row 2 is missing/],
    ["a missing first event", "DELETE FROM events WHERE seq = 1", /events 2: Row 1 is missing/],
    ["a cut link", "UPDATE events SET prev = hash WHERE seq = 2", /events 2: It does not follow/],
    ["a changed state", "UPDATE settlements SET state = 'applied' WHERE seq = 2", /settlements 2: Its state/],
    ["a changed day", "UPDATE settlements SET day = '2026-02-01' WHERE seq = 1", /settlements 1: Its day/],
    [
      "a changed record",
      "UPDATE settlements SET record = replace(record, '91', '92')",
      /settlements 1: Its hash/,
    ],
    [
      "a record that is no JSON",
      "UPDATE settlements SET record = 'x' WHERE seq = 3",
      /settlements 3: Its hash/,
    ],
    ["a missing settlement", "DELETE FROM settlements WHERE seq = 1", /settlements 2: Row 1 is missing/],
    [
      "a stranger's trigger",
      "CREATE TRIGGER hide AFTER INSERT ON events BEGIN SELECT 1; END",
      /file null: .*hide/,
    ],
    ["a dropped index", "DROP INDEX settlements_by_day", /settlements_by_day is missing/],
  ])("finds %s", (_name, sql, expected) => {
    expect(tampered((database) => database.exec(sql)).join("\n")).toMatch(expected);
  });

  it("finds a record whose hashes were all made anew around a wrong figure", () => {
    const found = tampered((database) => {
      const row = database.prepare("SELECT record FROM settlements WHERE seq = 3").get();
      const record = JSON.parse(String(row?.["record"])) as { balance: { close_uusd: number } };
      record.balance.close_uusd -= 500_000;
      const text = canonicalText(record);
      database.prepare("UPDATE settlements SET record = ?, hash = ? WHERE seq = 3").run(text, sha256(text));
    });
    expect(found).toHaveLength(1);
    expect(found[0]).toMatch(/settlements 3: close should be \d+ and is \d+/);
  });

  it("reports a file that is no database as a break instead of throwing", () => {
    const path = join(testFolder(), "ledger.db");
    writeFileSync(path, "not a database, but long enough to be taken for one ".repeat(100));
    const reader = openLedger(path, { readOnly: true });
    expect(reader.verify().breaks[0]).toMatchObject({ table: "file", seq: null });
    expect(() => reader.settlements()).toThrow(expect.objectContaining({ code: "LEDGER_BROKEN", exit: 7 }));
    expect(() => [...reader.exportLines()]).toThrow(expect.objectContaining({ code: "LEDGER_BROKEN" }));
    reader.close();
    expect(() => openLedger(path)).toThrow(expect.objectContaining({ code: "LEDGER_BROKEN", exit: 7 }));
    expect(readFileSync(path, "utf8")).toMatch(/^not a database/);
  });
});
