import { HearthError } from "../model/errors.ts";
import type { MinerReading } from "../model/miner.ts";
import type { CgminerReply, DeviceLink } from "../model/miner-link.ts";
import { list, number, toNumber } from "../model/parse.ts";
import { bracketFields } from "./avalon-fields.ts";
import { type AvalonModel, modeWord, stepOf } from "./avalon-models.ts";
import { type AvalonLevers, askStats, toAvalonLevers, wallPower } from "./avalon-stats.ts";
import { isSuccess } from "./cgminer.ts";

/**
 * A unit whose summary is still empty, as a Q's is while it starts: uptime, mode and watts by the words that answer
 * already (miners.md §6.2). Its rates are averages, so the live rate stays unknown.
 */
export async function readStart(
  link: DeviceLink,
  reading: MinerReading,
  model: AvalonModel | null,
  signal: AbortSignal,
): Promise<MinerReading> {
  const summary = await tried(() => link.cgminer.ask({ command: "summary" }, signal), signal);
  const { workMode, workLevel } = await toldModes(link, signal);
  const supply = await tried(() => link.cgminer.ask("ascset|0,voltage", signal), signal);
  const words = /\bPS\[[^\]]*\]/.exec(supply?.message ?? "")?.[0] ?? "";
  const powerW = reading.powerW ?? wallPower(bracketFields(words), model);
  return {
    ...reading,
    uptimeS: reading.uptimeS ?? number(list(summary?.sections, "SUMMARY")[0], "Elapsed", { min: 0 }),
    powerW,
    powerSource: powerW === null ? null : "measured",
    mode: modeWord(model, workMode, workLevel),
    stepIndex: stepOf(model, workMode, workLevel),
  };
}

/** The levers of power, also where the summary is still empty or its end was cut off. */
export async function askLevers(link: DeviceLink, signal: AbortSignal): Promise<AvalonLevers> {
  const levers = toAvalonLevers((await askStats(link, signal)).sections);
  if (levers.workMode !== null || levers.workLevel !== null) return levers;
  return { ...levers, ...(await toldModes(link, signal)) };
}

/** `workmode 1 worklevel 0`, where it is answered. */
async function toldModes(
  link: DeviceLink,
  signal: AbortSignal,
): Promise<Pick<AvalonLevers, "workMode" | "workLevel">> {
  const reply = await tried(() => link.cgminer.ask("ascset|0,work_mode_lvl,get", signal), signal);
  const told = (word: string) =>
    toNumber(new RegExp(`\\b${word} (-?\\d+)\\b`).exec(reply?.message ?? "")?.[1]);
  return { workMode: told("workmode"), workLevel: told("worklevel") };
}

/** Null where this build does not know the word, or says nothing to it yet. */
async function tried(ask: () => Promise<CgminerReply>, signal: AbortSignal): Promise<CgminerReply | null> {
  try {
    const reply = await ask();
    return isSuccess(reply) && !reply.isPartial ? reply : null;
  } catch (error) {
    if (signal.aborted || !(error instanceof HearthError)) throw error;
    return null;
  }
}
