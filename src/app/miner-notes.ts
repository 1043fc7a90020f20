import { createHash } from "node:crypto";
import type { SecretStore } from "../config/secrets.ts";
import type { StateStore } from "../ledger/state-store.ts";
import type { MinerBackup } from "../model/miner.ts";
import type { DriverMemory } from "../model/miner-link.ts";

const LONGEST_WORD = 40;

/** Where the notes of one miner live: name parts that files and keys can hold. No two miners share them. */
function fileWord(id: string): string {
  const word = id
    .toLowerCase()
    .replaceAll(/[^a-z0-9]+/g, "-")
    .replaceAll(/^-|-$/g, "");
  if (word.length <= LONGEST_WORD) return word;
  // Long serial numbers differ at their ends.
  return `${word.slice(0, 27)}-${createHash("sha256").update(id).digest("hex").slice(0, 12)}`;
}

/**
 * Backups of one miner as secrets, because they hold pool passwords: the first one for ever, for `unpair`, and the
 * latest one before each change of pools.
 */
export function createBackups(secrets: SecretStore, id: string) {
  const first = `miner.${fileWord(id)}.first`;
  const latest = `miner.${fileWord(id)}.latest`;
  return {
    keep(backup: MinerBackup): void {
      const text = JSON.stringify(backup);
      if (secrets.read(first) === null) secrets.write(first, text);
      secrets.write(latest, text);
    },
    /** As it was before Hearth first wrote to it; null when nothing was kept. */
    first: (): MinerBackup | null => parse(secrets.read(first)),
    latest: (): MinerBackup | null => parse(secrets.read(latest)),
  };
}

function parse(text: string | null): MinerBackup | null {
  try {
    return text === null ? null : (JSON.parse(text) as MinerBackup);
  } catch {
    return null;
  }
}

/** Reference of the password of a miner's page among the secrets. */
export function passwordName(id: string): string {
  return `miner.${fileWord(id)}.password`;
}

/** A driver's notes on one device in the state file. */
export function createDriverMemory(store: Pick<StateStore, "get" | "set">, id: string): DriverMemory {
  const keyOf = (key: string) => `driver:${id}:${key}`;
  return {
    get: (key) => store.get(keyOf(key)),
    set: (key, value) => store.set(keyOf(key), value),
  };
}

/** The notes for a use that only reads: they are known, and what a driver adds lasts as long as the use. */
export function withoutKeeping(store: Pick<StateStore, "get">): Pick<StateStore, "get" | "set"> {
  const added = new Map<string, unknown>();
  return {
    get: <T>(key: string) => (added.has(key) ? (added.get(key) as T | null) : store.get<T>(key)),
    set: (key, value) => void added.set(key, value),
  };
}
