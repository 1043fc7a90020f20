import { copyFileSync, existsSync, readFileSync, renameSync } from "node:fs";
import { configSchema, type HearthConfig } from "../model/config.ts";
import { accessError, HearthError, refusedError, usageError } from "../model/errors.ts";
import type { HearthPaths } from "./paths.ts";

/** Earlier versions kept beside the file (reliability.md §5). */
export const GENERATIONS = 3;

export interface LoadedConfig {
  config: HearthConfig;
  warnings: string[];
}

/**
 * Reads `config.json`; null when there is none yet. A broken file is kept aside and the last good copy used
 * (reliability.md F22); without a good copy `CONFIG_INVALID` (2), a newer schema `CONFIG_NEWER` (4).
 */
export function readConfig(paths: HearthPaths): LoadedConfig | null {
  if (!existsSync(paths.config)) return null;
  try {
    return { config: parseConfig(JSON.parse(readFileSync(paths.config, "utf8"))), warnings: [] };
  } catch (error) {
    if (error instanceof HearthError && error.code === "CONFIG_NEWER") throw error;
    if (isAccess(error)) {
      throw accessError("CONFIG_ACCESS", `${paths.config} cannot be read`, {
        hint: `chmod 600 ${paths.config}`,
      });
    }
    return readLastGood(paths, error);
  }
}

/** Reads the configuration or throws `NOT_SET_UP` (2) with the next step. */
export function requireConfig(paths: HearthPaths): LoadedConfig {
  const loaded = readConfig(paths);
  if (loaded) return loaded;
  throw usageError("NOT_SET_UP", "There is no configuration here yet", {
    hint: "hearth discover, then hearth pair --miner HOST:PORT; or hearth demo to see it all without a heater",
  });
}

/** A valid configuration with every default, for a home in that zone. */
export function emptyConfig(tz: string): HearthConfig {
  return configSchema.parse({ schema: "hearth.config/1", home: { tz } });
}

/** Checks what a file or a caller holds. Throws `CONFIG_NEWER` (4), `CONFIG_INVALID` (2). */
export function parseConfig(value: unknown): HearthConfig {
  const schema = (value as { schema?: unknown } | null)?.schema;
  if (typeof schema === "string" && /^hearth\.config\/\d+$/.test(schema) && schema !== "hearth.config/1") {
    throw refusedError(
      "CONFIG_NEWER",
      `config.json has the schema ${schema}; this program knows hearth.config/1`,
      {
        left: "The file was not touched",
        hint: "a newer hearth",
      },
    );
  }
  const result = configSchema.safeParse(value);
  if (result.success) return result.data;
  const issue = result.error.issues[0];
  const where = issue?.path.join(".") || "the top level";
  throw usageError(
    "CONFIG_INVALID",
    `The configuration is not valid at ${where}: ${issue?.message ?? "unknown"}`,
    {
      left: "Nothing was changed",
      hint: "correct the file by hand, or remove it and pair again",
    },
  );
}

function readLastGood(paths: HearthPaths, cause: unknown): LoadedConfig {
  for (let generation = 1; generation <= GENERATIONS; generation++) {
    const copy = `${paths.config}.${generation}`;
    if (!existsSync(copy)) continue;
    renameSync(paths.config, `${paths.config}.bad`);
    copyFileSync(copy, paths.config);
    const config = parseConfig(JSON.parse(readFileSync(paths.config, "utf8")));
    return {
      config,
      warnings: [
        `config.json was not valid; it is kept as config.json.bad, the last good copy (.${generation}) is in use`,
      ],
    };
  }
  if (cause instanceof HearthError) throw cause;
  throw usageError("CONFIG_INVALID", `${paths.config} is not valid JSON and there is no earlier copy`, {
    left: "The file was not touched",
    hint: "correct the file by hand, or remove it and pair again",
    cause,
  });
}

function isAccess(error: unknown): boolean {
  const code = (error as { code?: unknown } | null)?.code;
  return code === "EACCES" || code === "EPERM";
}
