import type { MinerPort } from "#src/app/miner-port.ts";
import type { MinerCapabilities, WriteResult } from "#src/model/miner.ts";

/** How a firmware that took a change may answer. */
export const GOOD: WriteResult[] = ["effective", "pending"];
/** So long after a start or a change that every family has settled, s. */
export const LONG_S = 900;

/** Another wattage than the present one, by whatever lever the device has; null where it has none. */
export async function changeWatts(
  port: MinerPort,
  can: MinerCapabilities,
  turn: number,
): Promise<WriteResult | null> {
  if (can.power === "discrete") return port.setStep(turn % can.steps.length);
  if (can.power !== "continuous" || can.minW === null || can.maxW === null) return null;
  const span = can.maxW - can.minW;
  return port.setTarget(Math.round((can.minW + span * ((turn * 0.37) % 1)) / 10) * 10);
}

/** Any change that the device can be asked for. */
export async function anyChange(
  port: MinerPort,
  can: MinerCapabilities,
  turn = 0,
): Promise<WriteResult | null> {
  if (can.actions.pause) return port.pause();
  return changeWatts(port, can, turn);
}
