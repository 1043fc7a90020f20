/** Why a connection could not be made, or broke, in a few plain words. */
export function socketReason(error: unknown): string {
  const code = error instanceof Error && "code" in error ? error.code : null;
  if (code === "ECONNREFUSED") return "connection refused";
  if (code === "ETIMEDOUT") return "no connection in time";
  if (code === "ENOTFOUND" || code === "EAI_AGAIN") return "the name is not known";
  if (code === "EHOSTUNREACH" || code === "ENETUNREACH") return "no route to it";
  return "the connection broke";
}
