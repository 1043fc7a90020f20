import { toInstant } from "../model/clock.ts";
import { type ErrorDetails, HearthError, staleError, usageError } from "../model/errors.ts";
import type { SourceRole } from "../model/source-config.ts";
import type { SourceReading } from "../model/source-view.ts";
import type { Source } from "../sources/registry.ts";
import { roleUnit } from "../sources/units.ts";
import { requireHome } from "./home-files.ts";
import { type OpenSources, withSources } from "./open-sources.ts";

/** A reading with the error that kept it from coming; null when the source answered. */
export interface TriedSource {
  reading: SourceReading;
  error: HearthError | null;
}

export interface TestSourceOptions {
  env: NodeJS.ProcessEnv;
  /** Null: all of them. */
  name: string | null;
  signal: AbortSignal;
}

/** Reads the configured sources once. Throws `SOURCE_UNKNOWN` (2); what does not answer is in the readings. */
export async function testSources(options: TestSourceOptions): Promise<TriedSource[]> {
  return withConfigured(options, async ({ sources, links }, wanted) => {
    const readings: TriedSource[] = [];
    for (const source of sources.filter(({ name }) => wanted(name))) {
      readings.push(await readOnce(source, links.clock.monoMs, options.signal));
    }
    return readings;
  });
}

/** Reads the sources again and again, each at its own pace, until the signal fires. */
export async function* watchSources(options: TestSourceOptions): AsyncGenerator<TriedSource> {
  const queue: TriedSource[] = [];
  let wake: () => void = () => undefined;
  const ended = withConfigured(options, async ({ sources, links }, wanted) => {
    const chosen = sources.filter(({ name }) => wanted(name));
    await Promise.all(
      chosen.map(async (source) => {
        while (!options.signal.aborted) {
          queue.push(await readOnce(source, links.clock.monoMs, options.signal));
          wake();
          await sleep(source.everyS * 1000, options.signal);
        }
      }),
    );
  });
  let isOver = false;
  const over = ended.finally(() => {
    isOver = true;
    wake();
  });
  over.catch(() => undefined);
  while (!isOver || queue.length > 0) {
    const reading = queue.shift();
    if (reading) yield reading;
    else
      await new Promise<void>((resolve) => {
        wake = resolve;
      });
  }
  await ended;
}

/** The error of a reading that is of no use, by its exit code: none, no answer (3), no access (5), no value (6). */
export function readingError(tried: readonly TriedSource[]): HearthError | null {
  const bad = tried.find(({ reading }) => reading.value === null);
  if (!bad) return null;
  if (bad.error) return bad.error;
  const { name, reason } = bad.reading;
  const details: ErrorDetails = { hint: `hearth source record ${name} keeps what it answers` };
  return staleError("SOURCE_NO_VALUE", `${name} answered, but told no value (${reason})`, details);
}

/** One read with all that a person wants to know of it; never throws but for the signal. */
export async function readOnce(
  source: Source,
  monoMs: () => number,
  signal: AbortSignal,
): Promise<TriedSource> {
  const begun = monoMs();
  const { name, role } = source;
  const head = { name, role, unit: roleUnit(role) };
  try {
    const sample = await source.read(signal);
    const now = monoMs();
    const ageS = Math.max(0, Math.round((now - (sample.observedMono ?? now)) / 100) / 10);
    const { value } = sample;
    const reason = sample.isAgeUnknown ? "AGE_UNKNOWN" : sample.reason;
    const observedAt = value === null ? null : toInstant(Date.now() - ageS * 1000);
    const tookMs = Math.round(now - begun);
    const age = value === null || sample.isAgeUnknown ? null : ageS;
    const reading = { ...head, value, sign: signWord(role, value), reason, observedAt, ageS: age, tookMs };
    return { reading, error: null };
  } catch (error) {
    signal.throwIfAborted();
    if (!(error instanceof HearthError)) throw error;
    const tookMs = Math.round(monoMs() - begun);
    const nothing = { value: null, sign: null, observedAt: null, ageS: null };
    return { reading: { ...head, ...nothing, reason: error.code, tookMs }, error };
  }
}

function withConfigured<T>(
  { env, name }: TestSourceOptions,
  run: (open: OpenSources, wanted: (name: string) => boolean) => Promise<T>,
): Promise<T> {
  const { paths, config } = requireHome(env);
  if (name !== null && !config.sources.some((source) => source.name === name)) {
    throw unknownSource(
      name,
      config.sources.map((source) => source.name),
    );
  }
  return withSources({ paths, configs: config.sources }, (open) =>
    run(open, (candidate) => name === null || candidate === name),
  );
}

/** The error of a name that no source has. */
export function unknownSource(name: string, names: readonly string[]): HearthError {
  return usageError("SOURCE_UNKNOWN", `There is no source called ${name.slice(0, 40)}`, {
    left: "Nothing was changed",
    hint: names.length > 0 ? `one of ${names.join(", ")}` : "hearth source add",
  });
}

const SIGNS: Partial<Record<SourceRole, readonly [plus: string, minus: string]>> = {
  grid: ["importing", "exporting"],
  pv: ["producing", "drawing"],
  battery_power: ["discharging", "charging"],
};

function signWord(role: SourceRole, value: number | null): string | null {
  const words = SIGNS[role];
  if (!words || value === null || value === 0) return null;
  return value > 0 ? words[0] : words[1];
}

function sleep(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const finish = () => {
      clearTimeout(timer);
      resolve();
    };
    const timer = setTimeout(finish, ms);
    signal.addEventListener("abort", finish, { once: true });
    if (signal.aborted) finish();
  });
}
