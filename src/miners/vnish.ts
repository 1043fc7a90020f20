import { HearthError, unreachableError } from "../model/errors.ts";
import type {
  MinerActions,
  MinerCapabilities,
  MinerIdentity,
  MinerReading,
  WriteResult,
} from "../model/miner.ts";
import { isDoorError, minerBadAnswer } from "../model/miner-errors.ts";
import type { DeviceLink, DriverMemory, DriverOptions, MinerDriver } from "../model/miner-link.ts";
import { field, flag, text, toMac } from "../model/parse.ts";
import { proveWrite, sendUnproved } from "../model/prove-write.ts";
import type { LoginLink } from "./login.ts";
import { noSuchStep } from "./pool-target.ts";
import { createVnishLogin } from "./vnish-login.ts";
import { backupVnish, selectVnishPool, VNISH_SLOTS, writeVnishPools } from "./vnish-pools.ts";
import {
  offeredPresets,
  overclockOf,
  presetsOf,
  setVnishPreset,
  toSteps,
  type VnishPreset,
} from "./vnish-presets.ts";
import { toReading } from "./vnish-reading.ts";
import { pauseVnish, resumeVnish } from "./vnish-rest.ts";
import { askSettings, askStatus } from "./vnish-settings.ts";

const INFO = "/api/v1/info";
const SUMMARY = "/api/v1/summary";
const FIND = "/api/v1/find-miner";
/** Control board, fans and the resting supply, W; a guess until a meter says otherwise. */
const IDLE_W = 25;
/** Longer names are not documented to be kept. */
const MAX_USER_LENGTH = 128;
const BEHIND_DOOR = "it tells only its state without its password, which is not known here";

/** VNish (AnthillOS) on Antminers: HTTP with a token, presets in watts, three pools in order (miners.md §9). */
export function createVnishDriver(options: DriverOptions = {}): MinerDriver {
  const memory: DriverMemory = options.memory ?? new Map<string, unknown>();
  const login = createVnishLogin(options, memory);
  let steps: VnishPreset[] = [];
  return {
    id: "vnish",
    title: "VNish (AnthillOS) on Antminers",
    tier: "gold",
    exemptions: [
      "no weighted pools in the firmware",
      "only tuned presets are steps: another one would be tuned for tens of minutes first",
      "with clocks set by hand, and no preset, it can only rest and run: a preset would replace them",
      "a pause and a stop read the same, and how long each outlasts a reboot is not known",
      "where its preset switcher is on, it moves the preset by temperature besides",
      "its search lamp stays on until it is switched off on its own page",
    ],
    identify,
    read: (link, signal) => read(link, login, steps, signal),
    async capabilities(link, signal) {
      const overclock = overclockOf(link, await askSettings(link, login, signal));
      const presets = presetsOf(await login.get(link, "/api/v1/autotune/presets", signal));
      steps = offeredPresets(presets, overclock);
      return toCapabilities(steps, actionsOf({ link, login, memory, steps }));
    },
    backup: (link, signal) => backupVnish(link, login, signal),
  };
}

/** Identity from `info`; null for other firmware. */
export function toIdentity(info: unknown): MinerIdentity | null {
  const firmwareVersion = text(info, "fw_version");
  if (firmwareVersion === null || text(info, "fw_name") === null) return null;
  const mac = toMac(text(field(info, "system", "network_status"), "mac"));
  const serial = serialOf(text(info, "serial"));
  const id = mac ?? (serial === null ? null : `serial:${serial}`);
  if (id === null) return null;
  return {
    id,
    mac,
    serial,
    make: "Bitmain",
    model: text(info, "miner") ?? text(info, "model") ?? "Antminer",
    firmware: "vnish",
    firmwareVersion,
  };
}

function serialOf(serial: string | null): string | null {
  return serial !== null && /^[\w-]{6,64}$/.test(serial) ? serial : null;
}

async function identify(link: DeviceLink, signal: AbortSignal): Promise<MinerIdentity | null> {
  try {
    const info = await link.http.get(INFO, signal);
    const identity = toIdentity(info);
    // It is of this family, and did not tell which one: no word on what stands there.
    if (identity === null && text(info, "fw_name") !== null && text(info, "fw_version") !== null) {
      throw minerBadAnswer(link.where, "did not tell its MAC address or serial number", "");
    }
    return identity;
  } catch (error) {
    if (error instanceof HearthError && error.code === "MINER_NO_ROUTE") return null;
    throw error;
  }
}

async function read(
  link: DeviceLink,
  login: LoginLink,
  steps: readonly VnishPreset[],
  signal: AbortSignal,
): Promise<MinerReading> {
  const names = steps.map(({ name }) => name);
  let summary: unknown;
  try {
    summary = await askSummary(link, login, signal);
  } catch (error) {
    if (!isDoorError(error) || signal.aborted) throw error;
    return readFromOutside(link, names, signal);
  }
  if (field(summary, "miner") === undefined) throw noVnish(link);
  const info = await askIfTold(link, INFO, signal);
  const performance = await askIfTold(link, "/api/v1/perf-summary", signal);
  return toReading(summary, info, performance, names);
}

