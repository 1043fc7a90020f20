import { HearthError } from "../model/errors.ts";
import type { MinerActions, MinerCapabilities, MinerReading, PowerStep } from "../model/miner.ts";
import type { DeviceLink, DriverOptions, MinerDriver } from "../model/miner-link.ts";
import { list, text } from "../model/parse.ts";
import { identifyAvalon, toModel } from "./avalon-identity.ts";
import { type AvalonModel, idleWatts, stepTargets, type ToldTargets } from "./avalon-models.ts";
import { createPoolAccess, type PoolAccess } from "./avalon-pool-access.ts";
import { AVALON_SLOTS, backupPools, reorderSlots, switchPool, writeSlots } from "./avalon-pools.ts";
import { lightAvalon, rebootAvalon, setAvalonStep, setSoftOff } from "./avalon-power.ts";
import { askLevers, readStart } from "./avalon-start.ts";
import { askStats, toReading } from "./avalon-stats.ts";
import { ask, isSuccess } from "./cgminer.ts";

/** The firmware cuts longer names (settlement.md §3, end). */
const MAX_USER_LENGTH = 63;

/** Avalon home units: steps instead of watts, soft off and on, no weighted pools (miners.md §6). */
export function createAvalonDriver(options: DriverOptions = {}): MinerDriver {
  const access = createPoolAccess(options);
  let model: AvalonModel | null = null;
  return {
    id: "avalon",
    title: "Canaan Avalon home (Nano 3, Nano 3S, Mini 3, Q)",
    tier: "gold",
    exemptions: [
      "it takes orders without a password: anyone on the home network can switch it",
      "no weighted pools in the firmware",
      "new pools show only after a restart",
      "builds without soft off, as of the Nano 3S of early 2025, cannot be paused",
      "a Nano 3 names no state, so it counts as mining while its live rate moves",
      "the Mini 3's Heating mode is never chosen, because it follows a thermostat of its own",
    ],
    identify: identifyAvalon,
    async read(link, signal) {
      const reading = await read(link, signal);
      if (reading.state !== "starting" || reading.mode !== null) return reading;
      model ??= toModel((await ask(link, "version", signal)).sections);
      return readStart(link, reading, model, signal);
    },
    capabilities: (link, signal) => capabilities(link, access, signal),
    backup: async (link, signal) => ({ pools: await backupPools(link, signal), settings: null }),
  };
}

async function read(link: DeviceLink, signal: AbortSignal): Promise<MinerReading> {
  const stats = await askStats(link, signal);
  const pools = await ask(link, "pools", signal).catch((error: unknown) => {
    // The heater must stay readable when only its pool list is broken: no pools are told then.
    if (error instanceof HearthError && !signal.aborted) return null;
    throw error;
  });
  return toReading(stats.sections, pools?.sections);
}

/** What the build says of itself, which differs from unit to unit. */
interface Told {
  model: AvalonModel | null;
  verbs: ReadonlySet<string>;
  canSwitchPool: boolean;
  canSetPool: boolean;
  steps: PowerStep[];
}

