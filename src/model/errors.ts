import { safeText } from "./parse.ts";

/** Exit codes of the command line (product.md §7). */
export const EXIT = {
  done: 0,
  bug: 1,
  usage: 2,
  unreachable: 3,
  refused: 4,
  access: 5,
  stale: 6,
  difference: 7,
  interrupted: 130,
} as const;

export type ExitCode = (typeof EXIT)[keyof typeof EXIT];

export interface ErrorDetails {
  /** The next step for the person who reads it: a command or an action, no full stop needed. */
  hint?: string;
  /** What was left unchanged: "Its limit is still 60 W". */
  left?: string;
  cause?: unknown;
  /** May the same request be sent again without reading first? Never true after an ambiguous write. */
  mayRetry?: boolean;
}

/** An error that a person can act on. `code` is stable, `message` is wording. */
export class HearthError extends Error {
  readonly code: string;
  readonly exit: ExitCode;
  readonly hint: string | null;
  readonly left: string | null;
  readonly mayRetry: boolean;

  constructor(exit: ExitCode, code: string, message: string, details: ErrorDetails = {}) {
    super(message, details.cause === undefined ? undefined : { cause: details.cause });
    this.name = "HearthError";
    this.exit = exit;
    this.code = code;
    this.hint = details.hint ?? null;
    this.left = details.left ?? null;
    this.mayRetry = details.mayRetry ?? false;
  }
}

/** Wrong flags, missing answers: exit 2. */
export const usageError = (code: string, message: string, details?: ErrorDetails) =>
  new HearthError(EXIT.usage, code, message, details);
/** No connection or no usable answer: exit 3. */
export const unreachableError = (code: string, message: string, details?: ErrorDetails) =>
  new HearthError(EXIT.unreachable, code, message, details);
/** Refused by safety, also a second loop: exit 4. */
export const refusedError = (code: string, message: string, details?: ErrorDetails) =>
  new HearthError(EXIT.refused, code, message, details);
/** Access or trust: exit 5. */
export const accessError = (code: string, message: string, details?: ErrorDetails) =>
  new HearthError(EXIT.access, code, message, details);
/** No fresh data: exit 6. */
export const staleError = (code: string, message: string, details?: ErrorDetails) =>
  new HearthError(EXIT.stale, code, message, details);
/** A check found a difference: exit 7. */
export const differenceError = (code: string, message: string, details?: ErrorDetails) =>
  new HearthError(EXIT.difference, code, message, details);
/** The device or program lacks it; raised before anything is sent: exit 1. */
export const unsupportedError = (code: string, message: string, details?: ErrorDetails) =>
  new HearthError(EXIT.bug, code, message, details);

/** An error for people, as every command ends with it on stderr: what happened, what stayed, the next step. */
export function errorText({ message, left, hint }: HearthError): string {
  const sentence = (text: string) => (/[.!?]$/.test(text) ? text : `${text}.`);
  const what = [sentence(message), ...(left ? [sentence(left)] : [])].join(" ");
  return hint ? `${what}\nTry: ${hint}\n` : `${what}\n`;
}

/** Whatever was thrown, as an error that a person can act on; what nobody foresaw is our bug (exit 1). */
export function toHearthError(error: unknown): HearthError {
  if (error instanceof HearthError) return error;
  const message = error instanceof Error ? error.message : String(error);
  return new HearthError(EXIT.bug, "UNEXPECTED", `hearth failed unexpectedly: ${safeText(message, 300)}`, {
    hint: "the same command with HEARTH_DEBUG=1, and report what it prints",
    cause: error,
  });
}
