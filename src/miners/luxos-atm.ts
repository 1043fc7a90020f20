import type { DeviceLink, DriverMemory } from "../model/miner-link.ts";
import { flag, list, text } from "../model/parse.ts";
import type { Sent } from "../model/prove-write.ts";
import { ask, toSent } from "./cgminer.ts";
import type { LuxosProfile } from "./luxos-profiles.ts";
import type { LuxosAtm } from "./luxos-reading.ts";
import { inSession, type LuxosSession } from "./luxos-session.ts";

/** Note that the thermal management was switched off for a change and is not known to be on again. */
const NOTE = "atm";
const TRIES = 2;

export interface AtmChange {
  session: LuxosSession;
  atm: LuxosAtm;
  /** What the change is going to choose. */
  profile: LuxosProfile;
  memory: DriverMemory;
}

/** Does the thermal management let this profile be, neither higher nor lower? So it does where it is off. */
export function isBoundTo(atm: LuxosAtm, { name }: LuxosProfile): boolean {
  return !atm.isEnabled || atm.maxProfile === null || atm.maxProfile === name;
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
  if (!atm.isEnabled || atm.maxProfile === profile.name) return run();
  let sent: Sent | null = null;
  let hasBound = true;
  try {
    const bound = await moveBound(link, change, signal);
    hasBound = bound !== "refused";
    // Whether the bound holds is not known, and nothing may follow an answer that is not known.
    if (bound === "unsure") sent = "unsure";
    else sent = hasBound ? await run() : await withoutAtm(link, change, signal, run);
    return sent;
  } finally {
    if (hasBound && sent !== "sent") await moveBoundBack(link, change, sent).catch(() => undefined);
  }
}

/** Moves the bound to a profile that is chosen already; a device that takes no bound is left as it is. */
export async function boundAtm(link: DeviceLink, change: AtmChange, signal: AbortSignal): Promise<Sent> {
  const bound = await moveBound(link, change, signal);
  return bound === "refused" ? "sent" : bound;
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
    await inSession(link, ({ id }) => switchOn(link, id, memory, signal), signal);
  } catch {
    signal.throwIfAborted();
  }
}

function moveBound(link: DeviceLink, change: AtmChange, signal: AbortSignal): Promise<Sent> {
  return atmSet(link, change.session.id, `max_profile=${change.profile.name}`, signal);
}

/**
 * After a no the old bound comes back. After an end that is not known it does where the new one allows more and the
 * device does not show the profile: the thermal management would climb to it by itself.
 */
async function moveBoundBack(
  link: DeviceLink,
  { session, atm, profile }: AtmChange,
  sent: Sent | null,
): Promise<void> {
  if (atm.maxProfile === null) return;
  const allowsMore = profile.step === null || atm.maxStep === null || profile.step > atm.maxStep;
  if (sent !== "refused" && (!allowsMore || (await shows(link, profile, session.cleanup())))) return;
  await atmSet(link, session.id, `max_profile=${atm.maxProfile}`, session.cleanup());
}

async function shows(link: DeviceLink, { name }: LuxosProfile, signal: AbortSignal): Promise<boolean> {
  return text(list((await ask(link, "config", signal)).sections, "CONFIG")[0], "Profile") === name;
}

async function withoutAtm(
  link: DeviceLink,
  { session, memory }: AtmChange,
  signal: AbortSignal,
  run: () => Promise<Sent>,
): Promise<Sent> {
  memory.set(NOTE, "off");
  try {
    const off = await atmSet(link, session.id, "enabled=false", signal);
    return off === "sent" ? await run() : off;
  } finally {
    // Also after an abort, and also where switching off seemed to fail: its answer may have been lost.
    for (let tries = 0; tries < TRIES && isAtmOwed(memory); tries++) {
      await switchOn(link, session.id, memory, session.cleanup()).catch(() => undefined);
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
