import { lookup } from "node:dns/promises";
import { isIP } from "node:net";
import ipaddr from "ipaddr.js";
import { refusedError, unreachableError } from "../model/errors.ts";
import { withDeadline } from "./deadline.ts";

/** Classes of addresses that a home device may have; the name of `localhost` counts as its address. */
const HOME_RANGES = new Set(["private", "uniqueLocal", "linkLocal", "carrierGradeNat", "loopback"]);
/** Never a device: whole networks, and the place where cloud machines keep their keys (reliability.md T10). */
const NEVER_RANGES = new Set(["unspecified", "broadcast", "multicast", "reserved"]);
const METADATA = new Set(["169.254.169.254", "fd00:ec2::254"]);

/** A name server that is down keeps the system waiting for half a minute; a miner at home is found at once, ms. */
const LOOKUP_MS = 2_500;

export interface AddressRules {
  allowPublic: boolean;
  signal?: AbortSignal;
  /** Longest wait for a name, ms of real time. */
  withinMs?: number;
  /** Addresses of a name; the system's when absent. */
  find?: (name: string) => Promise<{ address: string }[]>;
}

/**
 * The address to connect to for a device named `host`: resolved once and judged, so that a name cannot lead into
 * another network later. Throws `MINER_ADDRESS_REFUSED` (exit 4) for public addresses unless allowed, for names that
 * lead to this computer, and always for metadata and non-unicast addresses; `MINER_UNREACHABLE` for names that are
 * unknown, or not found in time.
 */
export async function resolveDevice(host: string, rules: AddressRules): Promise<string> {
  if (isIP(host) > 0) return judged(host, host, rules.allowPublic, true);
  if (host.toLowerCase() === "localhost") return "127.0.0.1";
  const found = await addressesOf(host, rules);
  // One bad address among several is enough: which of them is used would be the resolver's choice.
  const [first] = found.map(({ address }) => judged(host, address, rules.allowPublic, false));
  if (first === undefined) throw nameless(host);
  return first;
}

async function addressesOf(
  host: string,
  { signal, withinMs = LOOKUP_MS, find = findBySystem }: AddressRules,
): Promise<{ address: string }[]> {
  try {
    // The system's search cannot be called off: it is left alone.
    return await withDeadline(withinMs, signal, (stop) => Promise.race([find(host), untilAborted(stop)]));
  } catch {
    signal?.throwIfAborted();
    throw nameless(host);
  }
}

/** The older kind first: miners have it, and an address of the newer kind may be of this computer's link alone. */
function findBySystem(name: string): Promise<{ address: string }[]> {
  return lookup(name, { all: true, order: "ipv4first" });
}

function untilAborted(signal: AbortSignal): Promise<never> {
  return new Promise((_, reject) => {
    signal.addEventListener("abort", () => reject(signal.reason), { once: true });
  });
}

function nameless(host: string) {
  return unreachableError(
    "MINER_UNREACHABLE",
    `No connection to the miner at ${host}: the name is not known.`,
    {
      hint: "Use its address instead, or `hearth discover` to find it",
      mayRetry: true,
    },
  );
}

function judged(host: string, address: string, allowPublic: boolean, isTyped: boolean): string {
  const range = rangeOf(address);
  if (NEVER_RANGES.has(range) && !(range === "reserved" && allowPublic)) throw refused(host, address, null);
  if (METADATA.has(ipaddr.process(address).toString())) throw refused(host, address, null);
  if (range === "loopback" && !isTyped) throw refused(host, address, null);
  if (!HOME_RANGES.has(range) && !allowPublic) {
    throw refused(host, address, "The same command with --allow-public, if it really is a miner of yours");
  }
  return address;
}

/** Class of an address; the IPv4 address inside an IPv6 one counts. */
function rangeOf(address: string): string {
  return ipaddr.process(address).range();
}

function refused(host: string, address: string, hint: string | null) {
  const where = host === address ? host : `${host} (${address})`;
  return refusedError("MINER_ADDRESS_REFUSED", `${where} is no address of a home network.`, {
    left: "Nothing was sent",
    hint: hint ?? "Give the miner's own address, as 192.168.1.44",
  });
}
