import { usageError } from "../model/errors.ts";
import type { CgminerLink, WriteResult } from "../model/miner.ts";
import { proveWrite, type Sent } from "../model/prove-write.ts";
import { askStats, toSent } from "./avalon-link.ts";
import type { AvalonModel } from "./avalon-models.ts";
import { type AvalonLevers, toAvalonLevers } from "./avalon-stats.ts";

/** The order must lie ahead of the device's own clock (miners.md §6.4), s. */
const LEAD_S = 5;
const FIRST_PLAUSIBLE_S = 1_600_000_000;
const LAST_PLAUSIBLE_S = 4_102_444_800;

/**
 * Soft off or soft on. Always sent, also when the device already is in that state: an opposite order may
 * still lie a few seconds ahead of it.
 */
export async function setSoftOff(
  link: CgminerLink,
  isOff: boolean,
  nowMs: () => number,
  signal: AbortSignal,
): Promise<WriteResult> {
  const { when } = await askStats(link, signal);
  const at = Math.floor(isPlausible(when) ? when : nowMs() / 1000) + LEAD_S;
  return proveWrite(
    {
      async send() {
        const reply = await link.text(`ascset|0,${isOff ? "softoff" : "softon"},1:${at}`, signal);
        // Soft on may end the connection without a word (miners.md §6.4): the read-back decides.
        return reply.status === "NO_REPLY" ? "sent" : toSent(reply);
      },
      async isEffective() {
        const { state } = await readLevers(link, signal);
        return isOff ? state === "paused" : state === "mining" || state === "starting";
      },
    },
    signal,
  );
}

/** Sets the levers of one step, only those that differ. A device that calibrates refuses: `rejected`. */
export async function setAvalonStep(
  link: CgminerLink,
  model: AvalonModel,
  index: number,
  signal: AbortSignal,
): Promise<WriteResult> {
  const step = model.steps[index];
  if (!step) {
    throw usageError(
      "MINER_STEP_UNKNOWN",
      `There is no step ${index}; this miner has ${model.steps.length}.`,
      {
        left: "It runs as before",
      },
    );
  }
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
          const sent = toSent(await link.text(`ascset|0,${name},set,${wanted}`, signal));
          if (sent === "refused") return "refused";
          if (sent === "unsure") outcome = "unsure";
        }
        return outcome;
      },
      isEffective: async () => isSet(await readLevers(link, signal)),
    },
    signal,
  );
}

/** Restarts the device at once; the effect shows only when it is back. */
export async function rebootAvalon(link: CgminerLink, signal: AbortSignal): Promise<WriteResult> {
  return proveWrite(
    {
      async send() {
        const reply = await link.text("ascset|0,reboot,0", signal);
        return reply.status === "NO_REPLY" ? "sent" : toSent(reply);
      },
      isEffective: async () => false,
    },
    signal,
  );
}

async function readLevers(link: CgminerLink, signal: AbortSignal): Promise<AvalonLevers> {
  return toAvalonLevers((await askStats(link, signal)).sections);
}

function isPlausible(when: number | null): when is number {
  return when !== null && when > FIRST_PLAUSIBLE_S && when < LAST_PLAUSIBLE_S;
}
