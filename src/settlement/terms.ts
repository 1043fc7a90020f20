import { accessError } from "../model/errors.ts";
import { safeText } from "../model/parse.ts";
import type { SplitTerms, TermsLeg } from "../model/terms.ts";
import { canonicalText } from "./canonical.ts";
import { isSamePool } from "./pool-url.ts";
import { termsProblem } from "./terms-shape.ts";

/** Longest payload that is looked at, bytes; real terms have under 1 KiB. */
const LONGEST = 65_536;

/**
 * Reads split terms from the very bytes that were signed (settlement.md §8): UTF-8, in canonical form byte for
 * byte (which leaves no room for duplicate keys), whole numbers only, known shape, shares that add up to
 * 1,000,000 ppm. Unknown fields stay, since they are hashed. The order of versions is `checkSuccession`'s.
 *
 * @throws HearthError `TERMS_INVALID`, exit 5, naming the first thing found wrong.
 */
export function parseTerms(payload: Uint8Array): SplitTerms {
  if (payload.length > LONGEST) throw invalid(`they have ${payload.length} bytes, more than ${LONGEST}`);
  const text = decode(payload);
  const value = parse(text);
  let canonical: string;
  try {
    canonical = canonicalText(value);
  } catch {
    throw invalid("a text in them is not well-formed");
  }
  if (canonical !== text) throw invalid("they are not in canonical form, or a key stands twice");
  const problem = termsProblem(value);
  if (problem !== null) throw invalid(problem);
  return value as SplitTerms;
}

/**
 * Refuses a rollback and a broken chain. Versions rise strictly and `prev` is the SHA-256 of the terms before;
 * only version 1 has none. The same document once more passes: nothing changes.
 *
 * @param former The terms known so far with the hash of their canonical bytes; null at first pairing.
 * @throws HearthError `TERMS_ROLLBACK` or `TERMS_CHAIN`, exit 5.
 */
export function checkSuccession(
  next: SplitTerms,
  former: { terms: SplitTerms; sha256: string } | null,
): void {
  const left = former === null ? "No terms are in force" : `Version ${former.terms.version} stays in force`;
  if ((next.prev === null) !== (next.version === 1)) {
    const what = next.prev === null ? "name no terms before them" : "name terms before them";
    throw accessError("TERMS_CHAIN", `Terms version ${next.version} ${what}`, { left, hint: HINT });
  }
  if (former === null || canonicalText(next) === canonicalText(former.terms)) return;
  if (next.coop !== former.terms.coop || next.member !== former.terms.member) {
    throw accessError("TERMS_CHAIN", "The new terms are for another co-op or member", { left, hint: HINT });
  }
  if (next.version <= former.terms.version) {
    const text = `Terms version ${next.version} is not newer than version ${former.terms.version}`;
    throw accessError("TERMS_ROLLBACK", text, { left, hint: HINT });
  }
  if (next.prev !== former.sha256) {
    const text = `Terms version ${next.version} do not follow the version ${former.terms.version} known here`;
    throw accessError("TERMS_CHAIN", text, {
      left,
      hint: "Fetch the versions between, or ask the co-op which terms are right",
    });
  }
}

/** The co-op's part in ppm, 0 to 1,000,000; 0 when the terms have no co-op leg. */
export function coopSharePpm(terms: SplitTerms): number {
  return legOf(terms, "coop")?.share_ppm ?? 0;
}

/** The leg of a role; null when the terms have none. */
export function legOf(terms: SplitTerms, role: TermsLeg["role"]): TermsLeg | null {
  return terms.legs.find((leg) => leg.role === role) ?? null;
}

/**
 * What `next` changes about where coins go, one sentence each, safe for a terminal; empty when nothing. Such a
 * change waits for the cool-off (settlement.md §8). First terms (`former` null) are no change.
 */
export function destinationChanges(next: SplitTerms, former: SplitTerms | null): string[] {
  if (former === null) return [];
  const changes = next.legs.flatMap((leg) => legChanges(leg, legOf(former, leg.role)));
  if (canonicalText(next["fallback"] ?? null) !== canonicalText(former["fallback"] ?? null)) {
    changes.push("The fallback destinations change");
  }
  return changes;
}

const HINT = "Ask the co-op which terms are right";

function invalid(what: string) {
  return accessError("TERMS_INVALID", `These split terms are refused: ${what}`, {
    left: "The split stays as it was",
    hint: HINT,
  });
}

function decode(payload: Uint8Array): string {
  try {
    return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(payload);
  } catch {
    throw invalid("they are not UTF-8 text");
  }
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    throw invalid("they are not JSON");
  }
}

function legChanges(leg: TermsLeg, former: TermsLeg | null): string[] {
  if (former === null) return [`The ${leg.role} leg is new and pays ${safeText(leg.user)}`];
  const changes: string[] = [];
  if (!isSamePool(leg.pool, former.pool)) changes.push(change(leg.role, "pool", former.pool, leg.pool));
  if (leg.user !== former.user) changes.push(change(leg.role, "payee", former.user, leg.user));
  if (leg.worker !== former.worker) changes.push(change(leg.role, "worker", former.worker, leg.worker));
  return changes;
}

function change(role: string, what: string, from: string, to: string): string {
  return `The ${role} leg's ${what} changes from ${safeText(from)} to ${safeText(to)}`;
}
