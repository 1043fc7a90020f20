import type { HearthPaths } from "../config/paths.ts";
import { openSecrets } from "../config/secrets.ts";
import { expandKind } from "../config/source-templates.ts";
import type { SourceConfig } from "../model/source-config.ts";
import { createSourceLinks, type OpenSourceLinks, type SourceExchange } from "../net/source-links.ts";
import { createSystemClock } from "../net/system-clock.ts";
import { createSources, type Source } from "../sources/registry.ts";

export interface OpenSourcesOptions {
  paths: HearthPaths;
  configs: readonly SourceConfig[];
  /** Of a source that is only being added; goes before the stored one. */
  secret?: string | null;
  onExchange?: (exchange: SourceExchange) => void;
}

export interface OpenSources {
  sources: Source[];
  links: OpenSourceLinks;
}

/**
 * Opens sources for one command, runs a use of them, and closes what they listened to. Throws the errors of
 * `createSources` and of the use.
 */
export async function withSources<T>(
  { paths, configs, secret, onExchange }: OpenSourcesOptions,
  run: (open: OpenSources) => Promise<T>,
): Promise<T> {
  const { nowMs, monoMs } = createSystemClock();
  const links = createSourceLinks({
    clock: { nowMs, monoMs },
    secret: (ref) => secret ?? openSecrets(paths).need(ref),
    ...(onExchange ? { onExchange } : {}),
  });
  try {
    const sources = createSources(
      configs.map((config) => expandKind(config)),
      links,
    );
    return await run({ sources, links });
  } finally {
    await links.close();
  }
}
