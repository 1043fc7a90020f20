import { describe, expect, it } from "vitest";
import { HearthError } from "#src/model/errors.ts";
import type { SplitTerms } from "#src/model/terms.ts";
import { canonicalText } from "#src/settlement/canonical.ts";
import {
  checkSuccession,
  coopSharePpm,
  destinationChanges,
  legOf,
  parseTerms,
} from "#src/settlement/terms.ts";
import { exampleTerms, sha256, TERMS_SHA256 } from "./examples.ts";

const bytes = (text: string) => new TextEncoder().encode(text);
const payload = (terms: unknown) => bytes(canonicalText(terms));
const codeOf = (work: () => unknown) => {
  try {
    work();
    return "none";
  } catch (error) {
    return error instanceof HearthError ? `${error.code} ${error.exit}` : String(error);
  }
};

describe("split terms", () => {
  it("have the hash of the document's example", () => {
    expect(sha256(canonicalText(exampleTerms()))).toBe(TERMS_SHA256);
  });

  it("are read from their canonical bytes, unknown fields included", () => {
    const terms = { ...exampleTerms(), note: { kept: [1, "two"] } };
    expect(parseTerms(payload(terms))).toEqual(terms);
    expect(coopSharePpm(parseTerms(payload(terms)))).toBe(700_000);
    expect(legOf(exampleTerms(), "member")?.share_ppm).toBe(300_000);
  });

  const leg = (index: number, change: object) => {
    const terms = exampleTerms();
    return { ...terms, legs: terms.legs.map((old, at) => (at === index ? { ...old, ...change } : old)) };
  };
  const text = canonicalText(exampleTerms());
  const bad: [string, Uint8Array][] = [
    ["bytes that are no UTF-8", new Uint8Array([0x7b, 0xff, 0x7d])],
    ["a byte order mark", bytes(`\ufeff${text}`)],
    ["no JSON", bytes(text.slice(0, -1))],
    ["blanks", bytes(text.replace(":", ": "))],
    [
      "keys in another order",
      bytes(JSON.stringify(Object.fromEntries(Object.entries(exampleTerms()).reverse()))),
    ],
    ["a duplicate key", bytes(text.replace('"version":3', '"version":3,"version":4'))],
    ["an escaped duplicate key", bytes(text.replace('"version":3', '"versio\\u006e":4,"version":3'))],
    ["a lone surrogate", bytes(text.replace("prairierec", "\\ud800"))],
    ["a number written otherwise", bytes(text.replace('"version":3', '"version":3.0'))],
    ["a minus zero", bytes(text.replace('"version":3', '"version":-0'))],
    ["a fraction in an unknown field", payload({ ...exampleTerms(), fee: 0.5 })],
    ["a number beyond safe integers", payload({ ...exampleTerms(), fee: 2 ** 53 })],
    ["a list", bytes("[]")],
    ["more bytes than terms have", bytes(`"${"x".repeat(70_000)}"`)],
    ["another type", payload({ ...exampleTerms(), type: "split-terms/v2" })],
    ["a member code with a wrong check character", payload({ ...exampleTerms(), member: "7k3q9d2y" })],
    ["a version 0", payload({ ...exampleTerms(), version: 0 })],
    ["a day that does not exist", payload({ ...exampleTerms(), effective_from: "2026-02-30" })],
    ["a prev that is no hash", payload({ ...exampleTerms(), prev: "abc" })],
    ["shares that do not add up", payload(leg(0, { share_ppm: 700_001 }))],
    ["a negative share", payload(leg(0, { share_ppm: -1 }))],
    ["two legs of one role", payload(leg(1, { role: "coop" }))],
    ["no legs", payload({ ...exampleTerms(), legs: [] })],
    ["a pool that is a web address", payload(leg(0, { pool: "http://pool.example:3333" }))],
    ["a pool with another host hidden in it", payload(leg(0, { pool: "stratum+tcp://a@b.example:3333" }))],
    ["a user with a comma", payload(leg(0, { user: "a,b" }))],
    ["a user with an escape sequence", payload(leg(0, { user: "a\u001b[2J" }))],
    ["a catch-up above the whole", payload({ ...exampleTerms(), catch_up: { max_share_ppm: 1_000_001 } })],
    ["an unknown excess rule", payload({ ...exampleTerms(), excess: "keep" })],
  ];
  it.each(bad)("are refused with exit 5 for %s", (_name, input) => {
    expect(codeOf(() => parseTerms(input))).toBe("TERMS_INVALID 5");
  });
});

describe("the succession of terms", () => {
  const first: SplitTerms = { ...exampleTerms(), version: 1 };
  const firstHash = sha256(canonicalText(first));
  const second: SplitTerms = { ...first, version: 2, prev: firstHash };
  const former = { terms: second, sha256: sha256(canonicalText(second)) };
  const third: SplitTerms = { ...first, version: 3, prev: former.sha256 };

  it.each<[string, SplitTerms, typeof former | null, string]>([
    ["version 1 at first pairing passes", first, null, "none"],
    ["a later version at first pairing passes", third, null, "none"],
    ["the next version passes", third, former, "none"],
    ["a gap in versions passes when linked", { ...third, version: 9 }, former, "none"],
    ["the same document again passes", second, former, "none"],
    ["only version 1 has no former terms", { ...third, prev: null }, null, "TERMS_CHAIN 5"],
    ["version 1 has no former terms", { ...first, prev: firstHash }, null, "TERMS_CHAIN 5"],
    ["an older version is a rollback", first, former, "TERMS_ROLLBACK 5"],
    ["another document of the same version", { ...second, excess: "carry" }, former, "TERMS_ROLLBACK 5"],
    ["a broken link", { ...third, prev: firstHash }, former, "TERMS_CHAIN 5"],
    ["another co-op", { ...third, coop: "other" }, former, "TERMS_CHAIN 5"],
  ])("%s", (_name, next, known, expected) => {
    expect(codeOf(() => checkSuccession(next, known))).toBe(expected);
  });

  it("lists what changes about where coins go, and nothing for a mere spelling", () => {
    const moved = exampleTerms();
    const [coop, member] = moved.legs;
    if (!coop || !member) throw new Error("the example has two legs");
    coop.pool = "STRATUM+TCP://Pool.Example:3333";
    member.user = "bc1qother";

    expect(destinationChanges(moved, exampleTerms())).toEqual([
      "The member leg's payee changes from bc1qar0srrr7xfkvy5l643lydnw9re59gtzzwf5mdq to bc1qother",
    ]);
    expect(destinationChanges(exampleTerms(), exampleTerms())).toEqual([]);
    expect(destinationChanges(moved, null)).toEqual([]);
    expect(destinationChanges({ ...exampleTerms(), fallback: ["x"] }, exampleTerms())).toHaveLength(1);
  });
});
