import { type PlantHome, TICK_S } from "../sim/plant/plant-home.ts";
import type { Pilot } from "./simulate-baselines.ts";
import { Tally } from "./simulate-tally.ts";

/** One row of the series (product.md §7): a tick of five seconds. One object is filled anew for each row. */
export interface SeriesRow {
  /** Seconds from the first row. */
  t: number;
  pvW: number;
  loadW: number;
  /** True grid power, W, import positive. */
  gridW: number;
  outdoorC: number;
  roomC: number;
  eventLimitW: number;
  /** Last setpoint sent, W; 0 is off. */
  targetW: number;
  /** True mean draw over the tick, W, idle included. */
  powerW: number;
  state: string;
  starts: number;
  reason: string | null;
}

/** Reasons under which an import is meant: heat, price and wishes of people, not a cloud that came too quickly. */
const MEANT =
  /^(COMFORT_HEAT|COMFORT_FLEX|FLOOR_|MANUAL_SET|PRICE_CHEAP|PRICE_NEGATIVE|HEAT_WORTH|COOP_RAISE|PLAN_)/;

/** Lets a pilot run a home for the whole trace; `onRow` gets every row when somebody wants them. */
export function runHome(
  home: PlantHome,
  pilot: Pilot,
  durationS: number,
  onRow: ((row: SeriesRow) => void) | null = null,
): Tally {
  const tally = new Tally();
  const row = emptyRow();
  let reason: string | null = null;
  let isSurplusMode = true;
  for (let nowS = 0; nowS < durationS; nowS += TICK_S) {
    home.observe(nowS);
    pilot.tick(nowS, home);
    home.advance(nowS);
    if (pilot.reason !== reason) {
      reason = pilot.reason;
      isSurplusMode = reason === null || !MEANT.test(reason);
    }
    const { pvW, loadW } = home.truth;
    tally.add(TICK_S, home.powerW, pvW, loadW, isSurplusMode);
    if (onRow !== null) onRow(fillRow(row, nowS, home, pilot, tally));
  }
  return tally;
}

function emptyRow(): SeriesRow {
  return {
    ...{ t: 0, pvW: 0, loadW: 0, gridW: 0, outdoorC: 0, roomC: 0, eventLimitW: 0, targetW: 0, powerW: 0 },
    ...{ state: "off", starts: 0, reason: null },
  };
}

function fillRow(row: SeriesRow, nowS: number, home: PlantHome, pilot: Pilot, tally: Tally): SeriesRow {
  const { truth } = home;
  row.t = nowS;
  row.pvW = truth.pvW;
  row.loadW = truth.loadW;
  row.gridW = truth.loadW + home.powerW - truth.pvW;
  row.outdoorC = truth.outdoorC;
  row.roomC = truth.roomC;
  row.eventLimitW = truth.eventLimitW;
  row.targetW = pilot.targetW;
  row.powerW = home.powerW;
  row.state = home.miners[0]?.phase ?? "off";
  row.starts = tally.starts;
  row.reason = pilot.reason;
  return row;
}

/** Mean surplus of each minute, W, >= 0, as the bound wants it; a minute that is not known is 0. */
export class MinuteSurplus {
  readonly minutesW: number[] = [];
  #sumW = 0;
  #count = 0;

  add(nowS: number, pvW: number, loadW: number): void {
    const spareW = pvW - loadW;
    if (spareW > 0) this.#sumW += spareW;
    this.#count += 1;
    if ((nowS + TICK_S) % 60 !== 0) return;
    this.minutesW.push(this.#sumW / this.#count);
    this.#sumW = 0;
    this.#count = 0;
  }
}
