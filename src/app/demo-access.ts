import { writeConfig } from "../config/config-write.ts";
import type { HearthPaths } from "../config/paths.ts";
import { openSecrets } from "../config/secrets.ts";
import type { CoopApi } from "../coop/coop-api.ts";
import type { Clock } from "../model/clock.ts";
import type { HearthConfig } from "../model/config.ts";
import type { Http } from "../net/http.ts";
import { coopApiOf } from "./coop-access.ts";

/** Writes the configuration of a demo's home. */
export function saveDemoConfig(paths: HearthPaths, config: HearthConfig): void {
  writeConfig(paths, config);
}

/** The member's API at the co-op with the secrets in that folder. Throws `NOT_PAIRED` (5). */
export function coopApiFor(options: {
  config: HearthConfig;
  clock: Clock;
  http: Http;
  paths: HearthPaths;
}): CoopApi {
  const { config, clock, http, paths } = options;
  return coopApiOf({ config, clock, http, secrets: openSecrets(paths) });
}
