import { HearthError } from "../model/errors.ts";
import type { DeviceLink } from "../model/miner-link.ts";
import { field, list } from "../model/parse.ts";
import { type AntminerAnswers, statsEntry } from "./antminer-reading.ts";
import { type AntminerWeb, missingFields, POOLS, STATS, SUMMARY } from "./antminer-web.ts";
import { isSuccess } from "./cgminer.ts";

/** Port 4028 is left alone for so long after it was found closed, ms: every poll would wait for it. */
const CLOSED_MS = 300_000;

type Figures = Omit<AntminerAnswers, "config">;

/**
 * The figures of one snapshot. Watts, and which pool is at work, stand only on port 4028; where that is off, the pages
 * have the rest (miners.md §10). Faults and pools are extras: without them the miner must stay readable.
 */
export type AskFigures = (
  link: DeviceLink,
  configured: { isAsleep: boolean },
  signal: AbortSignal,
) => Promise<Figures>;

export function createAskFigures(web: AntminerWeb): AskFigures {
  let closedMono = Number.NEGATIVE_INFINITY;
  return async (link, { isAsleep }, signal) => {
    const isTried = link.pace.monoMs() - closedMono >= CLOSED_MS;
    const told = isTried ? await socketStats(link, signal) : "closed";
    const isOpen = typeof told === "object";
    const stats = isOpen ? told : await pageStats(web, link, isAsleep, signal);
    // Noted only now: while the mining process starts, the page is silent too.
    if (isTried && told === "closed") closedMono = link.pace.monoMs();
    const summary = await orNull(web.get(link, SUMMARY, signal), signal);
    const pools = isOpen ? await orNull(socketPools(link, signal), signal) : null;
    return { stats, summary, pools: pools ?? (await orNull(web.get(link, POOLS, signal), signal)) };
  };
}

async function pageStats(
  web: AntminerWeb,
  link: DeviceLink,
  isAsleep: boolean,
  signal: AbortSignal,
): Promise<unknown> {
  const stats = await web.get(link, STATS, signal);
  const told = field(stats, "STATS");
  // An empty list is what some builds tell while they sleep; a miner that cannot be read could not be woken either.
  const isSilent = isAsleep && Array.isArray(told) && told.length === 0;
  if (!isSilent && statsEntry(stats) === undefined) throw missingFields(link.where, "figures");
  return stats;
}

/** `new_api` must stand beside the command; in its `parameter` it is ignored without a word (miners.md §10). */
async function socketStats(
  link: DeviceLink,
  signal: AbortSignal,
): Promise<Record<string, unknown> | "closed" | "spoilt"> {
  try {
    const reply = await link.cgminer.ask({ command: "stats", new_api: true }, signal);
    if (reply.isPartial) return "spoilt";
    if (!isSuccess(reply)) return "closed";
    return statsEntry(reply.sections) === undefined ? "spoilt" : reply.sections;
  } catch (error) {
    signal.throwIfAborted();
    if (!(error instanceof HearthError)) throw error;
    return error.code === "MINER_UNREACHABLE" || error.code === "MINER_TIMEOUT" ? "closed" : "spoilt";
  }
}

async function socketPools(link: DeviceLink, signal: AbortSignal): Promise<unknown> {
  const reply = await link.cgminer.ask({ command: "pools" }, signal);
  const isUsable = isSuccess(reply) && !reply.isPartial && list(reply.sections, "POOLS").length > 0;
  return isUsable ? reply.sections : null;
}

async function orNull(pending: Promise<unknown>, signal: AbortSignal): Promise<unknown> {
  return pending.catch((error: unknown) => {
    if (error instanceof HearthError && !signal.aborted) return null;
    throw error;
  });
}
