import { accessError, type HearthError, unreachableError } from "../model/errors.ts";
import { safeText } from "../model/parse.ts";

/** How many bytes of an unusable answer an error shows (miners.md §3.3). */
const SHOWN_BYTES = 200;

const SECRET_FIELD =
  /((?:[a-z]*pass(?:word|wd)?|token|salt|secret|auth|code|cookie)["']?\s*[:=]\s*)("(?:[^"\\]|\\.)*"?|[^\s,|}\]&]+)/gi;
const VOUCHER = /ff0000ff[0-9a-f]{8,}/gi;

/** Takes passwords, tokens and the like out of text of a device (miners.md §1 rule 6). */
export function redact(text: string): string {
  return text.replaceAll(SECRET_FIELD, "$1***").replaceAll(VOUCHER, "***");
}

/** `MINER_UNREACHABLE`, exit 3: no connection. `reason` in a few plain words. */
export function minerUnreachable(where: string, reason: string): HearthError {
  return unreachableError("MINER_UNREACHABLE", `No connection to the miner at ${where}: ${reason}.`, {
    hint: "Check that it is switched on and on this network; `hearth discover` finds it again",
  });
}

/** `MINER_TIMEOUT`, exit 3: connected, but no complete answer in time. A write may have arrived. */
export function minerTimeout(where: string, totalMs: number): HearthError {
  return unreachableError(
    "MINER_TIMEOUT",
    `The miner at ${where} gave no complete answer within ${totalMs / 1000} s.`,
    { hint: "Run it again; if it stays so, restart the miner" },
  );
}

/** `MINER_BAD_ANSWER`, exit 3: something came that cannot be read; its start is shown without secrets. */
export function minerBadAnswer(where: string, why: string, answer: string): HearthError {
  // Redacted before it is cut, so that a cut never leaves half a secret outside the pattern.
  const start = safeText(redact(answer.slice(0, SHOWN_BYTES * 4)), SHOWN_BYTES);
  const shown = start === "" ? "" : ` It began with: ${start}`;
  return unreachableError("MINER_BAD_ANSWER", `The miner at ${where} ${why}.${shown}`, {
    hint: "Check the address; if it is the miner, update its firmware or report this answer",
  });
}

/** `MINER_BACKEND_DOWN`, exit 3: the board answers, the mining process behind it does not (miners.md §3.3 row 11). */
export function minerBackendDown(where: string): HearthError {
  return unreachableError("MINER_BACKEND_DOWN", `The board at ${where} is up, its mining process is not.`, {
    hint: "Wait a minute while it starts; if it stays so, restart the miner",
  });
}

/** `MINER_AUTH_REQUIRED`, exit 5: it wants a login first. */
export function minerAuthRequired(where: string): HearthError {
  return accessError("MINER_AUTH_REQUIRED", `The miner at ${where} asks for a login before it answers.`, {
    hint: "Check the address, or allow API access on the miner's own page",
  });
}

/** True for the start of an HTML page or of a raw HTTP answer. */
export function looksLikeHtml(text: string): boolean {
  return /^\s*(?:HTTP\/\d|<!doctype|<html|<head|<body|<\?xml|<script|<form)/i.test(text);
}

/** True when a page asks for a password (miners.md §3.3 row 14). */
export function looksLikeLogin(text: string): boolean {
  return /type=["']?password|log\s?in|sign\s?in|anmelden|\b401\b/i.test(text.slice(0, 65_536));
}
