/** House presets of the reference plant (control.md §14). */
export type HousePreset = "room" | "farmhouse" | "farmhouse-zone" | "workshop";

/** Two-node thermal model: indoor air and light things (i), heavy mass (m). */
export interface HouseFacts {
  /** Heat capacities, J/K. */
  airJk: number;
  massJk: number;
  /** Conductances, W/K: air-mass, air-outdoor, mass-outdoor. */
  airMassWk: number;
  airOutdoorWk: number;
  massOutdoorWk: number;
  /** Window area for the sun, m2. */
  solarAreaM2: number;
  /** People and appliances, W. */
  baseGainW: number;
}

const facts = (
  airMjk: number,
  massMjk: number,
  airMassWk: number,
  airOutdoorWk: number,
  massOutdoorWk: number,
  solarAreaM2: number,
  baseGainW: number,
): HouseFacts => ({
  airJk: airMjk * 1e6,
  massJk: massMjk * 1e6,
  airMassWk,
  airOutdoorWk,
  massOutdoorWk,
  solarAreaM2,
  baseGainW,
});

export const houseFacts: Record<HousePreset, HouseFacts> = {
  farmhouse: facts(4.0, 22, 600, 60, 150, 4.0, 250),
  "farmhouse-zone": facts(2.5, 14, 400, 40, 75, 2.0, 120),
  workshop: facts(1.2, 5, 200, 90, 60, 1.5, 0),
  room: facts(0.5, 3, 120, 12, 25, 1.0, 60),
};

/** Part of the sun on the window area that becomes heat; half of it in the air, half in the mass. */
export const SOLAR_PART = 0.7;

/** Air and mass temperature of a house, stepped by its owner. */
export class House {
  roomC: number;
  massC: number;
  readonly #facts: HouseFacts;

  /** Begins in balance: as if the air had been held at `startC` under that outdoor temperature for long. */
  constructor(preset: HousePreset, startC: number, outdoorC: number) {
    this.#facts = houseFacts[preset];
    this.roomC = startC;
    const { airMassWk, massOutdoorWk } = this.#facts;
    // Mass that started at the temperature of the air would give off heat for hours.
    this.massC = (airMassWk * startC + massOutdoorWk * outdoorC) / (airMassWk + massOutdoorWk);
  }

  /** One explicit step; `windowFactor` multiplies the air's loss while a window is open. */
  step(
    seconds: number,
    input: { outdoorC: number; ghiWm2: number; heaterW: number; windowFactor: number },
  ): void {
    const { airJk, massJk, airMassWk, airOutdoorWk, massOutdoorWk, solarAreaM2, baseGainW } = this.#facts;
    const solarW = 0.5 * solarAreaM2 * SOLAR_PART * input.ghiWm2;
    const betweenW = airMassWk * (this.massC - this.roomC);
    const airLossW = airOutdoorWk * input.windowFactor * (this.roomC - input.outdoorC);
    const massLossW = massOutdoorWk * (this.massC - input.outdoorC);
    this.roomC += (seconds * (betweenW - airLossW + input.heaterW + solarW + baseGainW)) / airJk;
    this.massC += (seconds * (solarW - betweenW - massLossW)) / massJk;
  }
}

/** Steady loss of a preset, W/K: the mass path in series, beside the air path. */
export function steadyLossWk(preset: HousePreset): number {
  const { airMassWk, airOutdoorWk, massOutdoorWk } = houseFacts[preset];
  return airOutdoorWk + (airMassWk * massOutdoorWk) / (airMassWk + massOutdoorWk);
}
