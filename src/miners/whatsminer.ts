import { HearthError } from "../model/errors.ts";
import type { MinerActions, MinerCapabilities, MinerIdentity } from "../model/miner.ts";
import { minerBadAnswer, minerTimeout } from "../model/miner-errors.ts";
import type { DeviceLink, DriverMemory, DriverOptions, MinerDriver } from "../model/miner-link.ts";
import { createAccess } from "./whatsminer-access.ts";
import { type Generation, POOL_SLOTS, type WhatsminerWrites } from "./whatsminer-generation.ts";
import { pauseMining, resumeMining } from "./whatsminer-mining.ts";
import { leverOf, type PowerView, rangeOf, setByLimit, setByPercent } from "./whatsminer-power.ts";
import { askVersion, createV2Generation } from "./whatsminer-v2.ts";
import { createV3Generation } from "./whatsminer-v3.ts";

/** Port of the frames of API v3; with it in the address, they are asked first. */
const FRAMES_PORT = 4433;
/** One question of the search for the generation, ms: a foreign one may never be answered. */
const PROBE_MS = 1_400;
/** The old API stands in for API v3 while its port is closed, as it is for a while after a start; so long, ms. */
const STAND_IN_MS = 60_000;
/** Control board and supply with the boards dark, W. */
const IDLE_W = 15;
/** Longer names make the firmware misbehave (settlement.md §3, end). */
const MAX_USER_LENGTH = 127;

/** Whatsminer of MicroBT: a percent of the configured power limit, mining off and on, pools by failover (miners.md §11). */
export function createWhatsminerDriver(options: DriverOptions = {}): MinerDriver {
  const memory = options.memory ?? new Map<string, unknown>();
  const generations = {
    v1: createV2Generation(1, createAccess(options, "admin"), memory),
    v2: createV2Generation(2, createAccess(options, "admin"), memory),
    v3: createV3Generation(createAccess(options, "super"), memory),
  };
  /** The generation that fitted last, with the identity that it showed. */
  let known: Found | null = null;
  const find = async (link: DeviceLink, signal: AbortSignal): Promise<Found> => {
    known = known === null ? await search(link, generations, signal) : await renewed(known, link, signal);
    if (known !== null) return known;
    throw minerBadAnswer(link.where, "does not answer as a Whatsminer", "");
  };
  const renewed = async (fitting: Found, link: DeviceLink, signal: AbortSignal): Promise<Found> => {
    const { standsInSinceMono } = fitting;
    if (standsInSinceMono === null || link.pace.monoMs() - standsInSinceMono < STAND_IN_MS) return fitting;
    const framed = await searchFrames(link, generations, [], signal);
    return framed ?? { ...fitting, standsInSinceMono: link.pace.monoMs() };
  };
  return {
    id: "whatsminer",
    title: "Whatsminer (MicroBT)",
    tier: "gold",
    exemptions: [
      "no weighted pools in the firmware: three pools by failover",
      "pools are told without their passwords, so a backup has none, and no pool can be chosen by rewriting the others",
      "targets are a percent of the configured power limit, which the firmware reaches only approximately",
      "where the firmware does not tell its percent, a target is proved by the measured watts",
      "there a target that is set while it is paused is kept here, and given to it as it starts",
      "a restart forgets the percent: it runs at its whole limit until it is told again",
      "API v1 is only read",
      "API v3 counts no work: counters come from the old port where that answers",
      "its lamp blinks until it is told to stop, so it is not used to show the device",
    ],
    async identify(link, signal) {
      const former = known;
      known = null;
      if (former !== null) {
        const fitting = await renewed(former, link, signal);
        const identity = await stillFits(fitting, link, signal);
        if (identity !== null) {
          known = { ...fitting, identity };
          return identity;
        }
      }
      known = await search(link, generations, signal);
      return known?.identity ?? null;
    },
    read: async (link, signal) => (await find(link, signal)).generation.read(link, signal),
    async capabilities(link, signal) {
      const { generation, identity } = await find(link, signal);
      if (generation.writes === null) return readOnly();
      // A stand-in for API v3 gives way to it between two orders.
      const writesNow = async (stop: AbortSignal) => {
        const { writes } = (await find(link, stop)).generation;
        if (writes === null) throw minerBadAnswer(link.where, "answers by another API than before", "");
        return writes;
      };
      const context = { memory, firmwareVersion: identity.firmwareVersion };
      const view = await generation.writes.power(link, signal);
      return capabilities(view, context, actionsOf(link, writesNow, context));
    },
    async backup(link, signal) {
      const { generation } = await find(link, signal);
      return { pools: await generation.backup(link, signal), settings: null };
    },
  };
}

interface Found {
  generation: Generation;
  identity: MinerIdentity;
  /** Set for the old API of firmware that has API v3, which does not answer by it. */
  standsInSinceMono: number | null;
}

