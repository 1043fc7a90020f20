import { HearthError, unreachableError } from "../model/errors.ts";
import type { MinerActions, MinerCapabilities, MinerIdentity, WriteResult } from "../model/miner.ts";
import type { DeviceLink, MinerDriver } from "../model/miner-link.ts";
import { field, number, text, toMac } from "../model/parse.ts";
import { proveWrite, type Seen, sendUnproved } from "../model/prove-write.ts";
import { type AxeosLadder, ladderOf, stepsOf } from "./axeos-ladder.ts";
import { AXEOS_USED_POOLS, restartAxeos, selectAxeosPool, writeAxeosPools } from "./axeos-pools.ts";
import { clockIndex, toReading } from "./axeos-reading.ts";
import { noSuchStep, storedFrom } from "./pool-target.ts";

const INFO = "/api/system/info";
/** Draw while the chip is held in reset, W; a guess (miners.md §4.3). */
const IDLE_W = 4;
/** The clock that runs is the one set when it is this close to it, as a part. */
const CLOCK_PART = 0.02;
/** Clock, voltage and pause show within seconds (miners.md §16), ms. */
const SHOWN_WITHIN_MS = 5_000;

/** AxeOS boards: HTTP without a password, clock steps instead of watts, pause since firmware 2.14 (miners.md §4). */
export function createAxeosDriver(): MinerDriver {
  // The options of a board never change while it runs; asking each time would double every poll.
  let known: AxeosLadder | null = null;
  const ladder = async (link: DeviceLink, info: unknown, signal: AbortSignal) => {
    known ??= ladderOf(await askAsic(link, signal), info);
    return known;
  };
  return {
    id: "axeos",
    title: "AxeOS (Bitaxe family)",
    tier: "gold",
    exemptions: ["no difficulty sum in the firmware: work is counted from shares"],
    identify,
    async read(link, signal) {
      const info = await askInfo(link, signal);
      return toReading(info, (await ladder(link, info, signal)).clocksMhz);
    },
    async capabilities(link, signal) {
      const info = await askInfo(link, signal);
      return toCapabilities(link, info, await ladder(link, info, signal));
    },
    // It shows passwords as stars, and keeps what is written back as stars (miners.md §4.4).
    backup: async (link, signal) => ({
      pools: storedFrom(toReading(await askInfo(link, signal), [])),
      settings: null,
    }),
  };
}

/** Identity from `/api/system/info`; null for other devices and for the forks that name themselves. */
export function toIdentity(info: unknown): MinerIdentity | null {
  const mac = toMac(text(info, "macAddr"));
  const chip = text(info, "ASICModel");
  const firmwareVersion = text(info, "version");
  const isFork = /^nerd/i.test(text(info, "deviceModel") ?? "");
  if (mac === null || chip === null || firmwareVersion === null || isFork) return null;
  return {
    id: mac,
    mac,
    serial: null,
    make: "Bitaxe",
    model: text(info, "deviceModel") ?? chip,
    firmware: "axeos",
    firmwareVersion,
  };
}

async function identify(link: DeviceLink, signal: AbortSignal): Promise<MinerIdentity | null> {
  try {
    return toIdentity(await link.http.get(INFO, signal));
  } catch (error) {
    if (hasNoRoute(error)) return null;
    throw error;
  }
}

/** The telemetry; an answer without any of its main fields is a miss, not a reading of unknowns. */
async function askInfo(link: DeviceLink, signal: AbortSignal): Promise<unknown> {
  const info = await link.http.get(INFO, signal);
  if (["ASICModel", "power", "hashRate"].some((key) => field(info, key) !== undefined)) return info;
  throw unreachableError(
    "MINER_BAD_ANSWER",
    `The miner at ${link.where} answered without any of the fields of AxeOS.`,
    { hint: "Check the address; it may be another device" },
  );
}

function hasNoRoute(error: unknown): boolean {
  return error instanceof HearthError && error.code === "MINER_NO_ROUTE";
}

async function askAsic(link: DeviceLink, signal: AbortSignal): Promise<unknown> {
  try {
    return await link.http.get("/api/system/asic", signal);
  } catch (error) {
    // Old firmware lacks it; the chip's name then has to do.
    if (hasNoRoute(error)) return null;
    throw error;
  }
}

