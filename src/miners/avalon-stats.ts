import type { MinerReading, MinerState } from "../model/miner.ts";
import type { CgminerReply, DeviceLink } from "../model/miner-link.ts";
import { safeText, toNumber } from "../model/parse.ts";
import { type AvalonSummary, toSummary } from "./avalon-fields.ts";
import {
  type AvalonModel,
  avalonModel,
  highestWatts,
  modeWord,
  stepOf,
  type ToldTargets,
} from "./avalon-models.ts";
import { checked, INVALID_COMMAND, toPools } from "./cgminer.ts";

type Fields = AvalonSummary["fields"];

/** The settings that pause and steps are proved by; `targetW` is a target of the hash board, never a reading. */
export interface AvalonLevers extends ToldTargets {
  state: MinerState;
  /** True when the device says that it was switched off by an order (`SoftOFF`); null when it does not tell. */
  isSoftOff: boolean | null;
  /** Its live rate tells that it hashes, whatever it says of its state. */
  isHashing: boolean;
}

/** What a sensor tells that is not there, and one that is asleep (miners.md §6.2), degC. */
const NO_TEMPERATURE = [-273, 0];
/** Place of the wall figure in `PS[…]`; other places are rails and boards (miners.md §6.2). */
const WALL_PLACE = 6;
/** From here on the fifth place of `PS[…]` is a voltage in 10 mV: no home unit has a board of two kilowatts. */
const LEAST_VOLTAGE = 2000;

/** `estats`, or `stats` on builds that lack it (miners.md §6.2). */
export async function askStats(link: DeviceLink, signal: AbortSignal): Promise<CgminerReply> {
  const reply = await link.cgminer.ask({ command: "estats" }, signal);
  if (reply.code !== INVALID_COMMAND) return checked(link, "estats", reply);
  return checked(link, "stats", await link.cgminer.ask({ command: "stats" }, signal));
}

/** One snapshot from the sections of `estats` and `pools`; no I/O. */
export function toReading(stats: unknown, pools: unknown): MinerReading {
  const summary = toSummary(stats);
  const { fields } = summary;
  const model = modelOf(fields);
  const levers = toLevers(summary);
  const { state } = levers;
  const powerW = wallPower(fields, model);
  const isAtWork = state !== "paused" && state !== "unknown";
  return {
    state,
    stateDetail: stateDetail(fields, state),
    powerW,
    // The wall figure at rest is a stale one (miners.md §6.2).
    powerSource: powerW === null ? null : state === "paused" ? "estimated" : "measured",
    hashrateThs: liveRate(fields),
    chipMaxC: temperature(fields, "TMax"),
    boardC: temperature(fields, "HBTemp") ?? temperature(fields, "HBOTemp"),
    inletC: temperature(fields, "ITemp"),
    outletC: temperature(fields, "OTemp"),
    fans: fansOf(fields),
    hasFanFault: isErrorWord(fields.get("FanErr")),
    uptimeS: toNumber(fields.get("Elapsed"), { min: 0 }) ?? summary.elapsedS,
    powerTargetW: levers.targetW,
    mode: modeWord(model, levers.workMode, levers.workLevel),
    stepIndex: isAtWork ? stepOf(model, levers.workMode, levers.workLevel) : null,
    pools: toPools(pools),
  };
}

/** The levers alone, for read-back. */
export function toAvalonLevers(stats: unknown): AvalonLevers {
  return toLevers(toSummary(stats));
}

/** Watts at the wall of a `PS[…]` list or `WALLPOWER`; 0 is a build that does not tell, for what answers draws. */
export function wallPower(fields: Fields, model: AvalonModel | null): number | null {
  const places = fields.get("PS")?.split(/\s+/) ?? [];
  const isEarly = model?.hasEarlyWatts === true && (toNumber(places[WALL_PLACE - 2]) ?? 0) >= LEAST_VOLTAGE;
  const rules = { unknownWhen: 0, min: 0, max: highestWatts(model) };
  return (
    toNumber(places[isEarly ? WALL_PLACE - 1 : WALL_PLACE], rules) ?? toNumber(fields.get("WALLPOWER"), rules)
  );
}

function modelOf(fields: Fields): AvalonModel | null {
  return avalonModel(fields.get("Ver") ?? null);
}

