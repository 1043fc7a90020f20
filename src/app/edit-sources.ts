import { emptyConfig, parseConfig, readConfig } from "../config/config-store.ts";
import { writeConfig } from "../config/config-write.ts";
import { takeLock } from "../config/lock.ts";
import { createFolders, hearthPaths } from "../config/paths.ts";
import { openSecrets } from "../config/secrets.ts";
import { expandKind } from "../config/source-templates.ts";
import type { HearthConfig } from "../model/config.ts";
import { HearthError, refusedError, usageError } from "../model/errors.ts";
import { type SourceConfig, sourceSchema } from "../model/source-config.ts";
import type { ListedSource, SourceReading } from "../model/source-view.ts";
import { createSystemClock } from "../net/system-clock.ts";
import { unitDoubt } from "../sources/units.ts";
import { withSources } from "./open-sources.ts";
import { readingError, readOnce, type TriedSource, unknownSource } from "./test-source.ts";

export function listSources(env: NodeJS.ProcessEnv): ListedSource[] {
  const sources = readConfig(hearthPaths(env))?.config.sources ?? [];
  return sources.map((source) => ({
    name: source.name,
    role: source.role,
    kind: source.kind,
    template: source.template,
    from: placeOf(source),
    zone: source.zone,
    everyS: source.every_s,
    hasSecret: source.secret_ref !== null,
  }));
}

export interface AddSourceOptions {
  env: NodeJS.ProcessEnv;
  /** Filled from flags or a template; not yet judged. */
  entry: Record<string, unknown> & { name: string };
  /** Kept as a file of its own; null: none. */
  secret: string | null;
  /** Add it although it does not answer. */
  isUntested: boolean;
  dryRun: boolean;
  signal: AbortSignal;
}

export interface AddedSource {
  source: SourceConfig;
  /** Null where nobody asked it. */
  reading: SourceReading | null;
  warnings: string[];
}

/**
 * Judges an entry, reads it once, and keeps it. Throws `SOURCE_INVALID`, `NAME_TAKEN`, `CONFIG_INVALID` (2),
 * `LOOP_RUNNING` (4), and the error of the read (3, 5, 6): then nothing is kept.
 */
export async function addSource(options: AddSourceOptions): Promise<AddedSource> {
  const { env, dryRun, secret, signal } = options;
  const paths = hearthPaths(env);
  const secretRef = secret === null ? null : `file:source-${options.entry.name}`;
  const source = judged({ ...options.entry, secret_ref: secretRef });
  const planned = withSource(configOf(env), source);
  const tried = options.isUntested ? null : await readNew(options, source, planned);
  const reading = tried?.reading ?? null;
  const problem = tried ? readingError([tried]) : null;
  // A battery thermometer may sleep for an hour: silence of a source that is told things is no fault.
  const isSilent = source.kind === "mqtt" && reading?.reason === "NO_MESSAGE";
  if (problem && !isSilent) throw problem;
  signal.throwIfAborted();
  const warnings = isSilent
    ? [`${source.name} has not been heard yet; hearth source test ${source.name} --watch`]
    : [];
  const doubt = unitDoubt(source, reading?.value ?? null);
  if (doubt !== null) warnings.push(doubt);
  if (dryRun) return { source, reading, warnings };
  createFolders(paths);
  const lock = takeLock(paths, "Nothing was changed");
  try {
    const next = withSource(configOf(env), source);
    if (secret !== null) openSecrets(paths).write(`source-${source.name}`, secret);
    writeConfig(paths, next);
    return { source, reading, warnings };
  } finally {
    lock.release();
  }
}

export interface RemoveSourceOptions {
  env: NodeJS.ProcessEnv;
  name: string;
  dryRun: boolean;
}

/**
 * Takes a source out of the configuration, with its secret when no other uses it. Throws `SOURCE_UNKNOWN` (2),
 * `SOURCE_IN_USE` (4: another is reckoned from it), `LOOP_RUNNING` (4).
 */
