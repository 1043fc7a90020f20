import { HearthError } from "../model/errors.ts";
import type { MinerActions, MinerCapabilities, MinerIdentity, MinerReading } from "../model/miner.ts";
import type { DeviceLink, DriverOptions, MinerDriver } from "../model/miner-link.ts";
import { list, text, toMac } from "../model/parse.ts";
import { type AvalonModel, avalonModel, stepOf } from "./avalon-models.ts";
import { AVALON_SLOTS, backupPools, reorderSlots, switchPool, writeSlots } from "./avalon-pools.ts";
import { lightAvalon, rebootAvalon, setAvalonStep, setSoftOff } from "./avalon-power.ts";
import { askStats, toAvalonLevers, toReading } from "./avalon-stats.ts";
import { ask, isSuccess } from "./cgminer.ts";

/** Fans and control board at soft-off, W; a guess until a meter says otherwise (miners.md §6.2). */
const IDLE_W = 15;
/** The firmware cuts longer names (settlement.md §3, end). */
const MAX_USER_LENGTH = 63;

/** Avalon home units: steps instead of watts, soft off and on, no weighted pools (miners.md §6). */
export function createAvalonDriver(options: DriverOptions = {}): MinerDriver {
  return {
    id: "avalon",
    title: "Canaan Avalon home (Nano 3, Nano 3S, Mini 3, Q)",
    tier: "gold",
    exemptions: ["no weighted pools in the firmware", "new pools show only after a restart"],
    identify: async (link, signal) => toIdentity((await ask(link, "version", signal)).sections),
    read,
    capabilities: (link, signal) => capabilities(link, options, signal),
    backup: async (link, signal) => ({ pools: await backupPools(link, signal), settings: null }),
  };
}

/** Identity from the sections of `version`; null for other families and units without any number of their own. */
export function toIdentity(version: unknown): MinerIdentity | null {
  const entry = list(version, "VERSION")[0];
  const product = text(entry, "PROD");
  if (!product?.toUpperCase().includes("AVALON")) return null;
  const mac = toMac(text(entry, "MAC"));
  const serial = serialOf(text(entry, "DNA"));
  const id = mac ?? (serial === null ? null : `serial:${serial}`);
  if (id === null) return null;
  return {
    id,
    mac,
    serial,
    make: "Canaan",
    model: product,
    firmware: "avalon",
    firmwareVersion:
      text(entry, "LVERSION") ??
      text(entry, "CGVERSION") ??
      text(entry, "BVERSION") ??
      text(entry, "CGMiner") ??
      "",
  };
}

/** `<DELETED>` and other placeholders are no serial. */
function serialOf(dna: string | null): string | null {
  return dna !== null && /^[0-9a-f]{8,64}$/i.test(dna) ? dna.toLowerCase() : null;
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

async function capabilities(
  link: DeviceLink,
  options: DriverOptions,
  signal: AbortSignal,
): Promise<MinerCapabilities> {
  const version = await ask(link, "version", signal);
  const entry = list(version.sections, "VERSION")[0];
  const model = avalonModel(text(entry, "MODEL"));
  const levers = toAvalonLevers((await askStats(link, signal)).sections);
  const verbs = await supportedVerbs(link, signal);
  const canSwitchPool = await hasCommand(link, "switchpool", signal);
  const hasLevers = levers.workMode !== null || levers.workLevel !== null;
  const steps = hasLevers
    ? stepsOf(model, stepOf(model, levers.workMode, levers.workLevel), levers.targetW)
    : [];
  const canPause = verbs.has("softoff") && verbs.has("softon");
  const targets = steps.map((step) => step.targetW);
  return {
    canPause,
    power: steps.length > 0 ? "discrete" : canPause ? "onoff" : "none",
    split: "none",
    minW: targets.includes(null) ? null : (targets[0] ?? null),
    maxW: targets.includes(null) ? null : (targets.at(-1) ?? null),
    steps,
    idleW: IDLE_W,
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
    poolSwitch: canSwitchPool ? "reconnect" : "restart",
    poolsNeedRestart: true,
    maxUserLength: MAX_USER_LENGTH,
    actions: actionsOf(link, options, model, { canPause, canSwitchPool, hasSteps: steps.length > 0, verbs }),
  };
}

function stepsOf(model: AvalonModel | null, current: number | null, targetW: number | null) {
  return (model?.steps ?? []).map((step, index) => ({
    label: step.label,
    targetW: index === current ? (targetW ?? step.targetW) : step.targetW,
    wallW: step.wallW,
    hashrateThs: null,
  }));
}

function actionsOf(
  link: DeviceLink,
  options: DriverOptions,
  model: AvalonModel | null,
  can: { canPause: boolean; canSwitchPool: boolean; hasSteps: boolean; verbs: ReadonlySet<string> },
): MinerActions {
  const access = { password: options.password ?? null, usesVoucher: model?.usesVoucher ?? false };
  const actions: MinerActions = {};
  if (can.canPause) {
    actions.pause = (signal) => setSoftOff(link, true, signal);
    actions.resume = (signal) => setSoftOff(link, false, signal);
  }
  if (model !== null && can.hasSteps)
    actions.setStep = (index, signal) => setAvalonStep(link, model, index, signal);
  if (model === null) return actions;
  actions.writePools = (pools, signal) => writeSlots(link, pools, access, signal);
  if (can.verbs.has("led")) actions.locate = (signal) => lightAvalon(link, signal);
  if (can.verbs.has("reboot")) actions.restart = (signal) => rebootAvalon(link, signal);
  if (can.canSwitchPool) actions.selectPool = (index, signal) => switchPool(link, index, signal);
  else if (can.verbs.has("reboot")) {
    actions.selectPool = async (index, signal) => {
      const written = await reorderSlots(link, index, access, signal);
      return written === "pending" ? rebootAvalon(link, signal) : written;
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

async function hasCommand(link: DeviceLink, command: string, signal: AbortSignal): Promise<boolean> {
  const reply = await link.cgminer.ask({ command: "check", parameter: command }, signal);
  const entry = list(reply.sections, "CHECK")[0];
  return isSuccess(reply) && text(entry, "Exists") === "Y" && text(entry, "Access") === "Y";
}
