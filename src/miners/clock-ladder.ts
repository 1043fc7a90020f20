import type { PowerStep, WriteResult } from "../model/miner.ts";
import { minerIncomplete } from "../model/miner-errors.ts";
import type { DeviceLink } from "../model/miner-link.ts";
import { list, number, text, toNumber } from "../model/parse.ts";
import { proveWrite, type Seen } from "../model/prove-write.ts";
import { type BoardWrites, checkWell, isHashing, SHOWN_WITHIN_MS } from "./esp-board.ts";
import { noSuchStep } from "./pool-target.ts";

/**
 * Rungs of a board without a watt target: its documented clocks, all at the chip's default voltage, so that a rung
 * draws the same each time (miners.md §4.2, §5.3).
 */
export interface ClockLadder {
  /** Rising, MHz; empty when not known. */
  clocksMhz: number[];
  /** mV; null when not known, and then the voltage is left alone. */
  voltageMv: number | null;
  /** Chips on the board; null when not told. */
  chipCount: number | null;
}

interface Chip {
  clocksMhz: number[];
  /** Draw of a one-chip board for each MHz at the default voltage, W: what such boards draw, for planning only. */
  guessWPerMhz: number;
}

/** Where a board does not tell its options: by the name of its chip (miners.md §4.1, end). */
const CHIPS: Record<string, Chip> = {
  BM1366: { clocksMhz: [400, 425, 450, 475, 485, 500, 525, 550, 575], guessWPerMhz: 0.024 },
  BM1368: { clocksMhz: [400, 425, 450, 475, 485, 490, 500, 525, 550, 575], guessWPerMhz: 0.026 },
  BM1370: { clocksMhz: [400, 490, 525, 550, 600, 625], guessWPerMhz: 0.0325 },
  BM1397: { clocksMhz: [400, 425, 450, 475, 485, 500, 525, 550, 575, 600], guessWPerMhz: 0.03 },
};
const UNKNOWN_CHIP_W_PER_MHZ = 0.0325;

/** A board's draw hardly falls under this, W. */
const LEAST_W = 4;
/** A configured clock within this of an option is that option, MHz. */
const CLOCK_TOLERANCE_MHZ = 2;
/** The clock that runs is the one set when it is this close to it, as a part. */
const CLOCK_PART = 0.02;

/**
 * From the board's own options (`frequencyOptions`, `voltageOptions`, default voltage); without them from the chip's
 * name in its telemetry, and then not above the clock that it calls its default.
 */
export function ladderOf(options: unknown, info: unknown): ClockLadder {
  const told = optionsOf(options, "frequencyOptions", 5_000);
  const chipCount =
    number(options, "asicCount", { min: 1, max: 64 }) ?? number(info, "asicCount", { min: 1, max: 64 });
  if (told.length > 0) return { clocksMhz: told, voltageMv: defaultVoltageMv(options, info), chipCount };
  const highestMhz = number(info, "defaultFrequency", { min: 1 }) ?? Number.POSITIVE_INFINITY;
  const known = CHIPS[text(info, "ASICModel") ?? ""]?.clocksMhz ?? [];
  return {
    clocksMhz: known.filter((clockMhz) => clockMhz <= highestMhz),
    voltageMv: defaultVoltageMv(null, info),
    chipCount,
  };
}

/**
 * Rungs with guesses for planning: draw goes with f x V^2 from what the board draws now, or from the chip's name
 * while it does not hash. In the board's own scale, without the mains adapter, so that measurement can replace it;
 * the ceiling of the board's family (`maxPower`) bounds the guess.
 */
export function stepsOf(ladder: ClockLadder, info: unknown): PowerStep[] {
  const perMhz = measuredWPerMhz(ladder, info) ?? guessedWPerMhz(ladder, info);
  const ceilingW = number(info, "maxPower", { min: 1 }) ?? Number.POSITIVE_INFINITY;
  const part = Math.min(1, ceilingW / (perMhz * (ladder.clocksMhz.at(-1) ?? 1)));
  const thsPerMhz = expectedThsPerMhz(ladder, info);
  return ladder.clocksMhz.map((clockMhz) => ({
    label: `${clockMhz} MHz`,
    targetW: null,
    wallW: Math.round(Math.max(LEAST_W, perMhz * part * clockMhz) * 10) / 10,
    hashrateThs: thsPerMhz === null ? null : Math.round(thsPerMhz * clockMhz * 1000) / 1000,
  }));
}

/** The rung that is configured; null between the rungs and where the owner chose another voltage. */
export function rungOf(ladder: ClockLadder, info: unknown): number | null {
  const index = clockIndex(ladder.clocksMhz, number(info, "frequency", { min: 1 }));
  const setMv = number(info, "coreVoltage", { min: 1 });
  const isOtherVoltage = ladder.voltageMv !== null && setMv !== null && setMv !== ladder.voltageMv;
  return isOtherVoltage ? null : index;
}

