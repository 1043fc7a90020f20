import type { DeviceLink, DriverMemory } from "../model/miner-link.ts";
import { flag, list } from "../model/parse.ts";
import type { Sent } from "../model/prove-write.ts";
import { ask, toSent } from "./cgminer.ts";
import type { LuxosAtm } from "./luxos-reading.ts";
import { cleanupSignal, inSession } from "./luxos-session.ts";

/** Note that the thermal management was switched off for a change and is not known to be on again. */
const NOTE = "atm";
const TRIES = 2;

export interface AtmChange {
  session: string;
  atm: LuxosAtm;
  /** The profile that the change is going to choose. */
  profile: string;
  memory: DriverMemory;
}

/**
 * Carries out a change of profile so that the thermal management (ATM) does not undo it (miners.md §8.3). It stays on
 * with the wanted profile as its upper bound; a device that refuses the bound gets it switched off for the change and
 * on again whatever happens, with a note for the case that this program ends in between.
 */
export async function underAtm(
  link: DeviceLink,
  change: AtmChange,
  signal: AbortSignal,
  run: () => Promise<Sent>,
): Promise<Sent> {
  const { atm, profile } = change;
  if (!atm.isEnabled || atm.maxProfile === profile) return run();
  const bound = await atmSet(link, change.session, `max_profile=${profile}`, signal);
  // Whether the bound holds is not known, and nothing may follow an answer that is not known.
  if (bound === "unsure") return "unsure";
  if (bound === "refused") return withoutAtm(link, change, signal, run);
  const sent = await run();
  if (sent === "refused" && atm.maxProfile !== null) {
    await atmSet(link, change.session, `max_profile=${atm.maxProfile}`, cleanupSignal()).catch(() => null);
  }
  return sent;
}

/** True while the thermal management may still be off because of a change that did not come to its end. */
export function isAtmOwed(memory: DriverMemory): boolean {
  return memory.get(NOTE) === "off";
}

/**
 * Switches the thermal management on again after a change that was cut off. It never holds up what comes next, as a
 * pause: where it fails the note stays for the next time.
 */
export async function settleAtm(link: DeviceLink, memory: DriverMemory, signal: AbortSignal): Promise<void> {
  if (!isAtmOwed(memory)) return;
  try {
    await inSession(link, (session) => switchOn(link, session, memory, signal), signal);
  } catch {
    signal.throwIfAborted();
  }
}

async function withoutAtm(
  link: DeviceLink,
  { session, memory }: AtmChange,
  signal: AbortSignal,
  run: () => Promise<Sent>,
): Promise<Sent> {
  memory.set(NOTE, "off");
  try {
    const off = await atmSet(link, session, "enabled=false", signal);
    return off === "sent" ? await run() : off;
  } finally {
    // Also after an abort, and also where switching off seemed to fail: its answer may have been lost.
    for (let tries = 0; tries < TRIES && isAtmOwed(memory); tries++) {
      await switchOn(link, session, memory, cleanupSignal()).catch(() => undefined);
    }
  }
}

/** The note goes only when the device shows that it is on. */
async function switchOn(
  link: DeviceLink,
  session: string,
  memory: DriverMemory,
  signal: AbortSignal,
): Promise<void> {
  await atmSet(link, session, "enabled=true", signal);
  const atm = list((await ask(link, "atm", signal)).sections, "ATM")[0];
  if (flag(atm, "Enabled") === true) memory.set(NOTE, null);
}

async function atmSet(
  link: DeviceLink,
  session: string,
  setting: string,
  signal: AbortSignal,
): Promise<Sent> {
  return toSent(await link.cgminer.tell({ command: "atmset", parameter: `${session},${setting}` }, signal));
}
