import type { MinerCapabilities } from "./miner.ts";

/** How a wish in watts is carried out on one device. `powerW` is what it is then set to, in the firmware's own scale. */
export type PowerPlan =
  | { kind: "pause"; powerW: 0 }
  | { kind: "resume"; powerW: number | null }
  | { kind: "step"; index: number; powerW: number }
  | { kind: "target"; powerW: number }
  /** The device has no lever that comes near the wish without passing it. */
  | { kind: "impossible"; reason: string };

/** Targets are rounded down to this, W (control.md §9). */
const GRAIN_W = 10;

/**
 * The highest setting that does not pass the wish; below the lowest one a pause (requirements DRV-4). `wishW` is in
 * the scale in which the device tells its steps: the firmware's own where it is known, else the draw at the wall.
 */
export function planPower(capabilities: MinerCapabilities, wishW: number): PowerPlan {
  const { power, canPause, minW, maxW } = capabilities;
  const rest: PowerPlan = canPause
    ? { kind: "pause", powerW: 0 }
    : { kind: "impossible", reason: "it cannot be paused, and its lowest setting lies above that" };
  if (power === "discrete") {
    const watts = stepWatts(capabilities.steps);
    const index = watts.findLastIndex((stepW) => stepW <= wishW);
    const powerW = watts[index];
    return powerW === undefined ? rest : { kind: "step", index, powerW };
  }
  if (power === "continuous") {
    if (wishW <= 0 || wishW < (minW ?? 0)) return rest;
    const boundW = Math.min(wishW, maxW ?? wishW);
    const roundW = Math.floor(boundW / GRAIN_W) * GRAIN_W;
    return { kind: "target", powerW: Math.max(roundW, minW ?? 0) };
  }
  if (wishW <= 0) return rest;
  if (power === "none") return { kind: "impossible", reason: "its watts cannot be changed from here" };
  return maxW !== null && wishW < maxW ? rest : { kind: "resume", powerW: maxW };
}

/** Watts of the steps in one scale: the firmware's own where it tells all of them, else the guessed draws at the wall. */
function stepWatts(steps: MinerCapabilities["steps"]): number[] {
  const own = steps.map(({ targetW }) => targetW).filter((targetW) => targetW !== null);
  return own.length === steps.length ? own : steps.map(({ wallW }) => wallW);
}
