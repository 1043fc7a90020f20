import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { openLedger } from "#src/ledger/ledger.ts";
import { atMs, dayAfter, jws, testFolder } from "./books.ts";

describe("a ledger with one flipped bit", () => {
  function honestBooks() {
    const folder = testFolder();
    const path = join(folder, "ledger.db");
    const ledger = openLedger(path);
    for (let count = 0; count < 12; count += 1) {
      ledger.append("config.readback", { miner: "mini3", count, pools: ["a", "b"] }, atMs);
      ledger.appendSettlement(dayAfter(ledger, count), count % 2 === 0 ? jws : null);
    }
    const lines = [...ledger.exportLines()];
    ledger.close();
    const bytes = readFileSync(path);
    const copy = join(folder, "copy.db");

    /** True when verify finds the flip; otherwise the ledger must still say every word that it said. */
    const isFound = (position: number, bit: number): boolean => {
      const changed = Buffer.from(bytes);
      changed[position] = (bytes[position] ?? 0) ^ (1 << bit);
      writeFileSync(copy, changed);
      const reader = openLedger(copy, { readOnly: true });
      const { breaks } = reader.verify();
      if (breaks.length === 0) expect([...reader.exportLines()]).toEqual(lines);
      reader.close();
      return breaks.length > 0;
    };
    return { bytes, lines, isFound };
  }

  it("is found, or still says word for word what was written", () => {
    const { bytes, isFound } = honestBooks();
    fc.assert(
      fc.property(fc.nat(bytes.length - 1), fc.nat(7), (position, bit) => {
        isFound(position, bit);
      }),
      { numRuns: 250 },
    );
  });

  it("is found in the words of every row", () => {
    const { bytes, lines, isFound } = honestBooks();
    for (const line of lines) {
      const { hash } = JSON.parse(line) as { hash: string };
      // SQLite leaves old copies in unused space, so only one of the places counts.
      const places = placesOf(bytes, hash).map((place) => isFound(place + 7, 1));
      expect(places).toContain(true);
    }
  });
});

function placesOf(bytes: Buffer, text: string): number[] {
  const places: number[] = [];
  for (let at = bytes.indexOf(text); at >= 0; at = bytes.indexOf(text, at + 1)) places.push(at);
  return places;
}
