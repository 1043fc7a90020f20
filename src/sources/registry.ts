import { unsupportedError } from "../model/errors.ts";
import type { Source } from "../model/source.ts";
import type { SourceConfig } from "../model/source-config.ts";
import type { SourceLinks } from "../model/source-link.ts";
import { createHttpSource } from "./http-source.ts";
import { createModbusSource } from "./modbus-source.ts";
import { createMqttSource } from "./mqtt-source.ts";

export type { Sample, Source } from "../model/source.ts";

/** Makers by the `kind` of the configuration. Adding a kind is a line here and a file beside it. */
const kinds: Record<string, (config: SourceConfig, links: SourceLinks) => Source> = {
  http: createHttpSource,
  modbus: createModbusSource,
  mqtt: createMqttSource,
};

/**
 * A source by its configuration; nothing is sent yet. Throws `SOURCE_KIND_UNSUPPORTED` (exit 1), and with exit 2
 * `SOURCE_URL_INVALID`, `SOURCE_OPTIONS_MISSING`, `SOURCE_SELECT_INVALID`, `SOURCE_REGEX_INVALID`, `SOURCE_UNIT_INVALID`.
 */
export function createSource(config: SourceConfig, links: SourceLinks): Source {
  const create = Object.hasOwn(kinds, config.kind) ? kinds[config.kind] : undefined;
  if (create) return create(config, links);
  throw unsupportedError(
    "SOURCE_KIND_UNSUPPORTED",
    `The source ${config.name} is of kind "${config.kind}", which this version cannot read.`,
    { hint: `Use ${Object.keys(kinds).join(" or ")}` },
  );
}
