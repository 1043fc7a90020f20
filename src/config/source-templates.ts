import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { parse } from "yaml";
import { usageError } from "../model/errors.ts";
import { type SourceConfig, type SourceRole, sourceSchema } from "../model/source-config.ts";
import { type SourceTemplate, sourceTemplateSchema } from "../model/source-template.ts";

/** Where the templates of this package lie. */
export const TEMPLATES_FOLDER = fileURLToPath(new URL("../../templates/sources", import.meta.url));

const MOST_CHARACTERS = 32_768;

/** Every template of the folder (`templates/sources`), by name. Throws `TEMPLATE_INVALID` (2) naming file and field. */
export function readTemplates(folder = TEMPLATES_FOLDER): SourceTemplate[] {
  const files = readdirSync(folder).filter((file) => file.endsWith(".yaml"));
  return files.sort().map((file) => readTemplate(folder, file));
}

/** One template. Throws `TEMPLATE_UNKNOWN` (2) with the names there are, `TEMPLATE_INVALID` (2). */
export function findTemplate(name: string, folder = TEMPLATES_FOLDER): SourceTemplate {
  const names = readdirSync(folder)
    .filter((file) => file.endsWith(".yaml"))
    .map((file) => file.slice(0, -5));
  if (names.includes(name)) return readTemplate(folder, `${name}.yaml`);
  throw usageError("TEMPLATE_UNKNOWN", `There is no template "${name.slice(0, 40)}"`, {
    left: "Nothing was changed",
    hint: `one of ${names.sort().join(", ")}`,
  });
}

function readTemplate(folder: string, file: string): SourceTemplate {
  const complain = (what: string) =>
    usageError("TEMPLATE_INVALID", `The template ${file} is not valid: ${what}`, {
      hint: "compare it with templates/sources/shelly-gen1.yaml and docs/sources.md",
    });
  const text = readFileSync(join(folder, file), "utf8");
  if (text.length > MOST_CHARACTERS) throw complain("it is too long");
  let parsed: unknown;
  try {
    parsed = parse(text, { maxAliasCount: 0 });
  } catch (error) {
    throw complain(error instanceof Error ? (error.message.split("\n")[0] ?? "") : "no YAML");
  }
  const result = sourceTemplateSchema.safeParse(parsed);
  if (!result.success) {
    const [issue] = result.error.issues;
    throw complain(`${issue?.path.join(".") || "the top level"}: ${issue?.message}`);
  }
  if (`${result.data.name}.yaml` !== file) throw complain(`it calls itself ${result.data.name}`);
  return result.data;
}

/** What a person says to make a source of a template. */
export interface TemplateChoice {
  name: string;
  role: SourceRole;
  host: string | null;
  zone?: string | null;
  /** Values of the template's `params`. */
  params?: Readonly<Record<string, string | number>>;
  secretRef?: string | null;
  /** What the device said its serial number is. */
  deviceId?: string | null;
  /** Fields of `sources[]` that win over the template's. */
  changes?: Readonly<Record<string, unknown>>;
}

/**
 * An entry of `sources[]` from a template. A login stays out of it while there is no secret. Throws `TEMPLATE_ROLE`,
 * `TEMPLATE_PARAM`, `TEMPLATE_INVALID` (2).
 */
export function fillTemplate(template: SourceTemplate, choice: TemplateChoice): SourceConfig {
  const added = template.roles[choice.role];
  if (added === undefined) {
    throw usageError("TEMPLATE_ROLE", `${template.title} has no ${choice.role}`, {
      left: "Nothing was changed",
      hint: `--role ${Object.keys(template.roles).join(" or ")}`,
    });
  }
  const values = paramsOf(template, choice.params ?? {});
  const base = choice.secretRef == null ? template.entry : merge(template.entry, template.with_secret);
  const merged = merge(base, added);
  const filled = fill(merged, values) as Record<string, unknown>;
  if (choice.secretRef == null) dropLogin(filled);
  if (choice.deviceId != null && isRecord(filled["identity"]))
    filled["identity"]["expected"] = choice.deviceId;
  const { name, role, host, zone = null } = choice;
  const entry = {
    ...filled,
    name,
    role,
    host,
    zone,
    template: template.name,
    secret_ref: choice.secretRef ?? null,
  };
  const result = sourceSchema.safeParse(merge(entry, choice.changes ?? {}));
  if (result.success) return result.data;
  const [issue] = result.error.issues;
  throw usageError(
    "TEMPLATE_INVALID",
    `The template ${template.name} makes no source: ${issue?.path.join(".")}: ${issue?.message}`,
    { left: "Nothing was changed", hint: "hearth source add --help" },
  );
}

