import { HearthError } from "../model/errors.ts";
import { minerCutAnswer } from "../model/miner-errors.ts";
import type { CgminerReply, DeviceLink } from "../model/miner-link.ts";
import { field } from "../model/parse.ts";
import { ask, INVALID_COMMAND } from "./cgminer.ts";

/** Devices that said that they do not join questions; they are not asked so again. */
const unjoining = new WeakSet<DeviceLink>();

/** Sections of several reads by name (`CONFIG`, `POOLS`, …); a part that the device refused is missing. */
export type LuxosSections = Record<string, unknown>;

/**
 * Several reads in one request, or one by one where the device does not join them (interfaces.md §6). The first
 * command is what the others are about: without its answer the errors of a read are thrown.
 */
export async function askTogether(
  link: DeviceLink,
  commands: readonly string[],
  signal: AbortSignal,
): Promise<LuxosSections> {
  const joined = unjoining.has(link) ? null : await askJoined(link, commands.join("+"), signal);
  if (joined !== null && field(joined.sections, sectionOf(commands[0] ?? "")) !== undefined) {
    return joined.sections;
  }
  const sections: LuxosSections = {};
  for (const [place, command] of commands.entries()) {
    const reply = place === 0 ? await ask(link, command, signal) : await askIfTold(link, command, signal);
    Object.assign(sections, reply?.sections);
  }
  return sections;
}

/** `summary` is told under `SUMMARY`, as all of them. */
function sectionOf(command: string): string {
  return command.toUpperCase();
}

/** Null when the device does not understand the question in this form. */
async function askJoined(
  link: DeviceLink,
  command: string,
  signal: AbortSignal,
): Promise<CgminerReply | null> {
  try {
    const reply = await link.cgminer.ask({ command }, signal);
    if (reply.code === INVALID_COMMAND && Object.keys(reply.sections).length === 0) unjoining.add(link);
    if (reply.isPartial) throw minerCutAnswer(link.where, `gave a cut answer to ${command}`);
    return reply.status === "NO_REPLY" ? null : reply;
  } catch (error) {
    if (error instanceof HearthError && error.code === "MINER_BAD_ANSWER" && !signal.aborted) return null;
    throw error;
  }
}

/** Null when the device refuses it; one that is silent is not waited for once for each of them. */
async function askIfTold(
  link: DeviceLink,
  command: string,
  signal: AbortSignal,
): Promise<CgminerReply | null> {
  try {
    return await ask(link, command, signal);
  } catch (error) {
    const isNo = error instanceof HearthError && NOT_TOLD.has(error.code);
    if (isNo && !signal.aborted) return null;
    throw error;
  }
}

const NOT_TOLD = new Set(["MINER_BAD_ANSWER", "MINER_AUTH_REQUIRED"]);
