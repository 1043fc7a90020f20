import type { PowerStep } from "../model/miner.ts";
import { list, number, text, toNumber } from "../model/parse.ts";

/** Rungs of a board: clock options at the chip's default voltage (miners.md §4.2). */
export interface AxeosLadder {
  clocksMhz: number[];
  /** mV; null when not known, and then the voltage is left alone. */
  voltageMv: number | null;
}

/** Where a device does not tell: options and default voltage by chip (miners.md §4.1, end). */
const CHIPS: Record<string, AxeosLadder> = {
  BM1366: { clocksMhz: [400, 425, 450, 475, 485, 500, 525, 550, 575], voltageMv: null },
  BM1368: { clocksMhz: [400, 425, 450, 475, 485, 490, 500, 525, 550, 575], voltageMv: null },
  BM1370: { clocksMhz: [400, 490, 525, 550, 600, 625], voltageMv: null },
  BM1397: { clocksMhz: [400, 425, 450, 475, 485, 500, 525, 550, 575, 600], voltageMv: null },
};

/** Draw per MHz of one small board where nothing is measured yet, W (a Gamma: about 17 W at 525 MHz). */
const GUESS_W_PER_MHZ = 0.0325;
/** A board's draw hardly falls under this, W. */
const LEAST_W = 4;

/** From `/api/system/asic`, or from the chip's name in `info` where that says nothing. */
export function ladderOf(asic: unknown, info: unknown): AxeosLadder {
  const options = list(asic, "frequencyOptions")
    .map((option) => toNumber(option, { min: 1, max: 5_000 }))
    .filter((option) => option !== null);
  const clocksMhz = [...new Set(options)].sort((one, other) => one - other);
  const voltageMv = number(asic, "defaultVoltage", { min: 500, max: 2_000 });
  if (clocksMhz.length > 0) return { clocksMhz, voltageMv };
  const known = CHIPS[text(info, "ASICModel") ?? ""];
  return known ?? { clocksMhz: [], voltageMv: null };
}

/**
 * Rungs with guesses for planning: draw scales with the clock at one voltage, from what the board draws now.
 * The guess is in the device's own scale, without the mains adapter, so that measurement can replace it.
 */
export function stepsOf(ladder: AxeosLadder, info: unknown): PowerStep[] {
  const clockMhz = number(info, "frequency", { min: 1 });
  const isHashing = (number(info, "hashRate") ?? 0) > 0;
  const powerW = isHashing ? number(info, "power", { min: 1 }) : null;
  const perMhz = powerW !== null && clockMhz !== null ? powerW / clockMhz : GUESS_W_PER_MHZ;
  const expectedGhs = number(info, "expectedHashrate", { unknownWhen: 0, min: 0 });
  const thsPerMhz = expectedGhs !== null && clockMhz !== null ? expectedGhs / 1000 / clockMhz : null;
  return ladder.clocksMhz.map((option) => ({
    label: `${option} MHz`,
    targetW: null,
    wallW: Math.round(Math.max(LEAST_W, perMhz * option) * 10) / 10,
    hashrateThs: thsPerMhz === null ? null : Math.round(thsPerMhz * option * 1000) / 1000,
  }));
}
