import { readFileSync } from "node:fs";
import { connect } from "node:net";

/** Connections of a scan at a time: a dark /24 on three ports in one round. */
const WANTED_CONNECTIONS = 800;
/** Files that the rest of the program needs. */
const SPARE_FILES = 64;

/** How many connections may be tried at once without running into this process's limit of open files. */
export function connectionLimit(
  readLimits: () => string = () => readFileSync("/proc/self/limits", "utf8"),
): number {
  let soft = Number.NaN;
  try {
    soft = Number(/^Max open files\s+(\d+)/m.exec(readLimits())?.[1]);
  } catch {
    // Other systems do not tell; macOS starts programs with 256.
    soft = process.platform === "linux" ? Number.NaN : 256;
  }
  if (Number.isNaN(soft)) return WANTED_CONNECTIONS;
  return Math.max(16, Math.min(WANTED_CONNECTIONS, soft - SPARE_FILES));
}

/** True when something listens at `host:port`; false when refused or silent for `timeoutMs` of real time. */
export function isPortOpen(
  host: string,
  port: number,
  timeoutMs: number,
  signal: AbortSignal,
): Promise<boolean> {
  return new Promise((resolve) => {
    if (signal.aborted) return resolve(false);
    const socket = connect({ host, port });
    const finish = (isOpen: boolean) => {
      clearTimeout(timer);
      signal.removeEventListener("abort", onAbort);
      socket.destroy();
      resolve(isOpen);
    };
    const onAbort = () => finish(false);
    const timer = setTimeout(() => finish(false), timeoutMs);
    signal.addEventListener("abort", onAbort, { once: true });
    socket.once("connect", () => finish(true));
    socket.once("error", () => finish(false));
  });
}
