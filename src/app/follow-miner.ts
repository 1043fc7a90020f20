import { existsSync } from "node:fs";
import { readConfig } from "../config/config-store.ts";
import { writeConfig } from "../config/config-write.ts";
import { takeLock } from "../config/lock.ts";
import type { HearthPaths } from "../config/paths.ts";
import { openStateStore } from "../ledger/state-store.ts";
import type { HearthConfig } from "../model/config.ts";
import { HearthError } from "../model/errors.ts";
import { discoverMiners } from "./discover.ts";
import type { KnownMiner } from "./identify-miner.ts";
import { createMinerPlaces } from "./miner-places.ts";

/** Where a known miner stands now. */
export interface MinerPlace {
  id: string;
  host: string;
  port: number;
}

/** The configuration with the miner of that id at another address; the same object when nothing differs. */
export function withPlace(config: HearthConfig, { id, host, port }: MinerPlace): HearthConfig {
  const miners = config.miners.map((miner) =>
    miner.id === id && (miner.host !== host || miner.port !== port) ? { ...miner, host, port } : miner,
  );
  return miners.some((miner, index) => miner !== config.miners[index]) ? { ...config, miners } : config;
}

/** Notes the new address of an adopted miner. False while a loop runs: it owns the file and follows by itself. */
export function followMiner(paths: HearthPaths, place: MinerPlace): boolean {
  let lock: ReturnType<typeof takeLock>;
  try {
    lock = takeLock(paths);
  } catch (error) {
    if (error instanceof HearthError && error.code === "LOOP_RUNNING") return false;
    throw error;
  }
  try {
    return notePlace(paths, place);
  } finally {
    lock.release();
  }
}

/** The same for who holds the lock already. False when there is no configuration. */
export function notePlace(paths: HearthPaths, place: MinerPlace): boolean {
  const config = readConfig(paths)?.config;
  if (!config) return false;
  const next = withPlace(config, place);
  if (next !== config) writeConfig(paths, next);
  else forgetOther(paths, config, place);
  return true;
}

/** It is back where the configuration has it: what a loop noted of another place meanwhile is over. */
function forgetOther(paths: HearthPaths, { miners }: HearthConfig, place: MinerPlace): void {
  const miner = miners.find(({ id }) => id === place.id);
  if (!miner || !existsSync(paths.state)) return;
  try {
    const store = openStateStore(paths.state);
    createMinerPlaces(store).keep(miner, place);
    store.close();
  } catch (error) {
    // A note that cannot be written costs a search; it must not keep a person from their heater.
    if (!(error instanceof HearthError)) throw error;
  }
}

export interface FindOptions {
  id: string;
  /** Adopted miners, for those that do not even tell their name without a password. */
  known?: readonly KnownMiner[];
  /** Addresses to ask instead of the own networks: `HOST:PORT` each. */
  among?: readonly string[];
  allowPublic?: boolean;
  signal?: AbortSignal;
}

/**
 * Where the device with that id stands now, by reads alone; null when it is nowhere, or answers at two addresses at
 * once: then one of them is a double, and nobody can say which (reliability.md T01).
 */
export async function findMiner(options: FindOptions): Promise<MinerPlace | null> {
  const { id, known, among, allowPublic, signal } = options;
  const { miners, seenAt } = await discoverMiners({
    ...(signal ? { signal } : {}),
    allowPublic: allowPublic ?? false,
    known: known ?? [],
    // Every other miner is asked for its name alone: a password that is not theirs would count against them.
    isNameOnly: true,
    ...(among ? { hosts: among } : {}),
  });
  const found = miners.find(({ identity }) => identity.id === id);
  if (!found || (seenAt.get(id)?.length ?? 0) > 1) return null;
  return { id, host: found.host, port: found.port };
}
