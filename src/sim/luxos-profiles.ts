/** A profile of the emulated S19: linear steps of clock and voltage around the nameplate (miners.md §8.3). */
export interface LuxosProfile {
  name: string;
  step: number;
  frequencyMhz: number;
  voltageV: number;
  /** As the firmware expects them: W at the wall and TH/s. */
  watts: number;
  hashrateThs: number;
}

const DEFAULT_MHZ = 590;
const STEP_MHZ = 25;
const LEAST_V = 11.88;
const DEFAULT_V = 13.08;
const STEP_V = 0.1;
/** From 784 W at 190 MHz and 1188 W at 290 MHz, both at 11.88 V: draw goes with f x V^2. */
const BASE_W = 16.4;
const W_PER_MHZ_V2 = 4.04 / LEAST_V ** 2;
const THS_PER_MHZ = 0.2063;

/** 16 under the nameplate, itself, and 8 above, by rising clock. */
export const luxosProfiles: readonly LuxosProfile[] = Array.from({ length: 25 }, (_, place) => {
  const step = place - 16;
  const frequencyMhz = DEFAULT_MHZ + step * STEP_MHZ;
  const voltageV = Math.max(LEAST_V, DEFAULT_V + step * STEP_V);
  return {
    name: step === 0 ? "default" : `${frequencyMhz}MHz`,
    step,
    frequencyMhz,
    voltageV: Math.round(voltageV * 100) / 100,
    watts: Math.round(BASE_W + W_PER_MHZ_V2 * frequencyMhz * voltageV ** 2),
    hashrateThs: Math.round(frequencyMhz * THS_PER_MHZ * 10) / 10,
  };
});

/**
 * The profile that a name or a selector of `profileset` means: `1200W`, `1.2kW` and `98.5THs` choose by estimate,
 * `+1` and `-2` by the place beside `current`. Undefined when it means none.
 */
export function chooseProfile(word: string, current: LuxosProfile): LuxosProfile | undefined {
  const relative = /^[+-]\d+$/.test(word)
    ? luxosProfiles[luxosProfiles.indexOf(current) + Number(word)]
    : undefined;
  const [, digits, unit] = /^(\d+(?:\.\d+)?)(kW|W|THs)$/.exec(word) ?? [];
  if (relative !== undefined || digits === undefined) {
    return relative ?? luxosProfiles.find(({ name }) => name === word);
  }
  const wanted = Number(digits) * (unit === "kW" ? 1000 : 1);
  const isWithin = (profile: LuxosProfile) =>
    unit === "THs" ? profile.hashrateThs <= wanted : profile.watts <= wanted;
  return luxosProfiles.findLast(isWithin);
}
