import type { StateStore } from "../ledger/state-store.ts";
import type { MinerCapabilities } from "../model/miner.ts";
import { slotSeconds } from "../settlement/time-slice.ts";

/** How the split is made on one miner (settlement.md §2). */
export interface SplitMechanism {
  /** `none`: its firmware can neither share work between pools nor go over to another pool from here. */
  mechanism: "groups" | "dual" | "quota" | "time-slice" | "none";
  /** Smallest step of the share, ppm; null without a mechanism. Slices reach any share over time. */
  stepPpm: number | null;
  /** Length of one slice, s; null where time is not sliced. */
  slotS: number | null;
}

/** What the firmware itself offers goes first; slices where it only keeps pools in order and can change the order. */
export function splitMechanismOf(
  capabilities: Pick<MinerCapabilities, "split" | "splitStepPpm" | "poolSwitch" | "actions">,
): SplitMechanism {
  const { split, splitStepPpm, poolSwitch, actions } = capabilities;
  if (split !== "none") return { mechanism: split, stepPpm: splitStepPpm, slotS: null };
  if (!actions.selectPool) return { mechanism: "none", stepPpm: null, slotS: null };
  return { mechanism: "time-slice", stepPpm: 1, slotS: slotSeconds(poolSwitch) };
}

/** The mechanism of each miner as it was last seen, for words about a miner that is not asked now. */
export function createSplitMechanisms(store: Pick<StateStore, "get" | "set">) {
  const keyOf = (id: string) => `split-mechanism:${id}`;
  return {
    /** Null until the miner has answered once. */
    of: (id: string): SplitMechanism | null => store.get<SplitMechanism>(keyOf(id)),
    keep: (id: string, mechanism: SplitMechanism): void => store.set(keyOf(id), mechanism),
  };
}