/** Behind a closed door there is still the state, and nothing else is claimed. */
async function readFromOutside(
  link: DeviceLink,
  names: readonly string[],
  signal: AbortSignal,
): Promise<MinerReading> {
  const status = await askStatus(link, signal);
  if (text(status, "miner_state") === null) throw noVnish(link);
  const reading = toReading({ miner: { miner_status: status } }, null, null, names);
  return { ...reading, stateDetail: reading.stateDetail ?? BEHIND_DOOR };
}

/** `summary`, told without a login by the builds that are known; with one where it is wanted. */
async function askSummary(link: DeviceLink, login: LoginLink, signal: AbortSignal): Promise<unknown> {
  try {
    return await link.http.get(SUMMARY, signal);
  } catch (error) {
    if (!isDoorError(error) || signal.aborted) throw error;
    return login.get(link, SUMMARY, signal);
  }
}

function noVnish(link: DeviceLink): HearthError {
  return unreachableError(
    "MINER_BAD_ANSWER",
    `The miner at ${link.where} answered without any of the fields of VNish.`,
    { hint: "Check the address; it may be another device" },
  );
}

/** Null when the device does not tell it; its silence is a miss. */
async function askIfTold(link: DeviceLink, path: string, signal: AbortSignal): Promise<unknown> {
  try {
    return await link.http.get(path, signal);
  } catch (error) {
    const isNo = error instanceof HearthError && NOT_TOLD.has(error.code);
    if (isNo && !signal.aborted) return null;
    throw error;
  }
}

const NOT_TOLD = new Set(["MINER_NO_ROUTE", "MINER_BAD_ANSWER", "MINER_AUTH_REQUIRED"]);

function toCapabilities(presets: readonly VnishPreset[], actions: MinerActions): MinerCapabilities {
  const steps = toSteps(presets);
  return {
    canPause: true,
    power: steps.length > 0 ? "discrete" : "onoff",
    split: "none",
    minW: steps[0]?.targetW ?? null,
    maxW: steps.at(-1)?.targetW ?? null,
    steps,
    idleW: IDLE_W,
    // About five minutes to full power (miners.md §16).
    wakeS: 300,
    tauS: 30,
    minOnS: 900,
    minOffS: 600,
    restartsOnChange: true,
    pausePersists: null,
    splitStepPpm: null,
    poolSlots: VNISH_SLOTS,
    poolSwitch: "reconnect",
    // The write restarts the mining itself where the device asks for it.
    poolsNeedRestart: false,
    maxUserLength: MAX_USER_LENGTH,
    actions,
  };
}

interface ActionGround {
  link: DeviceLink;
  login: LoginLink;
  memory: DriverMemory;
  steps: readonly VnishPreset[];
}

function actionsOf({ link, login, memory, steps }: ActionGround): MinerActions {
  const summary = (signal: AbortSignal) => askSummary(link, login, signal);
  const actions: MinerActions = {
    pause: (signal) => pauseVnish(link, login, memory, signal),
    resume: (signal) => resumeVnish(link, login, memory, signal),
    writePools: (pools, signal) => writeVnishPools(link, login, pools, summary, signal),
    selectPool: (index, signal) => selectVnishPool(link, login, index, summary, signal),
    restart: (signal) =>
      sendUnproved(async () => {
        await login.send(link, "POST", "/api/v1/system/reboot", {}, signal);
        return "sent";
      }, signal),
    locate: (signal) => light(link, login, signal),
  };
  if (steps.length > 0) {
    actions.setStep = async (index, signal) => {
      const preset = steps[index];
      if (preset === undefined) throw noSuchStep(index, steps.length);
      return setVnishPreset(link, login, preset, signal);
    };
  }
  return actions;
}

/** The route switches the lamp over, so it is left alone where it is on already. Some builds want a login for it. */
async function light(link: DeviceLink, login: LoginLink, signal: AbortSignal): Promise<WriteResult> {
  const isLit = async () => flag(await askStatus(link, signal), "find_miner") === true;
  if (await isLit()) return "effective";
  return proveWrite(
    {
      async send() {
        await link.http.send("POST", FIND, {}, signal).catch((error: unknown) => {
          // Refused at the door, so it was not carried out.
          if (!isDoorError(error) || signal.aborted) throw error;
          return login.send(link, "POST", FIND, {}, signal);
        });
        return "sent";
      },
      look: async () => ((await isLit()) ? "effective" : "unchanged"),
      withinMs: 2_000,
    },
    link.pace,
    signal,
  );
}
