/** A preset of the emulated S19j Pro: the tuner's clocks and voltage for a draw (miners.md §9). */
export interface VnishPreset {
  /** Watts as text, as the firmware names them. */
  name: string;
  watts: number;
  ths: number;
  freqMhz: number;
  voltMv: number;
  isTuned: boolean;
  needsModdedPsu: boolean;
}

type Row = [watts: number, ths: number, freqMhz: number, voltMv: number, isTuned: boolean];

const ROWS: readonly Row[] = [
  [900, 40, 210, 11_900, false],
  [1080, 50, 262, 12_000, true],
  [1360, 62, 325, 12_100, true],
  [1640, 72, 378, 12_300, true],
  [1900, 81, 425, 12_500, false],
  [2150, 88, 462, 12_700, true],
  [2480, 96, 504, 13_000, true],
  [2800, 103, 540, 13_300, false],
  [3050, 107, 561, 13_500, true],
  [3400, 114, 598, 13_900, true],
];

/** The highest one wants more than the supply gives as it left the factory. */
export const vnishPresets: readonly VnishPreset[] = ROWS.map(([watts, ths, freqMhz, voltMv, isTuned]) => ({
  name: String(watts),
  watts,
  ths,
  freqMhz,
  voltMv,
  isTuned,
  needsModdedPsu: watts > 3300,
}));

/** `GET /autotune/presets`. */
export function presetsBody(): unknown[] {
  const rows = vnishPresets.map(({ name, watts, ths, isTuned, needsModdedPsu }) => ({
    name,
    pretty: `${watts} watt ~ ${ths} TH`,
    status: isTuned ? "tuned" : "untuned",
    modded_psu_required: needsModdedPsu,
  }));
  return [{ name: "disabled", pretty: "Disabled", status: "untuned", modded_psu_required: false }, ...rows];
}