/**
 * Sets one rung. Only a documented option is ever set: the boards' own checks let anything through (miners.md §4.2). A
 * board that protects itself keeps a clock and a voltage for it, which a rung would overwrite.
 */
export async function setRung(
  link: DeviceLink,
  ladder: ClockLadder,
  index: number,
  board: BoardWrites,
  signal: AbortSignal,
): Promise<WriteResult> {
  const clockMhz = ladder.clocksMhz[index];
  if (clockMhz === undefined) throw noSuchStep(index, ladder.clocksMhz.length);
  const before = await board.read(signal);
  await checkWell(link, board, before, signal);
  const isTold =
    number(before, "frequency") !== null &&
    (ladder.voltageMv === null || number(before, "coreVoltage") !== null);
  // What is not told cannot be read back either.
  if (!isTold) throw minerIncomplete(link.where, "clock and voltage");
  const patch = patchFor(before, clockMhz, ladder.voltageMv);
  if (Object.keys(patch).length === 0) return "effective";
  return proveWrite(
    {
      async send() {
        await link.http.send("PATCH", "/api/system", patch, signal);
        return "sent";
      },
      look: async () => seenRung(await board.read(signal), clockMhz, ladder.voltageMv, board),
      withinMs: SHOWN_WITHIN_MS,
    },
    link.pace,
    signal,
  );
}

function optionsOf(source: unknown, key: string, max: number): number[] {
  const values = list(source, key)
    .map((option) => toNumber(option, { min: 1, max }))
    .filter((option) => option !== null);
  return [...new Set(values)].sort((one, other) => one - other);
}

/** The default of the chip; one that is not among the board's own options is not trusted. */
function defaultVoltageMv(options: unknown, info: unknown): number | null {
  const rules = { min: 500, max: 2_000 };
  const defaultMv =
    number(options, "defaultVoltage", rules) ??
    number(options, "defaultCoreVoltage", rules) ??
    number(info, "defaultCoreVoltage", rules);
  const told = optionsOf(options, "voltageOptions", 2_000);
  return defaultMv !== null && told.length > 0 && !told.includes(defaultMv) ? null : defaultMv;
}

function measuredWPerMhz(ladder: ClockLadder, info: unknown): number | null {
  const clockMhz = number(info, "frequency", { min: 1 });
  const powerW = isHashing(info) ? number(info, "power", { min: 1 }) : null;
  if (powerW === null || clockMhz === null) return null;
  const setMv = number(info, "coreVoltage", { min: 500, max: 2_000 });
  const voltagePart = setMv === null || ladder.voltageMv === null ? 1 : ladder.voltageMv / setMv;
  return (powerW / clockMhz) * voltagePart ** 2;
}

function guessedWPerMhz(ladder: ClockLadder, info: unknown): number {
  const perChip = CHIPS[text(info, "ASICModel") ?? ""]?.guessWPerMhz ?? UNKNOWN_CHIP_W_PER_MHZ;
  return perChip * (ladder.chipCount ?? 1);
}

/** As the firmware expects it, else by its own rule: one hash per small core and clock. */
function expectedThsPerMhz(ladder: ClockLadder, info: unknown): number | null {
  const clockMhz = number(info, "frequency", { min: 1 });
  const expectedGhs = number(info, "expectedHashrate", { unknownWhen: 0, min: 0 });
  if (expectedGhs !== null && clockMhz !== null) return expectedGhs / 1000 / clockMhz;
  const cores = number(info, "smallCoreCount", { min: 1, max: 100_000 });
  return cores === null || ladder.chipCount === null ? null : (cores * ladder.chipCount) / 1e6;
}

/** Index of the rung with this clock; null when it stands between the rungs. */
function clockIndex(clocksMhz: readonly number[], clockMhz: number | null): number | null {
  if (clockMhz === null) return null;
  const index = clocksMhz.findIndex((option) => Math.abs(option - clockMhz) <= CLOCK_TOLERANCE_MHZ);
  return index < 0 ? null : index;
}

/** The settings that differ, and nothing else (requirements DRV-1). */
function patchFor(info: unknown, clockMhz: number, voltageMv: number | null): Record<string, number> {
  const patch: Record<string, number> = {};
  if (clockIndex([clockMhz], number(info, "frequency")) === null) patch["frequency"] = clockMhz;
  if (voltageMv !== null && number(info, "coreVoltage") !== voltageMv) patch["coreVoltage"] = voltageMv;
  return patch;
}

/** Set, and running so where the chip runs and the firmware tells. */
function seenRung(info: unknown, clockMhz: number, voltageMv: number | null, board: BoardWrites): Seen {
  if (Object.keys(patchFor(info, clockMhz, voltageMv)).length > 0) return "unchanged";
  const actualMhz = number(info, "actualFrequency");
  if (actualMhz === null || board.isAtRest(info)) return "effective";
  return Math.abs(actualMhz - clockMhz) <= clockMhz * CLOCK_PART ? "effective" : "taken";
}
