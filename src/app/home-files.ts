import { readConfig, requireConfig } from "../config/config-store.ts";
import { type HearthPaths, hearthPaths } from "../config/paths.ts";
import type { HearthConfig } from "../model/config.ts";

/** The installation that a command works on. */
export interface HomeFiles {
  paths: HearthPaths;
  config: HearthConfig | null;
  warnings: string[];
}

/** Reads the installation of this environment; nothing is created. */
export function openHome(env: NodeJS.ProcessEnv): HomeFiles {
  const paths = hearthPaths(env);
  const loaded = readConfig(paths);
  return { paths, config: loaded?.config ?? null, warnings: loaded?.warnings ?? [] };
}

/** As `openHome`, for commands that need a configuration. Throws `NOT_SET_UP` (2). */
export function requireHome(env: NodeJS.ProcessEnv): HomeFiles & { config: HearthConfig } {
  const paths = hearthPaths(env);
  const { config, warnings } = requireConfig(paths);
  return { paths, config, warnings };
}
