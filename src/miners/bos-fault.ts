import { type HearthError, unsupportedError } from "../model/errors.ts";

/** `MINER_IN_FAULT`, exit 1: the firmware itself holds the miner still; that is its own to end (requirements DRV-8). */
export function inFault(where: string, why: string): HearthError {
  return unsupportedError("MINER_IN_FAULT", `The miner at ${where} protects itself: ${why}.`, {
    left: "It was not resumed, because that would override its protection",
    hint: "Look at the device and at its own page; it runs again when it is well",
  });
}
