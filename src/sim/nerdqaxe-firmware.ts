/** Generations of the Nerd firmware that are emulated, newest first. */
export const nerdFirmwares = ["1.0.37", "1.0.35", "1.0.30"] as const;
export type NerdFirmware = (typeof nerdFirmwares)[number];

/** What a generation has (miners.md §5; settlement.md §2 B: the dual mode came with 1.0.35). */
export interface NerdFeatures {
  /** As it names itself. */
  version: string;
  /** `/api/v2/*`, and the whole list of pools in the telemetry. */
  hasV2: boolean;
  /** Two pools at once, shutdown, encryption, one-time codes, the options of the chip; new pools by a reconnect. */
  hasDual: boolean;
}

const FEATURES: Record<NerdFirmware, NerdFeatures> = {
  "1.0.37": { version: "v1.0.37", hasV2: true, hasDual: true },
  "1.0.35": { version: "v1.0.35", hasV2: false, hasDual: true },
  "1.0.30": { version: "v1.0.30", hasV2: false, hasDual: false },
};

/** By generation, as `firmware` of the options names it; the newest without one. */
export function nerdFeatures(firmware: string | undefined): NerdFeatures {
  return FEATURES[nerdFirmwares.find((generation) => generation === firmware) ?? nerdFirmwares[0]];
}
