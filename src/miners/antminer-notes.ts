import type { DriverMemory } from "../model/miner-link.ts";
import { toNumber } from "../model/parse.ts";
import { HIGH_MODE, LOW_MODE, SLEEP_MODE } from "./antminer-models.ts";

const RUNNING_MODE = "running-mode";
const HAS_HIGH_MODE = "has-high-mode";

/** What the firmware itself does not remember: the mode before its sleep, and that it once was in high mode. */
export interface AntminerNotes {
  /** The device was found in this mode. */
  saw(mode: number | null): void;
  /** The mode that it shall wake in. */
  keepRunningMode(mode: number): void;
  /** The last mode in which it ran; low when nothing was noted, for what is not known must not raise the draw. */
  runningMode(): number;
  hasHighMode(): boolean;
}

/** In the given memory, else for as long as this driver lives. */
export function createAntminerNotes(memory: DriverMemory = new Map<string, unknown>()): AntminerNotes {
  const noted = () => toNumber(memory.get(RUNNING_MODE), { unknownWhen: SLEEP_MODE, min: 0, max: 99 });
  const notes: AntminerNotes = {
    saw(mode) {
      if (mode === null || mode === SLEEP_MODE) return;
      notes.keepRunningMode(mode);
      if (mode === HIGH_MODE && !notes.hasHighMode()) memory.set(HAS_HIGH_MODE, true);
    },
    keepRunningMode(mode) {
      if (noted() !== mode) memory.set(RUNNING_MODE, mode);
    },
    runningMode: () => noted() ?? LOW_MODE,
    hasHighMode: () => memory.get(HAS_HIGH_MODE) === true,
  };
  return notes;
}
