import type { WriteResult } from "../model/miner.ts";
import { minerIncomplete } from "../model/miner-errors.ts";
import type { DeviceLink } from "../model/miner-link.ts";
import { proveWrite, type Seen, sendUnproved } from "../model/prove-write.ts";
import type { AvalonModel, AvalonStep } from "./avalon-models.ts";
import { sendParts } from "./avalon-parts.ts";
import { askLevers } from "./avalon-start.ts";
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
        return reply.status === "NO_REPLY" && !isOff ? "sent" : toSent(reply);
      },
      look: async () => seenSoft(toAvalonLevers((await askStats(link, signal)).sections), isOff),
      withinMs: SOFT_WITHIN_MS,
    },
    link.pace,
    signal,
  );
}

function seenSoft({ state, isSoftOff, isHashing }: AvalonLevers, isOff: boolean): Seen {
  if (!isOff && (state === "mining" || state === "starting")) return "effective";
  // What says that it rests and hashes on is no proof of a pause.
  if (isOff && state === "paused") return isHashing ? "taken" : "effective";
  return isSoftOff === isOff ? "taken" : "unchanged";
}

/** One setting of a step that the device has otherwise. */
interface Change {
  verb: "workmode" | "worklevel";
  wanted: number;
  of(seen: AvalonLevers): number | null;
}

/**
 * Sets the levers of one step, only those that differ. A device that calibrates refuses: `rejected`. Throws
 * `MINER_INCOMPLETE` where it does not tell how its levers stand.
 */
export async function setAvalonStep(
  link: DeviceLink,
  model: AvalonModel,
  index: number,
  signal: AbortSignal,
): Promise<WriteResult> {
  const step = model.steps[index];
  if (!step) throw noSuchStep(index, model.steps.length);
  const before = await askLevers(link, signal);
  const changes = changesTo(link, step, before);
  if (changes.length === 0) return "effective";
  const orders = changes.map(
    ({ verb, wanted }) =>
      async () =>
        toSent(await link.cgminer.tell(`ascset|0,${verb},set,${wanted}`, signal)),
  );
  let isTaken = false;
  return proveWrite(
    {
      async send() {
        const sent = await sendParts(orders, signal);
        isTaken = sent === "sent";
        return sent;
      },
      async look() {
        const seen = await askLevers(link, signal);
        const done = changes.filter(({ wanted, of }) => of(seen) === wanted);
        if (done.length === changes.length) return "effective";
        return isTaken && done.length > 0 ? "taken" : "unchanged";
      },
      withinMs: LEVERS_WITHIN_MS,
    },
    link.pace,
    signal,
  );
}

/** What has to be sent, in the order in which no mode on the way draws more than both ends do. */
function changesTo(link: DeviceLink, step: AvalonStep, before: AvalonLevers): Change[] {
  const levers: [Change["verb"], number | null, Change["of"]][] = [
    ["workmode", step.workMode, ({ workMode }) => workMode],
    ["worklevel", step.workLevel, ({ workLevel }) => workLevel],
  ];
  const changes: Change[] = [];
  for (const [verb, wanted, of] of levers) {
    if (wanted === null) continue;
    if (of(before) === null) throw minerIncomplete(link.where, "mode");
    if (of(before) !== wanted) changes.push({ verb, wanted, of });
  }
  const isLevelLowered = step.workLevel !== null && step.workLevel < (before.workLevel ?? 0);
  return isLevelLowered ? changes.toReversed() : changes;
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

function isPlausible(when: number | null): when is number {
  return when !== null && when > FIRST_PLAUSIBLE_S && when < LAST_PLAUSIBLE_S;
}
