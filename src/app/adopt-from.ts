import { emptyConfig, readConfig } from "../config/config-store.ts";
import { writeConfig } from "../config/config-write.ts";
import { takeLock } from "../config/lock.ts";
import { createFolders, hearthPaths } from "../config/paths.ts";
import { unsupportedError } from "../model/errors.ts";
import { parseHostPort } from "../net/host-port.ts";
import { type Adoption, adoptMiner } from "./adopt.ts";
import { identifyMiner } from "./discover.ts";

export interface AdoptFromOptions {
  env: NodeJS.ProcessEnv;
  /** HOST or HOST:PORT. */
  host: string;
  name: string | null;
  zone: string | null;
  circuit: string | null;
  breakerA: number | null;
  voltageV: number | null;
  dryRun: boolean;
  signal: AbortSignal;
}

/**
 * Asks one address who it is and adopts it. Throws the errors of `identifyMiner`, `MINER_UNSUPPORTED` (1) when no
 * driver can work with it; then nothing is written.
 */
export async function adoptFrom(options: AdoptFromOptions): Promise<Adoption> {
  const { env, host, dryRun, signal, ...wishes } = options;
  const paths = hearthPaths(env);
  const found = await identifyMiner(parseHostPort(host), signal);
  if (!found.isSupported) {
    throw unsupportedError("MINER_UNSUPPORTED", `${found.identity.model} at ${host} is not supported yet`, {
      left: "Nothing was adopted",
      hint: "hearth discover shows what is supported",
    });
  }
  const zone = Intl.DateTimeFormat().resolvedOptions().timeZone;
  const adoption = adoptMiner(readConfig(paths)?.config ?? emptyConfig(zone), { found, ...wishes });
  if (!dryRun) {
    createFolders(paths);
    const lock = takeLock(paths, "Nothing was changed");
    writeConfig(paths, adoption.config);
    lock.release();
  }
  return adoption;
}
