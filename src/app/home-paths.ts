import { type HearthPaths, hearthPaths } from "../config/paths.ts";

/** Folders and socket of this environment, without reading any file. */
export function homePaths(env: NodeJS.ProcessEnv): HearthPaths {
  return hearthPaths(env);
}
