import { describe, expect, it } from "vitest";
import { isSamePool, normalPoolUrl } from "#src/settlement/pool-url.ts";

describe("stratum addresses", () => {
  it.each<[string, string | null]>([
    ["stratum+tcp://pool.example:3333", "stratum+tcp://pool.example:3333"],
    ["STRATUM+TCP://Pool.Example", "stratum+tcp://pool.example:3333"],
    ["stratum+ssl://pool.example:443/", "stratum+ssl://pool.example:443"],
    ["stratum+tcp://[fd00::1]:3333", "stratum+tcp://[fd00::1]:3333"],
    ["stratum+tcp://pool.example:0", null],
    ["stratum+tcp://pool.example:65536", null],
    ["stratum+tcp://user@pool.example:3333", null],
    ["stratum+tcp://pool.example:3333/path", null],
    ["http://pool.example:3333", null],
    ["pool.example:3333", null],
  ])("%s is compared as %s", (text, expected) => {
    expect(normalPoolUrl(text)).toBe(expected);
  });

  it("that cannot be read are never the same", () => {
    expect(isSamePool("x", "x")).toBe(false);
  });
});
