import { accessError, type HearthError, unreachableError } from "../model/errors.ts";
import { field, safeText } from "../model/parse.ts";

/** True for 127.0.0.0/8, ::1 and localhost: the only places where plain HTTP is allowed. */
export function isLoopbackHost(host: string): boolean {
  return host === "localhost" || host === "[::1]" || host === "::1" || /^127(\.\d{1,3}){3}$/.test(host);
}

/**
 * An address of the co-op that may receive secrets: HTTPS, or plain HTTP on loopback. Throws
 * `COOP_URL_UNSAFE` (exit 5) otherwise, also for addresses with a user or password inside.
 */
export function safeUrl(text: string, what: string, rules: { httpsOnly?: boolean } = {}): URL {
  let url: URL;
  try {
    url = new URL(text);
  } catch {
    throw unsafeUrl(`${what} is no web address.`);
  }
  if (url.username || url.password) throw unsafeUrl(`${what} carries a user or password.`);
  const isPlainLocal = !rules.httpsOnly && url.protocol === "http:" && isLoopbackHost(url.hostname);
  if (url.protocol !== "https:" && !isPlainLocal) {
    throw unsafeUrl(`${what} (${safeText(url.host)}) is not HTTPS.`);
  }
  return url;
}

/** `base` plus `path` without losing the path of the base (openadr3.md §2). */
export function joinUrl(base: string, path: string): string {
  return `${base.replace(/\/+$/, "")}/${path.replace(/^\/+/, "")}`;
}

/** What a problem body or an OAuth error says, in safe text; null when it says nothing. */
export function problemText(body: unknown): string | null {
  for (const key of ["detail", "error_description", "title", "error"]) {
    const value = field(body, key);
    if (typeof value === "string" && value !== "") return safeText(value, 160);
  }
  return null;
}

/**
 * The typed error for an HTTP answer that is no success. 401, 403: access (5). 429 and 5xx: not now (3), may be
 * sent again. Everything else: refused by the co-op (3), repeating would not help.
 */
export function answerError(what: string, status: number, body: unknown): HearthError {
  const said = problemText(body);
  const tail = said ? `: ${said}` : "";
  if (status === 401 || status === 403) {
    return accessError(
      "COOP_ACCESS_DENIED",
      `${what} was refused (status ${status})${tail.replace(/\.$/, "")}.`,
      {
        hint: "Pair again: hearth pair --coop URL",
      },
    );
  }
  if (status === 429 || status >= 500) {
    return unreachableError(
      "COOP_UNAVAILABLE",
      `${what} is not possible now (status ${status})${tail.replace(/\.$/, "")}.`,
      {
        mayRetry: true,
        hint: "Nothing to do; it is tried again by itself",
      },
    );
  }
  return unreachableError(
    "COOP_REFUSED",
    `${what} was not accepted (status ${status})${tail.replace(/\.$/, "")}.`,
    {
      hint: "See what the co-op says above; sending it again unchanged will not help",
    },
  );
}

/** The typed error for an answer that parses but lacks what it must have. */
export function shapeError(what: string, missing: string): HearthError {
  return unreachableError("COOP_BAD_ANSWER", `${what} answered without a usable ${missing}.`, {
    hint: "Check the address; something else than a co-op server may be answering",
  });
}

function unsafeUrl(message: string): HearthError {
  return accessError("COOP_URL_UNSAFE", message, {
    left: "Nothing was sent",
    hint: "Use the https:// address from the co-op; plain http works on this machine only",
  });
}
