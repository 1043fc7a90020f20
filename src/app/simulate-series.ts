import { closeSync, openSync, writeSync } from "node:fs";
import { usageError } from "../model/errors.ts";
import type { PlantHome } from "../sim/plant/plant-home.ts";
import type { Pilot } from "./simulate-baselines.ts";

const HEADER = "t,pv_w,load_w,grid_w,outdoor_c,room_c,event_limit_w,target_w,power_w,state,starts,reason\n";
const FLUSH_CHARACTERS = 1 << 20;

/** Writes what happened, one row per tick (product.md §7); an empty cell is unknown. */
export class SeriesWriter {
  readonly #file: number;
  #text = HEADER;

  /** Throws `SERIES_UNWRITABLE` (exit 2) when the file cannot be made. */
  constructor(path: string) {
    try {
      this.#file = openSync(path, "w");
    } catch (cause) {
      throw usageError("SERIES_UNWRITABLE", "The file for the series cannot be written", {
        left: "Nothing was simulated",
        hint: "name a file in a folder that exists and may be written",
        cause,
      });
    }
  }

  add(nowS: number, home: PlantHome, pilot: Pilot, eventLimitW: number, starts: number): void {
    const { truth } = home;
    const state = home.miners.length === 1 ? home.miners[0]?.phase : phaseOfAll(home);
    this.#text +=
      `${nowS},${cell(truth.pvW, 2)},${cell(truth.loadW, 2)},${cell(home.gridW, 2)},${cell(truth.outdoorC, 3)},` +
      `${cell(truth.roomC, 4)},${cell(eventLimitW, 1)},${cell(pilot.targetW, 1)},${cell(home.powerW, 3)},` +
      `${state},${starts},${pilot.reason ?? ""}\n`;
    if (this.#text.length >= FLUSH_CHARACTERS) this.#flush();
  }

  close(): void {
    this.#flush();
    closeSync(this.#file);
  }

  #flush(): void {
    writeSync(this.#file, this.#text);
    this.#text = "";
  }
}

/** Several miners in one word: what the busiest of them does. */
function phaseOfAll(home: PlantHome): string {
  const order = ["running", "restarting", "waking", "stopping"] as const;
  return order.find((phase) => home.miners.some((miner) => miner.phase === phase)) ?? "off";
}

function cell(value: number, digits: number): string {
  return Number.isNaN(value) ? "" : String(Number(value.toFixed(digits)) + 0);
}
