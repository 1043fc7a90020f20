import type { MinerReading, MinerState } from "../model/miner.ts";
import type { CgminerReply, DeviceLink } from "../model/miner-link.ts";
import { field, list, number, safeText, toNumber } from "../model/parse.ts";
import { avalonModel, modeWord, stepOf } from "./avalon-models.ts";
import { checked, INVALID_COMMAND, toPools } from "./cgminer.ts";

/** The settings that pause and steps are proved by. */
export interface AvalonLevers {
  modelWord: string | null;
  state: MinerState;
  /** True when the device says that it was switched off by an order (`SoftOFF`); null when it does not tell. */
  isSoftOff: boolean | null;
  workMode: number | null;
  workLevel: number | null;
  /** Configured hash-board output, W: a target, not a reading. */
  targetW: number | null;
}

const NO_SENSOR = -273;
/** Index of the wall figure in `PS[…]`; other places are rails and boards (miners.md §6.2). */
const WALL_INDEX = 6;

/** Keys and values of `KEY[value]` text, walked bracket by bracket; a cut tail is left out, the first of a key wins. */
export function bracketFields(source: string): Map<string, string> {
  const fields = new Map<string, string>();
  let at = 0;
  while (at < source.length) {
    const open = source.indexOf("[", at);
    if (open < 0) break;
    // A stray `]` or the wrapper `'STATS':{` before a key is not part of it.
    const head = source.slice(at, open);
    const key = head.slice(Math.max(head.lastIndexOf("]"), head.lastIndexOf("{")) + 1).trim();
    const close = source.indexOf("]", open);
    const nextOpen = source.indexOf("[", open + 1);
    if (close < 0) break;
    if (nextOpen >= 0 && nextOpen < close) {
      // The bracket of this key was never closed: what stands before the next key is no safe value.
      at = Math.max(open + 1, source.lastIndexOf(" ", nextOpen) + 1);
      continue;
    }
    if (key !== "" && !fields.has(key)) fields.set(key, source.slice(open + 1, close).trim());
    at = close + 1;
  }
  return fields;
}

/** `estats`, or `stats` on builds that lack it (miners.md §6.2). */
export async function askStats(link: DeviceLink, signal: AbortSignal): Promise<CgminerReply> {
  const reply = await link.cgminer.ask({ command: "estats" }, signal);
  if (reply.code !== INVALID_COMMAND) return checked(link, "estats", reply);
  return checked(link, "stats", await link.cgminer.ask({ command: "stats" }, signal));
}

/** One snapshot from the sections of `estats` and `pools`; no I/O. */
export function toReading(stats: unknown, pools: unknown): MinerReading {
  const entry = statsEntry(stats);
  const fields = bracketFields(summaryText(entry));
  const levers = toLevers(fields);
  const { state } = levers;
  const powerW = wallPower(fields, state);
  return {
    state,
    stateDetail: stateDetail(fields),
    powerW,
    // The wall figure at rest is a stale one (miners.md §6.2).
    powerSource: powerW === null ? null : state === "paused" ? "estimated" : "measured",
    hashrateThs: toNumber(fields.get("GHSspd"), { scale: 1e-3, min: 0 }),
    chipMaxC: temperature(fields, "TMax", [NO_SENSOR, 0]),
    boardC: temperature(fields, "HBTemp", [NO_SENSOR, 0]) ?? temperature(fields, "HBOTemp"),
    inletC: temperature(fields, "ITemp"),
    outletC: temperature(fields, "OTemp"),
    fans: fansOf(fields),
    hasFanFault: (toNumber(fields.get("FanErr")) ?? 0) !== 0,
    uptimeS: toNumber(fields.get("Elapsed"), { min: 0 }) ?? number(entry, "Elapsed", { min: 0 }),
    powerTargetW: levers.targetW,
    mode: modeWord(avalonModel(levers.modelWord), levers.workMode, levers.workLevel),
    stepIndex:
      state === "paused" || state === "unknown"
        ? null
        : stepOf(avalonModel(levers.modelWord), levers.workMode, levers.workLevel),
    pools: toPools(pools),
  };
}