async function capabilities(
  link: DeviceLink,
  access: PoolAccess,
  signal: AbortSignal,
): Promise<MinerCapabilities> {
  const model = toModel((await ask(link, "version", signal)).sections);
  const levers = await askLevers(link, signal);
  const told: Told = {
    model,
    verbs: await supportedVerbs(link, signal),
    canSwitchPool: (await hasCommand(link, "switchpool", signal)) === true,
    // Documented for every home unit, so only a plain no counts.
    canSetPool: model !== null && (await hasCommand(link, "setpool", signal)) !== false,
    steps: stepsOf(model, levers),
  };
  const { steps, verbs } = told;
  const canPause = verbs.has("softoff") && verbs.has("softon");
  const targets = steps.map(({ targetW }) => targetW);
  const actions = actionsOf(link, access, told, canPause);
  return {
    canPause,
    power: steps.length > 0 ? "discrete" : canPause ? "onoff" : "none",
    split: "none",
    minW: targets.includes(null) ? null : (targets[0] ?? null),
    maxW: targets.includes(null) ? null : (targets.at(-1) ?? null),
    steps,
    idleW: idleWatts(model),
    // Fans and calibration come first: minutes to full power (miners.md §6.4).
    wakeS: 180,
    tauS: 30,
    minOnS: 600,
    minOffS: 600,
    restartsOnChange: false,
    // It wakes in its last mode after a power cut (miners.md §6.4).
    pausePersists: false,
    splitStepPpm: null,
    poolSlots: AVALON_SLOTS,
    poolSwitch: !actions.selectPool ? "none" : told.canSwitchPool ? "reconnect" : "restart",
    poolsNeedRestart: true,
    maxUserLength: MAX_USER_LENGTH,
    actions,
  };
}

/** Empty for models whose levers are not known here, and for builds that do not tell them. */
function stepsOf(model: AvalonModel | null, told: ToldTargets): PowerStep[] {
  if (model === null || (told.workMode === null && told.workLevel === null)) return [];
  const targets = stepTargets(model, told);
  return model.steps.map(({ label, wallW }, index) => {
    return { label, targetW: targets[index] ?? null, wallW, hashrateThs: null };
  });
}

function actionsOf(link: DeviceLink, access: PoolAccess, told: Told, canPause: boolean): MinerActions {
  const { model, verbs } = told;
  const actions: MinerActions = {};
  if (canPause) {
    actions.pause = (signal) => setSoftOff(link, true, signal);
    actions.resume = (signal) => setSoftOff(link, false, signal);
  }
  if (model === null) return actions;
  const { usesVoucher } = model;
  if (told.steps.length > 0) actions.setStep = (index, signal) => setAvalonStep(link, model, index, signal);
  if (told.canSetPool) {
    actions.writePools = (pools, signal) => writeSlots(link, pools, { access, usesVoucher }, signal);
  }
  if (verbs.has("led") && model.hasPlainLamp) actions.locate = (signal) => lightAvalon(link, signal);
  const restart = async (signal: AbortSignal) => {
    const result = await rebootAvalon(link, signal);
    // Stored pools and pools at work are the same after it.
    if (result === "pending") access.note(null);
    return result;
  };
  if (verbs.has("reboot")) actions.restart = restart;
  if (told.canSwitchPool) actions.selectPool = (index, signal) => switchPool(link, index, signal);
  else if (told.canSetPool && verbs.has("reboot")) {
    actions.selectPool = async (index, signal) => {
      const written = await reorderSlots(link, index, { access, usesVoucher }, signal);
      if (written !== "pending") return written;
      const restarted = await restart(signal);
      // The order is stored: any other restart brings it.
      return restarted === "rejected" ? "unknown" : restarted;
    };
  }
  return actions;
}

/** Words of `ascset|0,help`; empty when the device does not tell, and then nothing of it is offered. */
async function supportedVerbs(link: DeviceLink, signal: AbortSignal): Promise<ReadonlySet<string>> {
  const reply = await link.cgminer.ask("ascset|0,help", signal);
  if (!isSuccess(reply)) return new Set();
  const listed = reply.message.slice(reply.message.lastIndexOf(":") + 1);
  return new Set(listed.split("|").map((word) => word.trim().split(",")[0] ?? ""));
}

/** Does the device have, and allow, a command? Null when it does not say. */
async function hasCommand(link: DeviceLink, command: string, signal: AbortSignal): Promise<boolean | null> {
  const reply = await link.cgminer.ask({ command: "check", parameter: command }, signal);
  const entry = list(reply.sections, "CHECK")[0];
  const [exists, access] = [text(entry, "Exists"), text(entry, "Access")];
  if (!isSuccess(reply) || exists === null) return null;
  return exists === "Y" && access === "Y";
}
