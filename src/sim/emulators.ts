import type { FirmwareId } from "../model/miner.ts";
import { type EmulatedMiner, type EmulatorOptions, type MinerModel, minerModels } from "./emulated-miner.ts";

/** A device that can be emulated. */
export interface EmulatorEntry {
  model: MinerModel;
  /** The driver that must know it. */
  firmware: FirmwareId;
  title: string;
  /** Generations that `firmware` of the options may name, newest first; one nameless when empty. */
  generations: readonly string[];
  start(options: EmulatorOptions): Promise<EmulatedMiner>;
}

const entries: Record<MinerModel, Omit<EmulatorEntry, "model">> = {
  "avalon-mini3": {
    firmware: "avalon",
    title: "Canaan Avalon Mini 3",
    generations: [],
    start: startAvalon,
  },
  "avalon-nano3": {
    firmware: "avalon",
    title: "Canaan Avalon Nano 3",
    generations: ["25103101", "24071801"],
    start: startAvalon,
  },
  "avalon-nano3s": {
    firmware: "avalon",
    title: "Canaan Avalon Nano 3S",
    generations: ["25061101", "25021401"],
    start: startAvalon,
  },
  "avalon-q": {
    firmware: "avalon",
    title: "Canaan Avalon Q",
    generations: [],
    start: startAvalon,
  },
  bitaxe: {
    firmware: "axeos",
    title: "Bitaxe Gamma 601 with AxeOS",
    generations: ["2.15", "2.14"],
    start: async (options) => (await import("./bitaxe.ts")).startBitaxe(options),
  },
};

async function startAvalon(options: EmulatorOptions): Promise<EmulatedMiner> {
  return (await import("./avalon.ts")).startAvalon(options);
}

/** Every device that can be emulated, in the order of `minerModels`. */
export const emulators: readonly EmulatorEntry[] = minerModels.map((model) => ({ model, ...entries[model] }));

/** Starts an emulated miner of the model that the options name. Throws `PORT_TAKEN` (exit 3). */
export function startMiner(options: EmulatorOptions): Promise<EmulatedMiner> {
  return entries[options.model].start(options);
}
