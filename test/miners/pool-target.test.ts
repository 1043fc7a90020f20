import { describe, expect, it } from "vitest";
import { checkAddress, isSameUrl, toEndpoint } from "#src/miners/pool-target.ts";

const KEY = "9auqWEzQDVyd2oe1JVGFLMLHZtCo2FFqZwtKA5gd9xbuEu7PH72";
const at = (url: string) => ({ url, user: "member.w1", password: "x" });

describe("the address of a pool", () => {
  it.each([
    ["stratum+tcp://pool.example:3333", { host: "pool.example", port: 3333, isTls: false }],
    ["stratum+ssl://[2001:db8::1]:443/", { host: "[2001:db8::1]", port: 443, isTls: true }],
    ["STRATUM2+TCP://pool.example:3336", { host: "pool.example", port: 3336, isTls: false }],
  ])("%s is a place", (url, endpoint) => expect(toEndpoint(at(url))).toEqual(endpoint));

  it.each([
    "pool.example:3333",
    "http://pool.example:3333",
    "stratum+tcp://pool.example",
    "stratum+tcp://pool.example:3333/path",
    `stratum2+tcp://pool.example:3336/${KEY}`,
  ])("%s is none for firmware that keeps host and port", (url) =>
    expect(() => toEndpoint(at(url))).toThrow(
      expect.objectContaining({ code: "POOL_TEXT_INVALID", exit: 2 }),
    ),
  );

  it("may hold the key of Stratum V2 where the firmware keeps all of it, and nothing else", () => {
    expect(() => checkAddress(at(`stratum2+tcp://pool.example:3336/${KEY}`))).not.toThrow();
    for (const url of [
      `stratum+tcp://pool.example:3336/${KEY}`,
      "stratum2+tcp://pool.example:3336/a/b",
      "stratum2+tcp://pool.example:3336/key\n",
    ])
      expect(() => checkAddress(at(url))).toThrow(/needs an address/);
  });

  it("is the same however its host is spelled, but not with another key", () => {
    expect(isSameUrl("stratum+tcp://Pool.Example:3333/", " stratum+tcp://pool.example:3333")).toBe(true);
    expect(isSameUrl(`stratum2+tcp://P.example:1/${KEY}`, `stratum2+tcp://p.example:1/${KEY}`)).toBe(true);
    expect(
      isSameUrl(`stratum2+tcp://p.example:1/${KEY}`, `stratum2+tcp://p.example:1/${KEY.toLowerCase()}`),
    ).toBe(false);
    expect(isSameUrl("Pool.example:3333", "pool.example:3333")).toBe(true);
  });
});
