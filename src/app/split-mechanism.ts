import type { StateStore } from "../ledger/state-store.ts";
import type { MinerCapabilities } from "../model/miner.ts";
import { type MechanismName, mechanismOf } from "../model/split-mechanism.ts";
import { slotSeconds } from "../settlement/time-slice.ts";

/** How the split is made on one miner (settlement.md §2). */
export interface SplitMechanism {
  mechanism: MechanismName;
  /** Smallest step of the share, ppm; null without a mechanism. Slices reach any share over time. */
  stepPpm: number | null;
  /** Length of one slice, s; null where time is not sliced. */
  slotS: number | null;
}

/** The mechanism with its step; slices are as long as a switch is dear. */
export function splitMechanismOf(
  capabilities: Pick<MinerCapabilities, "split" | "splitStepPpm" | "poolSwitch" | "actions">,
): SplitMechanism {
  const mechanism = mechanismOf(capabilities);
  if (mechanism === "none") return { mechanism, stepPpm: null, slotS: null };
  if (mechanism === "time-slice")
    return { mechanism, stepPpm: 1, slotS: slotSeconds(capabilities.poolSwitch) };
  return { mechanism, stepPpm: capabilities.splitStepPpm, slotS: null };
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
