import { HearthError, unreachableError } from "../model/errors.ts";
import type {
  MinerActions,
  MinerCapabilities,
  MinerIdentity,
  MinerReading,
  WriteResult,
} from "../model/miner.ts";
import type { DeviceLink, DriverMemory, DriverOptions, MinerDriver } from "../model/miner-link.ts";
import { field, flag, text, toMac } from "../model/parse.ts";
import { proveWrite, sendUnproved } from "../model/prove-write.ts";
import type { LoginLink } from "./login.ts";
import { noSuchStep } from "./pool-target.ts";
import { createVnishLogin, isDoorError } from "./vnish-login.ts";
import { backupVnish, selectVnishPool, VNISH_SLOTS, writeVnishPools } from "./vnish-pools.ts";
import {
  askStatus,
  isResting,
  offeredPresets,
  overclockOf,
  presetsOf,
  setVnishPreset,
  toSteps,
  type VnishPreset,
} from "./vnish-presets.ts";
import { isShuttingDown, toReading } from "./vnish-reading.ts";

const INFO = "/api/v1/info";
const SUMMARY = "/api/v1/summary";
/** Control board, fans and the resting supply, W; a guess until a meter says otherwise. */
const IDLE_W = 25;
/** Longer names are not documented to be kept. */
const MAX_USER_LENGTH = 128;
/** A pause shows as `shutting-down` or `stopped` at once (miners.md §16), ms. */
const RESTS_WITHIN_MS = 5_000;
/** Note of the word that ends the present rest. */
const WAKE = "wakeWord";

