import { existsSync } from "node:fs";
import { type HearthPaths, hearthPaths } from "../config/paths.ts";

/** True when the socket of a loop is there; a leftover of a killed one counts too. */
export function hasLoop(env: NodeJS.ProcessEnv): boolean {
  try {
    return existsSync(hearthPaths(env).socket);
  } catch {
    return false;
  }
}

/** Folders and socket of this environment, without reading any file. */
export function homePaths(env: NodeJS.ProcessEnv): HearthPaths {
  return hearthPaths(env);
}
