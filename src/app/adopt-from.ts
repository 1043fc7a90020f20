import { emptyConfig, readConfig } from "../config/config-store.ts";
import { writeConfig } from "../config/config-write.ts";
import { takeLock } from "../config/lock.ts";
import { createFolders, hearthPaths } from "../config/paths.ts";
import { openSecrets } from "../config/secrets.ts";
import { HearthError } from "../model/errors.ts";
import type { MinerBackup } from "../model/miner.ts";
import { parseHostPort } from "../net/host-port.ts";
import { type Adoption, adoptMiner } from "./adopt.ts";
import { type FoundMiner, identifyMiner } from "./identify-miner.ts";
import { knownMiners } from "./known-miners.ts";
import { createBackups, passwordName } from "./miner-notes.ts";
import { openMiner } from "./miner-port.ts";

export interface AdoptFromOptions {
  env: NodeJS.ProcessEnv;
  /** HOST or HOST:PORT. */
  host: string;
  name: string | null;
  zone: string | null;
  circuit: string | null;
  breakerA: number | null;
  voltageV: number | null;
  /** Password of the device's page; null: the stored one of an adopted miner, else the factory's. Kept as a secret when the device takes it. */
  password: string | null;
  allowPublic: boolean;
  dryRun: boolean;
  signal: AbortSignal;
}

/**
 * Asks one address who it is and adopts it: identity and a backup of its pools. Throws the errors of `identifyMiner`
 * and `adoptMiner`, and `MINER_PASSWORD_WRONG` (5) or `MINER_BUSY` (3) where its password was not taken; then nothing
 * is written.
 */
export async function adoptFrom(options: AdoptFromOptions): Promise<Adoption> {
  const { env, host, password, allowPublic, dryRun, signal, ...wishes } = options;
  const paths = hearthPaths(env);
  const target = parseHostPort(host);
  const known = knownMiners(paths, readConfig(paths)?.config.miners ?? []);
  const found = await identifyMiner(target, { signal, password, known, allowPublic, isNameOnly: true });
  const stored = known.find(({ id }) => id === found.identity.id)?.password ?? null;
  const backup = await backupOf(found, target.port !== null, { ...options, password: password ?? stored });
  const zone = Intl.DateTimeFormat().resolvedOptions().timeZone;
  const adopt = () => {
    const config = readConfig(paths)?.config ?? emptyConfig(zone);
    const adoption = adoptMiner(config, { found, allowPublic, ...wishes });
    if (typeof backup === "string") adoption.warnings.push(backup);
    return adoption;
  };
  // What cannot be adopted leaves no folder behind.
  const planned = adopt();
  if (dryRun) return planned;
  createFolders(paths);
  const lock = takeLock(paths, "Nothing was changed");
  try {
    // Read again under the lock: another command may have adopted a miner meanwhile.
    const adoption = adopt();
    const secrets = openSecrets(paths);
    if (typeof backup !== "string") createBackups(secrets, found.identity.id).keep(backup);
    const secretRef =
      password === null
        ? adoption.miner.secret_ref
        : secrets.write(passwordName(found.identity.id), password);
    writeConfig(paths, withSecret(adoption, secretRef));
    return adoption;
  } finally {
    lock.release();
  }
}

/** A password that is wrong would be kept, and the miner adopted without control. */
const DOOR_CODES = new Set(["MINER_PASSWORD_WRONG", "MINER_BUSY"]);

/** Pools as they are before Hearth touches them, or why they could not be read. */
async function backupOf(
  found: FoundMiner,
  isExplicitPort: boolean,
  { password, allowPublic, signal }: AdoptFromOptions,
): Promise<MinerBackup | string> {
  const port = await openMiner({
    host: found.host,
    port: found.port,
    driver: found.identity.firmware,
    id: found.identity.id,
    name: found.identity.model,
    password,
    link: { isExplicitPort, allowPublic },
  });
  try {
    return await port.backup(signal);
  } catch (error) {
    signal.throwIfAborted();
    if (!(error instanceof HearthError) || DOOR_CODES.has(error.code)) throw error;
    return `its pools could not be kept for a later return: ${error.message}`;
  } finally {
    port.close();
  }
}

function withSecret(adoption: Adoption, secretRef: string | null): Adoption["config"] {
  const { config, miner } = adoption;
  miner.secret_ref = secretRef;
  return {
    ...config,
    miners: config.miners.map((entry) =>
      entry.id === miner.id ? { ...entry, secret_ref: secretRef } : entry,
    ),
  };
}
