import { emptyConfig, readConfig, writeConfig } from "../config/config-store.ts";
import { takeLock } from "../config/lock.ts";
import { createFolders, hearthPaths } from "../config/paths.ts";
import { unreachableError, unsupportedError } from "../model/errors.ts";
import { type Adoption, adoptMiner } from "./adopt.ts";
import { discoverMiners } from "./discover.ts";

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
 * Asks one address who it is and adopts it. Throws `MINER_UNREACHABLE` (3) when nothing known answers there,
 * `MINER_UNSUPPORTED` (1) when no driver can work with it; then nothing is written.
 */
export async function adoptFrom(options: AdoptFromOptions): Promise<Adoption> {
  const { env, host, dryRun, signal, ...wishes } = options;
  const paths = hearthPaths(env);
  const [found] = await discoverMiners({ hosts: [host], subnets: [], onFound: () => {}, signal });
  if (!found) {
    throw unreachableError("MINER_UNREACHABLE", `No miner answered at ${host}`, {
      left: "Nothing was adopted",
      hint: "check the address and that the miner is on; hearth discover",
    });
  }
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
    const lock = takeLock(paths);
    writeConfig(paths, adoption.config);
    lock.release();
  }
  return adoption;
}
