import { HearthError } from "../model/errors.ts";
import type { MinerActions, MinerCapabilities, MinerIdentity, MinerReading } from "../model/miner.ts";
import { minerIncomplete } from "../model/miner-errors.ts";
import type { DeviceLink, DriverOptions, MinerDriver } from "../model/miner-link.ts";
import { askSelf, type BosSelf, type BosVersion, createBosGraphql } from "./bos-graphql.ts";
import { BOS_POOLS, storedOf } from "./bos-groups.ts";
import { askBos, BOS_IDLE_W, POWER_TARGET, toBosReading } from "./bos-socket.ts";
import {
  type BosminerAccess,
  lightBosminer,
  noteHashing,
  pauseBosminer,
  pausedForS,
  restartBosminer,
  resumeBosminer,
  setBosminerTarget,
  writeBosminerPools,
} from "./bosminer-changes.ts";
import { askConfig, askLimits, askWholeConfig, type BosminerConfig, modeOf } from "./bosminer-config.ts";

/** From 23.03 on the firmware has another interface, and another driver (miners.md §7). */
const FIRST_NEW_YEAR = 23;
/** Where the firmware does not tell the range of its target, W (miners.md §14). */
const MODEL_RANGES: readonly [RegExp, { minW: number; maxW: number }][] = [
  [/\bS9\b/i, { minW: 400, maxW: 1400 }],
];
/** The 63 characters that every family keeps (settlement.md §3, end). */
const MAX_USER_LENGTH = 63;

/** Braiins OS up to 22.08, the last one for the S9: settings by GraphQL, figures and pause by the socket (miners.md §7.7). */
export function createBosminerDriver(options: DriverOptions = {}): MinerDriver {
  const graphql = createBosGraphql(options);
  const memory = options.memory ?? new Map<string, unknown>();
  const access = (link: DeviceLink): BosminerAccess => ({ link, graphql, memory });
  return {
    id: "bosminer",
    title: "Braiins OS 22.08 and before (Antminer S9)",
    tier: "gold",
    exemptions: [
      "it tells no MAC address to programs: its hardware number stands for it",
      "it has no field for its state: a pause made elsewhere reads as unknown",
      "watts are the tuner's estimate, not a measurement",
      "a new power target restarts the tuner, which needs minutes, and hours at a first visit",
      "whether a pause outlives the restart that new pools need is not known, so it is read and asserted again",
      "the names of its settings come from other programs that use them, not from the vendor",
    ],
    async identify(link, signal) {
      const self = await askSelf(graphql, link, signal);
      const identity = toIdentity(self);
      // Half started, or a build without the number: nobody else's device, but not to be taken for this one either.
      if (identity === null && isOld(self)) throw minerIncomplete(link.where, "hardware number");
      return identity;
    },
    read: (link, signal) => read(access(link), signal),
    capabilities: (link, signal) => capabilities(access(link), signal),
    async backup(link, signal) {
      const { groups, raw } = await askWholeConfig(graphql, link, signal);
      return { pools: storedOf(groups), settings: raw };
    },
  };
}

/** Null for newer firmware, which another driver knows, and without a number of its own. */
export function toIdentity(self: BosSelf | null): MinerIdentity | null {
  if (!isOld(self) || self.hardwareId === null) return null;
  return {
    id: `serial:${self.hardwareId}`,
    mac: null,
    serial: self.hardwareId,
    make: "Bitmain",
    model: self.model ?? "Antminer",
    firmware: "bosminer",
    firmwareVersion: self.version.text,
  };
}

function isOld(self: BosSelf | null): self is BosSelf & { version: BosVersion } {
  return self?.version != null && self.version.year < FIRST_NEW_YEAR;
}

async function read(access: BosminerAccess, signal: AbortSignal): Promise<MinerReading> {
  const { link, graphql } = access;
  const sections = await askBos(link, signal);
  // The heater stays readable when only its settings are not, as with a password that is wrong.
  const config = await askConfig(graphql, link, signal).catch((error: unknown) => {
    if (error instanceof HearthError && !signal.aborted) return null;
    throw error;
  });
  const reading = toBosReading(sections, {
    groups: config?.groups ?? null,
    targetW: config?.targetW ?? null,
    mode: config === null ? null : modeOf(config),
    pausedForS: pausedForS(access),
  });
  if (reading.state === "mining") noteHashing(access);
  return reading;
}

async function capabilities(access: BosminerAccess, signal: AbortSignal): Promise<MinerCapabilities> {
  const { link, graphql } = access;
  const config = await askConfig(graphql, link, signal);
  // A process that has not started tells none: what it can do is not known then, rather than little.
  if (config.raw === null) throw minerIncomplete(link.where, "settings");
  const hasTarget = modeOf(config) === POWER_TARGET && config.targetW !== null;
  const range = hasTarget ? await rangeOf(access, signal) : null;
  return {
    canPause: true,
    power: range === null ? "onoff" : "continuous",
    split: config.groups === null ? "none" : "groups",
    minW: range?.minW ?? null,
    maxW: range?.maxW ?? null,
    steps: [],
    idleW: BOS_IDLE_W,
    // Boards come up chip by chip, then the tuner starts (miners.md §16).
    wakeS: 120,
    tauS: 60,
    minOnS: 1800,
    minOffS: 900,
    restartsOnChange: true,
    pausePersists: null,
    splitStepPpm: config.groups === null ? null : 1,
    poolSlots: BOS_POOLS,
    poolSwitch: "restart",
    poolsNeedRestart: true,
    maxUserLength: MAX_USER_LENGTH,
    actions: actionsOf(access, config, range !== null),
  };
}

async function rangeOf({ link, graphql }: BosminerAccess, signal: AbortSignal) {
  const told = await askLimits(graphql, link, signal);
  if (told !== null) return told;
  const model = (await askSelf(graphql, link, signal))?.model ?? "";
  return MODEL_RANGES.find(([name]) => name.test(model))?.[1] ?? null;
}

function actionsOf(access: BosminerAccess, { groups }: BosminerConfig, hasTarget: boolean): MinerActions {
  const actions: MinerActions = {
    pause: (signal) => pauseBosminer(access, signal),
    resume: (signal) => resumeBosminer(access, signal),
    restart: (signal) => restartBosminer(access, signal),
    locate: (signal) => lightBosminer(access, signal),
  };
  if (hasTarget) actions.setTarget = (powerW, signal) => setBosminerTarget(access, powerW, signal);
  if (groups !== null) actions.writePools = (pools, signal) => writeBosminerPools(access, pools, signal);
  return actions;
}
