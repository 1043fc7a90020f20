import type { FirmwareId } from "../model/miner.ts";
import { antminerGenerations } from "./antminer-builds.ts";
import { axeosFirmwares } from "./bitaxe-firmware.ts";
import { type EmulatedMiner, type EmulatorOptions, type MinerModel, minerModels } from "./emulated-miner.ts";
import { nerdFirmwares } from "./nerdqaxe-firmware.ts";

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
  "antminer-s19": {
    firmware: "antminer",
    title: "Antminer S19 with Bitmain's firmware",
    generations: antminerGenerations["antminer-s19"],
    start: async (options) => (await import("./antminer.ts")).startAntminer(options),
  },
  "antminer-s21": {
    firmware: "antminer",
    title: "Antminer S21 with Bitmain's firmware",
    generations: antminerGenerations["antminer-s21"],
    start: async (options) => (await import("./antminer.ts")).startAntminer(options),
  },
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
    generations: axeosFirmwares,
    start: async (options) => (await import("./bitaxe.ts")).startBitaxe(options),
  },
  nerdqaxe: {
    firmware: "nerdqaxe",
    title: "NerdQAxe++",
    generations: nerdFirmwares,
    start: async (options) => (await import("./nerdqaxe.ts")).startNerdqaxe(options),
  },
  "whatsminer-m20": {
    firmware: "whatsminer",
    title: "Whatsminer M20S with API v1",
    generations: [],
    start: async (options) => (await import("./whatsminer-v2.ts")).startWhatsminerM20(options),
  },
  "whatsminer-m30": {
    firmware: "whatsminer",
    title: "Whatsminer M30S+ with API v2",
    generations: ["2.0.5", "writes-off"],
    start: async (options) => (await import("./whatsminer-v2.ts")).startWhatsminerM30(options),
  },
  "whatsminer-m60": {
    firmware: "whatsminer",
    title: "Whatsminer M60S with API v3",
    generations: ["3.0.3", "writes-off"],
    start: async (options) => (await import("./whatsminer-v3.ts")).startWhatsminerM60(options),
  },
  "braiins-s19": {
    firmware: "braiins",
    title: "Antminer S19 Pro with Braiins OS",
    generations: ["26.04", "25.05"],
    start: async (options) => (await import("./braiins.ts")).startBraiinsS19(options),
  },
  "braiins-s9": {
    firmware: "bosminer",
    title: "Antminer S9 with Braiins OS 22.08",
    generations: [],
    start: async (options) => (await import("./braiins.ts")).startBraiinsS9(options),
  },
  "luxos-s19": {
    firmware: "luxos",
    title: "Antminer S19 with LuxOS",
    generations: [],
    start: async (options) => (await import("./luxos-s19.ts")).startLuxosS19(options),
  },
  "vnish-s19": {
    firmware: "vnish",
    title: "Antminer S19j Pro with VNish",
    generations: [],
    start: async (options) => (await import("./vnish-s19.ts")).startVnishS19(options),
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
