import { accessError, HearthError, refusedError, unreachableError, unsupportedError } from "./errors.ts";
import { safeText } from "./parse.ts";

/** How many bytes of an unusable answer an error shows (miners.md §3.3). */
const SHOWN_BYTES = 200;

/** A value without quotes goes on to the next field: a password may hold blanks. */
const SECRET_FIELD =
  /((?:[a-z]*(?:pass(?:word|wd|phrase)?|pwd)|token|salt|secret|auth|code|cookie)["']?\s*[:=]\s*)("(?:[^"\\]|\\.)*"?|'[^']*'?|[^,|}\]&\r\n<]+)/gi;
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

/** `MINER_CUT_ANSWER`, exit 3: the connection stood and broke before the whole answer came. A write may have arrived. */
export function minerCutAnswer(
  where: string,
  what = "broke the connection before its answer was whole",
): HearthError {
  return unreachableError("MINER_CUT_ANSWER", `The miner at ${where} ${what}.`, {
    hint: "Run it again in a minute; it may be starting",
  });
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

/** `MINER_PASSWORD_WRONG`, exit 5: the password given, or the factory's, is not the device's. It is not tried again. */
export function minerPasswordWrong(where: string, isFactory: boolean): HearthError {
  const which = isFactory ? "the factory's password, and no other was given" : "the password that was given";
  return accessError("MINER_PASSWORD_WRONG", `The miner at ${where} refused ${which}.`, {
    left: "Nothing was changed, and no other password was tried",
    hint: "Give the password of the miner's own page with --password-file FILE",
  });
}

/** Is it an error of the device's own door: a password missing or wrong, or no way in for the moment? */
export function isDoorError(error: unknown): error is HearthError {
  return error instanceof HearthError && DOOR_CODES.has(error.code);
}

const DOOR_CODES = new Set(["MINER_AUTH_REQUIRED", "MINER_PASSWORD_WRONG", "MINER_BUSY"]);

/** `MINER_BUSY`, exit 3: another program holds it, or it cannot take a change just now. `why` is a whole clause. */
export function minerBusy(where: string, why: string): HearthError {
  return unreachableError("MINER_BUSY", `The miner at ${where} is busy: ${why}.`, {
    left: "Nothing was changed",
    hint: "Run it again in a minute",
    mayRetry: true,
  });
}

/** `MINER_REFUSED`, exit 1: the device says no to a write. `words` are its own, or empty. */
export function minerRefused(where: string, what: string, words: string): HearthError {
  const said = safeText(redact(words.slice(0, 400)), 120);
  return unsupportedError(
    "MINER_REFUSED",
    `The miner at ${where} refused ${what}.${said === "" ? "" : ` It said: ${said}`}`,
    { left: "Nothing was changed by this request", hint: "Check its firmware version and its own page" },
  );
}

/** `MINER_WRITES_OFF`, exit 5: the owner has not allowed changes over the network. `how` says where to allow them. */
export function minerWritesOff(where: string, how: string): HearthError {
  return accessError("MINER_WRITES_OFF", `The miner at ${where} does not allow changes over the network.`, {
    left: "Nothing was changed",
    hint: how,
  });
}

/** `SPLIT_UNSUPPORTED`, exit 1, before anything is sent (miners.md §1 rule 3). */
export function splitUnsupported(where: string, why: string): HearthError {
  return unsupportedError("SPLIT_UNSUPPORTED", `The miner at ${where} cannot share its work so: ${why}.`, {
    left: "Its pools are as they were",
    hint: "Time slices, a proxy, or a split at the pool keep the shares instead: hearth split apply",
  });
}

/** `MINER_INCOMPLETE`, exit 3: what was read is not whole, so a write built on it could lose settings. */
export function minerIncomplete(where: string, what: string): HearthError {
  return unreachableError("MINER_INCOMPLETE", `The miner at ${where} did not tell its ${what} whole.`, {
    left: "Nothing was written, because the missing part could be lost",
    hint: "Run it again in a minute; it may be starting",
  });
}

/** `MINER_IN_FAULT`, exit 1, before anything is sent: its own protection is never overridden (requirements DRV-8). */
export function minerInFault(where: string, fault: string): HearthError {
  return unsupportedError("MINER_IN_FAULT", `The miner at ${where} protects itself: ${fault}.`, {
    left: "Nothing was sent, because it could override that protection",
    hint: "Look at the device, and start it there when it is well",
  });
}

/** `MINER_NOT_ADOPTED`, exit 4: found, but nobody agreed to control it (requirements DISC-4). */
export function minerNotAdopted(where: string): HearthError {
  return refusedError("MINER_NOT_ADOPTED", `The miner at ${where} is not adopted, so it is only read.`, {
    left: "Nothing was written",
    hint: `hearth pair --miner ${where}`,
  });
}

/** True for the start of an HTML page or of a raw HTTP answer. */
export function looksLikeHtml(text: string): boolean {
  return /^\s*(?:HTTP\/\d|<!doctype|<html|<head|<body|<\?xml|<script|<form)/i.test(text);
}

/** True for the words of a board whose mining process does not answer (miners.md §3.3 row 11). */
export function looksLikeBackendDown(text: string): boolean {
  return /^\s*(?:Socket connect failed|connection refused)/i.test(text);
}

/** True when a page asks for a password (miners.md §3.3 row 14). */
export function looksLikeLogin(text: string): boolean {
  return /type=["']?password|log\s?in|sign\s?in|anmelden|\b401\b/i.test(text.slice(0, 65_536));
}
