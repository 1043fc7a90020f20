import { HearthError } from "../model/errors.ts";
import type { Sent } from "../model/prove-write.ts";

/**
 * Sends the parts of one write in their order, up to the first that was not plainly taken: the next ones may rely on
 * it. Once the first was taken a later failure is no plain no and no error any more, for something has changed.
 */
export async function sendParts(parts: readonly (() => Promise<Sent>)[], signal: AbortSignal): Promise<Sent> {
  for (const [place, part] of parts.entries()) {
    const sent = await part().catch((error: unknown): Sent => {
      if (place === 0 || signal.aborted || !(error instanceof HearthError)) throw error;
      return "unsure";
    });
    if (sent !== "sent") return place === 0 ? sent : "unsure";
  }
  return "sent";
}
