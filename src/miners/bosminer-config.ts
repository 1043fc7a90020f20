import { minerIncomplete } from "../model/miner-errors.ts";
import type { DeviceLink } from "../model/miner-link.ts";
import { field, flag, number, text } from "../model/parse.ts";
import { type BosGraphql, isQuestionRefused } from "./bos-graphql.ts";
import { type BosGroup, type BosWeight, groupsFrom } from "./bos-groups.ts";
import { POWER_TARGET } from "./bos-socket.ts";

/** Fields of the settings that a schema may not have. */
const RATIO = " ... on FixedShareRatioStrategy { fixedShareRatio }";
const PASSWORD = " password";
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
  return toConfig(await graphql.ask(link, question(), signal));
}

/** The same with passwords and fixed ratios where the firmware tells them. Throws `MINER_INCOMPLETE`. */
export async function askWholeConfig(
  graphql: BosGraphql,
  link: DeviceLink,
  signal: AbortSignal,
): Promise<BosminerConfig & { groups: BosGroup[] }> {
  const data = await askMost(graphql, link, signal);
  const config = toConfig(data);
  if (config.groups === null || config.groups.length === 0) throw minerIncomplete(link.where, "pools");
  const isShared = config.groups.length > 1;
  if (isShared && config.groups.some(({ quota, ratio }) => quota === null && ratio === null)) {
    throw minerIncomplete(link.where, "parts of the work");
  }
  return { ...config, groups: config.groups };
}

/** Where the schema lacks one field the whole question is refused: then less is asked for. */
async function askMost(graphql: BosGraphql, link: DeviceLink, signal: AbortSignal): Promise<unknown> {
  for (const [ratio, password] of [
    [RATIO, PASSWORD],
    ["", PASSWORD],
  ]) {
    try {
      return await graphql.ask(link, question(ratio, password), signal);
    } catch (error) {
      if (!isQuestionRefused(error)) throw error;
    }
  }
  return graphql.ask(link, question(), signal);
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
    if (isQuestionRefused(error)) return null;
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
    groups: groupsFrom(field(config, "groups"), weightOf),
    raw: config ?? null,
  };
}

/** The firmware's way to its target in words, as other families have them; null for one that is not known here. */
export function modeOf({ isTuned, tunerMode }: BosminerConfig): string | null {
  if (isTuned === false) return "manual";
  return TUNER_MODES.get(tunerMode ?? "POWER_TARGET") ?? null;
}

const TUNER_MODES = new Map([
  ["POWER_TARGET", POWER_TARGET],
  ["HASHRATE_TARGET", "hashrate target"],
]);

function question(ratio = "", password = ""): string {
  const groups = `groups { id name strategy { __typename ... on QuotaStrategy { quota }${ratio} } pools { id enabled url user${password} } }`;
  return `{ bosminer { config { __typename ... on BosminerConfig { autotuning { enabled mode powerTarget } ${groups} } } } }`;
}

function weightOf(group: unknown): BosWeight {
  const strategy = field(group, "strategy");
  return {
    quota: number(strategy, "quota", { min: 0 }),
    ratio: number(strategy, "fixedShareRatio", { min: 0, max: 1 }),
  };
}
