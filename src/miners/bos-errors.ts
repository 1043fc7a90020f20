import { type HearthError, unsupportedError } from "../model/errors.ts";

/** `MINER_IN_FAULT`, exit 1: the firmware itself holds the miner still; that is its own to end (requirements DRV-8). */
export function inFault(where: string, why: string): HearthError {
  return unsupportedError("MINER_IN_FAULT", `The miner at ${where} protects itself: ${why}.`, {
    left: "It was not resumed, because that would override its protection",
    hint: "Look at the device and at its own page; it runs again when it is well",
  });
}

/** `MINER_TARGET_UNSUPPORTED`, exit 1: a target in watts would be stored and have no effect. */
export function notTunedByWatts(where: string): HearthError {
  return unsupportedError("MINER_TARGET_UNSUPPORTED", `The miner at ${where} is not tuned by watts.`, {
    left: "Nothing was changed",
    hint: "Choose the power target on the miner's own page first",
  });
}
