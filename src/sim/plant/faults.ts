import { createRandom, type Random } from "../random.ts";
import type { PlantHome } from "./plant-home.ts";

/** What goes wrong with the sensors of a run: nothing, silence (scenario G) or lies (scenario N of control.md §15). */
export type FaultPlan = "none" | "drop-outs" | "lies";

const HOUR_S = 3600;
const GRID_SILENT_S = 600;
const ROOM_SILENT_S = 2 * HOUR_S;
const MINER_SILENT_S = 300;
/** Mean time between two drop-outs of one sensor, s. */
const DROP_OUT_EVERY_S = 8 * HOUR_S;
const LIE_EVERY_S = 900;
const LONGEST_LIE_S = 180;

type Lie = { kind: "value"; value: number } | { kind: "frozen" };

const gridLies: readonly Lie[] = [
  { kind: "value", value: Number.NaN },
  { kind: "value", value: Number.POSITIVE_INFINITY },
  { kind: "value", value: -80_000 },
  { kind: "value", value: 1_000_000 },
  { kind: "frozen" },
];
const roomLies: readonly Lie[] = [
  { kind: "value", value: Number.NaN },
  { kind: "value", value: -60 },
  { kind: "value", value: 150 },
  { kind: "frozen" },
];

/** Draws the troubles of a run; asked once a tick before the home is observed. */
export class Faults {
  readonly #plan: FaultPlan;
  readonly #random: Random;
  #gridNextS: number;
  #roomNextS: number;
  #minerNextS: number;

  constructor(plan: FaultPlan, seed: number) {
    this.#plan = plan;
    this.#random = createRandom(seed, "faults");
    this.#gridNextS = this.#wait();
    this.#roomNextS = this.#wait();
    this.#minerNextS = this.#wait();
  }

  strike(nowS: number, home: PlantHome): void {
    if (this.#plan === "none") return;
    if (nowS >= this.#gridNextS) {
      this.#gridNextS = nowS + this.#strikeGrid(nowS, home) + this.#wait();
    }
    if (nowS >= this.#roomNextS) {
      this.#roomNextS = nowS + this.#strikeRoom(nowS, home) + this.#wait();
    }
    if (nowS < this.#minerNextS) return;
    const miner = home.miners[this.#random.integer(0, home.miners.length - 1)];
    if (this.#plan === "drop-outs") miner?.silence(nowS + MINER_SILENT_S);
    this.#minerNextS = nowS + MINER_SILENT_S + this.#wait();
  }

  #strikeGrid(nowS: number, home: PlantHome): number {
    if (this.#plan === "drop-outs") {
      home.gridMeter.mutedUntilS = nowS + GRID_SILENT_S;
      return GRID_SILENT_S;
    }
    const lastsS = this.#random.integer(1, LONGEST_LIE_S);
    const lie = this.#pick(gridLies);
    home.gridMeter.lie(nowS + lastsS, lie.kind === "frozen" ? home.gridMeter.valueW : lie.value);
    return lastsS;
  }

  #strikeRoom(nowS: number, home: PlantHome): number {
    if (this.#plan === "drop-outs") {
      home.muteRoom(nowS + ROOM_SILENT_S);
      return ROOM_SILENT_S;
    }
    const lastsS = this.#random.integer(1, LONGEST_LIE_S);
    const lie = this.#pick(roomLies);
    home.lieAboutRoom(nowS + lastsS, lie.kind === "frozen" ? home.seenRoomC : lie.value);
    return lastsS;
  }

  #pick(lies: readonly Lie[]): Lie {
    return lies[this.#random.integer(0, lies.length - 1)] ?? { kind: "frozen" };
  }

  #wait(): number {
    return this.#random.exponential() * (this.#plan === "lies" ? LIE_EVERY_S : DROP_OUT_EVERY_S);
  }
}
