import { writeConfig } from "../config/config-write.ts";
import { createFolders, type HearthPaths, hearthPaths, isInstalled } from "../config/paths.ts";
import type { HearthConfig, SourceRole } from "../model/config.ts";
import { configSchema } from "../model/config.ts";
import { refusedError } from "../model/errors.ts";

/** Addresses of the emulated sensors that the demo's configuration names. */
export interface DemoAddresses {
  meterUrl: string;
  thermometerUrl: string;
  weatherUrl: string;
}

/** The folder of a demo. Throws `HOME_IN_USE` (4) where an installation is: a demo never writes over one. */
export function demoPaths(folder: string): HearthPaths {
  const paths = hearthPaths({ HEARTH_HOME: folder });
  if (isInstalled(paths)) {
    throw refusedError("HOME_IN_USE", `There is a hearth installation in ${folder} already`, {
      left: "Nothing was written",
      hint: "hearth demo without HEARTH_HOME, or with an empty folder",
    });
  }
  createFolders(paths);
  return paths;
}

/** Writes the configuration of the demo's home: one room, one circuit, its meters. The miners are adopted later. */
export function writeDemoConfig(paths: HearthPaths, addresses: DemoAddresses): HearthConfig {
  const source = (
    name: string,
    role: SourceRole,
    url: string,
    select: string,
    everyS: number,
    extra = {},
  ) => ({
    name,
    role,
    kind: "http",
    url: `${url}/status`,
    select,
    every_s: everyS,
    ...extra,
  });
  const config = configSchema.parse({
    schema: "hearth.config/1",
    home: { name: "Demo farm", tz: "America/Denver", temperature: "F" },
    panel: { main_a: 100, voltage_v: 240 },
    circuits: [{ name: "den", breaker_a: 15, voltage_v: 120 }],
    zones: [{ name: "den", profile: "home", loss_w_per_k: 33 }],
    sources: [
      source("meter", "grid", addresses.meterUrl, "emeters[0].power", 5),
      source("sun", "pv", addresses.meterUrl, "emeters[1].power", 5),
      source("thermometer", "room", addresses.thermometerUrl, "tmp.value", 60, { unit: "C", zone: "den" }),
      source("outdoors", "outdoor", addresses.weatherUrl, "outdoor_c", 300, { unit: "C" }),
      source("irradiance", "ghi", addresses.weatherUrl, "ghi_wm2", 300, { unit: "W/m2" }),
    ],
    tariff: {
      id: "demo-tou",
      tz: "America/Denver",
      windows: [
        { days: "1-7", from: "00:00", to: "17:00", import_usd_kwh: 0.082 },
        { days: "1-7", from: "17:00", to: "21:00", import_usd_kwh: 0.18 },
        { days: "1-7", from: "21:00", to: "24:00", import_usd_kwh: 0.082 },
      ],
      export_usd_kwh: 0.03,
    },
  });
  writeConfig(paths, config);
  return config;
}
