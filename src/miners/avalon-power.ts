import type { WriteResult } from "../model/miner.ts";
import type { DeviceLink } from "../model/miner-link.ts";
import { proveWrite, type Seen, type Sent, sendUnproved } from "../model/prove-write.ts";
import type { AvalonModel } from "./avalon-models.ts";
import { type AvalonLevers, askStats, toAvalonLevers } from "./avalon-stats.ts";
import { toSent } from "./cgminer.ts";
import { noSuchStep } from "./pool-target.ts";

/** The order must lie ahead of the device's own clock (miners.md §6.4), s. */
const LEAD_S = 5;
const FIRST_PLAUSIBLE_S = 1_600_000_000;
const LAST_PLAUSIBLE_S = 4_102_444_800;
/** Modes read back at once; soft off within a minute of its moment (miners.md §16), ms. */
const LEVERS_WITHIN_MS = 3_000;
const SOFT_WITHIN_MS = (LEAD_S + 60) * 1000;

/**
 * Soft off or soft on. Always sent, also when the device already is in that state: an opposite order may
 * still lie a few seconds ahead of it.
 */
export async function setSoftOff(
  link: DeviceLink,
  isOff: boolean,
  signal: AbortSignal,
): Promise<WriteResult> {
  const { when } = await askStats(link, signal);
  const at = Math.floor(isPlausible(when) ? when : link.pace.nowMs() / 1000) + LEAD_S;
  return proveWrite(
    {
      async send() {
        const reply = await link.cgminer.tell(`ascset|0,${isOff ? "softoff" : "softon"},1:${at}`, signal);
        // Soft on may end the connection without a word (miners.md §6.4): it counts as sent, the read-back decides.
        return reply.status === "NO_REPLY" ? "sent" : toSent(reply);
      },
      look: async () => seenSoft(await readLevers(link, signal), isOff),
      withinMs: SOFT_WITHIN_MS,
    },
    link.pace,
    signal,
  );
}

function seenSoft({ state, isSoftOff }: AvalonLevers, isOff: boolean): Seen {
  if (isOff ? state === "paused" : state === "mining" || state === "starting") return "effective";
  return isSoftOff === isOff ? "taken" : "unchanged";
}

/** Sets the levers of one step, only those that differ. A device that calibrates refuses: `rejected`. */
export async function setAvalonStep(
  link: DeviceLink,
  model: AvalonModel,
  index: number,
  signal: AbortSignal,
): Promise<WriteResult> {
  const step = model.steps[index];
  if (!step) throw noSuchStep(index, model.steps.length);
  const levers: [string, number | null, (seen: AvalonLevers) => number | null][] = [
    ["workmode", step.workMode, (seen) => seen.workMode],
    ["worklevel", step.workLevel, (seen) => seen.workLevel],
  ];
  const isSet = (seen: AvalonLevers) =>
    levers.every(([, wanted, of]) => wanted === null || of(seen) === wanted);
  const before = await readLevers(link, signal);
  if (isSet(before)) return "effective";
  return proveWrite(
    {
      async send() {
        let outcome: Sent = "sent";
        for (const [name, wanted, of] of levers) {
          if (wanted === null || of(before) === wanted) continue;
          const sent = toSent(await link.cgminer.tell(`ascset|0,${name},set,${wanted}`, signal));
          if (sent === "refused") return "refused";
          if (sent === "unsure") outcome = "unsure";
        }
        return outcome;
      },
      look: async () => (isSet(await readLevers(link, signal)) ? "effective" : "unchanged"),
      withinMs: LEVERS_WITHIN_MS,
    },
    link.pace,
    signal,
  );
}

/** Restarts the device at once; the effect shows only when it is back. */
export async function rebootAvalon(link: DeviceLink, signal: AbortSignal): Promise<WriteResult> {
  return sendUnproved(async () => {
    const reply = await link.cgminer.tell("ascset|0,reboot,0", signal);
    return reply.status === "NO_REPLY" ? "sent" : toSent(reply);
  }, signal);
}

/** Lights its lamp; nothing tells whether it shines. */
export async function lightAvalon(link: DeviceLink, signal: AbortSignal): Promise<WriteResult> {
  return sendUnproved(async () => toSent(await link.cgminer.tell("ascset|0,led,1-1", signal)), signal);
}

async function readLevers(link: DeviceLink, signal: AbortSignal): Promise<AvalonLevers> {
  return toAvalonLevers((await askStats(link, signal)).sections);
}

function isPlausible(when: number | null): when is number {
  return when !== null && when > FIRST_PLAUSIBLE_S && when < LAST_PLAUSIBLE_S;
}
