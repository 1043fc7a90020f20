import { hearthPaths } from "../config/paths.ts";
import { readTemplates } from "../config/source-templates.ts";
import { HearthError, unreachableError } from "../model/errors.ts";
import type { HttpReply } from "../model/miner-link.ts";
import type { SourceTemplate } from "../model/source-template.ts";
import type { ProbedSource } from "../model/source-view.ts";
import { parseHostPort } from "../net/host-port.ts";
import { createSourceLinks, type OpenSourceLinks } from "../net/source-links.ts";
import { createSystemClock } from "../net/system-clock.ts";
import { compileSelect } from "../sources/select.ts";
import { probeSunspec } from "../sources/sunspec-probe.ts";

export interface ProbeOptions {
  env: NodeJS.ProcessEnv;
  /** HOST or HOST:PORT. */
  host: string;
  allowPublic: boolean;
  signal: AbortSignal;
}

const PROBE_MS = 3_000;
/** A unit that is not there often says nothing at all. */
const UNIT_MS = 1_500;
/** Where SunSpec devices listen, and the units that they have (sources.md §1.6). */
const MODBUS_PORTS = [502, 1502];
const MODBUS_UNITS = [1, 126, 200, 240, 247];

/**
 * Asks an address who it is, with reads that need no login and change nothing. Throws `SOURCE_NOT_RECOGNISED` (3) when
 * nothing known answers.
 */
export async function probeSource(options: ProbeOptions): Promise<ProbedSource[]> {
  const { host, signal } = options;
  const target = parseHostPort(host);
  hearthPaths(options.env);
  const { nowMs, monoMs } = createSystemClock();
  const links = createSourceLinks({ clock: { nowMs, monoMs }, secret: () => "" });
  try {
    const found = await tryTemplates(links, readTemplates(), options);
    const ports = target.port === null ? MODBUS_PORTS : [target.port];
    if (found.length === 0) found.push(...(await trySunspec(links, target.host, ports, options)));
    signal.throwIfAborted();
    if (found.length > 0) return found;
    throw unreachableError("SOURCE_NOT_RECOGNISED", `Nothing that a template knows answers at ${host}`, {
      hint: "check that its local interface is switched on; or hearth source add --url with --select",
    });
  } finally {
    await links.close();
  }
}

/**
 * The serial number of the device that a template is meant for; null when the template cannot ask. Throws
 * `SOURCE_OTHER_DEVICE` (3) when something else answers, and the errors of the link.
 */
export async function askDeviceId(
  template: SourceTemplate,
  host: string,
  { allowPublic = false, signal }: { allowPublic?: boolean; signal: AbortSignal },
): Promise<string | null> {
  if (template.probe === null) return null;
  const { nowMs, monoMs } = createSystemClock();
  const links = createSourceLinks({ clock: { nowMs, monoMs }, secret: () => "" });
  try {
    const found = await askTemplate(links, template, { host, allowPublic, signal });
    if (found) return found.id;
  } finally {
    await links.close();
  }
  throw unreachableError("SOURCE_OTHER_DEVICE", `${host} answers, but it is no ${template.title}`, {
    left: "Nothing was changed",
    hint: `hearth source probe ${host}`,
  });
}

/** All templates, those of one origin one after the other: where nobody answers, the others are not tried. */
async function tryTemplates(
  links: OpenSourceLinks,
  templates: readonly SourceTemplate[],
  options: ProbeOptions,
): Promise<ProbedSource[]> {
  const origins = Map.groupBy(templates, ({ probe }) =>
    probe === null ? null : new URL(withHost(probe.url, options.host)).origin,
  );
  origins.delete(null);
  const found = await Promise.all(
    [...origins.values()].map(async (group) => {
      const known: ProbedSource[] = [];
      for (const template of group) {
        const one = await tryTemplate(links, template, options);
        if (one === "silent") break;
        if (one !== null) known.push(one);
      }
      return known;
    }),
  );
  return found.flat();
}

async function tryTemplate(
  links: OpenSourceLinks,
  template: SourceTemplate,
  options: ProbeOptions,
): Promise<ProbedSource | "silent" | null> {
  try {
    return await askTemplate(links, template, options);
  } catch (error) {
    if (!(error instanceof HearthError)) throw error;
    if (error.exit === 4) throw error;
    return SILENT.has(error.code) ? "silent" : null;
  }
}

