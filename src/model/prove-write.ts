import { HearthError } from "./errors.ts";
import type { WriteResult } from "./miner.ts";

/** What the device said to a write; `unsure` where it said nothing or the answer was lost. */
export type Sent = "sent" | "refused" | "unsure";

export interface WriteToProve {
  send(): Promise<Sent>;
  /** One immediate read-back: is the field as wanted now? */
  isEffective(): Promise<boolean>;
}

/**
 * One write and one read-back (requirements DRV-2): a success answer is no proof, and an answer that was lost
 * is decided by what the device then shows. Errors of a write that surely was not sent pass through.
 */
export async function proveWrite(write: WriteToProve, signal: AbortSignal): Promise<WriteResult> {
  const sent = await write.send().catch((error: unknown): Sent => {
    signal.throwIfAborted();
    if (isRefusal(error)) return "refused";
    if (isAmbiguous(error)) return "unsure";
    throw error;
  });
  if (sent === "refused") return "rejected";
  let isEffective: boolean;
  try {
    isEffective = await write.isEffective();
  } catch (error) {
    signal.throwIfAborted();
    if (error instanceof HearthError) return "unknown";
    throw error;
  }
  if (isEffective) return "effective";
  return sent === "sent" ? "pending" : "unknown";
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
