import { isIPv4 } from "node:net";
import { networkInterfaces } from "node:os";
import { refusedError, usageError } from "../model/errors.ts";

/** Home networks (RFC 1918); nothing else is scanned (requirements DISC-2). */
const PRIVATE_RANGES: readonly [string, number][] = [
  ["10.0.0.0", 8],
  ["172.16.0.0", 12],
  ["192.168.0.0", 16],
];
/** Largest range scanned: 1,022 hosts. */
const WIDEST_PREFIX = 22;

/**
 * The host addresses of `a.b.c.d/n`, or of one address, in order. Throws `SCAN_RANGE_INVALID` (exit 2) for what
 * is no range and `SCAN_RANGE_REFUSED` (exit 4) for one that is public, loopback, link-local, multicast or wider than /22.
 */
export function scanHosts(range: string): string[] {
  const [address = "", bits = "32", ...rest] = range.trim().split("/");
  const prefix = /^\d{1,2}$/.test(bits) ? Number(bits) : Number.NaN;
  if (!isIPv4(address) || rest.length > 0 || !(prefix >= 0 && prefix <= 32)) {
    throw usageError("SCAN_RANGE_INVALID", `"${range.slice(0, 60)}" is no network range.`, {
      hint: "Write it as 192.168.1.0/24",
    });
  }
  const size = 2 ** (32 - prefix);
  const first = Math.floor(toNumber(address) / size) * size;
  if (prefix < WIDEST_PREFIX) throw refused(range, `it is wider than /${WIDEST_PREFIX}`);
  if (!isPrivate(first) || !isPrivate(first + size - 1))
    throw refused(range, "it is not a private home network");
  // The first and last address of a network are no hosts; ranges of one or two addresses have only hosts.
  const skip = prefix <= 30 ? 1 : 0;
  return Array.from({ length: size - 2 * skip }, (_, index) => toAddress(first + skip + index));
}

/** The private /24 around each of this computer's own addresses; larger networks are cut to it. */
export function ownSubnets(interfaces = networkInterfaces()): string[] {
  const found = Object.values(interfaces)
    .flatMap((addresses) => addresses ?? [])
    .filter(({ family, internal, address }) => family === "IPv4" && !internal && isPrivate(toNumber(address)))
    .map(({ address }) => `${toAddress(Math.floor(toNumber(address) / 256) * 256)}/24`);
  return [...new Set(found)];
}

/** True for a host address that a scan may ask by itself, as one that was announced. */
export function isScannable(host: string): boolean {
  return isIPv4(host) && isPrivate(toNumber(host));
}

function refused(range: string, why: string) {
  return refusedError("SCAN_RANGE_REFUSED", `${range} is not scanned: ${why}.`, {
    left: "Nothing was sent",
    hint: "Name single miners with --host HOST instead",
  });
}

function isPrivate(address: number): boolean {
  return PRIVATE_RANGES.some(([start, prefix]) => {
    const first = toNumber(start);
    return address >= first && address < first + 2 ** (32 - prefix);
  });
}

function toNumber(address: string): number {
  return address.split(".").reduce((sum, part) => sum * 256 + Number(part), 0);
}

function toAddress(value: number): string {
  return [24, 16, 8, 0].map((shift) => Math.floor(value / 2 ** shift) % 256).join(".");
}
