import type { MinerReading, MinerState, PoolReading } from "../model/miner.ts";
import { field, flag, list, number, safeText, text, toNumber } from "../model/parse.ts";
import { toPools } from "./cgminer.ts";
import { groupsOf, sharesOf } from "./luxos-groups.ts";
import type { LuxosProfile } from "./luxos-profiles.ts";

/** The settings that pauses and profiles are proved by. */
export interface LuxosLevers {
  /** Asleep by an order; null when the device does not tell. */
  isCurtailed: boolean | null;
  isPowerSupplyOn: boolean | null;
  profile: string | null;
  /** Some board climbs to its clock, as after a change of profile or a start. */
  isRamping: boolean;
  atm: LuxosAtm;
  /** The owner lets it follow a target in watts; profiles then do not rule it. */
  hasPowerTarget: boolean;
}

/** Advanced thermal management: it moves the profile by temperature between two bounds of the owner. */
export interface LuxosAtm {
  isEnabled: boolean;
  maxProfile: string | null;
  /** Steps of the bounds; null: none, or not told. */
  maxStep: number | null;
  minStep: number | null;
}

/** Words of `SystemStatus`; they are not documented, so only telling ones count. */
const FAULT_WORDS = /panic|fail|fault|error|overtemp|overheat|dangerous|shut ?down/i;
const START_WORDS = /init|start|boot|ramp|wak/i;
/** Corner temperatures of a board, degC; other numbers of the row are its ids. */
const CORNERS = ["TopLeft", "TopRight", "BottomLeft", "BottomRight"];

/** From the sections of `config`, `devs` and `atm`. No I/O. */
export function toLevers(sections: unknown): LuxosLevers {
  const config = list(sections, "CONFIG")[0];
  const atm = list(sections, "ATM")[0];
  return {
    isCurtailed: curtailed(config),
    isPowerSupplyOn: flag(config, "IsPowerSupplyOn"),
    profile: text(config, "Profile"),
    isRamping: boardsOf(sections).some((board) => flag(board, "IsRamping") === true),
    atm: {
      isEnabled: flag(atm, "Enabled") ?? flag(config, "IsAtmEnabled") ?? false,
      maxProfile: text(atm, "MaxProfile"),
      maxStep: number(atm, "MaxProfileStep"),
      minStep: number(atm, "MinProfileStep"),
    },
    hasPowerTarget: flag(config, "IsPowerTargetEnabled") === true,
  };
}

/**
 * One snapshot from the sections of `config`, `summary`, `devs`, `power`, `temps`, `fans`, `pools` and `groups`; a
 * part that is missing is unknown. `all` and `offered` are the profiles of the device and those that are its steps.
 */
export function toReading(
  sections: unknown,
  all: readonly LuxosProfile[],
  offered: readonly LuxosProfile[],
): MinerReading {
  const config = list(sections, "CONFIG")[0];
  const summary = list(sections, "SUMMARY")[0];
  const power = list(sections, "POWER")[0];
  const { profile, hasPowerTarget } = toLevers(sections);
  const state = stateOf(sections);
  const place = offered.findIndex(({ name }) => name === profile);
  // A supply that is off, or one that does not meter, tells 0.
  const powerW = number(power, "Watts", { unknownWhen: 0, min: 0 });
  return {
    state,
    stateDetail: stateDetail(sections, state),
    powerW,
    powerSource: powerW === null ? null : isMetered(power, state) ? "measured" : "estimated",
    hashrateThs:
      number(summary, "GHS 5s", { scale: 1e-3, min: 0 }) ??
      number(summary, "GHS 1m", { scale: 1e-3, min: 0 }),
    // It has sensors at the corners of the boards, none on the chips (miners.md §17).
    chipMaxC: null,
    boardC: boardMaxC(sections),
    inletC: null,
    outletC: null,
    fans: list(sections, "FANS").map((fan) => ({
      rpm: number(fan, "RPM", { min: 0 }),
      percent: number(fan, "Speed", { min: 0, max: 100 }) ?? number(fan, "Speed%", { min: 0, max: 100 }),
    })),
    hasFanFault: false,
    uptimeS: number(summary, "Elapsed", { min: 0 }),
    powerTargetW: hasPowerTarget
      ? number(config, "ActualPowerTarget", { min: 1 })
      : (all.find(({ name }) => name === profile)?.watts ?? null),
    mode: hasPowerTarget ? "power target" : profile,
    stepIndex: state === "paused" || state === "unknown" || hasPowerTarget || place < 0 ? null : place,
    pools: poolReadings(sections),
  };
}

/** Every destination by group and, within it, by preference, with the part of the work that its group gets. */
function poolReadings(sections: unknown): PoolReading[] {
  const groups = groupsOf(sections);
  const readings = toPools(sections);
  if (groups === null) return readings;
  const shares = sharesOf(groups);
  return groups.flatMap(({ pools }) =>
    pools.flatMap(({ place, id }) => {
      const reading = readings[place];
      return reading === undefined ? [] : [{ ...reading, sharePpm: shares.get(id) ?? null }];
    }),
  );
}

function stateOf(sections: unknown): MinerState {
  const config = list(sections, "CONFIG")[0];
  const { isCurtailed, isPowerSupplyOn, isRamping } = toLevers(sections);
  if (isCurtailed === true) return "paused";
  const words = text(config, "SystemStatus") ?? "";
  if (FAULT_WORDS.test(words)) return "fault";
  if (isRamping || START_WORDS.test(words)) return "starting";
  // Not asleep, and yet without power: the firmware stopped the boards itself.
  if (isPowerSupplyOn === false) return "fault";
  const boards = boardsOf(sections);
  if (boards.length > 0 && boards.every((board) => text(board, "Status") === "Dead")) return "fault";
  const isAlive = boards.some((board) => text(board, "Status") === "Alive");
  return isAlive || (isCurtailed === false && isPowerSupplyOn === true) ? "mining" : "unknown";
}

function stateDetail(sections: unknown, state: MinerState): string | null {
  const words = text(list(sections, "CONFIG")[0], "SystemStatus");
  if (state === "fault") return faultWords(sections, words);
  if (state === "starting") return "ramping";
  const dead = boardsOf(sections).filter((board) => text(board, "Status") === "Dead").length;
  return state === "mining" && dead > 0 ? `${dead} of its boards do not run` : null;
}

/** Its own words where they tell of a fault; else what the fault was told by. */
function faultWords(sections: unknown, words: string | null): string {
  if (words !== null && FAULT_WORDS.test(words)) return safeText(words, 80);
  return toLevers(sections).isPowerSupplyOn === false
    ? "its boards have no power"
    : "none of its boards runs";
}

/** `PSU:false` means that the figure is the firmware's guess; so it is while the supply is off (miners.md §8.2). */
function isMetered(power: unknown, state: MinerState): boolean {
  return flag(power, "PSU") === true && state !== "paused";
}

function boardMaxC(sections: unknown): number | null {
  const corners = list(sections, "TEMPS").flatMap((board) =>
    CORNERS.map((corner) => toNumber(field(board, corner), { unknownWhen: 0, min: -60, max: 200 })),
  );
  const known = corners.filter((celsius) => celsius !== null);
  return known.length > 0 ? Math.max(...known) : null;
}

function boardsOf(sections: unknown): unknown[] {
  return list(sections, "DEVS").filter((board) => flag(board, "Enabled") !== false);
}

function curtailed(config: unknown): boolean | null {
  const mode = field(config, "CurtailMode");
  if (typeof mode !== "string") return null;
  return mode !== "" && mode.toLowerCase() !== "none";
}
