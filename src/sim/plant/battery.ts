/** The reference battery of control.md §14: 10 kWh, 5 kW, 0.90 there and back, holding the grid at zero by itself. */
export class PlantBattery {
  /** Draw at its terminals during the last second, W, discharge positive. */
  powerW = 0;
  /** 0..100. */
  socPercent: number;
  readonly #capacityWs = BATTERY_WH * 3600;

  constructor(socPercent: number) {
    this.socPercent = socPercent;
  }

  /** One second; `netW` is what the home would import without the battery, W. */
  step(netW: number): number {
    // An unknown load leaves it where it is: a real one would see the truth.
    if (!Number.isNaN(netW)) this.powerW += (clamp(netW, BATTERY_W) - this.powerW) * FOLLOW;
    const storedWs = (this.socPercent / 100) * this.#capacityWs;
    const mostOutW = storedWs * ONE_WAY;
    const mostInW = (this.#capacityWs - storedWs) / ONE_WAY;
    this.powerW = Math.min(mostOutW, Math.max(-mostInW, this.powerW));
    const fromCellsW = this.powerW > 0 ? this.powerW / ONE_WAY : this.powerW * ONE_WAY;
    this.socPercent = (100 * (storedWs - fromCellsW)) / this.#capacityWs;
    return this.powerW;
  }
}

export const BATTERY_WH = 10_000;
export const BATTERY_W = 5000;
/** Efficiency of one way: the square root of 0.90. */
const ONE_WAY = Math.sqrt(0.9);
/** Part of the way that it goes in a second, for a lag of 3 s. */
const FOLLOW = 1 - Math.exp(-1 / 3);

function clamp(value: number, most: number): number {
  return Math.min(most, Math.max(-most, value));
}