type Generations = Record<"v1" | "v2" | "v3", Generation>;

/** Null when it answers otherwise now, or not at all by this protocol: then all are tried again. */
async function stillFits(
  { generation }: Found,
  link: DeviceLink,
  signal: AbortSignal,
): Promise<MinerIdentity | null> {
  try {
    return await generation.identify(link, signal);
  } catch (error) {
    if (error instanceof HearthError && error.code === "MINER_BAD_ANSWER") return null;
    throw error;
  }
}

/**
 * Which API answers, and who it says it is. Firmware with API v3 has the old one too, with less in it, so frames are
 * asked where they are to be expected; firmware without them never sees one. Null for other makes; throws the first
 * error when nothing answered.
 */
async function search(
  link: DeviceLink,
  generations: Generations,
  signal: AbortSignal,
): Promise<Found | null> {
  const misses: HearthError[] = [];
  const isFramesPort = link.port === FRAMES_PORT;
  if (isFramesPort) {
    const found = await searchFrames(link, generations, misses, signal);
    if (found !== null) return found;
  }
  const version = await attempt(link, (stop) => askVersion(link, stop), misses, signal);
  const speaksFrames = version?.speaksFrames ?? true;
  if (!isFramesPort && speaksFrames) {
    const found = await searchFrames(link, generations, misses, signal);
    if (found !== null) return found;
  }
  if (version === undefined) throw misses[0] ?? minerTimeout(link.where, PROBE_MS);
  const isOld = version === null || version.api === 1;
  const generation = isOld ? generations.v1 : generations.v2;
  const identity = await generation.identify(link, signal);
  const standsInSinceMono = version?.speaksFrames ? link.pace.monoMs() : null;
  return identity === null ? null : { generation, identity, standsInSinceMono };
}

async function searchFrames(
  link: DeviceLink,
  { v3 }: Generations,
  misses: HearthError[],
  signal: AbortSignal,
): Promise<Found | null> {
  const identity = await attempt(link, (stop) => v3.identify(link, stop), misses, signal);
  return identity ? { generation: v3, identity, standsInSinceMono: null } : null;
}

/** The answer; undefined when there was none, or only one that cannot be used. */
async function attempt<T>(
  link: DeviceLink,
  ask: (signal: AbortSignal) => Promise<T>,
  misses: HearthError[],
  signal: AbortSignal,
): Promise<T | undefined> {
  const limit = AbortSignal.timeout(PROBE_MS);
  try {
    return await ask(AbortSignal.any([signal, limit]));
  } catch (error) {
    signal.throwIfAborted();
    if (error instanceof HearthError) misses.push(error);
    else if (limit.aborted) misses.push(minerTimeout(link.where, PROBE_MS));
    else throw error;
    return undefined;
  }
}

interface Context {
  memory: DriverMemory;
  firmwareVersion: string;
}

function actionsOf(
  link: DeviceLink,
  writesNow: (signal: AbortSignal) => Promise<WhatsminerWrites>,
  context: Context,
): MinerActions {
  const { memory, firmwareVersion } = context;
  return {
    pause: async (stop) => pauseMining(link, await writesNow(stop), stop),
    resume: async (stop) => resumeMining(link, await writesNow(stop), memory, stop),
    async setTarget(powerW, stop) {
      const writes = await writesNow(stop);
      return leverOf(memory, firmwareVersion) === "percent"
        ? setByPercent(link, writes, context, powerW, stop)
        : setByLimit(link, writes, memory, powerW, stop);
    },
    writePools: async (pools, stop) => (await writesNow(stop)).writePools(link, pools, stop),
    restart: async (stop) => (await writesNow(stop)).restart(link, stop),
  };
}

function capabilities(view: PowerView, context: Context, actions: MinerActions): MinerCapabilities {
  const lever = leverOf(context.memory, context.firmwareVersion);
  return {
    ...readOnly(),
    canPause: true,
    power: "continuous",
    ...rangeOf(view, lever, context.memory),
    // It raises its clocks for minutes after each start, unless it boots fast (miners.md §16).
    wakeS: view.isFastBoot ? 60 : 300,
    restartsOnChange: lever === "limit" && !view.isFastBoot,
    actions,
  };
}

/** What all of them have, and old firmware alone. */
function readOnly(): MinerCapabilities {
  return {
    canPause: false,
    power: "none",
    split: "none",
    minW: null,
    maxW: null,
    steps: [],
    idleW: IDLE_W,
    wakeS: 300,
    // A percent acts within about a second; the figure for it is some seconds old.
    tauS: 10,
    minOnS: 600,
    minOffS: 600,
    restartsOnChange: false,
    pausePersists: null,
    splitStepPpm: null,
    poolSlots: POOL_SLOTS,
    poolSwitch: "restart",
    poolsNeedRestart: true,
    maxUserLength: MAX_USER_LENGTH,
    actions: {},
  };
}
