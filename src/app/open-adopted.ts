import type { HearthPaths } from "../config/paths.ts";
import { openSecrets } from "../config/secrets.ts";
import type { StateStore } from "../ledger/state-store.ts";
import type { MinerConfig } from "../model/config.ts";
import type { Pace } from "../model/miner-link.ts";
import type { RecordedExchange } from "../net/device-link.ts";
import { createBackups, createDriverMemory } from "./miner-notes.ts";
import { type MinerPort, openMiner } from "./miner-port.ts";

export interface AdoptedOptions {
  paths: HearthPaths;
  /** Where drivers keep their notes; null: they last as long as the port. */
  store: Pick<StateStore, "get" | "set"> | null;
  pace: Pace;
  /** Goes before the stored one. */
  password?: string | null;
  onExchange?: (exchange: RecordedExchange) => void;
}

/**
 * Opens an adopted miner with all that belongs to it: its password, the notes of its driver, and a backup of its pools
 * before each change of them. Throws `DRIVER_UNKNOWN` (2), `SECRET_MODE` (5).
 */
export async function openAdopted(
  miner: MinerConfig,
  { paths, store, pace, password, onExchange }: AdoptedOptions,
): Promise<MinerPort> {
  const secrets = openSecrets(paths);
  const stored = () => (miner.secret_ref === null ? null : secrets.read(miner.secret_ref));
  return openMiner({
    ...{ name: miner.name, id: miner.id, driver: miner.driver, host: miner.host, port: miner.port },
    pace,
    password: password ?? stored(),
    ...(store ? { memory: createDriverMemory(store, miner.id) } : {}),
    keepBackup: createBackups(secrets, miner.id).keep,
    link: { allowPublic: miner.allow_public, ...(onExchange ? { onExchange } : {}) },
  });
}
