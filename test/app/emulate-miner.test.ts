import { expect, test } from "vitest";
import { parseFault } from "#src/app/emulate-miner.ts";

test.each([
  ["lie", { kind: "lie" }],
  ["late:20", { kind: "late", value: 20 }],
  [" drip:0.5 ", { kind: "drip", value: 0.5 }],
])("%j is a fault", (text, plan) => {
  expect(parseFault(text)).toEqual(plan);
});

test.each(["", "nosuch", "lie:x", "delay:-1", "late:", "constructor", "LIE", "hot:1e9"])(
  "%j is none",
  (text) => {
    expect(() => parseFault(text)).toThrow(expect.objectContaining({ code: "FAULT_UNKNOWN", exit: 2 }));
  },
);
