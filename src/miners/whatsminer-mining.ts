import type { WriteResult } from "../model/miner.ts";
import { minerInFault } from "../model/miner-errors.ts";
import type { DeviceLink, DriverMemory } from "../model/miner-link.ts";
import { proveWrite } from "../model/prove-write.ts";
import type { WhatsminerWrites } from "./whatsminer-generation.ts";
import { givePercentBack } from "./whatsminer-power.ts";

/** Mining is off within so long of the order, and back on the way to work, ms. */
const MINING_WITHIN_MS = 20_000;

/**
 * Switches mining off. A miner that says it is off and hashes all the same is told so again, and then only believed when
 * it stands still.
 */
export async function pauseMining(
  link: DeviceLink,
  writes: WhatsminerWrites,
  signal: AbortSignal,
): Promise<WriteResult> {
  const isOff = async () => (await writes.isOn(link, signal)) === false;
  const wasOff = await isOff();
  const hasLied = wasOff && (await writes.isHashing(link, signal));
  if (wasOff && !hasLied) return "effective";
  const send = await writes.miningOrder(link, false, signal);
  return proveWrite(
    {
      send,
      async look() {
        if (!(await isOff())) return "unchanged";
        return hasLied && (await writes.isHashing(link, signal)) ? "taken" : "effective";
      },
      withinMs: MINING_WITHIN_MS,
    },
    link.pace,
    signal,
  );
}

/**
 * Switches mining on, and gives the percent back that the start of the mining process forgets. Throws `MINER_IN_FAULT`
 * while the firmware keeps the chips off for their heat.
 */
export async function resumeMining(
  link: DeviceLink,
  writes: WhatsminerWrites,
  memory: DriverMemory,
  signal: AbortSignal,
): Promise<WriteResult> {
  const isOn = async () => (await writes.isOn(link, signal)) === true;
  if (await isOn()) return "effective";
  const fault = await writes.heatFault(link, signal);
  if (fault !== null) throw minerInFault(link.where, fault);
  const send = await writes.miningOrder(link, true, signal);
  const result = await proveWrite(
    { send, look: async () => ((await isOn()) ? "effective" : "unchanged"), withinMs: MINING_WITHIN_MS },
    link.pace,
    signal,
  );
  if (result !== "effective" && result !== "pending") return result;
  return (await givePercentBack(link, writes, memory, signal)) ? result : "pending";
}