/** VNish (AnthillOS) on Antminers: HTTP with a token, presets in watts, three pools in order (miners.md §9). */
export function createVnishDriver(options: DriverOptions = {}): MinerDriver {
  const memory = options.memory ?? createNotes();
  const login = createVnishLogin(options, memory);
  let steps: VnishPreset[] = [];
  const askSummary = (link: DeviceLink, signal: AbortSignal) => summaryOf(link, login, signal);
  return {
    id: "vnish",
    title: "VNish (AnthillOS) on Antminers",
    tier: "gold",
    exemptions: [
      "no weighted pools in the firmware",
      "only tuned presets are steps: another one would be tuned for tens of minutes first",
      "a pause and a stop read the same, and how long each outlasts a reboot is not known",
      "where its preset switcher is on, it moves the preset by temperature besides",
      "its search lamp stays on until it is switched off on its own page",
    ],
    identify,
    read: (link, signal) => read(link, askSummary, steps, signal),
    async capabilities(link, signal) {
      const overclock = overclockOf(link, await login.get(link, "/api/v1/settings", signal));
      const presets = presetsOf(await login.get(link, "/api/v1/autotune/presets", signal));
      steps = offeredPresets(presets, overclock);
      return toCapabilities(steps, actionsOf({ link, login, memory, steps, askSummary }));
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
    return toIdentity(await link.http.get(INFO, signal));
  } catch (error) {
    if (error instanceof HearthError && error.code === "MINER_NO_ROUTE") return null;
    throw error;
  }
}

async function read(
  link: DeviceLink,
  askSummary: (link: DeviceLink, signal: AbortSignal) => Promise<unknown>,
  steps: readonly VnishPreset[],
  signal: AbortSignal,
): Promise<MinerReading> {
  const summary = await askSummary(link, signal);
  if (field(summary, "miner") === undefined) {
    throw unreachableError(
      "MINER_BAD_ANSWER",
      `The miner at ${link.where} answered without any of the fields of VNish.`,
      { hint: "Check the address; it may be another device" },
    );
  }
  const info = await askIfTold(link, INFO, signal);
  const performance = await askIfTold(link, "/api/v1/perf-summary", signal);
  const names = steps.map(({ name }) => name);
  return toReading(summary, info, performance, names);
}

/**
 * `summary`, told without a login by the builds that are known; with one where it is wanted. Behind a closed door there
 * is still the state that `/status` tells, and nothing else is claimed.
 */
async function summaryOf(link: DeviceLink, login: LoginLink, signal: AbortSignal): Promise<unknown> {
  try {
    return await link.http.get(SUMMARY, signal);
  } catch (error) {
    if (!isDoorError(error) || signal.aborted) throw error;
  }
  try {
    return await login.get(link, SUMMARY, signal);
  } catch (error) {
    if (!isDoorError(error) || signal.aborted) throw error;
    return { miner: { miner_status: await askStatus(link, signal) } };
  }
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
  askSummary(link: DeviceLink, signal: AbortSignal): Promise<unknown>;
}

function actionsOf({ link, login, memory, steps, askSummary }: ActionGround): MinerActions {
  const actions: MinerActions = {
    pause: (signal) => pause(link, login, memory, signal),
    resume: (signal) => resume(link, login, memory, signal),
    writePools: (pools, signal) => writeVnishPools(link, login, pools, signal),
    selectPool: (index, signal) =>
      selectVnishPool(link, login, index, (stop) => askSummary(link, stop), signal),
    restart: (signal) =>
      sendUnproved(async () => {
        await login.send(link, "POST", "/api/v1/system/reboot", {}, signal);
        return "sent";
      }, signal),
    locate: (signal) => light(link, signal),
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

async function pause(
  link: DeviceLink,
  login: LoginLink,
  memory: DriverMemory,
  signal: AbortSignal,
): Promise<WriteResult> {
  if (isResting(await askStatus(link, signal))) return "effective";
  return proveWrite(
    {
      async send() {
        // A pause ends with `resume`, a stop by somebody else with `start`; they read the same afterwards.
        memory.set(WAKE, "resume");
        await login.send(link, "POST", "/api/v1/mining/pause", {}, signal);
        return "sent";
      },
      async look() {
        const status = await askStatus(link, signal);
        if (isShuttingDown({ miner_status: status })) return "taken";
        return isResting(status) ? "effective" : "unchanged";
      },
      withinMs: RESTS_WITHIN_MS,
    },
    link.pace,
    signal,
  );
}

/** Settings that were changed at rest apply with a restart of the mining; a plain resume would go on with the old. */
async function resume(
  link: DeviceLink,
  login: LoginLink,
  memory: DriverMemory,
  signal: AbortSignal,
): Promise<WriteResult> {
  const status = await askStatus(link, signal);
  if (!isResting(status)) return "effective";
  const known = memory.get(WAKE) === "resume" ? "resume" : "start";
  const word = flag(status, "restart_required") === true ? "restart" : known;
  const result = await proveWrite(
    {
      async send() {
        await login.send(link, "POST", `/api/v1/mining/${word}`, {}, signal);
        return "sent";
      },
      look: async () => (isResting(await askStatus(link, signal)) ? "unchanged" : "effective"),
      withinMs: RESTS_WITHIN_MS,
    },
    link.pace,
    signal,
  );
  if (result === "effective") memory.set(WAKE, null);
  // It was put to rest in the other way: the next attempt uses the other word.
  else if (result !== "pending") memory.set(WAKE, known === "resume" ? null : "resume");
  return result;
}

/** The route switches the lamp over, so it is left alone where it is on already. */
async function light(link: DeviceLink, signal: AbortSignal): Promise<WriteResult> {
  const isLit = async () => flag(await askStatus(link, signal), "find_miner") === true;
  if (await isLit()) return "effective";
  return proveWrite(
    {
      async send() {
        await link.http.send("POST", "/api/v1/find-miner", {}, signal);
        return "sent";
      },
      look: async () => ((await isLit()) ? "effective" : "unchanged"),
      withinMs: 2_000,
    },
    link.pace,
    signal,
  );
}

/** Notes that last as long as the driver. */
function createNotes(): DriverMemory {
  const notes = new Map<string, unknown>();
  return { get: (key) => notes.get(key) ?? null, set: (key, value) => void notes.set(key, value) };
}
