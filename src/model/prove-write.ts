import { HearthError } from "./errors.ts";
import type { WriteResult } from "./miner.ts";
import type { Pace } from "./miner-link.ts";

/** What the device said to a write; `unsure` where it said nothing or the answer was lost. */
export type Sent = "sent" | "refused" | "unsure";

/**
 * What a read-back shows: the wish fulfilled, the wish stored or under way, or the state of before.
 * `unchanged` until the firmware's deadline makes a device that said yes a liar.
 */
export type Seen = "effective" | "taken" | "unchanged";

export interface WriteToProve {
  send(): Promise<Sent>;
  /** One read-back of the field that was written, and of its effect where the firmware tells it. */
  look(): Promise<Seen>;
  /** Within this time the firmware shows that it took the write, ms (miners.md §16). */
  withinMs: number;
  /** The device leaves the network while it applies the write: its silence then is the sign that it does. */
  goesAway?: boolean;
}

/** Longest wait for a read-back inside one call; what takes longer is `pending` (interfaces.md §6: 8 s in all). */
const LONGEST_LOOK_MS = 6_000;
const FIRST_GAP_MS = 150;
const WIDEST_GAP_MS = 1_000;

/**
 * One write and its proof (requirements DRV-2): sent once, never again; then read back until the device shows it or
 * its time is up. A yes that changed nothing in that time is `rejected`; an answer that was lost is decided by what
 * the device shows, and stays `unknown` where it shows nothing new. Errors of a write that surely was not sent pass
 * through.
 */
export async function proveWrite(write: WriteToProve, pace: Pace, signal: AbortSignal): Promise<WriteResult> {
  const sent = await sendOnce(write.send, signal);
  if (sent === "refused") return "rejected";
  const { seen, isTimeUp } = await lookUntilShown(write, pace, signal);
  if (seen === "effective") return "effective";
  if (seen === "taken") return "pending";
  if (seen === "away") return write.goesAway && sent === "sent" ? "pending" : "unknown";
  if (sent === "unsure") return "unknown";
  return isTimeUp ? "rejected" : "pending";
}

/**
 * A write whose effect cannot be read back, as a blinking light or a restart that is still to come: `pending` is the
 * most that can be said of it.
 */
export async function sendUnproved(send: () => Promise<Sent>, signal: AbortSignal): Promise<WriteResult> {
  const sent = await sendOnce(send, signal);
  return sent === "sent" ? "pending" : sent === "refused" ? "rejected" : "unknown";
}

async function sendOnce(send: () => Promise<Sent>, signal: AbortSignal): Promise<Sent> {
  try {
    return await send();
  } catch (error) {
    if (isOverdue(signal)) return "unsure";
    signal.throwIfAborted();
    if (isRefusal(error)) return "refused";
    if (isAmbiguous(error)) return "unsure";
    throw error;
  }
}

/** The latest sight of the device, `away` where it did not answer; `isTimeUp` when the firmware's own time is over. */
async function lookUntilShown(write: WriteToProve, pace: Pace, signal: AbortSignal) {
  const sinceMs = pace.monoMs();
  const limitMs = Math.min(write.withinMs, LONGEST_LOOK_MS);
  let gapMs = FIRST_GAP_MS;
  let seen: Seen | "away" = "away";
  for (;;) {
    try {
      seen = await write.look();
    } catch (error) {
      if (!isOverdue(signal)) signal.throwIfAborted();
      if (!(error instanceof HearthError)) throw error;
      seen = "away";
    }
    const passedMs = pace.monoMs() - sinceMs;
    const isTimeUp = passedMs >= write.withinMs;
    const isEnough = passedMs >= limitMs || isOverdue(signal) || pace.isHurried?.() === true;
    if (seen === "effective" || isEnough) return { seen, isTimeUp };
    await pace.sleep(Math.min(gapMs, limitMs - passedMs), signal).catch((error: unknown) => {
      if (!isOverdue(signal)) throw error;
    });
    gapMs = Math.min(gapMs * 2, WIDEST_GAP_MS);
  }
}

/** The limit of the whole call passed: what was seen so far has to do. A caller's own abort is thrown instead. */
function isOverdue(signal: AbortSignal): boolean {
  return signal.aborted && signal.reason instanceof HearthError && signal.reason.code === "MINER_TIMEOUT";
}

function isRefusal(error: unknown): boolean {
  return error instanceof HearthError && error.code === "MINER_REFUSED";
}

/** The request may have arrived: anything after the connection stood. */
function isAmbiguous(error: unknown): boolean {
  return (
    error instanceof HearthError &&
    ["MINER_TIMEOUT", "MINER_BAD_ANSWER", "MINER_CUT_ANSWER"].includes(error.code)
  );
}
