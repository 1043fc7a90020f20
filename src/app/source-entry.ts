import { fillTemplate, findTemplate } from "../config/source-templates.ts";
import { usageError } from "../model/errors.ts";
import { type SourceRole, sourceRoles } from "../model/source-config.ts";
import { askDeviceId } from "./probe-source.ts";

export interface EntryOptions {
  name: string;
  role: string;
  template: string | null;
  /** Null: `http`. */
  kind: string | null;
  host: string | null;
  /** `KEY=VALUE` for the template's parameters. */
  set: readonly string[];
  /** `FIELD=VALUE` or `BLOCK.FIELD=VALUE`; a value that is JSON is taken as such. */
  options: readonly string[];
  /** Fields that have a flag of their own. */
  fields: Readonly<Record<string, unknown>>;
  hasSecret: boolean;
  /** The device is not asked who it is. */
  isUntested: boolean;
  signal: AbortSignal;
}

/** An entry of `sources[]` from flags, with the template's notes. Throws `USAGE`, `TEMPLATE_…`,
 * `SECRET_NEEDED` (2), and the errors of `askDeviceId`. */
export async function entryFrom(
  options: EntryOptions,
): Promise<{ entry: Record<string, unknown> & { name: string }; notes: string[] }> {
  const { name, host, template: templateName } = options;
  const changes = { ...options.fields, ...nested(options.options) };
  const role = sourceRoles.find((one) => one === options.role) as SourceRole;
  if (templateName === null) {
    return { entry: { kind: options.kind ?? "http", ...changes, name, role, host }, notes: [] };
  }
  const template = findTemplate(templateName);
  if (host === null && JSON.stringify(template.entry).includes("{host}")) {
    throw usageError("USAGE", `The template ${templateName} wants the address of the device`, {
      hint: "--host HOST",
    });
  }
  if (template.secret === "required" && !options.hasSecret) {
    throw usageError("SECRET_NEEDED", `${template.title} wants a password or token`, {
      left: "Nothing was changed",
      hint: "--secret-file FILE with the secret in its first line",
    });
  }
  const params = Object.fromEntries(options.set.map(pair));
  const choice = { name, role, host, params, secretRef: options.hasSecret ? "file:new" : null };
  // A wrong choice is told before anything is asked.
  fillTemplate(template, { ...choice, changes });
  const deviceId = host === null || options.isUntested ? null : await askDeviceId(template, host, options);
  const zone = typeof options.fields["zone"] === "string" ? options.fields["zone"] : null;
  return { entry: fillTemplate(template, { ...choice, zone, deviceId, changes }), notes: template.notes };
}

function pair(text: string): [key: string, value: string] {
  const cut = text.indexOf("=");
  if (cut > 0) return [text.slice(0, cut), text.slice(cut + 1)];
  throw usageError("USAGE", `"${text.slice(0, 60)}" is no KEY=VALUE`, { left: "Nothing was changed" });
}

/** `mqtt.topic=x` as `{mqtt: {topic: "x"}}`. */
function nested(options: readonly string[]): Record<string, unknown> {
  const fields: Record<string, unknown> = {};
  for (const [path, text] of options.map(pair)) {
    const [block = path, key] = path.split(".", 2);
    if (key === undefined) fields[block] = parsedValue(text);
    else fields[block] = { ...(fields[block] as object | undefined), [key]: parsedValue(text) };
  }
  return fields;
}

function parsedValue(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}
