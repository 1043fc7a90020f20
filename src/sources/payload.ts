/** Largest text that is taken for JSON, characters. */
const MOST = 262_144;

/** The JSON in a text, or the text itself, trimmed: a bare number is both. Never throws. */
export function parseTolerant(text: string): unknown {
  const trimmed = text.trim();
  if (trimmed.length > MOST) return null;
  try {
    return JSON.parse(trimmed);
  } catch {
    return trimmed;
  }
}
