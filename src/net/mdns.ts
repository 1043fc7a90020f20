import { isIPv4 } from "node:net";
import type { Bonjour as BonjourClass, Service } from "bonjour-service";

/** Keys of the TXT record by which AxeOS 2.15 and later tells itself (miners.md §2.1). */
const AXEOS_KEYS = ["asic", "family", "board"];
/** Asked again after this time, ms: a lost datagram is daily business. */
const AGAIN_MS = 400;

export interface MdnsOptions {
  /** Port, group address and interface of the multicast, for tests; the standard's when absent. */
  multicast?: { port?: number; ip?: string; interface?: string; bind?: string };
}

/** Hears of AxeOS boards by DNS-SD until the signal fires; answers a warning in words where it cannot listen. */
export async function browseMdns(
  onHost: (host: string) => void,
  signal: AbortSignal,
  options: MdnsOptions = {},
): Promise<string | null> {
  const { Bonjour } = await import("bonjour-service");
  return new Promise((resolve) => {
    let isDone = false;
    let bonjour: BonjourClass | null = null;
    let again: NodeJS.Timeout | undefined;
    const finish = (warning: string | null) => {
      if (isDone) return;
      isDone = true;
      clearInterval(again);
      signal.removeEventListener("abort", onAbort);
      bonjour?.destroy();
      resolve(warning);
    };
    const onAbort = () => finish(null);
    if (signal.aborted) return finish(null);
    signal.addEventListener("abort", onAbort, { once: true });
    try {
      bonjour = new Bonjour(options.multicast as never, () => finish(DEAF));
      const browser = bonjour.find({ type: "http" }, (service) => {
        const host = addressOf(service);
        if (host !== null) onHost(host);
      });
      again = setInterval(() => browser.update(), AGAIN_MS);
    } catch {
      finish(DEAF);
    }
  });
}

const DEAF = "mDNS cannot be heard on this computer; the scan goes on without it";

/** IPv4 address of a service that is an AxeOS board; null for printers and all others. */
export function addressOf(service: Pick<Service, "txt" | "addresses" | "referer" | "name">): string | null {
  const txt: unknown = service.txt;
  const keys =
    typeof txt === "object" && txt !== null ? Object.keys(txt).map((key) => key.toLowerCase()) : [];
  const isAxeos = AXEOS_KEYS.some((key) => keys.includes(key)) || /^bitaxe\b/i.test(service.name ?? "");
  if (!isAxeos) return null;
  const told = service.addresses?.find((address) => isIPv4(address));
  return told ?? service.referer?.address ?? null;
}
