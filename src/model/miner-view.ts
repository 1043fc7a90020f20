import type { MinerCapabilities, MinerReading } from "./miner.ts";
import { type MechanismName, mechanismOf } from "./split-mechanism.ts";

/** `capabilities` of `discover` and `miner show` (product.md §7); watts in the firmware's own scale. */
export interface CapabilityView {
  pause: boolean;
  power: MinerCapabilities["power"];
  /** By the firmware itself; `none`: see `mechanism`. */
  split: MinerCapabilities["split"];
  mechanism: MechanismName;
  minW: number | null;
  maxW: number | null;
  /** Null until all are known. */
  stepsW: number[] | null;
}

/** What a miner can do, as scripts read it. */
export function toCapabilityView(capabilities: MinerCapabilities): CapabilityView {
  const { canPause, power, split, minW, maxW, steps } = capabilities;
  const targets = steps.map(({ targetW }) => targetW);
  const isKnown = targets.length > 0 && !targets.includes(null);
  return {
    ...{ pause: canPause, power, split, mechanism: mechanismOf(capabilities), minW, maxW },
    stepsW: isKnown ? (targets as number[]) : null,
  };
}

/** `miner read` (product.md §7). */
export type ReadingView = Pick<
  MinerReading,
  | "state"
  | "powerW"
  | "powerSource"
  | "hashrateThs"
  | "chipMaxC"
  | "boardC"
  | "inletC"
  | "outletC"
  | "fans"
  | "uptimeS"
  | "powerTargetW"
  | "mode"
> & {
  pools: Pick<
    MinerReading["pools"][number],
    "url" | "user" | "role" | "state" | "acceptedDifficulty" | "accepted" | "rejected" | "stale" | "sharePpm"
  >[];
  stateDetail: string | null;
};

/** A reading as scripts read it; inner fields of ours are left out. */
export function toReadingView(reading: MinerReading): ReadingView {
  const { stepIndex: _, hasFanFault: _fault, pools, ...rest } = reading;
  return {
    ...rest,
    pools: pools.map(
      ({ url, user, role, state, acceptedDifficulty, accepted, rejected, stale, sharePpm }) => ({
        ...{ url, user, role, state, acceptedDifficulty, accepted, rejected, stale, sharePpm },
      }),
    ),
  };
}

/** One row of `hearth miner list` (interfaces.md §4). */
export interface ListedMiner {
  name: string;
  state: MinerReading["state"];
  powerW: number | null;
  targetW: number | null;
  id: string;
  host: string;
  port: number;
  driver: string;
  zone: string;
  circuit: string;
  /** RFC 3339 of the last answer before it fell silent; null while it answers, or where nobody has looked. */
  offlineSince: string | null;
}
