import type { HearthPaths } from "../config/paths.ts";
import { openSecrets } from "../config/secrets.ts";
import type { MinerConfig } from "../model/config.ts";
import type { KnownMiner } from "./identify-miner.ts";

/** Adopted miners as a search has to know them. Throws `SECRET_MODE` (5). */
export function knownMiners(paths: HearthPaths, miners: readonly MinerConfig[]): KnownMiner[] {
  const secrets = openSecrets(paths);
  return miners.map(({ id, driver, host, secret_ref }) => ({
    ...{ id, driver, host },
    password: secret_ref === null ? null : secrets.read(secret_ref),
  }));
}
