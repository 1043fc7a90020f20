import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { expandKind, fillTemplate, findTemplate, readTemplates } from "#src/config/source-templates.ts";
import type { SourceRole } from "#src/model/config.ts";
import type { SourceTemplate } from "#src/model/source-template.ts";
import { createSource } from "#src/sources/registry.ts";
import { linksTo, openLinks, sourceConfig } from "./support.ts";

const templates = readTemplates();
const pairs = templates.flatMap((template) =>
  Object.keys(template.roles).map((role) => [template.name, role as SourceRole, template] as const),
);

/** What a person would say: the example where there is no default. */
function exampleParams({ params }: SourceTemplate): Record<string, string | number> {
  return Object.fromEntries(
    Object.entries(params).flatMap(([key, { default: usual, example }]) =>
      usual === null ? [[key, example ?? "missing"]] : [],
    ),
  );
}

describe("every template", () => {
  it.each(pairs)("%s makes a source for %s that names nothing unknown", async (_, role, template) => {
    const params = exampleParams(template);
    const links = openLinks({ "file:x": "secret" });

    const config = fillTemplate(template, {
      ...{ name: "one", role, host: "192.0.2.1", zone: "den", params, secretRef: "file:x" },
      deviceId: "AA",
    });

    expect(createSource(config, links)).toMatchObject({ name: "one", role });
    expect(JSON.stringify(config).match(/\{(?!host\}|secret\})\w+\}/g)).toBeNull();
    await links.close();
  });

  it.each(pairs)("%s makes no number for %s of an answer without one", async (_, role, template) => {
    const params = exampleParams(template);
    const config = {
      ...fillTemplate(template, { name: "one", role, host: "192.0.2.1", zone: "den", params }),
      identity: null,
    };
    const read = (body: unknown) =>
      createSource(
        config,
        linksTo(() => body),
      ).read(new AbortController().signal);
    if (config.kind !== "http") return;

    for (const body of [{}, [], [[]], "text", true, { error: "busy" }, [{}, {}]]) {
      await expect(read(body).catch(() => ({ value: null }))).resolves.toMatchObject({ value: null });
    }
    await fc.assert(
      fc.asyncProperty(fc.jsonValue({ maxDepth: 3 }), async (body) => {
        const { value } = await read(body).catch(() => ({ value: null }));
        expect(value === null || Number.isFinite(value)).toBe(true);
      }),
      { numRuns: 15 },
    );
  });

  it("names no host and no secret of its own", () => {
    for (const template of templates) {
      expect(JSON.stringify(template)).not.toMatch(/\d+\.\d+\.\d+\.\d+|secret_ref/);
    }
  });
});

describe("a template", () => {
  const shelly = findTemplate("shelly-gen1");
  const choice = { name: "main", role: "grid" as const, host: "192.0.2.1", params: { clamps: "0:1" } };

  it("leaves the login out while there is no secret", () => {
    expect(fillTemplate(shelly, choice).http).toMatchObject({ auth: "none", user: null });
    expect(fillTemplate(shelly, { ...choice, secretRef: "file:s" }).http).toMatchObject({ auth: "basic" });
  });

  it("keeps the serial number that the device told", () => {
    expect(fillTemplate(shelly, { ...choice, deviceId: "A1B2" }).identity?.expected).toBe("A1B2");
  });

  it.each([
    ["a role that it has not", { role: "room" as const }, "TEMPLATE_ROLE"],
    ["a parameter that it has not", { params: { clamps: "0:1", phase: "a" } }, "TEMPLATE_PARAM"],
    ["no value for a parameter without a default", { params: {} }, "TEMPLATE_PARAM"],
    ["a field of the wrong kind", { changes: { every_s: -1 } }, "TEMPLATE_INVALID"],
  ])("refuses %s", (_, changes, code) => {
    expect(() => fillTemplate(shelly, { ...choice, ...changes })).toThrow(
      expect.objectContaining({ code, exit: 2 }),
    );
  });

  it("is named when another was meant", () => {
    expect(() => findTemplate("../config")).toThrow(
      expect.objectContaining({ code: "TEMPLATE_UNKNOWN", hint: expect.stringContaining("shelly-gen1") }),
    );
  });

  it("may stand as the kind of a source, whose own fields win", () => {
    const params = { clamps: "1:2" };
    const config = sourceConfig({ kind: "shelly-gen1", host: "192.0.2.9", every_s: 7, params });

    expect(expandKind(config)).toMatchObject({
      ...{ kind: "http", template: "shelly-gen1", every_s: 7, select: "sum(emeters[1:2].power)" },
    });
    expect(expandKind(sourceConfig({}))).toEqual(sourceConfig({}));
  });

  it("keeps its login where the source that names it says something else of HTTP", () => {
    const entry = { kind: "shelly-gen1", host: "192.0.2.9", params: { clamps: "0:1" }, secret_ref: "file:s" };
    const config = sourceConfig({ ...entry, http: { user: "owner" } as never });

    expect(expandKind(config).http).toMatchObject({ auth: "basic", user: "owner" });
  });
});