/** The same entry when its `kind` is a template's name; any other as it stands. Its own fields win. */
export function expandKind(config: SourceConfig, folder = TEMPLATES_FOLDER): SourceConfig {
  if (KINDS.has(config.kind)) return config;
  const template = findTemplate(config.kind, folder);
  const own = Object.entries({ ...config, http: ownHttp(config) }).filter(
    ([key, value]) => !isDefault(key, value) && !CHOSEN.has(key),
  );
  const { name, role, host, zone, secret_ref, params } = config;
  return fillTemplate(template, {
    name,
    role,
    host,
    zone,
    params,
    secretRef: secret_ref,
    changes: Object.fromEntries(own),
  });
}

/** Kinds with code; every other word names a template. */
export const KINDS: ReadonlySet<string> = new Set([
  ...["http", "mqtt", "modbus", "exec", "calc", "homeassistant", "sunspec"],
]);
const CHOSEN = new Set(["name", "role", "kind", "host", "zone", "secret_ref", "template", "params"]);
const plain = sourceSchema.parse({ name: "x", role: "grid", kind: "http", http: {} });
const defaults: Readonly<Record<string, unknown>> = { ...plain, http: null };

/** What the entry says of HTTP itself: a default that nobody wrote must not undo the template's word. */
function ownHttp({ http }: SourceConfig): Record<string, unknown> | null {
  const usual: Readonly<Record<string, unknown>> = plain.http ?? {};
  const own = Object.entries(http ?? {}).filter(
    ([key, value]) => JSON.stringify(value) !== JSON.stringify(usual[key]),
  );
  return own.length > 0 ? Object.fromEntries(own) : null;
}

function isDefault(key: string, value: unknown): boolean {
  return JSON.stringify(value) === JSON.stringify(defaults[key]);
}

function paramsOf(
  { params, name }: SourceTemplate,
  given: Readonly<Record<string, string | number>>,
): Map<string, string> {
  const stranger = Object.keys(given).find((key) => !Object.hasOwn(params, key));
  const missing = Object.keys(params).find(
    (key) => params[key]?.default === null && given[key] === undefined,
  );
  const wrong = stranger ?? missing;
  if (wrong !== undefined) {
    const known = Object.entries(params).map(([key, { about }]) => `${key} (${about})`);
    const what = stranger === undefined ? "needs a value for" : "has no";
    throw usageError("TEMPLATE_PARAM", `The template ${name} ${what} "${wrong.slice(0, 40)}"`, {
      left: "Nothing was changed",
      hint: known.length > 0 ? `--set KEY=VALUE with ${known.join("; ")}` : "the same command without --set",
    });
  }
  return new Map(
    Object.entries(params).map(([key, { default: usual }]) => [key, String(given[key] ?? usual)]),
  );
}

/** `{name}` in every text; a text that is nothing but a parameter becomes a number where it looks like one. */
function fill(value: unknown, params: ReadonlyMap<string, string>): unknown {
  if (Array.isArray(value)) return value.map((one) => fill(one, params));
  if (isRecord(value)) {
    return Object.fromEntries(Object.entries(value).map(([key, one]) => [key, fill(one, params)]));
  }
  if (typeof value !== "string") return value;
  const whole = params.get(/^\{(\w+)\}$/.exec(value)?.[1] ?? "");
  if (whole !== undefined) return /^-?\d+(\.\d+)?$/.test(whole) ? Number(whole) : whole;
  return value.replaceAll(/\{(\w+)\}/g, (text, key: string) => params.get(key) ?? text);
}

function merge(base: Readonly<Record<string, unknown>>, over: Readonly<Record<string, unknown>>) {
  const merged: Record<string, unknown> = { ...base };
  for (const [key, value] of Object.entries(over)) {
    const below = merged[key];
    merged[key] = isRecord(below) && isRecord(value) ? merge(below, value) : value;
  }
  return merged;
}

function dropLogin(entry: Record<string, unknown>): void {
  const http = entry["http"];
  if (isRecord(http)) entry["http"] = { ...http, auth: "none", user: null };
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
