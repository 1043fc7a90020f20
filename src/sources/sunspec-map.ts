import type { ModbusLink } from "../model/source-link.ts";
import { wordsToText } from "./words.ts";

/** Where maps begin; the first is by far the usual one (sources.md §1.6). */
const BASES = [40_000, 50_000, 0];
const SUNS = [0x5375, 0x6e53];
const END = 0xffff;
const MOST_MODELS = 60;
const LAST_REGISTER = 65_535;
/** Registers in one question. */
export const MOST_REGISTERS = 125;

/** A model in the map of a device. */
export interface SunspecModel {
  id: number;
  /** Register of its ID. */
  address: number;
  /** Registers behind ID and length. */
  length: number;
}

/** Why no map was found: the device answered, and has none. */
export type SunspecMap = { models: SunspecModel[]; serial: string | null } | null;

/**
 * Walks the map of a unit: begin, then one header after the other to the end mark. Null when there is none. Throws the
 * errors of the link; an illegal address at one beginning means that the next is tried.
 */
export async function walkSunspec(link: ModbusLink, signal: AbortSignal): Promise<SunspecMap> {
  for (const base of BASES) {
    const mark = await readOrRefusal(link, base, 2, signal);
    if (mark === null || mark[0] !== SUNS[0] || mark[1] !== SUNS[1]) continue;
    const models = await walk(link, base + 2, signal);
    return { models, serial: await serialOf(link, models, signal) };
  }
  return null;
}

async function walk(link: ModbusLink, start: number, signal: AbortSignal): Promise<SunspecModel[]> {
  const models: SunspecModel[] = [];
  let address = start;
  while (models.length < MOST_MODELS && address + 1 <= LAST_REGISTER) {
    const header = await readOrRefusal(link, address, 2, signal);
    const [id = END, length = 0] = header ?? [];
    if (id === END || length === 0 || address + 1 + length > LAST_REGISTER) break;
    models.push({ id, address, length });
    address += 2 + length;
  }
  return models;
}

/** Serial number in the common model: 16 registers of text at 50; null when it has none. */
async function serialOf(
  link: ModbusLink,
  models: readonly SunspecModel[],
  signal: AbortSignal,
): Promise<string | null> {
  const common = models.find(({ id, length }) => id === 1 && length >= 65);
  if (!common) return null;
  const words = await link.read("holding", common.address + 50, 16, signal);
  return wordsToText(words) || null;
}

/** Null where the device says that it has nothing there. */
async function readOrRefusal(
  link: ModbusLink,
  address: number,
  count: number,
  signal: AbortSignal,
): Promise<number[] | null> {
  try {
    return await link.read("holding", address, count, signal);
  } catch (error) {
    if ((error as { code?: unknown }).code === "MODBUS_EXCEPTION") return null;
    throw error;
  }
}
