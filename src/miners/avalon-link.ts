import { accessError, unreachableError } from "../model/errors.ts";
import type { CgminerLink, CgminerReply } from "../model/miner.ts";
import type { Sent } from "../model/prove-write.ts";

const INVALID_COMMAND = 14;
const ACCESS_DENIED = 45;

/**
 * A read whose answer must be complete and a success. Throws `MINER_CUT_ANSWER`, `MINER_BAD_ANSWER`,
 * `MINER_AUTH_REQUIRED`.
 */
export async function ask(
  link: CgminerLink,
  command: string,
  parameter: string | null,
  signal: AbortSignal,
): Promise<CgminerReply> {
  const reply = await link.command(command, parameter, signal);
  if (isSuccess(reply) && !reply.isPartial) return reply;
  const where = `${link.host}:${link.port}`;
  if (reply.code === ACCESS_DENIED) {
    throw accessError("MINER_AUTH_REQUIRED", `The miner at ${where} does not allow the command ${command}.`, {
      hint: "Allow API access for this computer on the miner's own page",
    });
  }
  const what =
    reply.status === "NO_REPLY"
      ? "closed the connection without an answer"
      : reply.isPartial
        ? "gave a cut answer"
        : `answered with an error (code ${reply.code ?? "unknown"})`;
  const code = reply.isPartial && reply.status !== "NO_REPLY" ? "MINER_CUT_ANSWER" : "MINER_BAD_ANSWER";
  throw unreachableError(code, `The miner at ${where} ${what} to ${command}.`, {
    hint: "Run it again in a minute; it may be starting",
  });
}

/** `estats`, or `stats` on builds that lack it (miners.md §6.2). */
export async function askStats(link: CgminerLink, signal: AbortSignal): Promise<CgminerReply> {
  const reply = await link.command("estats", null, signal);
  if (isSuccess(reply) && !reply.isPartial) return reply;
  return ask(link, reply.code === INVALID_COMMAND ? "stats" : "estats", null, signal);
}

/** `I` is a success too: soft-off answers so (miners.md §3.1). */
export function isSuccess(reply: CgminerReply): boolean {
  return reply.status === "S" || reply.status === "I" || reply.status === "RESTART";
}

/** What an answer to a write says. */
export function toSent(reply: CgminerReply): Sent {
  if (reply.status === "NO_REPLY") return "unsure";
  return isSuccess(reply) ? "sent" : "refused";
}
