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
];

/** The entry of a family by its id; null when there is no driver for it. */
export function minerDriver(id: string): MinerDriverEntry | null {
  return minerDrivers.find((entry) => entry.id === id) ?? null;
}
