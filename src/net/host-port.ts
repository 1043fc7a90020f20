import { isIPv6 } from "node:net";
import { usageError } from "../model/errors.ts";

export interface HostPort {
  host: string;
  /** Null: none named, the ports of the family are tried. */
  port: number | null;
}

/** `host`, `host:port`, `[::1]:port` or a bare IPv6 address. Throws `HOST_INVALID` (exit 2). */
export function parseHostPort(text: string): HostPort {
  const trimmed = text.trim();
  // An address of one link alone (`fe80::1%eth0`) has no place in the address of a page.
  if (isIPv6(trimmed) && !trimmed.includes("%")) return { host: trimmed, port: null };
  const match = /^(?:\[([0-9a-f:.]+)\]|([a-z0-9](?:[a-z0-9._-]{0,251}[a-z0-9])?))(?::(\d{1,5}))?$/i.exec(
    trimmed,
  );
  const host = match?.[1] ?? match?.[2];
  const port = match?.[3] === undefined ? null : Number(match[3]);
  const isBroken = host === undefined || (match?.[1] !== undefined && !isIPv6(host));
  if (isBroken || (port !== null && (port < 1 || port > 65_535))) {
    throw usageError("HOST_INVALID", `"${trimmed.slice(0, 80)}" is no host and port.`, {
      hint: "Write it as 192.168.1.50 or 192.168.1.50:4028",
    });
  }
  return { host, port };
}

/** The same as text that `parseHostPort` reads back. */
export function formatHostPort(host: string, port: number): string {
  return `${isIPv6(host) ? `[${host}]` : host}:${port}`;
}
