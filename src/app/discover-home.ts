import { isIP } from "node:net";
import { readConfig } from "../config/config-store.ts";
import { type HearthPaths, hearthPaths } from "../config/paths.ts";
import type { MinerConfig } from "../model/config.ts";
import { type DiscoverOptions, type Discovery, discoverMiners } from "./discover.ts";
import { followMiner } from "./follow-miner.ts";
import type { FoundMiner } from "./identify-miner.ts";
import { knownMiners } from "./known-miners.ts";
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
  const known = config?.miners ?? [];
  const discovery = await discoverMiners({ ...options, known: knownMiners(paths, known) });
  const miners = discovery.miners.map((found): HomeMiner => {
    const miner = known.find(({ id }) => id === found.identity.id);
    const movedFrom = miner && hasMoved(miner, discovery) ? `${miner.host}:${miner.port}` : null;
    return { ...found, name: miner?.name ?? null, movedFrom };
  });
  const warnings = [...discovery.warnings];
  for (const { name, id } of known) {
    const places = discovery.seenAt.get(id) ?? [];
    if (places.length > 1)
      warnings.push(
        `${name} answers at ${places.join(" and ")}: one may be a double, so its entry stays as it is`,
      );
  }
  for (const { name, movedFrom, identity, host, port } of miners) {
    if (movedFrom === null) continue;
    const isFollowed = !options.dryRun && followMiner(paths, { id: identity.id, host, port });
    const entry = options.dryRun ? "would be updated" : "is updated";
    warnings.push(
      `${name} has moved from ${movedFrom} to ${host}:${port}${isFollowed || options.dryRun ? `; its entry ${entry}` : ""}`,
    );
  }
  const isSearch = (options.hosts ?? []).length === 0 || options.subnets !== undefined;
  const offline = isSearch ? offlineOf(paths, known, discovery) : [];
  return { miners, offline, locked: discovery.locked, warnings };
}

/**
 * It answered elsewhere and not where it is known: then it is the same device at another address. At two others one is
 * a double, and nobody can say which (reliability.md T01). A name that a person gave finds its device by itself.
 */
function hasMoved(miner: MinerConfig, { seenAt }: Discovery): boolean {
  const places = seenAt.get(miner.id) ?? [];
  return isIP(miner.host) !== 0 && places.length === 1 && places[0] !== `${miner.host}:${miner.port}`;
}

function offlineOf(
  paths: HearthPaths,
  known: readonly MinerConfig[],
  { seenAt, locked }: Discovery,
): OfflineMiner[] {
  // What answers behind a closed door may be it: that is no silence.
  const isLocked = (host: string) => locked.some((place) => place.host === host);
  const missing = known.filter(({ id, host }) => !seenAt.has(id) && !isLocked(host));
  const seen = missing.length > 0 ? lastSeen(paths) : () => null;
  return missing.map((miner) => {
    const { name, id, host, port } = miner;
    return { name, id, host, port, lastSeenAt: seen(miner) };
  });
}
