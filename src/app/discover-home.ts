import { readConfig } from "../config/config-store.ts";
import { type HearthPaths, hearthPaths } from "../config/paths.ts";
import { openSecrets } from "../config/secrets.ts";
import type { HearthConfig, MinerConfig } from "../model/config.ts";
import { type DiscoverOptions, type Discovery, discoverMiners } from "./discover.ts";
import { followMiner } from "./follow-miner.ts";
import type { FoundMiner } from "./identify-miner.ts";
import { lastSeen } from "./last-seen.ts";

/** A found miner beside what this installation knows of it. */
export interface HomeMiner extends FoundMiner {
  /** Its name when it is adopted. */
  name: string | null;
  /** `host:port` where it stood before; null when it stands where it stood, or is new. */
  movedFrom: string | null;
}

/** An adopted miner that did not answer: it stays known. */
export interface OfflineMiner {
  name: string;
  id: string;
  host: string;
  port: number;
  /** RFC 3339; null when it was never seen by a loop. */
  lastSeenAt: string | null;
}

export interface HomeDiscovery extends Pick<Discovery, "locked" | "warnings"> {
  miners: HomeMiner[];
  offline: OfflineMiner[];
}

/**
 * Finds miners and lays them beside the adopted ones: which is which, which has moved, which is off. A moved one is
 * followed in the configuration unless a loop runs, which follows by itself. Nothing is sent to a miner but reads.
 */
export async function discoverHome(
  env: NodeJS.ProcessEnv,
  options: DiscoverOptions & { dryRun: boolean },
): Promise<HomeDiscovery> {
  const paths = hearthPaths(env);
  const config = readConfig(paths)?.config ?? null;
  const discovery = await discoverMiners({ ...options, passwords: passwordsOf(paths, config) });
  const known = config?.miners ?? [];
  const miners = discovery.miners.map((found): HomeMiner => {
    const miner = known.find(({ id }) => id === found.identity.id);
    const movedFrom = miner && hasMoved(miner, discovery) ? `${miner.host}:${miner.port}` : null;
    return { ...found, name: miner?.name ?? null, movedFrom };
  });
  const warnings = [...discovery.warnings];
  for (const { name, movedFrom, identity, host, port } of miners) {
    if (movedFrom === null || options.dryRun) continue;
    const isFollowed = followMiner(paths, { id: identity.id, host, port });
    warnings.push(
      `${name} has moved from ${movedFrom} to ${host}:${port}${isFollowed ? "; its entry is updated" : ""}`,
    );
  }
  const isSearch = (options.hosts ?? []).length === 0 || options.subnets !== undefined;
  const offline = isSearch ? offlineOf(paths, known, discovery) : [];
  return { miners, offline, locked: discovery.locked, warnings };
}

/** It answered elsewhere and not where it is known: then it is the same device at another address. */
function hasMoved(miner: MinerConfig, { seenAt }: Discovery): boolean {
  const places = seenAt.get(miner.id) ?? [];
  return places.length > 0 && !places.includes(`${miner.host}:${miner.port}`);
}

function offlineOf(paths: HearthPaths, known: readonly MinerConfig[], { seenAt }: Discovery): OfflineMiner[] {
  const missing = known.filter(({ id }) => !seenAt.has(id));
  const seen = missing.length > 0 ? lastSeen(paths) : () => null;
  return missing.map(({ name, id, host, port }) => ({ name, id, host, port, lastSeenAt: seen(name) }));
}

/** Passwords of adopted miners by the host at which they are known. */
function passwordsOf(paths: HearthPaths, config: HearthConfig | null): Map<string, string> {
  const passwords = new Map<string, string>();
  for (const { host, secret_ref } of config?.miners ?? []) {
    const password = secret_ref === null ? null : openSecrets(paths).read(secret_ref);
    if (password !== null) passwords.set(host, password);
  }
  return passwords;
}
