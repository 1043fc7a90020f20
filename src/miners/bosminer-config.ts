import { HearthError } from "../model/errors.ts";
import { minerIncomplete } from "../model/miner-errors.ts";
import type { DeviceLink } from "../model/miner-link.ts";
import { field, flag, number, text } from "../model/parse.ts";
import type { BosGraphql } from "./bos-graphql.ts";
import type { BosGroup, BosPool } from "./bos-groups.ts";
import { rawText } from "./cgminer.ts";

const GROUPS =
  "groups { id name strategy { __typename ... on QuotaStrategy { quota } } pools { id enabled url user%PASSWORD% } }";
const CONFIG = `{ bosminer { config { __typename ... on BosminerConfig { autotuning { enabled mode powerTarget } ${GROUPS} } } } }`;
const LIMITS = "{ bosminer { metadata { autotuning { powerTarget { min max default } } } } }";

/** Settings of an old Braiins OS that a driver reads or compares (miners.md §7.7). */
export interface BosminerConfig {
  /** False: the tuner is off, and a power target has no effect. */
  isTuned: boolean | null;
  /** `POWER_TARGET` or another mode. */
  tunerMode: string | null;
  /** As configured, W. */
  targetW: number | null;
  /** Null where they are not told whole. */
  groups: BosGroup[] | null;
  /** As the device told it, for a backup. */
  raw: unknown;
}

/** The settings, without passwords of pools. */
export async function askConfig(
  graphql: BosGraphql,
  link: DeviceLink,
  signal: AbortSignal,
): Promise<BosminerConfig> {
  return toConfig(await graphql.ask(link, CONFIG.replace("%PASSWORD%", ""), signal));
}

/** The same with the passwords of pools where the firmware tells them. Throws `MINER_INCOMPLETE`. */
export async function askWholeConfig(
  graphql: BosGraphql,
  link: DeviceLink,
  signal: AbortSignal,
): Promise<BosminerConfig & { groups: BosGroup[] }> {
  const data = await graphql
    .ask(link, CONFIG.replace("%PASSWORD%", " password"), signal)
    .catch((error: unknown) => {
      // Where the schema has no such field the whole question is refused.
      if (!(error instanceof HearthError) || error.code !== "MINER_BAD_ANSWER") throw error;
      return graphql.ask(link, CONFIG.replace("%PASSWORD%", ""), signal);
    });
  const config = toConfig(data);
  if (config.groups === null || config.groups.length === 0) throw minerIncomplete(link.where, "pools");
  return { ...config, groups: config.groups };
}

/** Range of the power target, W; null where the firmware does not tell it. */
export async function askLimits(
  graphql: BosGraphql,
  link: DeviceLink,
  signal: AbortSignal,
): Promise<{ minW: number; maxW: number } | null> {
  try {
    const data = await graphql.ask(link, LIMITS, signal);
    const range = field(data, "bosminer", "metadata", "autotuning", "powerTarget");
    const minW = number(range, "min", { min: 1 });
    const maxW = number(range, "max", { min: 1 });
    return minW !== null && maxW !== null && minW < maxW ? { minW, maxW } : null;
  } catch (error) {
    if (error instanceof HearthError && error.code === "MINER_BAD_ANSWER") return null;
    throw error;
  }
}

/** No I/O. */
export function toConfig(data: unknown): BosminerConfig {
  const config = field(data, "bosminer", "config");
  const tuning = field(config, "autotuning");
  return {
    isTuned: flag(tuning, "enabled"),
    tunerMode: text(tuning, "mode"),
    targetW: number(tuning, "powerTarget", { min: 1 }),
    groups: toGroups(field(config, "groups")),
    raw: config ?? null,
  };
}

/** Null when anything is missing: half a list would look like another split. */
function toGroups(told: unknown): BosGroup[] | null {
  if (!Array.isArray(told)) return null;
  const groups = told.map((group): BosGroup | null => {
    const pools = field(group, "pools");
    if (!Array.isArray(pools)) return null;
    const known = pools.map(toPool).filter((pool) => pool !== null);
    if (known.length < pools.length) return null;
    const quota = number(field(group, "strategy"), "quota", { min: 0 });
    return { name: text(group, "name") ?? "", quota, ratio: null, pools: known };
  });
  return groups.every((group) => group !== null) ? groups : null;
}

function toPool(told: unknown): BosPool | null {
  const url = text(told, "url");
  const user = text(told, "user");
  if (url === null || user === null) return null;
  return { url, user, password: rawText(told, "password"), isEnabled: flag(told, "enabled") !== false };
}
