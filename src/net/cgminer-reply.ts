import {
  looksLikeBackendDown,
  looksLikeHtml,
  looksLikeLogin,
  minerAuthRequired,
  minerBackendDown,
  minerBadAnswer,
} from "../model/miner-errors.ts";
import type { CgminerReply } from "../model/miner-link.ts";
import { field, toNumber } from "../model/parse.ts";
import { parseTextReply } from "./cgminer-text.ts";
import { parseJson } from "./json.ts";
import { parseTolerant } from "./tolerant-json.ts";

const STATES = new Set(["S", "I", "W", "E", "F", "RESTART"]);
/** From harmless to bad: the status of a joined answer is that of its worst part. */
const SEVERITY = ["S", "I", "RESTART", "W", "E", "F"];
/** Members that are wishes of the envelope, not sections. */
const ENVELOPE = new Set(["STATUS", "id", "When", "Code", "Msg", "Description"]);
/** What makes the walk over an answer worth it (rows 7, 17, 20). */
const NEEDS_CLEANING = /"-?(?:nan|inf)"|Tenper|Long Pool"|%%"|"'/i;
const SPELLINGS: Record<string, string> = { "Long Pool": "Long Poll", "Pool Stale%%": "Pool Stale%" };
/** Fields of free text, in which a value like `nan` is a word. */
const FREE_TEXT = new Set(["User", "Password", "URL", "Stratum URL", "Msg", "Description", "Name", "ID"]);

const NO_REPLY: CgminerReply = {
  status: "NO_REPLY",
  code: null,
  message: "",
  when: null,
  sections: {},
  isPartial: false,
};

/** A strict, complete JSON answer, or null: the quick way for answers that need no repair. */
export function parseStrictReply(text: string): CgminerReply | null {
  try {
    return toReply([clean(parseJson(text, { keepLongIntegers: true }), text)], false);
  } catch {
    return null;
  }
}

/**
 * One answer of the CGMiner dialect from its bytes as text, with the repairs of miners.md §3.3.
 * Throws `MINER_BAD_ANSWER`, `MINER_BACKEND_DOWN` or `MINER_AUTH_REQUIRED`; `where` is for their words.
 */
export function parseCgminerReply(raw: string, where: string): CgminerReply {
  const text = raw.replaceAll("\0", "").trim();
  if (text === "") return NO_REPLY;
  const strict = parseStrictReply(text);
  if (strict !== null) return strict;
  if (looksLikeBackendDown(text)) throw minerBackendDown(where);
  if (looksLikeHtml(text)) {
    throw looksLikeLogin(text)
      ? minerAuthRequired(where)
      : minerBadAnswer(where, "answered with a web page where data belongs", text);
  }
  const repaired = text.startsWith("STATUS=") ? fromText(text) : fromBrokenJson(text);
  if (repaired === null) throw minerBadAnswer(where, "gave an answer that cannot be read", text);
  return repaired;
}

function fromText(text: string): CgminerReply | null {
  const { values, isPartial } = parseTextReply(text);
  return toReply([values], isPartial);
}

function fromBrokenJson(text: string): CgminerReply | null {
  try {
    const { values, isPartial } = parseTolerant(text);
    return toReply(clean(values, text) as unknown[], isPartial);
  } catch (error) {
    if (error instanceof SyntaxError) return null;
    throw error;
  }
}

/** Merges the values of an answer (row 16) and reads the envelope; null when there is none. */
function toReply(values: readonly unknown[], isPartial: boolean): CgminerReply | null {
  const merged: Record<string, unknown> = Object.create(null);
  for (const value of values) {
    if (typeof value !== "object" || value === null || Array.isArray(value)) return null;
    for (const [key, member] of Object.entries(value)) {
      // A second status, as of a joined answer, must not hide an error of the first.
      if (key === "STATUS" && merged["STATUS"] !== undefined) {
        merged[key] = worseOf(merged["STATUS"], member);
      } else merged[key] = member;
    }
  }
  if (merged["STATUS"] === undefined && typeof merged["enc"] === "string") {
    return { ...NO_REPLY, status: "SEALED", sections: { enc: merged["enc"] }, isPartial };
  }
  if (merged["STATUS"] === undefined) return toJoinedReply(merged, isPartial);
  return toPlainReply(merged, isPartial);
}

function toPlainReply(merged: Record<string, unknown>, isPartial: boolean): CgminerReply | null {
  const raw = merged["STATUS"];
  const first = Array.isArray(raw) ? raw[0] : raw;
  const isBare = typeof first === "string";
  const status = isBare ? first : field(first, "STATUS");
  if (typeof status !== "string" || !STATES.has(status)) return null;
  const source = isBare ? merged : first;
  const message = field(source, "Msg");
  return {
    status: status as CgminerReply["status"],
    code: toNumber(field(source, "Code")),
    message: typeof message === "string" ? message : "",
    when: toNumber(field(source, "When")),
    sections: sectionsOf(merged, isBare),
    isPartial,
  };
}

function sectionsOf(merged: Record<string, unknown>, isBare: boolean): Record<string, unknown> {
  const sections = Object.fromEntries(Object.entries(merged).filter(([key]) => !ENVELOPE.has(key)));
  // Row 19: the data of a bare status stands in `Msg`.
  if (isBare && typeof merged["Msg"] === "object" && merged["Msg"] !== null) sections["Msg"] = merged["Msg"];
  return sections;
}

/** `version+summary`: each answer stands under its command as a list of one. */
function toJoinedReply(merged: Record<string, unknown>, isPartial: boolean): CgminerReply | null {
  let joined: CgminerReply | null = null;
  for (const member of Object.values(merged)) {
    const inner = Array.isArray(member) ? member[0] : member;
    if (field(inner, "STATUS") === undefined) continue;
    const reply = toPlainReply(inner as Record<string, unknown>, isPartial);
    if (reply === null) return null;
    const isWorse: boolean = joined === null || severity(reply.status) > severity(joined.status);
    const sections: Record<string, unknown> = { ...joined?.sections, ...reply.sections };
    joined = { ...(isWorse || joined === null ? reply : joined), sections };
  }
  // Row 8: only the tail `"id":1}` of an answer came; its body counts as empty.
  if (joined === null && "id" in merged && Object.keys(merged).length === 1)
    return { ...NO_REPLY, isPartial };
  return joined;
}

function worseOf(one: unknown, other: unknown): unknown {
  return severity(statusOf(other)) > severity(statusOf(one)) ? other : one;
}

function statusOf(raw: unknown): unknown {
  return typeof raw === "string" ? raw : (field(raw, 0, "STATUS") ?? field(raw, "STATUS"));
}

function severity(status: unknown): number {
  return SEVERITY.indexOf(String(status));
}

function clean(value: unknown, text: string): unknown {
  return NEEDS_CLEANING.test(text) ? cleanValue(value, "") : value;
}

function cleanValue(value: unknown, key: string): unknown {
  if (typeof value === "string") {
    if (FREE_TEXT.has(key)) return value;
    if (/^[-+]?(?:nan|inf)$/i.test(value)) return null;
    // Row 20: quotes inside the quotes.
    return /^'[^']*'$/.test(value) ? value.slice(1, -1) : value;
  }
  if (Array.isArray(value)) return value.map((item) => cleanValue(item, key));
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(
    Object.entries(value).map(([name, inner]) => [respell(name), cleanValue(inner, name)]),
  );
}

/** Row 17: names as they are spelt elsewhere. */
function respell(name: string): string {
  return SPELLINGS[name] ?? name.replace("Tenperature", "Temperature");
}
