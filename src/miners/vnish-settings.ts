import { HearthError } from "../model/errors.ts";
import { minerIncomplete } from "../model/miner-errors.ts";
import type { DeviceLink } from "../model/miner-link.ts";
import { flag } from "../model/parse.ts";
import type { Sent } from "../model/prove-write.ts";
import type { LoginLink } from "./login.ts";
import { stateOf } from "./vnish-reading.ts";

const SETTINGS = "/api/v1/settings";

/** All settings, with the passwords of the pools. */
export function askSettings(link: DeviceLink, login: LoginLink, signal: AbortSignal): Promise<unknown> {
  return login.get(link, SETTINGS, signal);
}

/** `/status`, told without a login: the words of `miner_status` and whether a restart is owed. */
export function askStatus(link: DeviceLink, signal: AbortSignal): Promise<unknown> {
  return link.http.get("/api/v1/status", signal);
}

/** Stopped, paused or on its way there. Throws `MINER_INCOMPLETE` where the status does not say: no is no proof then. */
export function isResting(link: DeviceLink, status: unknown): boolean {
  const state = stateOf({ miner_status: status });
  if (state === "unknown") throw minerIncomplete(link.where, "state");
  return state === "paused";
}

/** Some stored setting waits for the next start of the mining. */
export function isRestartOwed(status: unknown): boolean {
  return flag(status, "restart_required") === true;
}

/**
 * The write that stores part of `miner` of the settings (null: it is stored already), and restarts the mining where
 * the device asks for it. What rests, or has stopped itself, is never set going by a change of settings: it keeps them
 * for its next start. Null when there is nothing to do.
 */
export async function settingsWrite(
  link: DeviceLink,
  login: LoginLink,
  change: Record<string, unknown> | null,
  signal: AbortSignal,
): Promise<(() => Promise<Sent>) | null> {
  const status = await askStatus(link, signal);
  const isRunning = !isResting(link, status) && stateOf({ miner_status: status }) !== "fault";
  const isOwed = isRunning && isRestartOwed(status);
  if (change === null && !isOwed) return null;
  return async () => {
    const said = change === null ? null : await login.send(link, "POST", SETTINGS, { miner: change }, signal);
    if (!isOwed && !(isRunning && isRestartOwed(said))) return "sent";
    try {
      await login.send(link, "POST", "/api/v1/mining/restart", {}, signal);
    } catch (error) {
      // A no to the restart takes nothing back: the change is stored, and shows so.
      const isRefusal = error instanceof HearthError && error.code === "MINER_REFUSED";
      if (change === null || !isRefusal) throw error;
    }
    return "sent";
  };
}
