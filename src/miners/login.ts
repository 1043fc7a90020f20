import { HearthError } from "../model/errors.ts";
import { minerPasswordWrong } from "../model/miner-errors.ts";
import type { DeviceLink, DriverOptions } from "../model/miner-link.ts";

/** A password that was refused is kept away from the device for so long, ms. */
const REFUSED_MS = 900_000;

/** Headers that a device wants with each request. */
export type LoginHeaders = Record<string, string>;

/** HTTP behind a login: signs in when it is needed, and once more when the device has forgotten it. */
export interface LoginLink {
  /** Anything else behind the same login; `MINER_AUTH_REQUIRED` from `use` makes it sign in anew and run once more. */
  run<T>(link: DeviceLink, signal: AbortSignal, use: (headers: LoginHeaders) => Promise<T>): Promise<T>;
  get(link: DeviceLink, path: string, signal: AbortSignal): Promise<unknown>;
  send(
    link: DeviceLink,
    method: "POST" | "PUT" | "PATCH" | "DELETE",
    path: string,
    body: unknown,
    signal: AbortSignal,
  ): Promise<unknown>;
}

/** The password to use and whether it is the documented factory default. */
export function passwordOf(
  options: DriverOptions,
  factory: string,
): { password: string; isFactory: boolean } {
  const given = options.password ?? null;
  return { password: given ?? factory, isFactory: given === null };
}

/**
 * `signIn` answers the headers, or throws `MINER_PASSWORD_WRONG`; a refused password is not sent again for a quarter
 * of an hour, for devices lock their door after a few (miners.md §1 rule 9). A write that was answered with 401 was
 * not carried out, so it may be sent again after the new login.
 */
export function createLogin(
  signIn: (link: DeviceLink, signal: AbortSignal) => Promise<LoginHeaders>,
): LoginLink {
  let headers: LoginHeaders | null = null;
  let refused: { error: HearthError; mono: number } | null = null;
  const loggedIn = async (link: DeviceLink, signal: AbortSignal): Promise<LoginHeaders> => {
    if (refused && link.pace.monoMs() - refused.mono < REFUSED_MS) throw refused.error;
    try {
      headers ??= await signIn(link, signal);
      refused = null;
      return headers;
    } catch (error) {
      if (error instanceof HearthError && error.code === "MINER_PASSWORD_WRONG") {
        refused = { error, mono: link.pace.monoMs() };
      }
      throw error;
    }
  };
  const twice = async <T>(
    link: DeviceLink,
    signal: AbortSignal,
    run: (headers: LoginHeaders) => Promise<T>,
  ): Promise<T> => {
    const wasLoggedIn = headers !== null;
    try {
      return await run(await loggedIn(link, signal));
    } catch (error) {
      if (!(error instanceof HearthError) || error.code !== "MINER_AUTH_REQUIRED") throw error;
      headers = null;
      // A fresh login that does not open the door will not open it the second time.
      if (!wasLoggedIn) throw error;
      return run(await loggedIn(link, signal));
    }
  };
  return {
    run: twice,
    get: (link, path, signal) => twice(link, signal, (headers) => link.http.get(path, signal, { headers })),
    send: (link, method, path, body, signal) =>
      twice(link, signal, (headers) => link.http.send(method, path, body, signal, { headers })),
  };
}

/** `MINER_PASSWORD_WRONG` for this device. */
export function passwordWrong(link: DeviceLink, isFactory: boolean): HearthError {
  return minerPasswordWrong(link.where, isFactory);
}
