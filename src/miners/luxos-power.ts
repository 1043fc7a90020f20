import type { WriteResult } from "../model/miner.ts";
import { minerIncomplete } from "../model/miner-errors.ts";
import type { DeviceLink, DriverMemory } from "../model/miner-link.ts";
import { list, text } from "../model/parse.ts";
import { type Seen, sendUnproved } from "../model/prove-write.ts";
import { ask, toSent } from "./cgminer.ts";
import { askTogether } from "./luxos-ask.ts";
import { underAtm } from "./luxos-atm.ts";
import { type LuxosProfile, profileParameter } from "./luxos-profiles.ts";
import { type LuxosLevers, toLevers } from "./luxos-reading.ts";
import { inSession, proveInSession } from "./luxos-session.ts";

/** Profile and sleep are told at once; the ramp behind them takes minutes (miners.md §8.3, §8.4), ms. */
const SHOWN_WITHIN_MS = 5_000;

/**
 * Chooses a profile by its name. The thermal management would move it again, so its upper bound moves along. A
 * device that sleeps keeps the profile for its next wake.
 */
export async function setLuxosProfile(
  link: DeviceLink,
  { name }: LuxosProfile,
  memory: DriverMemory,
  signal: AbortSignal,
): Promise<WriteResult> {
  const before = await askLevers(link, signal);
  if (before.profile === null) throw minerIncomplete(link.where, "profile");
  const { atm } = before;
  const isBound = !atm.isEnabled || atm.maxProfile === null || atm.maxProfile === name;
  if (before.profile === name && isBound) return "effective";
  return proveInSession(
    link,
    {
      tell: (session) =>
        underAtm(link, { session, atm, profile: name, memory }, signal, async () => {
          const parameter = profileParameter(session, name);
          return toSent(await link.cgminer.tell({ command: "profileset", parameter }, signal));
        }),
      look: async () => seenProfile(await askLevers(link, signal), name),
      withinMs: SHOWN_WITHIN_MS,
    },
    signal,
  );
}

function seenProfile({ profile, isRamping, isCurtailed }: LuxosLevers, name: string): Seen {
  if (profile !== name) return "unchanged";
  return isRamping && isCurtailed !== true ? "taken" : "effective";
}

/** Sleep or wake; the wake climbs gently, never with `mode=unsafe`. It stays so over a reboot. */
export async function setCurtailed(
  link: DeviceLink,
  isCurtailed: boolean,
  signal: AbortSignal,
): Promise<WriteResult> {
  if ((await askLevers(link, signal)).isCurtailed === isCurtailed) return "effective";
  return proveInSession(
    link,
    {
      async tell(session) {
        const parameter = `${session},${isCurtailed ? "sleep" : "wakeup"}`;
        return toSent(await link.cgminer.tell({ command: "curtail", parameter }, signal));
      },
      async look() {
        const seen = await askLevers(link, signal);
        if (seen.isCurtailed !== isCurtailed) return "unchanged";
        return isCurtailed && seen.isPowerSupplyOn === true ? "taken" : "effective";
      },
      withinMs: SHOWN_WITHIN_MS,
    },
    signal,
  );
}

/** Restarts the whole device; a sleep outlives it. */
export function restartLuxos(link: DeviceLink, signal: AbortSignal): Promise<WriteResult> {
  return inSession(
    link,
    (session) =>
      sendUnproved(async () => {
        const reply = await link.cgminer.tell({ command: "rebootdevice", parameter: session }, signal);
        return toSent(reply);
      }, signal),
    signal,
  );
}

/** Lets the red lamp blink; it does so until it is set back on the device's own page. */
export async function blinkLuxos(link: DeviceLink, signal: AbortSignal): Promise<WriteResult> {
  const isBlinking = async () => {
    const config = list((await ask(link, "config", signal)).sections, "CONFIG")[0];
    return text(config, "RedLed")?.toLowerCase() === "blink";
  };
  if (await isBlinking()) return "effective";
  return proveInSession(
    link,
    {
      tell: async (session) =>
        toSent(await link.cgminer.tell({ command: "ledset", parameter: `${session},red,blink` }, signal)),
      look: async () => ((await isBlinking()) ? "effective" : "unchanged"),
      withinMs: SHOWN_WITHIN_MS,
    },
    signal,
  );
}

async function askLevers(link: DeviceLink, signal: AbortSignal): Promise<LuxosLevers> {
  return toLevers(await askTogether(link, ["config", "devs", "atm"], signal));
}