const SILENT = new Set(["SOURCE_UNREACHABLE", "HTTP_TIMEOUT"]);

async function askTemplate(
  links: OpenSourceLinks,
  template: SourceTemplate,
  { host, allowPublic, signal }: Omit<ProbeOptions, "env">,
): Promise<ProbedSource | null> {
  const { probe } = template;
  if (probe === null) return null;
  const read = (url: string) =>
    links.http(
      {
        ...{ method: "GET", url: withHost(url, host), headers: probe.headers, body: null, auth: "none" },
        ...{ user: null, secretRef: null, tls: probe.tls, fingerprint: null, allowPublic },
        ...{ totalMs: PROBE_MS, isLoginAnswer: true },
      },
      signal,
    );
  const reply = await read(probe.url);
  if (reply.status !== probe.status) return null;
  const also = Object.entries(probe.also);
  if (also.length === 0) return recognised(template, bodyOf(reply), host);
  const bodies: Record<string, unknown> = { main: bodyOf(reply) };
  for (const [name, url] of also) {
    const more = await read(url);
    bodies[name] = more.status === 200 ? bodyOf(more) : null;
  }
  return recognised(template, bodies, host);
}

function bodyOf({ body, text }: HttpReply): unknown {
  return body ?? text;
}

function recognised(template: SourceTemplate, body: unknown, host: string): ProbedSource | null {
  const { probe, title, name, secret, notes } = template;
  const choose = (path: string | null | undefined): string | null => {
    const chosen = path == null ? null : compileSelect(path, name)(body).value;
    return typeof chosen === "string" || typeof chosen === "number" ? String(chosen).slice(0, 80) : null;
  };
  if (!probe || compileSelect(probe.match, name)(body).value !== true) return null;
  const roles = Object.keys(template.roles);
  const params = Object.entries(template.params).filter(([, { default: usual }]) => usual === null);
  const next = [
    `hearth source add NAME --template ${name} --host ${host} --role ${roles[0]}`,
    ...params.map(([key]) => `--set ${key}=…`),
    ...(secret === "required" ? ["--secret-file FILE"] : []),
  ].join(" ");
  return {
    template: name,
    title,
    model: choose(probe.model),
    id: choose(probe.id),
    host,
    roles,
    secret,
    notes,
    next,
  };
}

/** A port that the person named goes before the template's. */
function withHost(url: string, host: string): string {
  const { host: name, port } = parseHostPort(host);
  const bare = name.includes(":") ? `[${name}]` : name;
  return port === null
    ? url.replaceAll("{host}", bare)
    : url.replace(/\{host\}(?::\d+)?/g, `${bare}:${port}`);
}

async function trySunspec(
  links: OpenSourceLinks,
  host: string,
  ports: readonly number[],
  { allowPublic, signal }: ProbeOptions,
): Promise<ProbedSource[]> {
  for (const port of ports) {
    for (const unit of MODBUS_UNITS) {
      const link = links.modbus({ host, port, unit, allowPublic, totalMs: UNIT_MS });
      try {
        const map = await probeSunspec(link, signal);
        if (map === null) continue;
        return map.parts.map((part) => ({
          ...{ template: "sunspec", title: `SunSpec ${part}`, model: map.model, id: map.serial },
          ...{ host: `${host}:${port}`, roles: ROLES[part], secret: "none" as const, notes: NOTES[part] },
          next: `hearth source add NAME --kind sunspec --host ${host}:${port} --role ${ROLES[part][0]} --option sunspec.unit=${unit} --option sunspec.part=${part}`,
        }));
      } catch (error) {
        if (!(error instanceof HearthError)) throw error;
        // Nobody listens: the other units are behind the same door. A line that rests tells the last error once more.
        if (error.code !== "MODBUS_EXCEPTION") break;
      }
    }
  }
  return [];
}

const ROLES = { inverter: ["pv"], meter: ["grid"], battery: ["battery_power", "battery_soc"] };
const NOTES = {
  inverter: ["Many inverters take one Modbus client at a time; another program that reads it has to stop."],
  meter: ["The sign of a SunSpec meter differs by maker; hearth source test NAME --sign proves it."],
  battery: ["With sunspec.point=soc it tells its charge in place of its power."],
};
