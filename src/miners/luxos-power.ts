import type { WriteResult } from "../model/miner.ts";
import { minerIncomplete } from "../model/miner-errors.ts";
import type { DeviceLink, DriverMemory } from "../model/miner-link.ts";
import { list, text } from "../model/parse.ts";
import { type Seen, sendUnproved } from "../model/prove-write.ts";
import { ask, toSent } from "./cgminer.ts";
import { askTogether } from "./luxos-ask.ts";
import { boundAtm, isBoundTo, underAtm } from "./luxos-atm.ts";
import type { LuxosProfile } from "./luxos-profiles.ts";
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
  profile: LuxosProfile,
  memory: DriverMemory,
  signal: AbortSignal,
): Promise<WriteResult> {
  const { name } = profile;
  const before = await askLevers(link, signal);
  if (before.profile === null) throw minerIncomplete(link.where, "profile");
  const { atm } = before;
  const isChosen = before.profile === name;
  if (isChosen && isBoundTo(atm, profile)) return "effective";
  return proveInSession(
    link,
    {
      tell(session) {
        const change = { session, atm, profile, memory };
        if (isChosen) return boundAtm(link, change, signal);
        return underAtm(link, change, signal, async () => {
          const parameter = `${session.id},${name}`;
          return toSent(await link.cgminer.tell({ command: "profileset", parameter }, signal));
        });
      },
      look: async () => seenProfile(link, await askLevers(link, signal), name),
      withinMs: SHOWN_WITHIN_MS,
    },
    signal,
  );
}

/** Throws where the device does not tell its profile: then nothing is proved, and nothing disproved. */
function seenProfile(link: DeviceLink, seen: LuxosLevers, name: string): Seen {
  if (seen.profile === null) throw minerIncomplete(link.where, "profile");
  if (seen.profile !== name) return "unchanged";
  return seen.isRamping && seen.isCurtailed !== true ? "taken" : "effective";
}

/** Sleep or wake; the wake climbs gently, never with `mode=unsafe`. It stays so over a reboot. */
export async function setCurtailed(
  link: DeviceLink,
  isCurtailed: boolean,
  signal: AbortSignal,
): Promise<WriteResult> {
  const askMode = async () => {
    const levers = await askLevers(link, signal);
    if (levers.isCurtailed === null) throw minerIncomplete(link.where, "curtail mode");
    return levers;
  };
  if ((await askMode()).isCurtailed === isCurtailed) return "effective";
  return proveInSession(
    link,
    {
      async tell({ id }) {
        const parameter = `${id},${isCurtailed ? "sleep" : "wakeup"}`;
        return toSent(await link.cgminer.tell({ command: "curtail", parameter }, signal));
      },
      async look() {
        const seen = await askMode();
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
    ({ id }) =>
      sendUnproved(async () => {
        const reply = await link.cgminer.tell({ command: "rebootdevice", parameter: id }, signal);
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
      tell: async ({ id }) =>
        toSent(await link.cgminer.tell({ command: "ledset", parameter: `${id},red,blink` }, signal)),
      look: async () => ((await isBlinking()) ? "effective" : "unchanged"),
      withinMs: SHOWN_WITHIN_MS,
    },
    signal,
  );
}

async function askLevers(link: DeviceLink, signal: AbortSignal): Promise<LuxosLevers> {
  return toLevers(await askTogether(link, ["config", "devs", "atm"], signal));
}
