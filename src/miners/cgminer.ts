import { accessError, HearthError, unreachableError } from "../model/errors.ts";
import type { PoolReading, PoolState } from "../model/miner.ts";
import { minerCutAnswer } from "../model/miner-errors.ts";
import type { CgminerReply, CgminerRequest, DeviceLink } from "../model/miner-link.ts";
import { field, flag, list, number, text } from "../model/parse.ts";
import type { Sent } from "../model/prove-write.ts";

/** What the families of the CGMiner dialect have in common (miners.md §3). */

export const INVALID_COMMAND = 14;
const ACCESS_DENIED = 45;

/**
 * A read whose answer must be complete and a success. Throws `MINER_CUT_ANSWER`, `MINER_BAD_ANSWER`,
 * `MINER_AUTH_REQUIRED`.
 */
export async function ask(link: DeviceLink, command: string, signal: AbortSignal): Promise<CgminerReply> {
  return checked(link, command, await link.cgminer.ask({ command }, signal));
}

/** The same for a request of another shape; `name` is for the words of an error. */
export async function askAs(
  link: DeviceLink,
  name: string,
  request: CgminerRequest,
  signal: AbortSignal,
): Promise<CgminerReply> {
  return checked(link, name, await link.cgminer.ask(request, signal));
}

/**
 * Sections of several reads in one request. Where the firmware does not join them each is asked alone: the first must
 * answer, what the others cannot tell is missing (interfaces.md §6).
 */
export async function askJoined(
  link: DeviceLink,
  commands: readonly [string, ...string[]],
  signal: AbortSignal,
): Promise<Record<string, unknown>> {
  const joined = await link.cgminer.ask({ command: commands.join("+") }, signal).catch((error: unknown) => {
    if (error instanceof HearthError && error.code === "MINER_BAD_ANSWER") return null;
    throw error;
  });
  if (joined !== null && isSuccess(joined) && !joined.isPartial) return joined.sections;
  const [first, ...others] = commands;
  const sections = { ...(await ask(link, first, signal)).sections };
  for (const command of others) {
    const reply = await link.cgminer.ask({ command }, signal);
    if (isSuccess(reply) && !reply.isPartial) Object.assign(sections, reply.sections);
  }
  return sections;
}

/** The reply when it is whole and a success; throws the error that fits it otherwise. */
export function checked(link: DeviceLink, command: string, reply: CgminerReply): CgminerReply {
  if (isSuccess(reply) && !reply.isPartial) return reply;
  const { where } = link;
  if (reply.code === ACCESS_DENIED) {
    throw accessError("MINER_AUTH_REQUIRED", `The miner at ${where} does not allow the command ${command}.`, {
      hint: "Allow API access for this computer on the miner's own page",
    });
  }
  if (reply.status === "NO_REPLY") throw minerCutAnswer(where, `gave no answer to ${command}`);
  if (reply.isPartial) throw minerCutAnswer(where, `gave a cut answer to ${command}`);
  throw unreachableError(
    "MINER_BAD_ANSWER",
    `The miner at ${where} answered with an error (code ${reply.code ?? "unknown"}) to ${command}.`,
    { hint: "Run it again in a minute; it may be starting" },
  );
}

/** `I` is a success too: soft-off answers so (miners.md §3.1). */
export function isSuccess(reply: CgminerReply): boolean {
  return reply.status === "S" || reply.status === "I" || reply.status === "RESTART";
}

/** What an answer to a write says. */
export function toSent(reply: CgminerReply): Sent {
  if (reply.status === "NO_REPLY" || reply.isPartial) return "unsure";
  return isSuccess(reply) ? "sent" : "refused";
}

/** Every destination of the answer to `pools`, with `Difficulty Accepted` as the settlement counter (miners.md §3.4). */
export function toPools(sections: unknown): PoolReading[] {
  return list(sections, "POOLS").map(toPool);
}

function toPool(pool: unknown): PoolReading {
  const isKnown = (value: string | null): value is PoolState => value !== null && POOL_STATES.has(value);
  const state = text(pool, "Status")?.toLowerCase() ?? null;
  return {
    url: withScheme(text(pool, "URL") ?? ""),
    user: text(pool, "User") ?? "",
    role: "unknown",
    state: isKnown(state) ? state : "unknown",
    acceptedDifficulty: number(pool, "Difficulty Accepted", { min: 0 }),
    accepted: number(pool, "Accepted", { min: 0 }),
    rejected: number(pool, "Rejected", { min: 0 }),
    stale: number(pool, "Stale", { min: 0 }),
    shareDifficulty:
      number(pool, "Last Share Difficulty", { unknownWhen: 0, min: 0 }) ??
      number(pool, "Work Difficulty", { unknownWhen: 0, min: 0 }) ??
      number(pool, "Stratum Difficulty", { unknownWhen: 0, min: 0 }),
    isActive: flag(pool, "Stratum Active"),
    sharePpm: null,
  };
}

const POOL_STATES = new Set<string>(["alive", "dead", "disabled", "rejecting"]);

/** `scheme://host:port` where the firmware leaves the scheme out. */
export function withScheme(url: string): string {
  return url === "" || url.includes("://") ? url : `stratum+tcp://${url}`;
}

/** A string field as it is, also an empty one; null when it is none. */
export function rawText(source: unknown, key: string): string | null {
  const value = field(source, key);
  return typeof value === "string" ? value : null;
}
