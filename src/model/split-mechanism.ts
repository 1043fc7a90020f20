import type { MinerCapabilities } from "./miner.ts";

/**
 * How the agreed share reaches the co-op on one miner (settlement.md §2): by the firmware's own groups, two pools at
 * once or quotas; by slices of time; `none` where it can neither share work nor go over to another pool from here.
 */
export type MechanismName = "groups" | "dual" | "quota" | "time-slice" | "none";

/** What the firmware itself offers goes first. Pools in order of failover alone are no split. */
export function mechanismOf({ split, actions }: Pick<MinerCapabilities, "split" | "actions">): MechanismName {
  if (split !== "none") return split;
  return actions.selectPool ? "time-slice" : "none";
}
