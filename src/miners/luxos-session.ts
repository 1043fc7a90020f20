import { HearthError } from "../model/errors.ts";
import type { WriteResult } from "../model/miner.ts";
import { minerBusy, minerCutAnswer, minerRefused } from "../model/miner-errors.ts";
import type { CgminerReply, DeviceLink } from "../model/miner-link.ts";
import { list, text } from "../model/parse.ts";
import { proveWrite, type Seen, type Sent } from "../model/prove-write.ts";
import { ask, INVALID_COMMAND, isSuccess } from "./cgminer.ts";

/** Waits before another try while somebody else holds the session, ms. */
const RETRY_AFTER_MS = [400, 900, 1_700];
/** Time for one request that puts something in order, ms. */
const CLEANUP_MS = 1_000;
const CLEANUP_TRIES = 2;
/** How much longer than the call itself all of them may take, ms: the call has a limit of its own. */
const GRACE_MS = 500;

/** The session while it is ours. */
export interface LuxosSession {
  /** The first field of every parameter. */
  id: string;
  /** For one request that puts something in order: it is sent also when the call was called off, if not much later. */
  cleanup(): AbortSignal;
}

/** A change that needs the session. */
export interface SessionWrite {
  tell(session: LuxosSession): Promise<Sent>;
  look(): Promise<Seen>;
  withinMs: number;
}

/** Logs on, changes, logs off whatever happened, and only then waits for the proof: the session is a lock (miners.md §8.1). */
export async function proveInSession(
  link: DeviceLink,
  { tell, ...proof }: SessionWrite,
  signal: AbortSignal,
): Promise<WriteResult> {
  const session = await openSession(link, signal);
  return proveWrite(
    { ...proof, send: () => leavingBehind(link, session, () => tell(session)) },
    link.pace,
    signal,
  );
}

/** The same for what cannot be proved by a read. */
export async function inSession<T>(
  link: DeviceLink,
  run: (session: LuxosSession) => Promise<T>,
  signal: AbortSignal,
): Promise<T> {
  const session = await openSession(link, signal);
  return leavingBehind(link, session, () => run(session));
}

/** A session that was opened while the call was called off is left at once: who does not hear its id cannot leave it. */
async function openSession(link: DeviceLink, signal: AbortSignal): Promise<LuxosSession> {
  signal.throwIfAborted();
  const grace = graceAfter(signal);
  const cleanup = () => AbortSignal.any([grace, AbortSignal.timeout(CLEANUP_MS)]);
  const session = { id: await logon(link, signal, grace), cleanup };
  if (signal.aborted) await logoff(link, session);
  signal.throwIfAborted();
  return session;
}

/** Fires for the same reason as the signal, a little later. */
function graceAfter(signal: AbortSignal): AbortSignal {
  const grace = new AbortController();
  const begin = () => setTimeout(() => grace.abort(signal.reason), GRACE_MS);
  signal.addEventListener("abort", begin, { once: true });
  return grace.signal;
}

/**
 * The id of a new session. One that is active belongs to somebody else and is never used: after some tries the
 * miner is busy (`MINER_BUSY`, exit 3). Other errors are those of a read, and `MINER_REFUSED`.
 */
async function logon(link: DeviceLink, signal: AbortSignal, grace: AbortSignal): Promise<string> {
  let reply = await link.cgminer.ask({ command: "logon" }, grace);
  for (const waitMs of RETRY_AFTER_MS) {
    if (!isRefusal(reply) || reply.code === INVALID_COMMAND || link.pace.isHurried?.() === true) break;
    await link.pace.sleep(waitMs, signal);
    reply = await link.cgminer.ask({ command: "logon" }, grace);
  }
  // What opened and was not told to us ends by itself after a minute.
  if (reply.status === "NO_REPLY" || reply.isPartial)
    throw minerCutAnswer(link.where, "gave no answer to logon");
  const session = sessionOf(reply.sections);
  if (isSuccess(reply) && session !== null) return session;
  if (isRefusal(reply) && (await hasSession(link, signal))) {
    throw minerBusy(link.where, "a session is open on it, which ends after a minute without use");
  }
  throw minerRefused(link.where, "a session", reply.message);
}

async function leavingBehind<T>(link: DeviceLink, session: LuxosSession, run: () => Promise<T>): Promise<T> {
  try {
    return await run();
  } finally {
    await logoff(link, session);
  }
}

/** Twice at most: with our own id a second time harms nobody, and a session left open locks others out for a minute. */
async function logoff(link: DeviceLink, { id, cleanup }: LuxosSession): Promise<void> {
  for (let tries = 0; tries < CLEANUP_TRIES; tries++) {
    const reply = await link.cgminer.ask({ command: "logoff", parameter: id }, cleanup()).catch(() => null);
    if (reply !== null && reply.status !== "NO_REPLY") return;
  }
}

function isRefusal(reply: CgminerReply): boolean {
  return reply.status === "E" || reply.status === "W";
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
