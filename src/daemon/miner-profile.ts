import type { MinerProfile } from "../control/types.ts";
import type { MinerConfig } from "../model/config.ts";
import type { MinerCapabilities, MinerReading } from "../model/miner.ts";

/** Layer 0 stops a miner above these, degC; the devices' own limits lie near 105. */
const CHIP_LIMIT_C = 100;
const BOARD_LIMIT_C = 95;
/** After a start the hash rate means nothing for so long, s. */
const SETTLED_S = 180;

/** A miner that never answered: it counts with all that it might draw, and nothing is asked of it. */
export function unknownProfile(config: MinerConfig, circuitW: number): MinerProfile {
  const maxW = Math.round(config.max_w ?? circuitW);
  return {
    name: config.name,
    zone: config.zone,
    circuit: config.circuit,
    kind: "onoff",
    stepsW: [maxW],
    minW: maxW,
    maxW,
    canPause: false,
    idleW: 0,
    wakeS: 90,
    tauS: 20,
    rampUpWs: 20,
    rampDownWs: 100,
    restartOnChange: false,
    minOnS: 600,
    minOffS: 300,
    maxStartsDay: 12,
    hashrateThs: null,
    chipLimitC: CHIP_LIMIT_C,
    boardLimitC: BOARD_LIMIT_C,
  };
}

/** One that can be read and not controlled: it counts with the most that it may draw, and nothing is asked of it. */
export function readOnlyProfile(known: MinerProfile): MinerProfile {
  return { ...known, kind: "onoff", stepsW: [known.maxW], minW: known.maxW, canPause: false };
}

/** A device as control plans with it: what it told of itself, what was measured, and the configured cap. */
export function toProfile(
  config: MinerConfig,
  read: MinerCapabilities,
  rungsW: readonly number[],
  reading: MinerReading | null,
  circuitW: number,
): MinerProfile {
  const { stepsW, minW, maxW } = wattsOf(config, read, rungsW, circuitW);
  return {
    name: config.name,
    zone: config.zone,
    circuit: config.circuit,
    kind: read.power === "none" ? "onoff" : read.power,
    stepsW,
    minW,
    maxW,
    canPause: read.canPause,
    idleW: read.idleW,
    wakeS: read.wakeS,
    tauS: read.tauS,
    rampUpWs: read.power === "continuous" ? 20 : 50,
    rampDownWs: read.power === "continuous" ? 100 : 200,
    restartOnChange: read.restartsOnChange,
    minOnS: read.minOnS,
    minOffS: read.minOffS,
    maxStartsDay: 12,
    hashrateThs: read.steps.at(-1)?.hashrateThs ?? reading?.hashrateThs ?? null,
    chipLimitC: CHIP_LIMIT_C,
    boardLimitC: BOARD_LIMIT_C,
  };
}

/** What the device may draw: its rungs or range under the configured cap; one that only runs or rests counts whole. */
function wattsOf(
  config: MinerConfig,
  read: MinerCapabilities,
  rungsW: readonly number[],
  circuitW: number,
): Pick<MinerProfile, "stepsW" | "minW" | "maxW"> {
  const highest = config.max_w ?? Number.POSITIVE_INFINITY;
  if (read.power === "continuous") {
    return { stepsW: [], minW: read.minW ?? 0, maxW: Math.min(read.maxW ?? circuitW, highest) };
  }
  if (read.power === "discrete") {
    // Rungs rise by draw, so cutting the top keeps every index.
    const stepsW = rungsW.filter((stepW) => stepW <= highest);
    return { stepsW, minW: stepsW[0] ?? 0, maxW: stepsW.at(-1) ?? 0 };
  }
  const maxW = Math.round(Math.min(read.maxW ?? circuitW, highest));
  return { stepsW: [maxW], minW: maxW, maxW };
}

/** What a reading contradicts itself in, in words: mining without a hash, hashing at rest (requirements DRV-7). */
export function oddityOf({ state, hashrateThs, uptimeS }: MinerReading): string | null {
  const isSettled = uptimeS === null || uptimeS > SETTLED_S;
  if (state === "mining" && hashrateThs === 0 && isSettled) return "says that it mines and does not hash";
  if (state === "paused" && (hashrateThs ?? 0) > 0) return "says that it rests and hashes all the same";
  return null;
}
