import { EXIT, HearthError } from "../model/errors.ts";
import { createBackoff } from "./backoff.ts";

const FIRST_RETRY_MS = 500;
const MOST_RETRY_MS = 60_000;
/** A secret that was refused is not sent again sooner, ms: some devices lock out who insists. */
const REFUSED_RETRY_MS = 300_000;

export interface KeepUp {
  /** One connection from its beginning to its end; calls `isUp` once it stands. Throws when it cannot be made. */
  session(isUp: () => void): Promise<void>;
  /** Told after each session: why it was not made, or null when it had stood. */
  onEnd(error: unknown): void;
  signal: AbortSignal;
}

/** Begins a connection anew whenever it ended, with growing waits, until the signal fires. Never throws. */
export async function keepUp({ session, onEnd, signal }: KeepUp): Promise<void> {
  const backoff = createBackoff(FIRST_RETRY_MS, MOST_RETRY_MS);
  while (!signal.aborted) {
    let failure: unknown = null;
    try {
      await session(() => backoff.reset());
    } catch (error) {
      failure = error;
    }
    if (signal.aborted) return;
    onEnd(failure);
    const isRefused = failure instanceof HearthError && failure.exit === EXIT.access;
    await pause(isRefused ? REFUSED_RETRY_MS : backoff.next(), signal);
  }
}

/** Waits in real time, or until the signal fires. */
function pause(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const finish = () => {
      clearTimeout(timer);
      signal.removeEventListener("abort", finish);
      resolve();
    };
    const timer = setTimeout(finish, ms);
    signal.addEventListener("abort", finish, { once: true });
    if (signal.aborted) finish();
  });
}
