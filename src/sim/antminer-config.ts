import type { AntminerBuild } from "./antminer-builds.ts";
import type { PoolEntry } from "./stratum-client.ts";

export const POOL_SLOTS = 3;
export const SLEEP_MODE = 1;

/** The configuration file as it stands; keys and types as the page tells them. */
export interface AntminerConfig {
  pools: { url: string; user: string; pass: string }[];
  /** Value of the key that this build honours. */
  mode: number;
  /** Both mode keys as posted, where the build tells them so. */
  postedModes: Record<string, unknown>;
  settings: Record<string, unknown>;
}

const MODE_KEYS = ["bitmain-work-mode", "miner-mode"];
const FACTORY_POOLS = ["", "", ""].map(() => ({ url: "", user: "", pass: "" }));

export function freshConfig(build: AntminerBuild, pools: readonly PoolEntry[], mode: number): AntminerConfig {
  const settings = Object.fromEntries(Object.entries(build.settings).map(([key, { set }]) => [key, set]));
  const slots = pools.slice(0, POOL_SLOTS).map(({ url, user, password }) => ({ url, user, pass: password }));
  return {
    pools: filled(slots),
    mode,
    postedModes: { "bitmain-work-mode": String(mode), "miner-mode": mode },
    settings,
  };
}

/** `get_miner_conf.cgi`. */
export function configBody(config: AntminerConfig, build: AntminerBuild): Record<string, unknown> {
  const modes = build.tellsBothKeys ? config.postedModes : { "bitmain-work-mode": String(config.mode) };
  return { pools: config.pools, ...config.settings, ...modes };
}

/**
 * What the file becomes by a posted body: keys that are left out fall to their defaults (miners.md §10), a mode that is
 * none is dropped without a word, and a text with a space or an escape breaks the parsing of the whole [?].
 */
export function postedConfig(
  before: AntminerConfig,
  body: Record<string, unknown>,
  build: AntminerBuild,
  modes: readonly number[],
): AntminerConfig {
  const taken = /[\s\\]/.test(JSON.stringify(body)) ? {} : body;
  const settings = Object.fromEntries(
    Object.entries(build.settings).map(([key, { reset, writeAs }]) => [key, taken[writeAs ?? key] ?? reset]),
  );
  const posted = taken[build.modeKey] ?? 0;
  const mode = modes.includes(Number(posted)) ? Number(posted) : before.mode;
  const postedModes = Object.fromEntries(MODE_KEYS.map((key) => [key, taken[key] ?? 0]));
  return { pools: postedPools(taken["pools"]), mode, postedModes, settings };
}

function postedPools(pools: unknown): AntminerConfig["pools"] {
  if (!Array.isArray(pools)) return FACTORY_POOLS;
  return filled(
    pools.slice(0, POOL_SLOTS).map((pool: Partial<AntminerConfig["pools"][number]>) => ({
      url: String(pool.url ?? ""),
      user: String(pool.user ?? ""),
      pass: String(pool.pass ?? ""),
    })),
  );
}

function filled(pools: AntminerConfig["pools"]): AntminerConfig["pools"] {
  return [...pools, ...FACTORY_POOLS].slice(0, POOL_SLOTS);
}
