import { configSchema, type HearthConfig } from "#src/model/config.ts";
import type { EmulatedMiner } from "#src/sim/emulated-miner.ts";
import { emulators } from "#src/sim/emulators.ts";

/** What the two worlds of loop tests have of their own. */
export interface EmulatedConfigOptions {
  /** Address of the emulated sensors, which answer `/room`, `/grid` and `/outdoor`. */
  sensors: string;
  breakerA: number;
  /** How often the thermometer and the meter are read, s. */
  roomS: number;
  gridS: number;
  control: { tick_s?: number; observe_s: number };
}

/** The configuration of a den in Denver with emulated miners on one circuit. */
export function emulatedConfig(
  miners: readonly EmulatedMiner[],
  { sensors, breakerA, roomS, gridS, control }: EmulatedConfigOptions,
): HearthConfig {
  const source = (name: string, role: string, everyS: number, more = {}) => ({
    ...{ name, role, kind: "http", url: `${sensors}/${name}`, select: "value", every_s: everyS },
    ...more,
  });
  return configSchema.parse({
    schema: "hearth.config/1",
    home: { tz: "America/Denver" },
    panel: { main_a: 200, voltage_v: 240 },
    circuits: [{ name: "c1", breaker_a: breakerA, voltage_v: 240 }],
    zones: [{ name: "den" }],
    miners: miners.map(({ name, id, host, port, model }) => ({
      ...{ name, id, host, port, zone: "den", circuit: "c1" },
      driver: emulators.find((entry) => entry.model === model)?.firmware ?? "",
    })),
    sources: [
      source("room", "room", roomS, { unit: "C", zone: "den" }),
      source("grid", "grid", gridS),
      source("outdoor", "outdoor", 300, { unit: "C" }),
    ],
    control,
  });
}
