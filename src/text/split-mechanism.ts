import type { MechanismName } from "../model/split-mechanism.ts";
import { formatPpm } from "./format.ts";
import { formatDuration } from "./time.ts";

/** How the split is made on one miner, in words: `time slices of 15 min`. Null: the miner has not answered yet. */
export function mechanismWords(how: {
  mechanism: MechanismName | null;
  stepPpm: number | null;
  slotS: number | null;
}): string {
  const step = how.stepPpm === null ? "" : `, in steps of ${formatPpm(how.stepPpm)}`;
  switch (how.mechanism) {
    case null:
      return "how is not known until it has answered";
    case "none":
      return "no split is possible";
    case "time-slice":
      return `time slices of ${formatDuration(how.slotS)}`;
    case "groups":
      return `pool groups of its firmware${step}`;
    case "dual":
      return `two pools at once by its firmware${step}`;
    case "quota":
      return `quotas of its firmware${step}`;
  }
}
