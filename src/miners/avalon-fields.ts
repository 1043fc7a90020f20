import { field, list, toNumber } from "../model/parse.ts";

/** The one text in which an Avalon tells its state, and what stands beside it. */
export interface AvalonSummary {
  fields: ReadonlyMap<string, string>;
  /** The text is there and says nothing: so does a Q that starts (miners.md §6.2). */
  isEmpty: boolean;
  /** Uptime beside the text, s; some seconds off the one inside. */
  elapsedS: number | null;
}

/** The summary in the sections of `estats` or `stats`; with several entries the first that says something. */
export function toSummary(stats: unknown): AvalonSummary {
  const entries = list(stats, "STATS");
  const entry = entries.find((candidate) => (summaryText(candidate) ?? "") !== "") ?? entries[0];
  const text = summaryText(entry);
  return {
    fields: bracketFields(text ?? ""),
    isEmpty: text !== null && /^\s*(?:'\w*':)?[{\s}]*$/.test(text),
    elapsedS: toNumber(field(entry, "Elapsed"), { min: 0 }),
  };
}

/** Keys and values of `KEY[value]` text, walked bracket by bracket; a cut tail is left out, the first of a key wins. */
export function bracketFields(source: string): Map<string, string> {
  const fields = new Map<string, string>();
  let at = 0;
  while (at < source.length) {
    const open = source.indexOf("[", at);
    if (open < 0) break;
    // A stray `]` or the wrapper `'STATS':{` before a key is not part of it.
    const head = source.slice(at, open);
    const key = head.slice(Math.max(head.lastIndexOf("]"), head.lastIndexOf("{")) + 1).trim();
    const close = source.indexOf("]", open);
    const nextOpen = source.indexOf("[", open + 1);
    if (close < 0) break;
    if (nextOpen >= 0 && nextOpen < close) {
      // The bracket of this key was never closed: what stands before the next key is no safe value.
      at = Math.max(open + 1, source.lastIndexOf(" ", nextOpen) + 1);
      continue;
    }
    if (key !== "" && !fields.has(key)) fields.set(key, source.slice(open + 1, close).trim());
    at = close + 1;
  }
  return fields;
}

/** Null where there is none; empty where it says nothing. */
function summaryText(entry: unknown): string | null {
  const summary = field(entry, "MM ID0") ?? field(entry, "MM ID0:Summary");
  return typeof summary === "string" ? summary : null;
}
