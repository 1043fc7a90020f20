import { type HearthError, unsupportedError } from "../model/errors.ts";
import type { PowerStep, WriteResult } from "../model/miner.ts";
import { minerIncomplete } from "../model/miner-errors.ts";
import type { DeviceLink } from "../model/miner-link.ts";
import { field, flag, list, text } from "../model/parse.ts";
import { proveWrite, type Seen } from "../model/prove-write.ts";
import type { LoginLink } from "./login.ts";
import { presetOf, stateOf, wattsOf } from "./vnish-reading.ts";
import { askSettings, askStatus, isRestartOwed, isResting, settingsWrite } from "./vnish-settings.ts";

/** A stored setting reads back at once; the restart behind it takes minutes (miners.md §16), ms. */
const STORED_WITHIN_MS = 2_000;

/** A preset of the tuner: clocks and voltages for a draw in watts, which is its name (miners.md §9). */
export interface VnishPreset {
  name: string;
  watts: number;
  /** The tuner has found its clocks; without that it first tunes for tens of minutes. */
  isTuned: boolean;
  needsModdedPsu: boolean;
  hashrateThs: number | null;
}

/** Presets in watts by rising draw, from a list or one wrapped in `presets`. */
export function presetsOf(answer: unknown): VnishPreset[] {
  const rows = Array.isArray(answer) ? answer : list(answer, "presets");
  const known = new Map<string, VnishPreset>();
  for (const row of rows) {
    const name = text(row, "name");
    const watts = wattsOf(name);
    if (name === null || watts === null || known.has(name)) continue;
    const promised = /~\s*(\d+(?:\.\d+)?)\s*TH/i.exec(text(row, "pretty") ?? "")?.[1];
    known.set(name, {
      name,
      watts,
      isTuned: text(row, "status") === "tuned",
      needsModdedPsu: flag(row, "modded_psu_required") === true,
      hashrateThs: promised === undefined ? null : Number(promised),
    });
  }
  return [...known.values()].sort((one, other) => one.watts - other.watts);
}

/**
 * Those that run without tuning and within the supply, and the present one whatever it is. None where the owner set
 * the clocks by hand: a preset would replace them.
 */
export function offeredPresets(presets: readonly VnishPreset[], overclock: unknown): VnishPreset[] {
  const current = text(overclock, "preset");
  if (wattsOf(current) === null) return [];
  const hasModdedPsu = flag(overclock, "modded_psu") === true;
  return presets.filter(
    ({ name, isTuned, needsModdedPsu }) => name === current || (isTuned && (hasModdedPsu || !needsModdedPsu)),
  );
}

/** Rungs for the control loop; the name is the firmware's expectation of the draw. */
export function toSteps(presets: readonly VnishPreset[]): PowerStep[] {
  return presets.map(({ name, watts, hashrateThs }) => ({
    label: name,
    targetW: watts,
    wallW: watts,
    hashrateThs,
  }));
}

/** `miner.overclock` of the settings. Throws `MINER_INCOMPLETE` where it is not told. */
export function overclockOf(link: DeviceLink, settings: unknown): Record<string, unknown> {
  const overclock = field(settings, "miner", "overclock");
  if (typeof overclock === "object" && overclock !== null && !Array.isArray(overclock)) {
    return overclock as Record<string, unknown>;
  }
  throw minerIncomplete(link.where, "overclock settings");
}

/**
 * Chooses a preset and restarts the mining where the device asks for it. One that rests keeps it for its next start.
 * A restart that is still owed from before is made up for.
 */
export async function setVnishPreset(
  link: DeviceLink,
  login: LoginLink,
  { name }: VnishPreset,
  signal: AbortSignal,
): Promise<WriteResult> {
  const overclock = overclockOf(link, await askSettings(link, login, signal));
  if (typeof overclock["preset"] !== "string") throw minerIncomplete(link.where, "preset");
  if (wattsOf(overclock["preset"]) === null) throw clocksByHand(link);
  const change = overclock["preset"] === name ? null : { overclock: withPreset(overclock, name) };
  const send = await settingsWrite(link, login, change, signal);
  if (send === null) return "effective";
  return proveWrite(
    { send, look: () => lookForPreset(link, login, name, signal), withinMs: STORED_WITHIN_MS },
    link.pace,
    signal,
  );
}

/**
 * The block as it is with another preset, without `globals` and `chains`: those are the clocks and voltages of the
 * preset before, and could overrule those of the new one. Every part of the block may be left out (miners.md §9), and
 * the rest is said so that a build which takes the block for whole loses nothing: so are boards that the owner
 * switched off.
 */
function withPreset(overclock: Record<string, unknown>, preset: string): Record<string, unknown> {
  const { globals: _clocks, chains, ...kept } = overclock;
  const boards = Array.isArray(chains) ? chains : [];
  const isAnyOff = boards.some((board) => field(board, "disabled") === true);
  const switches = boards.map((board) => ({ disabled: field(board, "disabled") === true }));
  return { ...kept, preset, ...(isAnyOff ? { chains: switches } : {}) };
}

async function lookForPreset(
  link: DeviceLink,
  login: LoginLink,
  name: string,
  signal: AbortSignal,
): Promise<Seen> {
  const overclock = overclockOf(link, await askSettings(link, login, signal));
  if (typeof overclock["preset"] !== "string") throw minerIncomplete(link.where, "preset");
  if (overclock["preset"] !== name) return "unchanged";
  const status = await askStatus(link, signal);
  if (isResting(link, status)) return "effective";
  if (stateOf({ miner_status: status }) !== "mining" || isRestartOwed(status)) return "taken";
  return presetOf(await link.http.get("/api/v1/perf-summary", signal)) === name ? "effective" : "taken";
}

function clocksByHand(link: DeviceLink): HearthError {
  return unsupportedError(
    "MINER_STEP_UNSUPPORTED",
    `The clocks of the miner at ${link.where} are set by hand, and a preset would replace them.`,
    { left: "Nothing was sent", hint: "Choose a preset on the miner's own page first" },
  );
}
