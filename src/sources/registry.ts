import { unsupportedError, usageError } from "../model/errors.ts";
import type { Sample, Source } from "../model/source.ts";
import type { SourceConfig } from "../model/source-config.ts";
import type { SourceClock, SourceLinks } from "../model/source-link.ts";
import { createCalcSource } from "./calc-source.ts";
import { createExecSource } from "./exec-source.ts";
import { createHomeassistantSource } from "./homeassistant-source.ts";
import { createHttpSource } from "./http-source.ts";
import { createModbusSource } from "./modbus-source.ts";
import { createMqttSource } from "./mqtt-source.ts";
import { createSunspecSource } from "./sunspec-source.ts";

export type { Sample, Source } from "../model/source.ts";

/** Makers by the `kind` of the configuration. Adding a kind is a line here and a file beside it. */
const kinds: Record<string, (config: SourceConfig, links: SourceLinks) => Source> = {
  exec: createExecSource,
  homeassistant: createHomeassistantSource,
  http: createHttpSource,
  modbus: createModbusSource,
  mqtt: createMqttSource,
  sunspec: createSunspecSource,
};

/**
 * A source by its configuration; nothing is sent yet. Throws `SOURCE_KIND_UNSUPPORTED` (exit 1), and with exit 2
 * `SOURCE_URL_INVALID`, `SOURCE_OPTIONS_MISSING`, `SOURCE_OPTIONS_INVALID`, `SOURCE_SELECT_INVALID`,
 * `SOURCE_REGEX_INVALID`, `SOURCE_UNIT_INVALID`. One that is reckoned from others is made by `createSources`.
 */
export function createSource(config: SourceConfig, links: SourceLinks): Source {
  const create = Object.hasOwn(kinds, config.kind) ? kinds[config.kind] : undefined;
  if (create) return create(config, links);
  throw unsupportedError(
    "SOURCE_KIND_UNSUPPORTED",
    `The source ${config.name} is of kind "${config.kind}", which this version cannot read.`,
    { hint: `Use ${[...Object.keys(kinds), "calc"].join(" or ")}` },
  );
}

/**
 * All sources of a home, in their order; those of kind `calc` reckon from the others by name. Throws the errors of
 * `createSource`, and `CALC_INPUT` (2) for a calculation from something that is not there, or from itself.
 */
export function createSources(configs: readonly SourceConfig[], links: SourceLinks): Source[] {
  const made = new Map<string, Source>();
  const recent = new Map<string, Source>();
  const begun = new Set<string>();
  const make = (config: SourceConfig): Source => {
    const known = made.get(config.name);
    if (known) return known;
    if (begun.has(config.name)) {
      throw usageError("CALC_INPUT", `The source ${config.name} is reckoned from itself.`, {
        hint: `Set sources.${config.name}.calc.inputs to other sources`,
      });
    }
    begun.add(config.name);
    const find = (name: string) => {
      const input = configs.find((one) => one.name === name);
      if (!input) return null;
      make(input);
      return recent.get(name) ?? null;
    };
    const plain =
      config.kind === "calc" ? createCalcSource(config, links.clock, find) : createSource(config, links);
    const both = remembering(plain, links.clock);
    made.set(config.name, both.source);
    recent.set(config.name, both.recent);
    return both.source;
  };
  return configs.map(make);
}

/**
 * The source, and the same one for calculations: what was read within its own time between reads is not asked for once
 * more.
 */
function remembering(plain: Source, clock: SourceClock): { source: Source; recent: Source } {
  let last: { sample: Sample; mono: number } | null = null;
  const source: Source = {
    ...plain,
    async read(signal) {
      last = null;
      const sample = await plain.read(signal);
      const mono = clock.monoMs();
      last = { sample: { observedMono: mono, ...sample }, mono };
      return sample;
    },
  };
  const recent: Source = {
    ...plain,
    async read(signal) {
      if (last && clock.monoMs() - last.mono < plain.everyS * 1000) return last.sample;
      return source.read(signal);
    },
  };
  return { source, recent };
}
