import { toInstant } from "../model/clock.ts";
import type { SettlementRecord } from "../model/settlement-record.ts";
import { energyWindow, miningWindow } from "./day.ts";

/** Both windows of a day as a record carries them. */
export function windowsOf(
  day: string,
  tz: string,
): Pick<SettlementRecord, "energy_window" | "mining_window"> {
  const energy = energyWindow(day, tz);
  const mining = miningWindow(day);
  return {
    energy_window: {
      start: toInstant(energy.startMs),
      end: toInstant(energy.endMs),
      seconds: energy.seconds,
    },
    mining_window: { start: toInstant(mining.startMs), end: toInstant(mining.endMs) },
  };
}
