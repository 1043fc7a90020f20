import type { FirmwareId } from "../model/miner.ts";
import type { DriverOptions, MinerDriver } from "../model/miner-link.ts";

/** Where a family is looked for, and how its driver is had. */
export interface MinerDriverEntry {
  id: FirmwareId;
  title: string;
  /** Usual port of each protocol that it speaks. */
  ports: { http?: number; cgminer?: number; frames?: number };
  /** Loaded when needed, so that the start of the program does not grow with each family. */
  load(options?: DriverOptions): Promise<MinerDriver>;
}

/** Every firmware family that Hearth can drive. Adding one is an entry here and a file beside it. */
export const minerDrivers: readonly MinerDriverEntry[] = [
  {
    id: "antminer",
    title: "Stock Antminer (Bitmain 2020+)",
    ports: { http: 80, cgminer: 4028 },
    load: async (options) => (await import("./antminer.ts")).createAntminerDriver(options),
  },
  {
    id: "avalon",
    title: "Canaan Avalon home",
    ports: { cgminer: 4028, http: 80 },
    load: async (options) => (await import("./avalon.ts")).createAvalonDriver(options),
  },
  {
    id: "axeos",
    title: "AxeOS (Bitaxe family)",
    ports: { http: 80 },
    load: async () => (await import("./axeos.ts")).createAxeosDriver(),
  },
  {
    id: "nerdqaxe",
    title: "NerdQAxe family",
    ports: { http: 80 },
    load: async () => (await import("./nerdqaxe.ts")).createNerdqaxeDriver(),
  },
  {
    id: "whatsminer",
    title: "Whatsminer (MicroBT)",
    ports: { frames: 4433, cgminer: 4028 },
    load: async (options) => (await import("./whatsminer.ts")).createWhatsminerDriver(options),
  },
  {
    id: "braiins",
    title: "Braiins OS 23.03 and later",
    ports: { http: 80, cgminer: 4028 },
    load: async (options) => (await import("./braiins.ts")).createBraiinsDriver(options),
  },
  {
    id: "bosminer",
    title: "Braiins OS 22.08 and before (Antminer S9)",
    ports: { http: 80, cgminer: 4028 },
    load: async (options) => (await import("./bosminer.ts")).createBosminerDriver(options),
  },
  {
    id: "luxos",
    title: "LuxOS (Antminer)",
    ports: { cgminer: 4028 },
    load: async (options) => (await import("./luxos.ts")).createLuxosDriver(options),
  },
  {
    id: "vnish",
    title: "VNish (Antminer)",
    ports: { http: 80 },
    load: async (options) => (await import("./vnish.ts")).createVnishDriver(options),
  },
];

/** The entry of a family by its id; null when there is no driver for it. */
export function minerDriver(id: string): MinerDriverEntry | null {
  return minerDrivers.find((entry) => entry.id === id) ?? null;
}
