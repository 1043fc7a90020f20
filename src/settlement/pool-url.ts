/** Port of stratum when an address names none; what firmware and pools use by custom. */
const DEFAULT_PORT = 3333;

const POOL = /^(stratum2?\+(?:tcp|tls|ssl)):\/\/([a-z0-9.-]+|\[[0-9a-f:.]+\])(?::(\d{1,5}))?\/?$/i;

/**
 * `scheme://host:port` in the one form that addresses are compared in: scheme and host in lower case, the
 * port always there (settlement.md §4 rule 1). Null when the text is no stratum address.
 */
export function normalPoolUrl(text: string): string | null {
  const match = POOL.exec(text);
  const [, scheme, host, portText] = match ?? [];
  if (scheme === undefined || host === undefined) return null;
  const port = portText === undefined ? DEFAULT_PORT : Number(portText);
  if (port < 1 || port > 65_535) return null;
  return `${scheme.toLowerCase()}://${host.toLowerCase()}:${port}`;
}

/** True when both are the same stratum address; false when one of them is none. */
export function isSamePool(one: string, other: string): boolean {
  const normal = normalPoolUrl(one);
  return normal !== null && normal === normalPoolUrl(other);
}