function toLevers(summary: AvalonSummary): AvalonLevers {
  const { fields } = summary;
  return {
    state: stateOf(summary),
    isSoftOff: softOff(fields),
    isHashing: isHashing(fields),
    workMode: toNumber(fields.get("WORKMODE")),
    workLevel: toNumber(fields.get("WORKLEVEL") ?? fields.get("WORKLVL")),
    targetW: toNumber(fields.get("MPO"), { min: 1 }),
    tuningW: tuningTargets(fields),
  };
}

/** `ATA<n>[watt-…]` by n; figures that are no watts are left out. */
function tuningTargets(fields: Fields): Map<number, number> {
  const targets = new Map<number, number>();
  for (const [key, value] of fields) {
    const number = /^ATA(\d)$/.exec(key)?.[1];
    const watts = toNumber(/^(\d+)-/.exec(value)?.[1], { min: 1 });
    if (number !== undefined && watts !== null) targets.set(Number(number), watts);
  }
  return targets;
}

function stateOf({ fields, isEmpty }: AvalonSummary): MinerState {
  const words = fields.get("SYSTEMSTATU") ?? "";
  const named = /Work:\s*In\s+(Init|Work|Idle|Fault)/i.exec(words)?.[1]?.toLowerCase();
  const place = named === undefined ? toNumber(fields.get("STATE")) : STATE_WORDS.indexOf(named);
  if (place !== null && place >= 0) return STATES[place] ?? "unknown";
  if (isEmpty) return "starting";
  if (softOff(fields) === true) return "paused";
  if (fields.has("SYSTEMSTATU") || fields.has("STATE")) return "unknown";
  // The Nano 3 tells no state: then what hashes mines, and of what does not nothing is known (interfaces.md §6).
  return isHashing(fields) ? "mining" : "unknown";
}

const STATE_WORDS = ["init", "work", "idle", "fault"];
const STATES: readonly MinerState[] = ["starting", "mining", "paused", "fault"];

function softOff(fields: Fields): boolean | null {
  const reason = toNumber(fields.get("SoftOFF"));
  return reason === null ? null : reason !== 0;
}

/** Averages of the firmware go on for hours after a soft off, so only the live rate counts; TH/s. */
function liveRate(fields: Fields): number | null {
  return toNumber(fields.get("GHSspd"), { scale: 1e-3, min: 0 });
}

function isHashing(fields: Fields): boolean {
  return (liveRate(fields) ?? 0) > 0;
}

function stateDetail(fields: Fields, state: MinerState): string | null {
  const details: string[] = [];
  if (state === "fault") details.push(safeText(fields.get("SYSTEMSTATU") ?? "fault", 80));
  // Then it refuses other modes, for up to tens of minutes (miners.md §6.3).
  if (toNumber(fields.get("ADJ")) === 0) details.push("calibrating");
  const supply = fields.get("PS")?.split(/\s+/)[0];
  if (isErrorWord(supply)) details.push(safeText(`supply error ${supply}`, 80));
  for (const key of ["FanErr", "ECHU", "ECMM"]) {
    const value = fields.get(key);
    if (isErrorWord(value)) details.push(safeText(`${key} ${value}`, 80));
  }
  return details.length > 0 ? details.join(", ") : null;
}

/** Numbers of which one is not 0, decimal or hexadecimal. */
function isErrorWord(value: string | undefined): boolean {
  return (
    value !== undefined &&
    /^(?:0x)?[0-9a-f]+(?:\s+(?:0x)?[0-9a-f]+)*$/i.test(value) &&
    /[1-9a-f]/i.test(value)
  );
}

function temperature(fields: Fields, key: string): number | null {
  return toNumber(fields.get(key), { unknownWhen: NO_TEMPERATURE, min: -60, max: 200 });
}

function fansOf(fields: Fields): MinerReading["fans"] {
  const percent = toNumber(fields.get("FanR")?.replace("%", ""), { min: 0, max: 100 });
  return ["Fan1", "Fan2", "Fan3", "Fan4"]
    .filter((key) => fields.has(key))
    .map((key) => ({ rpm: toNumber(fields.get(key), { min: 0 }), percent }));
}
