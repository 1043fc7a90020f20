import { HearthError } from "../model/errors.ts";
import type { WriteResult } from "../model/miner.ts";
import { minerIncomplete } from "../model/miner-errors.ts";
import type { DeviceLink } from "../model/miner-link.ts";
import { proveWrite, type Seen, sendUnproved } from "../model/prove-write.ts";
import { inFault, notTunedByWatts } from "./bos-errors.ts";
import {
  BRAIINS_STATUS,
  configuredTargetW,
  isTunedByWatts,
  protectionOf,
  statusOf,
} from "./braiins-reading.ts";
import type { LoginLink } from "./login.ts";

const API = "/api/v1";
/** The configured target reads back at once, ms. */
const STORED_WITHIN_MS = 3_000;
/** Ramps take `down_s` and `up_s`, seconds by default, longer where the owner set them so, ms (miners.md §16). */
const PAUSED_WITHIN_MS = 10_000;
const RESUMED_WITHIN_MS = 30_000;
const LIGHT_WITHIN_MS = 3_000;

/** Keeps the words of the latest refused change, for the next reading; null when a change was taken. */
export type NoteRefusal = (words: string | null) => void;

/**
 * Pauses or resumes. A miner that protects itself is not resumed (`MINER_IN_FAULT`), and one that only waits for its
 * pools has nothing to resume from.
 */
export async function setBraiinsPaused(
  rest: LoginLink,
  link: DeviceLink,
  isPaused: boolean,
  signal: AbortSignal,
): Promise<WriteResult> {
  const ask = () => rest.get(link, `${API}/miner/details`, signal);
  const before = await ask();
  if (statusOf(before) === null) throw minerIncomplete(link.where, "state");
  const protection = protectionOf(before);
  if (!isPaused && protection !== null) throw inFault(link.where, protection);
  const seen = seenPause(statusOf(before), isPaused);
  if (seen === "effective") return "effective";
  if (seen === "taken") return "pending";
  return proveWrite(
    {
      async send() {
        await rest.send(link, "PUT", `${API}/actions/${isPaused ? "pause" : "resume"}`, undefined, signal);
        return "sent";
      },
      look: async () => seenPause(statusOf(await ask()), isPaused),
      withinMs: isPaused ? PAUSED_WITHIN_MS : RESUMED_WITHIN_MS,
    },
    link.pace,
    signal,
  );
}

/**
 * Sets the configured power target. `effective` means that it reads back as configured: the draw follows slowly, from
 * a low target to a high one in many minutes, and dynamic scaling may hold it lower (miners.md §7.4).
 */
export async function setBraiinsTarget(
  rest: LoginLink,
  link: DeviceLink,
  powerW: number,
  note: NoteRefusal,
  signal: AbortSignal,
): Promise<WriteResult> {
  const wantedW = Math.round(powerW);
  const before = await rest.get(link, `${API}/configuration/miner`, signal);
  const beforeW = configuredTargetW(before);
  if (!isTunedByWatts(before)) throw notTunedByWatts(link.where);
  if (beforeW === null) throw minerIncomplete(link.where, "power target");
  if (beforeW === wantedW) {
    note(null);
    return "effective";
  }
  return proveWrite(
    {
      async send() {
        await noting(note, () =>
          // Absolute: `increment` and `decrement` have changed the number without any ramp (miners.md §7.4).
          rest.send(link, "PUT", `${API}/performance/power-target`, { watt: wantedW }, signal),
        );
        return "sent";
      },
      async look() {
        const seenW = configuredTargetW(await rest.get(link, `${API}/configuration/miner`, signal));
        return seenW === wantedW ? "effective" : "unchanged";
      },
      withinMs: STORED_WITHIN_MS,
    },
    link.pace,
    signal,
  );
}

/** Restarts the mining process; it hashes again after a minute or so, with counters at zero. */
export function restartBraiins(rest: LoginLink, link: DeviceLink, signal: AbortSignal): Promise<WriteResult> {
  return sendUnproved(async () => {
    await rest.send(link, "PUT", `${API}/actions/restart`, undefined, signal);
    return "sent";
  }, signal);
}

/** Lets its lamp blink; asked again, ends it. */
export async function lightBraiins(
  rest: LoginLink,
  link: DeviceLink,
  signal: AbortSignal,
): Promise<WriteResult> {
  const path = `${API}/actions/locate`;
  const wanted = (await rest.get(link, path, signal)) !== true;
  return proveWrite(
    {
      async send() {
        await rest.send(link, "PUT", path, wanted, signal);
        return "sent";
      },
      look: async () => ((await rest.get(link, path, signal)) === wanted ? "effective" : "unchanged"),
      withinMs: LIGHT_WITHIN_MS,
    },
    link.pace,
    signal,
  );
}

function seenPause(status: number | null, isPaused: boolean): Seen {
  if (isPaused) return status === BRAIINS_STATUS.paused ? "effective" : "unchanged";
  if (status === BRAIINS_STATUS.normal || status === BRAIINS_STATUS.restricted) return "effective";
  const isOnItsOwn = status === BRAIINS_STATUS.notStarted || status === BRAIINS_STATUS.suspended;
  return isOnItsOwn ? "taken" : "unchanged";
}

/** The device's own words of a no are for the person who reads the miner next (miners.md §7.4). */
async function noting(note: NoteRefusal, send: () => Promise<unknown>): Promise<void> {
  try {
    await send();
    note(null);
  } catch (error) {
    if (error instanceof HearthError && error.code === "MINER_REFUSED") {
      const [, words] = / It said: (.*)$/.exec(error.message) ?? [];
      note(`the latest target was refused${words === undefined ? "" : `: ${words}`}`);
    }
    throw error;
  }
}