/** The levers alone, for read-back. */
export function toAvalonLevers(stats: unknown): AvalonLevers {
  return toLevers(bracketFields(summaryText(statsEntry(stats))));
}

function toLevers(fields: Map<string, string>): AvalonLevers {
  return {
    modelWord: fields.get("Ver")?.split("-")[0] ?? null,
    state: stateOf(fields),
    isSoftOff: softOff(fields),
    workMode: toNumber(fields.get("WORKMODE")),
    workLevel: toNumber(fields.get("WORKLEVEL") ?? fields.get("WORKLVL")),
    targetW: toNumber(fields.get("MPO"), { min: 1 }),
  };
}

/** The entry that carries the summary text; with several entries the first that has it. */
function statsEntry(stats: unknown): unknown {
  const entries = list(stats, "STATS");
  return entries.find((entry) => summaryText(entry) !== "") ?? entries[0];
}

function summaryText(entry: unknown): string {
  const summary = field(entry, "MM ID0") ?? field(entry, "MM ID0:Summary");
  return typeof summary === "string" ? summary : "";
}

function stateOf(fields: Map<string, string>): MinerState {
  const words = fields.get("SYSTEMSTATU") ?? "";
  const named = /Work:\s*In\s+(Init|Work|Idle|Fault)/i.exec(words)?.[1]?.toLowerCase();
  const place = named === undefined ? toNumber(fields.get("STATE")) : STATE_WORDS.indexOf(named);
  if (place !== null && place >= 0) return STATES[place] ?? "unknown";
  // A start shows an empty summary (miners.md §6.2).
  if (fields.size === 0) return "starting";
  return softOff(fields) === true ? "paused" : "unknown";
}

function softOff(fields: Map<string, string>): boolean | null {
  const reason = toNumber(fields.get("SoftOFF"));
  return reason === null ? null : reason !== 0;
}

const STATE_WORDS = ["init", "work", "idle", "fault"];
const STATES: readonly MinerState[] = ["starting", "mining", "paused", "fault"];

function stateDetail(fields: Map<string, string>): string | null {
  const details: string[] = [];
  if (stateOf(fields) === "fault") details.push(safeText(fields.get("SYSTEMSTATU") ?? "fault", 80));
  if (toNumber(fields.get("ADJ")) === 0) details.push("calibrating");
  for (const key of ["FanErr", "ECHU", "ECMM"]) {
    const value = fields.get(key);
    if (value !== undefined && /[1-9]/.test(value)) details.push(safeText(`${key} ${value}`, 80));
  }
  return details.length > 0 ? details.join(", ") : null;
}

function wallPower(fields: Map<string, string>, state: MinerState): number | null {
  const places = fields.get("PS")?.split(/\s+/) ?? [];
  // A supply that feeds a working board never shows 0: that is a build which does not tell.
  const unknownWhen = state === "mining" ? { unknownWhen: 0 } : {};
  return (
    toNumber(places[WALL_INDEX], { min: 0, ...unknownWhen }) ??
    toNumber(fields.get("WALLPOWER"), { min: 0, ...unknownWhen })
  );
}

function temperature(
  fields: Map<string, string>,
  key: string,
  unknownWhen: readonly number[] = [NO_SENSOR],
): number | null {
  return toNumber(fields.get(key), { unknownWhen, min: -60, max: 200 });
}

function fansOf(fields: Map<string, string>): MinerReading["fans"] {
  const percent = toNumber(fields.get("FanR")?.replace("%", ""), { min: 0, max: 100 });
  return ["Fan1", "Fan2", "Fan3", "Fan4"]
    .filter((key) => fields.has(key))
    .map((key) => ({ rpm: toNumber(fields.get(key), { min: 0 }), percent }));
}