function toCapabilities(link: DeviceLink, info: unknown, ladder: AxeosLadder): MinerCapabilities {
  // Older firmware has no such key, and its pause route answers 404 (miners.md §4.3).
  const canPause = typeof field(info, "miningPaused") === "boolean";
  const steps = stepsOf(ladder, info);
  return {
    canPause,
    power: steps.length > 0 ? "discrete" : canPause ? "onoff" : "none",
    split: "none",
    minW: null,
    maxW: null,
    steps,
    idleW: IDLE_W,
    wakeS: 60,
    tauS: 10,
    minOnS: 600,
    minOffS: 300,
    restartsOnChange: false,
    // After any restart it mines again (miners.md §4.3).
    pausePersists: false,
    splitStepPpm: null,
    poolSlots: AXEOS_USED_POOLS,
    poolSwitch: "restart",
    poolsNeedRestart: true,
    maxUserLength: 63,
    actions: actionsOf(link, info, ladder, canPause),
  };
}

function actionsOf(link: DeviceLink, info: unknown, ladder: AxeosLadder, canPause: boolean): MinerActions {
  const actions: MinerActions = {
    writePools: (pools, signal) => writeAxeosPools(link, pools, signal),
    restart: (signal) => restartAxeos(link, signal),
    locate: (signal) => showItself(link, signal),
  };
  if (canPause) {
    actions.pause = (signal) => setPaused(link, true, signal);
    actions.resume = (signal) => setPaused(link, false, signal);
  }
  if (ladder.clocksMhz.length > 0) actions.setStep = (index, signal) => setClock(link, ladder, index, signal);
  if (field(info, "useFallbackStratum") !== undefined) {
    actions.selectPool = (index, signal) => selectAxeosPool(link, index, signal);
  }
  return actions;
}

function setPaused(link: DeviceLink, isPaused: boolean, signal: AbortSignal): Promise<WriteResult> {
  return proveWrite(
    {
      async send() {
        await link.http.send("POST", `/api/system/${isPaused ? "pause" : "resume"}`, {}, signal);
        return "sent";
      },
      look: async () =>
        field(await link.http.get(INFO, signal), "miningPaused") === isPaused ? "effective" : "unchanged",
      withinMs: SHOWN_WITHIN_MS,
    },
    link.pace,
    signal,
  );
}

/** Only a documented option is ever set: the device's own check lets anything through (miners.md §4.2). */
async function setClock(
  link: DeviceLink,
  ladder: AxeosLadder,
  index: number,
  signal: AbortSignal,
): Promise<WriteResult> {
  const clockMhz = ladder.clocksMhz[index];
  if (clockMhz === undefined) throw noSuchStep(index, ladder.clocksMhz.length);
  const before = await askInfo(link, signal);
  const patch = patchFor(before, clockMhz, ladder.voltageMv);
  if (Object.keys(patch).length === 0) return "effective";
  return proveWrite(
    {
      async send() {
        await link.http.send("PATCH", "/api/system", patch, signal);
        return "sent";
      },
      look: async () => seenClock(await link.http.get(INFO, signal), clockMhz, ladder.voltageMv),
      withinMs: SHOWN_WITHIN_MS,
    },
    link.pace,
    signal,
  );
}

/** The settings that differ, and nothing else (requirements DRV-1). */
function patchFor(info: unknown, clockMhz: number, voltageMv: number | null): Record<string, number> {
  const patch: Record<string, number> = {};
  if (clockIndex([clockMhz], number(info, "frequency")) === null) patch["frequency"] = clockMhz;
  if (voltageMv !== null && number(info, "coreVoltage") !== voltageMv) patch["coreVoltage"] = voltageMv;
  return patch;
}

/** Set, and running so where the chip runs and the firmware tells (a paused chip has no clock to show). */
function seenClock(info: unknown, clockMhz: number, voltageMv: number | null): Seen {
  if (Object.keys(patchFor(info, clockMhz, voltageMv)).length > 0) return "unchanged";
  const actualMhz = number(info, "actualFrequency");
  if (actualMhz === null || field(info, "miningPaused") === true) return "effective";
  return Math.abs(actualMhz - clockMhz) <= clockMhz * CLOCK_PART ? "effective" : "taken";
}

async function showItself(link: DeviceLink, signal: AbortSignal): Promise<WriteResult> {
  return sendUnproved(async () => {
    await link.http.send("POST", "/api/system/identify", {}, signal);
    return "sent";
  }, signal);
}
