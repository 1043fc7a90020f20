import { HearthError } from "../model/errors.ts";
import type { WriteResult } from "../model/miner.ts";
import { minerBusy, minerCutAnswer, minerRefused } from "../model/miner-errors.ts";
import type { CgminerReply, DeviceLink } from "../model/miner-link.ts";
import { list, text } from "../model/parse.ts";
import { proveWrite, type Seen, type Sent } from "../model/prove-write.ts";
import { ask, INVALID_COMMAND, isSuccess } from "./cgminer.ts";

/** Waits before another try while somebody else holds the session, ms. */
const RETRY_AFTER_MS = [400, 900, 1_700];
/** Time for one attempt at leaving the session, ms: it must end also when the call itself was called off. */
const CLEANUP_MS = 1_000;
const CLEANUP_TRIES = 2;

/** A change that needs the session: `tell` gets its id, which is the first field of every parameter. */
export interface SessionWrite {
  tell(session: string): Promise<Sent>;
  look(): Promise<Seen>;
  withinMs: number;
  goesAway?: boolean;
}

/** Logs on, changes, logs off whatever happened, and only then waits for the proof: the session is a lock (miners.md §8.1). */
export async function proveInSession(
  link: DeviceLink,
  { tell, ...proof }: SessionWrite,
  signal: AbortSignal,
): Promise<WriteResult> {
  const session = await logon(link, signal);
  return proveWrite(
    { ...proof, send: () => leavingBehind(link, session, () => tell(session)) },
    link.pace,
    signal,
  );
}

/** The same for what cannot be proved by a read. */
export async function inSession<T>(
  link: DeviceLink,
  run: (session: string) => Promise<T>,
  signal: AbortSignal,
): Promise<T> {
  const session = await logon(link, signal);
  return leavingBehind(link, session, () => run(session));
}

/** A signal of its own for what has to be put in order at the end, also after the call was called off. */
export function cleanupSignal(): AbortSignal {
  return AbortSignal.timeout(CLEANUP_MS);
}

/**
 * The id of a new session. One that is active belongs to somebody else and is never used: after some tries the
 * miner is busy (`MINER_BUSY`, exit 3). Other errors are those of a read, and `MINER_REFUSED`.
 */
async function logon(link: DeviceLink, signal: AbortSignal): Promise<string> {
  let reply = await link.cgminer.ask({ command: "logon" }, signal);
  for (const waitMs of RETRY_AFTER_MS) {
    if (!isBusy(reply) || link.pace.isHurried?.() === true) break;
    await link.pace.sleep(waitMs, signal);
    reply = await link.cgminer.ask({ command: "logon" }, signal);
  }
  // What opened and was not told to us ends by itself after a minute.
  if (reply.status === "NO_REPLY" || reply.isPartial)
    throw minerCutAnswer(link.where, "gave no answer to logon");
  const session = sessionOf(reply.sections);
  if (isSuccess(reply) && session !== null) return session;
  if (isBusy(reply) && (await hasSession(link, signal))) {
    throw minerBusy(link.where, "another program holds its session, which ends after a minute without use");
  }
  throw minerRefused(link.where, "a session", reply.message);
}

async function leavingBehind<T>(link: DeviceLink, session: string, run: () => Promise<T>): Promise<T> {
  try {
    return await run();
  } finally {
    await logoff(link, session);
  }
}

/** Twice at most: with our own id a second time harms nobody, and a session left open locks others out for a minute. */
async function logoff(link: DeviceLink, session: string): Promise<void> {
  for (let tries = 0; tries < CLEANUP_TRIES; tries++) {
    const request = { command: "logoff", parameter: session };
    const reply = await link.cgminer.ask(request, cleanupSignal()).catch(() => null);
    if (reply !== null && reply.status !== "NO_REPLY") return;
  }
}

function isBusy(reply: CgminerReply): boolean {
  return (reply.status === "E" || reply.status === "W") && reply.code !== INVALID_COMMAND;
}

async function hasSession(link: DeviceLink, signal: AbortSignal): Promise<boolean> {
  try {
    return sessionOf((await ask(link, "session", signal)).sections) !== null;
  } catch (error) {
    if (error instanceof HearthError && !signal.aborted) return false;
    throw error;
  }
}

function sessionOf(sections: unknown): string | null {
  const session = text(list(sections, "SESSION")[0], "SessionID");
  return session !== null && /^[\w-]{1,64}$/.test(session) ? session : null;
}
