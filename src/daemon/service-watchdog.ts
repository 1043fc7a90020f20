import { execFile } from "node:child_process";

/** Fed when the service manager does not say how often, µs. */
const USUAL_USEC = 30_000_000;
/** One feeding must not outlive the next, ms. */
const LIMIT_MS = 5_000;

/**
 * Feeds systemd's watchdog through its own program, because Node cannot open that socket (sources.md §5.5). Call it
 * after every completed tick; it is passed on three times per watchdog period at most. Null where no service manager
 * listens. A feeding that fails is not told: the manager sees it, and that is what it is for.
 */
export function createServiceWatchdog(env: NodeJS.ProcessEnv): (() => void) | null {
  if (!env["NOTIFY_SOCKET"]) return null;
  const usec = Number(env["WATCHDOG_USEC"] ?? USUAL_USEC);
  const everyMs = (usec > 0 ? usec : USUAL_USEC) / 3_000;
  let fedMono = Number.NEGATIVE_INFINITY;
  let isFeeding = false;
  return () => {
    const nowMono = performance.now();
    // Half a tick early is better than a whole tick late.
    if (isFeeding || nowMono - fedMono < everyMs / 2) return;
    fedMono = nowMono;
    isFeeding = true;
    try {
      execFile("systemd-notify", ["WATCHDOG=1"], { timeout: LIMIT_MS }, () => {
        isFeeding = false;
      });
    } catch {
      // No process can be made just now (reliability.md F35); the next tick tries again.
      isFeeding = false;
    }
  };
}
