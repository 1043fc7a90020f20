import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { SourceConfig } from "#src/model/config.ts";
import { createSource } from "#src/sources/registry.ts";
import { unitDoubt } from "#src/sources/units.ts";
import { linksTo, sourceConfig } from "./support.ts";

const never = new AbortController().signal;

function config(changes: Partial<SourceConfig>): SourceConfig {
  return sourceConfig({ url: "http://192.0.2.30/status", ...changes });
}

const read = (changes: Partial<SourceConfig>, body: unknown) =>
  createSource(
    config(changes),
    linksTo(() => body),
  ).read(never);

describe("a number", () => {
  it.each([
    [{ select: "sum(emeters[].power)" }, { emeters: [{ power: 100.5 }, { power: -300 }] }, -199.5],
    [{ select: "a.b" }, { a: { b: "12.5" } }, 12.5],
    [{}, 42, 42],
    [{ select: "p", unit: "kW" }, { p: 1.25 }, 1250],
    [{ select: "p", unit: "mW" }, { p: 1500 }, 1.5],
    [{ select: "p", unit: "MW" }, { p: 0.001 }, 1000],
    [{ select: "p", invert: true }, { p: 700 }, -700],
    [{ select: "p", invert: true }, { p: 0 }, 0],
    [{ select: "p", scale: 0.1 }, { p: 2150 }, 215],
    [{ role: "room", zone: "den", select: "t", unit: "F" }, { t: 68 }, 20],
    [{ role: "outdoor", select: "t", unit: "K" }, { t: 273.15 }, 0],
    [{ role: "room", select: "t" }, { t: 19.5 }, 19.5],
    [{ role: "battery_soc", select: "s", unit: "%" }, { s: 55 }, 55],
    [{ role: "battery_soc", select: "s", unit: "ratio" }, { s: 0.5 }, 50],
    [{ role: "import_price", select: "p", unit: "usd" }, { p: 0.12 }, 0.12],
  ] as [Partial<SourceConfig>, unknown, number][])("of %j is read", async (changes, body, expected) => {
    await expect(read(changes, body)).resolves.toEqual({ value: expected, reason: null });
  });
});

describe("what is not known", () => {
  it.each([
    [{ select: "p" }, {}],
    [{ select: "p" }, { p: null }],
    [{ select: "p" }, { p: "unavailable" }],
    [{ select: "p" }, { p: "NaN" }],
    [{ select: "p" }, { p: true }],
    [{ select: "p" }, { p: [] }],
    [{ select: "sum(emeters[].power)" }, { emeters: [] }],
    [{ select: "sum(emeters[].power)" }, {}],
    [{ select: "sum(emeters[].power)" }, { emeters: [{ power: "x" }] }],
    [{ select: "p", scale: 1e308 }, { p: 1e10 }],
    [{}, { p: 1 }],
  ] as [Partial<SourceConfig>, unknown][])(
    "%j of %j is null with a reason, never 0",
    async (changes, body) => {
      await expect(read(changes, body)).resolves.toEqual({
        value: null,
        reason: expect.stringMatching(/^VALUE_/),
      });
    },
  );

  it("stays unknown for any answer without the field", async () => {
    await fc.assert(
      fc.asyncProperty(fc.jsonValue({ maxDepth: 3 }), async (body) => {
        const sample = await read({ select: "surely.not.there" }, body);
        expect(sample.value).toBeNull();
      }),
      { numRuns: 5000 },
    );
  });

  it("is a miss and no sample when nothing came", async () => {
    const source = createSource(
      config({}),
      linksTo(() => {
        throw new Error("gone");
      }),
    );

    await expect(source.read(never)).rejects.toThrow("gone");
  });
});

describe("a unit that nobody named", () => {
  it.each([
    ["grid", "W", 1.25, /--unit kW/],
    ["grid", "W", 87, null],
    ["grid", "kW", 12.5, null],
    ["pv", "W", 2_500_000, /--unit mW/],
    ["room", "W", 68.5, /--unit F/],
    ["room", "F", 68.5, null],
    ["room", "C", 20.5, null],
    ["grid", "W", null, null],
  ] as const)("of a %s in %s that tells %j is doubted, not guessed", (role, unit, value, words) => {
    const doubt = unitDoubt({ role, unit }, value);

    if (words === null) expect(doubt).toBeNull();
    else expect(doubt).toMatch(words);
  });
});

describe("a configuration", () => {
  it("gives name, role, zone and times", () => {
    const made = (changes: Partial<SourceConfig>) =>
      createSource(
        config(changes),
        linksTo(() => 0),
      );

    expect(made({ role: "room", zone: "den", every_s: 30 })).toMatchObject({
      ...{ name: "main", role: "room", zone: "den", everyS: 30, maxAgeS: 900 },
    });
    expect(made({})).toMatchObject({ maxAgeS: null });
    expect(made({ max_age_s: 60 })).toMatchObject({ maxAgeS: 60 });
  });

  it.each([
    [{ kind: "mqtt" }, "SOURCE_OPTIONS_MISSING", 2],
    [{ kind: "opc-ua" }, "SOURCE_KIND_UNSUPPORTED", 1],
    [{ kind: "toString" }, "SOURCE_KIND_UNSUPPORTED", 1],
    [{ url: null }, "SOURCE_URL_INVALID", 2],
    [{ url: "file:///etc/passwd" }, "SOURCE_URL_INVALID", 2],
    [{ select: "a[" }, "SOURCE_SELECT_INVALID", 2],
    [{ unit: "C" }, "SOURCE_UNIT_INVALID", 2],
    [{ unit: "mw" }, "SOURCE_UNIT_INVALID", 2],
    [{ role: "room", unit: "kW" }, "SOURCE_UNIT_INVALID", 2],
  ] as [Partial<SourceConfig>, string, number][])("%j is refused", (changes, code, exit) => {
    expect(() =>
      createSource(
        config(changes),
        linksTo(() => 0),
      ),
    ).toThrow(expect.objectContaining({ code, exit }));
  });
});
