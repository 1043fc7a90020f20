import type { WriteResult } from "../model/miner.ts";
import type { DeviceLink, DriverMemory } from "../model/miner-link.ts";
import { proveWrite } from "../model/prove-write.ts";
import type { LoginLink } from "./login.ts";
import { isShuttingDown, stateOf } from "./vnish-reading.ts";
import { askStatus, isRestartOwed, isResting } from "./vnish-settings.ts";

/** A pause shows as `shutting-down` or `stopped` at once (miners.md §16), ms. */
const RESTS_WITHIN_MS = 5_000;
/** Note of the word that ends the present rest. */
const WAKE = "wakeWord";

/** Lets it rest; a rest is ordered also where it does not tell its state. */
export async function pauseVnish(
  link: DeviceLink,
  login: LoginLink,
  memory: DriverMemory,
  signal: AbortSignal,
): Promise<WriteResult> {
  if (stateOf({ miner_status: await askStatus(link, signal) }) === "paused") return "effective";
  return proveWrite(
    {
      async send() {
        // A pause ends with `resume`, a stop by somebody else with `start`; they read the same afterwards.
        memory.set(WAKE, "resume");
        await login.send(link, "POST", "/api/v1/mining/pause", {}, signal);
        return "sent";
      },
      async look() {
        const status = await askStatus(link, signal);
        if (isShuttingDown({ miner_status: status })) return "taken";
        return isResting(link, status) ? "effective" : "unchanged";
      },
      withinMs: RESTS_WITHIN_MS,
    },
    link.pace,
    signal,
  );
}

/** Settings that were changed at rest apply with a restart of the mining; a plain resume would go on with the old. */
export async function resumeVnish(
  link: DeviceLink,
  login: LoginLink,
  memory: DriverMemory,
  signal: AbortSignal,
): Promise<WriteResult> {
  const status = await askStatus(link, signal);
  if (!isResting(link, status)) return "effective";
  const known = memory.get(WAKE) === "resume" ? "resume" : "start";
  const word = isRestartOwed(status) ? "restart" : known;
  const result = await proveWrite(
    {
      async send() {
        await login.send(link, "POST", `/api/v1/mining/${word}`, {}, signal);
        return "sent";
      },
      look: async () => (isResting(link, await askStatus(link, signal)) ? "unchanged" : "effective"),
      withinMs: RESTS_WITHIN_MS,
    },
    link.pace,
    signal,
  );
  if (result === "effective") memory.set(WAKE, null);
  // It was put to rest in the other way: the next attempt uses the other word.
  else if (result !== "pending" && word === known) memory.set(WAKE, known === "resume" ? null : "resume");
  return result;
}
