import { createSocket } from "node:dgram";
import { toMac } from "../model/parse.ts";

/** What a miner says of itself when its owner presses the IP-report button, or when it starts (miners.md §2.2). */
export interface Announcement {
  host: string;
  /** Lower-case colon form; null when it told none. */
  mac: string | null;
}

/** Ports of Bitmain and of Whatsminer. */
export const ANNOUNCEMENT_PORTS = [14_235, 8_888] as const;
const LONGEST_BYTES = 512;
const ADDRESS = String.raw`(\d{1,3}(?:\.\d{1,3}){3})`;
const MAC = "((?:[0-9a-f]{2}[:-]?){5}[0-9a-f]{2})";
/** `192.168.1.44,AA:BB:…`, also `[192.168.1.44/24],AA:…`; and `IP:192.168.1.61MAC:c4:08:…`. */
const SHAPES = [
  new RegExp(String.raw`^\s*\[?${ADDRESS}(?:\/\d{1,2})?\]?\s*,\s*${MAC}`, "i"),
  new RegExp(String.raw`^\s*IP:\s*${ADDRESS}\s*,?\s*MAC:\s*${MAC}`, "i"),
];

/** One datagram; null for the `OK` of the vendor's tool and everything else that is no announcement. */
export function parseAnnouncement(bytes: Uint8Array): Announcement | null {
  if (bytes.length > LONGEST_BYTES) return null;
  const words = Buffer.from(bytes).toString("latin1");
  for (const shape of SHAPES) {
    const match = shape.exec(words);
    const host = match?.[1];
    if (host === undefined || host.split(".").some((part) => Number(part) > 255)) continue;
    return { host, mac: toMac(match?.[2]) };
  }
  return null;
}

/**
 * Hears announcements until the signal fires. Answers a warning in words where a port cannot be had, as when the
 * vendor's own tool is open; what the other port hears still counts.
 */
export async function listenForAnnouncements(
  onHost: (host: string) => void,
  signal: AbortSignal,
  ports: readonly number[] = ANNOUNCEMENT_PORTS,
): Promise<string | null> {
  const deaf = await Promise.all(ports.map((port) => listenOn(port, onHost, signal)));
  const taken = ports.filter((_, place) => deaf[place]);
  return taken.length === 0
    ? null
    : `announcements on UDP port ${taken.join(" and ")} cannot be heard: another program has it`;
}

/** True when the port could not be had. */
function listenOn(port: number, onHost: (host: string) => void, signal: AbortSignal): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = createSocket({ type: "udp4", reuseAddr: true });
    let isDone = false;
    const finish = (isDeaf: boolean) => {
      if (isDone) return;
      isDone = true;
      signal.removeEventListener("abort", onAbort);
      socket.close();
      resolve(isDeaf);
    };
    const onAbort = () => finish(false);
    socket.on("error", () => finish(true));
    socket.on("message", (bytes) => {
      const heard = parseAnnouncement(bytes);
      if (heard !== null) onHost(heard.host);
    });
    if (signal.aborted) return finish(false);
    signal.addEventListener("abort", onAbort, { once: true });
    socket.bind(port);
  });
}
