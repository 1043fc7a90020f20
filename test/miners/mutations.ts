import fc from "fast-check";

/** One spoiling of a text: where, as a part of its length, and what. */
interface Mutation {
  kind: "cut" | "drop" | "repeat" | "insert" | "flip" | "swap";
  at: number;
  length: number;
  token: string;
}

/** Bits that break parsers: the twenty malformed shapes, numbers at the edge, names of the prototype, control bytes. */
const TOKENS = [
  ...["}{", ",}", "[,", '""', ",,", "]", "}", "[", "{", '"', "\\", ":", ",", "|", "=", "\u0000", "\n"],
  ...[
    "nan",
    "-nan",
    "inf",
    '"nan"',
    "-273",
    "1e999",
    "-1e999",
    "9007199254740993",
    "-0",
    "0x10",
    "1_0",
    "NaN",
  ],
  ...["null", "true", '"true"', "[]", "{}", '"__proto__":', '"constructor":', '{"__proto__":{"power":1}}'],
  ...["\u001b[2J", "\u202e", "\ud800", "é", "\u200b", "*".repeat(300), "[".repeat(40), '{"a":'.repeat(40)],
  ...[
    "<html>",
    "HTTP/1.1 200 OK\r\n\r\n",
    "Socket connect failed: ",
    "callback(",
    ");",
    "STATUS=",
    "PS[",
    "][",
  ],
];

const mutation: fc.Arbitrary<Mutation> = fc.record({
  kind: fc.constantFrom("cut", "drop", "repeat", "insert", "flip", "swap"),
  at: fc.double({ min: 0, max: 1, noNaN: true }),
  length: fc.integer({ min: 1, max: 60 }),
  token: fc.constantFrom(...TOKENS),
});

/** One to four of them; few are worth more than many, because the rest of the text then still reaches the parsers. */
export const mutations = fc.array(mutation, { minLength: 1, maxLength: 4 });

const GOLDEN = 0.618_033_988_75;

/** The same changes at other places: another spoiling for each `turn`, as it is drawn for turn 0. */
export function elsewhere(all: readonly Mutation[], turn: number): readonly Mutation[] {
  return turn === 0 ? all : all.map((change) => ({ ...change, at: (change.at + turn * GOLDEN) % 1 }));
}

/** The text with all of them, in order. */
export function mutated(text: string, all: readonly Mutation[]): string {
  return all.reduce((changed, { kind, at, length, token }) => {
    const from = Math.floor(at * changed.length);
    const piece = changed.slice(from, from + length);
    const rest = changed.slice(from + length);
    switch (kind) {
      case "cut":
        return changed.slice(0, from);
      case "drop":
        return changed.slice(0, from) + rest;
      case "repeat":
        return changed.slice(0, from) + piece + piece + rest;
      case "insert":
        return changed.slice(0, from) + token + changed.slice(from);
      case "flip":
        return (
          changed.slice(0, from) +
          String.fromCharCode((changed.charCodeAt(from) || 0) ^ length) +
          changed.slice(from + 1)
        );
      case "swap":
        return changed.slice(0, from) + rest.slice(0, length) + piece + rest.slice(length);
    }
    return changed;
  }, text);
}
