import type { DriverOptions } from "../model/driver-options.ts";
import type { CgminerLink, FirmwareId, JsonLink, MinerDriver } from "../model/miner.ts";

interface Entry<Kind extends "http" | "cgminer", Link extends JsonLink | CgminerLink> {
  id: FirmwareId;
  title: string;
  linkKind: Kind;
  /** Tried in this order where no port is named. */
  ports: readonly number[];
  /** Loaded when needed, so that the start of the program does not grow with each family. */
  load(options?: DriverOptions): Promise<MinerDriver<Link>>;
}

export type MinerDriverEntry = Entry<"http", JsonLink> | Entry<"cgminer", CgminerLink>;

/** Every firmware family that Hearth can drive. Adding one is a line here and a file beside it. */
export const minerDrivers: readonly MinerDriverEntry[] = [
  {
    id: "avalon",
    title: "Canaan Avalon home",
    linkKind: "cgminer",
    ports: [4028],
    load: async (options) => (await import("./avalon.ts")).createAvalonDriver(options),
  },
  {
    id: "axeos",
    title: "AxeOS (Bitaxe family)",
    linkKind: "http",
    ports: [80],
    load: async () => (await import("./axeos.ts")).createAxeosDriver(),
  },
];

/** The entry of a family by its id; null when there is no driver for it. */
export function minerDriver(id: string): MinerDriverEntry | null {
  return minerDrivers.find((entry) => entry.id === id) ?? null;
}
