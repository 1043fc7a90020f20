import type { SourceConfig } from "../model/config.ts";
import { unsupportedError } from "../model/errors.ts";
import type { GetJson, Source } from "../model/source.ts";
import { createHttpSource } from "./http-source.ts";

export type { GetJson, Sample, Source } from "../model/source.ts";

/** Makers by the `kind` of the configuration. Adding a kind is a line here and a file beside it. */
const kinds: Record<string, (config: SourceConfig, get: GetJson) => Source> = { http: createHttpSource };

/**
 * A source by its configuration; nothing is sent yet. Throws `SOURCE_KIND_UNSUPPORTED` (exit 1), and with exit 2
 * `SOURCE_URL_INVALID`, `SOURCE_SELECT_INVALID`, `SOURCE_UNIT_INVALID`.
 */
export function createSource(config: SourceConfig, get: GetJson): Source {
  const create = Object.hasOwn(kinds, config.kind) ? kinds[config.kind] : undefined;
  if (create) return create(config, get);
  throw unsupportedError(
    "SOURCE_KIND_UNSUPPORTED",
    `The source ${config.name} is of kind "${config.kind}", which this version cannot read.`,
    { hint: `Use ${Object.keys(kinds).join(" or ")}` },
  );
}
