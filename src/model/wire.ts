/**
 * The one place where inner names become outer names: camelCase keys turn snake_case (product.md §4).
 * Keys that begin with a capital (reason codes) stay as they are. bigint becomes a safe integer or a string.
 */
export function toWire(value: unknown): unknown {
  if (typeof value === "bigint") {
    const asNumber = Number(value);
    return Number.isSafeInteger(asNumber) ? asNumber : value.toString();
  }
  if (typeof value === "number") return Number.isFinite(value) ? value : null;
  if (Array.isArray(value)) return value.map(toWire);
  if (typeof value !== "object" || value === null) return value;
  const result: Record<string, unknown> = {};
  for (const [key, inner] of Object.entries(value)) {
    if (inner !== undefined) result[toSnake(key)] = toWire(inner);
  }
  return result;
}

function toSnake(key: string): string {
  return /^[a-z]/.test(key) ? key.replaceAll(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`) : key;
}

/** The way back for our own documents: snake_case keys turn camelCase. Codes and values stay. */
export function fromWire(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(fromWire);
  if (typeof value !== "object" || value === null) return value;
  const entries = Object.entries(value).map(([key, inner]) => [toCamel(key), fromWire(inner)]);
  return Object.fromEntries(entries);
}

function toCamel(key: string): string {
  return /^[a-z]/.test(key) ? key.replaceAll(/_([a-z])/g, (_, letter: string) => letter.toUpperCase()) : key;
}
