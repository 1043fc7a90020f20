import { usageError } from "../model/errors.ts";
import type { SourceConfig } from "../model/source-config.ts";

/**
 * The address with the device's `{host}` in it. Throws `SOURCE_URL_INVALID` (2) for an address of another scheme than
 * `schemes`, or one that names the host where none is configured.
 */
export function addressOf(config: SourceConfig, address: string | null, schemes: readonly string[]): string {
  const hint = `Set sources.${config.name}.url${address?.includes("{host}") ? ` or sources.${config.name}.host` : ""}`;
  const { host } = config;
  // A port that the person named goes before the one in the address.
  const place = /[^:]:\d+$/.test(host ?? "") ? /\{host\}(?::\d+)?/g : /\{host\}/g;
  const filled = address?.replaceAll(place, () => host ?? "{host}") ?? null;
  const scheme = /^([a-z]+):\/\/[^/{]/.exec(filled ?? "")?.[1] ?? "";
  if (filled !== null && schemes.includes(scheme) && URL.canParse(filled.replaceAll("{secret}", "secret")))
    return filled;
  throw usageError("SOURCE_URL_INVALID", `The source ${config.name} needs an address (${schemes[0]}://…).`, {
    hint,
  });
}

/** Host and port of the device. Throws `SOURCE_URL_INVALID` (2) when there is none. */
export function hostOf(config: SourceConfig, defaultPort: number): { host: string; port: number } {
  const found = /^(\[[0-9a-f:.]+\]|[^:]+)(?::(\d{1,5}))?$/i.exec(config.host ?? "");
  const port = Number(found?.[2] ?? defaultPort);
  if (found?.[1] && port >= 1 && port <= 65_535) return { host: found[1].replaceAll(/[[\]]/g, ""), port };
  throw usageError("SOURCE_URL_INVALID", `The source ${config.name} needs the address of its device.`, {
    hint: `Set sources.${config.name}.host as HOST or HOST:PORT`,
  });
}

/** The block of options that a kind needs. Throws `SOURCE_OPTIONS_MISSING` (2). */
export function blockOf<T>(config: SourceConfig, block: T | null): T {
  if (block !== null) return block;
  throw usageError(
    "SOURCE_OPTIONS_MISSING",
    `The source ${config.name} of kind ${config.kind} has no options.`,
    {
      hint: `Set sources.${config.name}.${config.kind}`,
    },
  );
}