export function removeSource({ env, name, dryRun }: RemoveSourceOptions): SourceConfig {
  const paths = hearthPaths(env);
  const take = () => without(configOf(env), name);
  const planned = take();
  if (dryRun) return planned.source;
  createFolders(paths);
  const lock = takeLock(paths, "Nothing was changed");
  try {
    const { config, source } = take();
    writeConfig(paths, config);
    const ref = source.secret_ref;
    if (ref?.startsWith("file:") && !config.sources.some((other) => other.secret_ref === ref)) {
      openSecrets(paths).remove(ref);
    }
    return source;
  } finally {
    lock.release();
  }
}

function without(config: HearthConfig, name: string): { config: HearthConfig; source: SourceConfig } {
  const source = config.sources.find((one) => one.name === name);
  if (!source)
    throw unknownSource(
      name,
      config.sources.map((one) => one.name),
    );
  const user = config.sources.find((one) => one.calc?.inputs.includes(name));
  if (user) {
    throw refusedError("SOURCE_IN_USE", `${user.name} is reckoned from ${name}`, {
      left: "Nothing was changed",
      hint: `hearth source remove ${user.name} first`,
    });
  }
  return { source, config: { ...config, sources: config.sources.filter((one) => one !== source) } };
}

function judged(entry: Record<string, unknown>): SourceConfig {
  const result = sourceSchema.safeParse(entry);
  if (!result.success) {
    const [issue] = result.error.issues;
    throw usageError(
      "SOURCE_INVALID",
      `The source is not valid at ${issue?.path.join(".")}: ${issue?.message}`,
      {
        left: "Nothing was changed",
        hint: "hearth source add --help",
      },
    );
  }
  expandKind(result.data);
  return result.data;
}

function withSource(config: HearthConfig, source: SourceConfig): HearthConfig {
  if (config.sources.some(({ name }) => name === source.name)) {
    throw usageError("NAME_TAKEN", `Another source is already called ${source.name}`, {
      left: "Nothing was changed",
      hint: `another name, or hearth source remove ${source.name} first`,
    });
  }
  try {
    return parseConfig({ ...config, sources: [...config.sources, source] });
  } catch (error) {
    if (!(error instanceof HearthError) || error.code !== "CONFIG_INVALID") throw error;
    const zones = config.zones.map(({ name }) => name);
    throw usageError("SOURCE_INVALID", `The source ${source.name} does not fit this home: ${error.message}`, {
      left: "Nothing was changed",
      hint:
        zones.length > 0
          ? `--zone with one of ${zones.join(", ")}`
          : "adopt a heater first; that makes its zone",
    });
  }
}

/** The new source among the others, which it may be reckoned from. */
async function readNew(
  { env, secret, signal }: AddSourceOptions,
  source: SourceConfig,
  planned: HearthConfig,
): Promise<TriedSource> {
  const inputs = source.calc ? planned.sources : [source];
  return withSources({ paths: hearthPaths(env), configs: inputs, secret }, async ({ sources }) => {
    const made = sources.find(({ name }) => name === source.name);
    if (!made) throw unknownSource(source.name, []);
    return readOnce(made, createSystemClock().monoMs, signal);
  });
}

function configOf(env: NodeJS.ProcessEnv): HearthConfig {
  const zone = Intl.DateTimeFormat().resolvedOptions().timeZone;
  return readConfig(hearthPaths(env))?.config ?? emptyConfig(zone);
}

/** Where it is read, without the query of an address, which may hold a token. */
function placeOf(source: SourceConfig): string {
  if (source.calc) return `${source.calc.op} of ${source.calc.inputs.join(", ")}`;
  if (source.exec) return source.exec.argv[0] ?? "";
  const address = source.url ?? source.mqtt?.url ?? source.homeassistant?.url ?? null;
  const filled = address?.replaceAll("{host}", source.host ?? "{host}").replaceAll("{secret}", "") ?? null;
  const parsed = filled === null ? null : URL.parse(filled);
  return parsed ? `${parsed.protocol}//${parsed.host}${parsed.pathname}` : (source.host ?? "");
}
