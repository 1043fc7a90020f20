import { chmodSync, copyFileSync, existsSync, renameSync } from "node:fs";
import { basename, dirname } from "node:path";
import Conf from "conf";
import type { HearthConfig } from "../model/config.ts";
import { GENERATIONS, parseConfig } from "./config-store.ts";
import type { HearthPaths } from "./paths.ts";

/**
 * Validates and writes atomically (a new file renamed over the old). `.1` holds the same content as the file, so that
 * a file damaged later costs nothing; `.2` and `.3` hold the two before. Apart from reading, because the library that
 * writes also catches signals, and a running loop must hear them alone.
 */
export function writeConfig(paths: HearthPaths, config: HearthConfig): void {
  const valid = parseConfig(config);
  const backup = (generation: number) => `${paths.config}.${generation}`;
  for (let generation = GENERATIONS - 1; generation >= 1; generation--) {
    if (existsSync(backup(generation))) renameSync(backup(generation), backup(generation + 1));
  }
  const conf = new Conf<Record<string, unknown>>({
    cwd: dirname(paths.config),
    configName: basename(paths.config, ".json"),
    configFileMode: 0o600,
    serialize: (value) => `${JSON.stringify(value, null, 1)}\n`,
    // What stands there is replaced whole; a broken file must not keep a good one from being written.
    clearInvalidConfig: true,
  });
  conf.store = valid as unknown as Record<string, unknown>;
  copyFileSync(paths.config, backup(1));
  chmodSync(backup(1), 0o600);
}
